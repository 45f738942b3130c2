//! The simulated disk's own promises: determinism first, then what a power loss takes and leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use truebook::disk::{Access, Disk, LockFailure};
use truebook_sim::Rng;
use truebook_sim::disk::{CrashChoice, FaultPlan, OpRecord, SimDisk, SyncNumber};

const SEEDS: std::ops::Range<u64> = 0..300;

/// A durable file with this content.
fn settled(disk: &SimDisk, name: &str, content: &[u8]) {
    disk.write_view(name, content);
}

fn write(disk: &SimDisk, name: &str, offset: u64, data: &[u8]) {
    disk.open(name, Access::ReadWrite).unwrap().write_all_at(offset, data).unwrap();
}

/// Everything the file may be after a power loss, over many seeds.
fn outcomes(disk: &SimDisk, name: &str) -> BTreeSet<Option<Vec<u8>>> {
    SEEDS.map(|seed| disk.crash(CrashChoice::Random(seed)).read_view(name)).collect()
}

// ----- determinism -----

type Files = BTreeMap<String, Vec<u8>>;

/// A random history with failures in it; its log, what is seen after it, and after a crash.
fn history(seed: u64) -> (Vec<OpRecord>, Files, Files) {
    let disk = SimDisk::new(seed);
    disk.set_capacity(Some(40_000));
    disk.set_faults(FaultPlan::default().fail_at_sync(SyncNumber(7)));
    let mut rng = Rng::new(seed);
    for _ in 0..200 {
        random_step(&disk, &mut rng);
    }
    let crashed = disk.crash(CrashChoice::Random(seed));
    (disk.op_log(), disk.view_files(), crashed.view_files())
}

/// Refusals are part of the history, so outcomes are not looked at.
fn random_step(disk: &SimDisk, rng: &mut Rng) {
    let name = format!("file-{}", rng.below(5));
    let other = format!("file-{}", rng.below(5));
    match rng.below(6) {
        0 => drop(disk.create_new(&name, None)),
        1 => drop(disk.rename(&name, &other)),
        2 => drop(disk.remove(&name)),
        3 => drop(disk.sync_dir("")),
        4 => drop(disk.open(&name, Access::Read).and_then(|file| file.sync_data())),
        _ => {
            let data = vec![rng.next_u64().to_le_bytes()[0]; rng.index(9000)];
            let offset = rng.below(4000);
            drop(disk.open(&name, Access::ReadWrite).and_then(|file| file.write_all_at(offset, &data)));
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_history_byte_for_byte() {
    for seed in 0..100 {
        assert_eq!(history(seed), history(seed), "seed {seed}");
    }
}

#[test]
fn the_same_crash_twice_finds_the_same_bytes() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", &[1; 5000]);
    write(&disk, "file", 0, &[2; 8000]);
    for seed in SEEDS {
        let choice = CrashChoice::sample(seed);
        assert_eq!(disk.crash(choice).view_files(), disk.crash(choice).view_files());
    }
}

#[test]
fn different_seeds_give_different_crashes() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", &[1; 8192]);
    write(&disk, "file", 0, &[2; 8192]);
    assert!(outcomes(&disk, "file").len() > 50);
}

// ----- data -----

#[test]
fn an_unsynced_write_may_be_lost_and_may_survive() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", b"old");
    write(&disk, "file", 0, b"new");
    let expected = [Some(b"new".to_vec()), Some(b"old".to_vec())];
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from(expected));
}

#[test]
fn a_synced_write_always_survives() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", b"old");
    let file = disk.open("file", Access::ReadWrite).unwrap();
    file.write_all_at(0, &[7; 5000]).unwrap();
    file.sync_data().unwrap();
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from([Some(vec![7; 5000])]));
}

#[test]
fn sectors_are_torn_and_reordered_but_never_mixed_within() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", &[b'o'; 2048]);
    write(&disk, "file", 0, &[b'n'; 2048]);
    let mut later_without_earlier = 0;
    for found in outcomes(&disk, "file").into_iter().flatten() {
        for sector in found.chunks(512) {
            assert!(sector.iter().all(|byte| *byte == sector[0]));
        }
        later_without_earlier += usize::from(found[0] == b'o' && found[2047] == b'n');
    }
    assert!(later_without_earlier > 0);
}

