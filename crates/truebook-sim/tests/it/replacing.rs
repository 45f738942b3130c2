//! What the simulation says of `replace_file`: at every crash point the old content or the new.

use truebook::disk::{Disk, read_file, replace_file};
use truebook_sim::disk::{CrashChoice, FaultPlan, OpNumber, SimDisk};

const SEEDS: std::ops::Range<u64> = 0..250;

fn old() -> Vec<u8> {
    vec![b'o'; 3000]
}

fn new() -> Vec<u8> {
    vec![b'n'; 5000]
}

fn with_old_file(seed: u64) -> SimDisk {
    let disk = SimDisk::new(seed);
    disk.write_view("dir/file", old());
    disk
}

fn replace(disk: &SimDisk) -> bool {
    replace_file(disk, "dir/file", &new()).is_ok()
}

/// How many operations one replace takes.
fn ops_of_a_replace() -> u64 {
    let disk = with_old_file(0);
    assert!(replace(&disk));
    disk.ops_done().0
}

fn assert_old_or_new(disk: &SimDisk, context: &str) {
    let found = read_file(disk, "dir/file", 10_000).unwrap();
    assert!(found == old() || found == new(), "{context}: a mixture of {} bytes", found.len());
}

#[test]
fn a_power_loss_at_any_point_of_a_replace_leaves_the_old_content_or_the_new() {
    let mut seen = [0_u32; 2];
    for seed in SEEDS {
        for at in 1..=ops_of_a_replace() {
            let disk = with_old_file(seed);
            disk.set_faults(FaultPlan::default().stop_at(OpNumber(at)));
            assert!(!replace(&disk));
            let found = disk.crash(CrashChoice::sample(seed ^ (at << 32)));
            assert_old_or_new(&found, &format!("seed {seed}, operation {at}"));
            seen[usize::from(found.read_view("dir/file").unwrap() == new())] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 50), "{seen:?}");
}

#[test]
fn a_second_replace_works_whatever_the_first_left_behind() {
    for seed in SEEDS {
        for at in 1..=ops_of_a_replace() {
            let disk = with_old_file(seed);
            disk.set_faults(FaultPlan::default().stop_at(OpNumber(at)));
            assert!(!replace(&disk));
            let found = disk.crash(CrashChoice::sample(seed ^ (at << 32)));
            assert!(replace(&found));
            assert_eq!(found.list("dir").unwrap(), ["file"], "seed {seed}, operation {at}");
            let again = found.crash(CrashChoice::sample(seed));
            assert_eq!(again.read_view("dir/file").unwrap(), new());
        }
    }
}

#[test]
fn a_finished_replace_is_never_lost() {
    for seed in SEEDS {
        let disk = with_old_file(seed);
        assert!(replace(&disk));
        let found = disk.crash(CrashChoice::sample(seed));
        assert_eq!(found.read_view("dir/file").unwrap(), new(), "seed {seed}");
    }
}

#[test]
fn a_killed_process_and_then_a_power_loss_leave_the_old_content_or_the_new() {
    for seed in SEEDS {
        for at in 1..=ops_of_a_replace() {
            let disk = with_old_file(seed);
            disk.set_faults(FaultPlan::default().stop_at(OpNumber(at)));
            assert!(!replace(&disk));
            let next = disk.after_kill();
            let _ = replace(&next);
            assert_old_or_new(
                &next.crash(CrashChoice::sample(seed)),
                &format!("seed {seed}, operation {at}"),
            );
        }
    }
}

#[test]
fn a_failed_operation_leaves_the_old_content_or_the_new_and_a_full_disk_too() {
    let plans = [FaultPlan::fail_at, FaultPlan::full_at];
    for seed in SEEDS {
        for at in 1..=ops_of_a_replace() {
            let disk = with_old_file(seed);
            disk.set_faults(plans[usize::from(seed % 2 == 0)](FaultPlan::default(), OpNumber(at)));
            assert!(!replace(&disk));
            assert_old_or_new(&disk, &format!("seed {seed}, operation {at}"));
            assert_old_or_new(
                &disk.crash(CrashChoice::sample(seed)),
                &format!("seed {seed}, operation {at}, crashed"),
            );
        }
    }
}

#[test]
fn the_simulation_catches_a_replace_that_forgets_to_sync() {
    let forgetful = |disk: &SimDisk| {
        let file = disk.create_new("dir/file.tmp", None).unwrap();
        file.write_all_at(0, &new()).unwrap();
        disk.rename("dir/file.tmp", "dir/file").unwrap();
        disk.sync_dir("dir").unwrap();
    };
    let broken = SEEDS.filter(|seed| {
        let disk = with_old_file(*seed);
        forgetful(&disk);
        let found = disk.crash(CrashChoice::sample(*seed)).read_view("dir/file").unwrap();
        found != old() && found != new()
    });
    assert!(broken.count() > 100);
}