#[test]
fn a_later_sector_that_survives_leaves_zeros_before_it() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", b"");
    write(&disk, "file", 0, &[b'n'; 1024]);
    let mut expected = vec![0; 512];
    expected.extend([b'n'; 512]);
    assert!(outcomes(&disk, "file").contains(&Some(expected)));
}

#[test]
fn the_length_may_survive_without_the_data() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", b"");
    write(&disk, "file", 0, &[b'n'; 512]);
    let found = outcomes(&disk, "file");
    assert!(found.contains(&Some(vec![0; 512])), "length without data");
    assert!(found.contains(&Some(vec![])), "neither");
}

#[test]
fn the_extremes_are_what_they_say() {
    let disk = SimDisk::new(1);
    settled(&disk, "old", b"old");
    write(&disk, "old", 0, b"new");
    disk.create_new("young", None).unwrap().write_all_at(0, b"data").unwrap();
    let found = |choice| {
        let crashed = disk.crash(choice);
        (crashed.read_view("old").unwrap(), crashed.read_view("young"))
    };
    assert_eq!(found(CrashChoice::LoseAll), (b"old".to_vec(), None));
    assert_eq!(found(CrashChoice::KeepAll), (b"new".to_vec(), Some(b"data".to_vec())));
    assert_eq!(found(CrashChoice::LoseData), (b"old".to_vec(), Some(vec![])));
    assert_eq!(found(CrashChoice::LoseNames), (b"new".to_vec(), None));
}

#[test]
fn durable_files_are_what_a_total_loss_leaves() {
    let disk = SimDisk::new(1);
    settled(&disk, "dir/file", b"old");
    write(&disk, "dir/file", 0, b"new");
    assert_eq!(disk.durable_files(), BTreeMap::from([("dir/file".to_owned(), b"old".to_vec())]));
    assert_eq!(disk.view_files(), BTreeMap::from([("dir/file".to_owned(), b"new".to_vec())]));
}

// ----- names -----

#[test]
fn a_new_name_is_lost_without_a_sync_of_its_directory_even_if_the_file_was_synced() {
    let disk = SimDisk::new(1);
    let file = disk.create_new("file", None).unwrap();
    file.write_all_at(0, b"data").unwrap();
    file.sync_data().unwrap();
    let expected = [None, Some(b"data".to_vec())];
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from(expected));
    disk.sync_dir("").unwrap();
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from([Some(b"data".to_vec())]));
}

#[test]
fn a_rename_without_a_sync_of_the_directory_may_be_lost_but_is_whole() {
    let disk = SimDisk::new(1);
    settled(&disk, "from", b"new");
    settled(&disk, "to", b"old");
    disk.rename("from", "to").unwrap();
    let found: BTreeSet<_> = SEEDS.map(|seed| disk.crash(CrashChoice::Random(seed)).view_files()).collect();
    let names = |pairs: &[(&str, &str)]| -> Files {
        pairs.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.as_bytes().to_vec())).collect()
    };
    assert_eq!(found, BTreeSet::from([names(&[("from", "new"), ("to", "old")]), names(&[("to", "new")])]));
}

#[test]
fn a_removed_file_may_come_back_until_the_directory_is_synced() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", b"data");
    disk.remove("file").unwrap();
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from([None, Some(b"data".to_vec())]));
    disk.sync_dir("").unwrap();
    assert_eq!(outcomes(&disk, "file"), BTreeSet::from([None]));
}

#[test]
fn a_directory_may_be_lost_with_all_that_is_in_it() {
    let disk = SimDisk::new(1);
    disk.create_dir("dir").unwrap();
    disk.create_new("dir/file", None).unwrap();
    disk.sync_dir("dir").unwrap();
    assert_eq!(outcomes(&disk, "dir/file"), BTreeSet::from([None, Some(vec![])]));
    let crashed = disk.crash(CrashChoice::LoseAll);
    assert!(crashed.list("dir").is_err());
    disk.sync_dir("").unwrap();
    assert_eq!(outcomes(&disk, "dir/file"), BTreeSet::from([Some(vec![])]));
}

// ----- processes and locks -----

#[test]
fn a_killed_process_loses_nothing_until_the_power_goes_too() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", b"old");
    write(&disk, "file", 0, b"new");
    disk.create_new("young", None).unwrap();
    let next = disk.after_kill();
    assert_eq!(next.view_files(), disk.view_files());
    assert_eq!(next.crash(CrashChoice::LoseAll).read_view("file").unwrap(), b"old");
    assert_eq!(next.crash(CrashChoice::LoseAll).read_view("young"), None);
}

#[test]
fn the_next_process_can_make_durable_what_a_killed_one_wrote() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", b"old");
    write(&disk, "file", 0, b"new");
    let next = disk.after_kill();
    next.open("file", Access::Read).unwrap().sync_data().unwrap();
    assert_eq!(next.crash(CrashChoice::LoseAll).read_view("file").unwrap(), b"new");
}

#[test]
fn locks_end_with_the_process_and_with_the_power() {
    let disk = SimDisk::new(1);
    let _held = disk.lock("LOCK", b"first").unwrap();
    assert!(disk.after_kill().lock("LOCK", b"second").is_ok());
    assert!(disk.crash(CrashChoice::KeepAll).lock("LOCK", b"second").is_ok());
}

#[test]
fn a_lock_from_before_the_crash_does_not_release_one_from_after_it() {
    let disk = SimDisk::new(1);
    let old = disk.lock("LOCK", b"old").unwrap();
    let next = disk.after_kill();
    let _new = next.lock("LOCK", b"new").unwrap();
    drop(old);
    let refusal = next.lock("LOCK", b"third").err().unwrap();
    assert!(matches!(refusal, LockFailure::Held(holder) if holder == b"new"));
}

#[test]
fn a_handle_from_before_the_crash_does_not_write_to_the_disk_after_it() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", b"old");
    let stale = disk.open("file", Access::ReadWrite).unwrap();
    let next = disk.after_kill();
    stale.write_all_at(0, b"new").unwrap();
    assert_eq!(next.read_view("file").unwrap(), b"old");
}

// ----- hands and damage -----

#[test]
fn a_flipped_bit_is_seen_and_survives() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", &[0; 10]);
    disk.flip("file", 3, 0x80).unwrap();
    assert_eq!(disk.read_view("file").unwrap()[3], 0x80);
    assert_eq!(disk.durable_files()["file"][3], 0x80);
    assert!(disk.flip("file", 10, 1).is_err());
}

#[test]
fn a_hand_edit_reaches_open_handles_and_is_durable() {
    let disk = SimDisk::new(1);
    settled(&disk, "file", b"old");
    let file = disk.open("file", Access::Read).unwrap();
    disk.write_view("file", *b"edited");
    assert_eq!(file.len().unwrap(), 6);
    assert_eq!(disk.durable_files()["file"], b"edited");
    disk.remove_view("file");
    assert!(disk.durable_files().is_empty());
}

#[test]
fn a_removed_file_lives_on_for_its_open_handle() {
    let disk = SimDisk::new(1);
    let file = disk.create_new("file", None).unwrap();
    file.write_all_at(0, b"data").unwrap();
    disk.remove("file").unwrap();
    disk.sync_dir("").unwrap();
    assert_eq!(file.len().unwrap(), 4);
    file.sync_data().unwrap();
    assert_eq!(disk.used_bytes(), 0);
}

// ----- cost -----

#[test]
fn a_crash_costs_well_under_a_millisecond() {
    let disk = SimDisk::new(1);
    for file in 0..8 {
        let name = format!("file-{file}");
        settled(&disk, &name, &vec![1; 65_536]);
        write(&disk, &name, 1000, &vec![2; 20_000]);
    }
    let rounds = 500;
    let start = Instant::now();
    for seed in 0..rounds {
        let found = disk.crash(CrashChoice::Random(seed));
        assert_eq!(found.list("").unwrap().len(), 8);
    }
    let each = start.elapsed() / u32::try_from(rounds).unwrap();
    assert!(each < Duration::from_millis(1), "one crash took {each:?}");
}
