//! Planned failures of the simulated disk: failed syncs, full disks, stops at any operation.

use std::io::ErrorKind;
use truebook::disk::{Access, Disk};
use truebook_sim::disk::{CrashChoice, FaultPlan, OpKind, OpNumber, SimDisk, SyncNumber, is_power_loss};

const SEEDS: std::ops::Range<u64> = 0..200;

fn with_file(seed: u64, content: &[u8]) -> SimDisk {
    let disk = SimDisk::new(seed);
    disk.write_view("file", content);
    disk
}

/// What is durable after a failed sync and then a successful one, of a file that was all `o` before.
fn durable_after_failed_and_good_sync(seed: u64) -> Vec<u8> {
    let disk = with_file(seed, &[b'o'; 4096]);
    disk.set_faults(FaultPlan::default().fail_at_sync(SyncNumber(1)));
    let file = disk.open("file", Access::ReadWrite).unwrap();
    file.write_all_at(0, &[b'n'; 4096]).unwrap();
    assert!(file.sync_data().is_err());
    assert_eq!(disk.read_view("file").unwrap(), [b'n'; 4096], "reads show what the disk has not");
    file.sync_data().unwrap();
    assert_eq!(disk.read_view("file").unwrap(), [b'n'; 4096]);
    let kept = disk.crash(CrashChoice::KeepAll).read_view("file").unwrap();
    assert_eq!(kept, disk.durable_files()["file"], "nothing is pending after the good sync");
    kept
}

#[test]
fn pages_of_a_failed_sync_are_never_durable_though_a_later_sync_succeeds() {
    let lost = SEEDS.map(durable_after_failed_and_good_sync).filter(|found| found.contains(&b'o')).count();
    assert!(lost > 100, "{lost} of 200 lost something");
}

#[test]
fn a_failed_sync_does_not_always_lose_everything() {
    let mixed = SEEDS
        .map(durable_after_failed_and_good_sync)
        .filter(|found| found.contains(&b'o') && found.contains(&b'n'))
        .count();
    assert!(mixed > 50, "{mixed} of 200 were mixed");
}

#[test]
fn pages_of_a_failed_sync_stay_lost_for_the_next_process() {
    let lost = SEEDS.filter(|seed| {
        let disk = with_file(*seed, b"old");
        disk.set_faults(FaultPlan::default().fail_at_sync(SyncNumber(1)));
        let file = disk.open("file", Access::ReadWrite).unwrap();
        file.write_all_at(0, b"new").unwrap();
        assert!(file.sync_data().is_err());
        let next = disk.after_kill();
        assert_eq!(next.read_view("file").unwrap(), b"new");
        next.open("file", Access::ReadWrite).unwrap().sync_data().unwrap();
        next.durable_files()["file"] == b"old"
    });
    assert!(lost.count() > 50);
}

#[test]
fn what_is_written_after_a_failed_sync_becomes_durable() {
    for seed in SEEDS {
        let disk = with_file(seed, b"old");
        disk.set_faults(FaultPlan::default().fail_at_sync(SyncNumber(1)));
        let file = disk.open("file", Access::ReadWrite).unwrap();
        file.write_all_at(0, b"1st").unwrap();
        assert!(file.sync_data().is_err());
        file.write_all_at(0, b"2nd").unwrap();
        file.sync_data().unwrap();
        assert_eq!(disk.durable_files()["file"], b"2nd");
    }
}

#[test]
fn a_failed_sync_of_a_directory_is_made_good_by_the_next() {
    let disk = SimDisk::new(1);
    disk.set_faults(FaultPlan::default().fail_at_sync(SyncNumber(1)));
    disk.create_new("file", None).unwrap();
    assert!(disk.sync_dir("").is_err());
    assert!(disk.durable_files().is_empty());
    disk.sync_dir("").unwrap();
    assert!(disk.durable_files().contains_key("file"));
}

#[test]
fn a_full_disk_refuses_growth_and_takes_overwrites() {
    let disk = with_file(1, &[0; 100]);
    disk.set_capacity(Some(100));
    let file = disk.open("file", Access::ReadWrite).unwrap();
    file.write_all_at(0, &[1; 100]).unwrap();
    assert_eq!(file.write_all_at(100, &[2; 10]).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(disk.create_new("other", None).err().unwrap().kind(), ErrorKind::StorageFull);
    disk.set_capacity(Some(200));
    file.write_all_at(100, &[2; 10]).unwrap();
    assert_eq!(disk.used_bytes(), 110);
}

#[test]
fn a_write_that_fills_the_disk_may_happen_in_part() {
    let lengths = SEEDS.map(|seed| {
        let disk = with_file(seed, b"");
        disk.set_capacity(Some(100));
        let file = disk.open("file", Access::ReadWrite).unwrap();
        assert!(file.write_all_at(0, &[1; 300]).is_err());
        disk.used_bytes()
    });
    let lengths: Vec<u64> = lengths.collect();
    assert!(lengths.iter().all(|length| *length <= 100));
    assert!(lengths.iter().any(|length| *length > 0) && lengths.iter().any(|length| *length < 90));
}

#[test]
fn removing_a_file_frees_its_bytes() {
    let disk = with_file(1, &[0; 100]);
    disk.set_capacity(Some(100));
    disk.remove("file").unwrap();
    disk.create_new("other", None).unwrap().write_all_at(0, &[1; 100]).unwrap();
}

#[test]
fn a_full_disk_can_still_be_locked() {
    let disk = with_file(1, &[0; 100]);
    disk.set_capacity(Some(100));
    assert!(disk.lock("LOCK", b"holder").is_ok());
}

#[test]
fn an_operation_planned_to_fail_fails_once() {
    let disk = SimDisk::new(1);
    disk.create_new("a", None).unwrap();
    disk.set_faults(FaultPlan::default().fail_at(OpNumber(2)).full_at(OpNumber(3)));
    assert_eq!(disk.rename("a", "b").unwrap_err().kind(), ErrorKind::Other);
    assert_eq!(disk.rename("a", "b").unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(disk.list("").unwrap(), ["a"], "a refused rename did not happen");
    disk.rename("a", "b").unwrap();
}

#[test]
fn after_a_stop_nothing_works_until_the_crash() {
    let disk = with_file(1, b"old");
    let file = disk.open("file", Access::ReadWrite).unwrap();
    disk.set_faults(FaultPlan::default().stop_at(OpNumber(1)));
    assert!(is_power_loss(&file.write_all_at(0, b"new").unwrap_err()));
    assert!(disk.is_off());
    assert!(is_power_loss(&file.sync_data().unwrap_err()));
    assert!(is_power_loss(&file.len().unwrap_err()));
    assert!(is_power_loss(&disk.list("").unwrap_err()));
    assert!(disk.lock("LOCK", b"holder").is_err());
    assert_eq!(disk.ops_done(), OpNumber(1), "what came after the stop did not happen");
    let next = disk.crash(CrashChoice::KeepAll);
    assert!(!next.is_off());
    assert_eq!(next.ops_done(), OpNumber(0));
    assert!(next.open("file", Access::ReadWrite).is_ok());
}

#[test]
fn the_operation_at_the_stop_happened_or_not() {
    let renamed = SEEDS.filter(|seed| {
        let disk = with_file(*seed, b"data");
        disk.set_faults(FaultPlan::default().stop_at(OpNumber(1)));
        assert!(disk.rename("file", "moved").is_err());
        disk.after_kill().exists("moved").unwrap()
    });
    let count = renamed.count();
    assert!((50..150).contains(&count), "{count} of 200");
}

#[test]
fn a_write_at_the_stop_may_have_happened_in_part() {
    let partly = SEEDS.filter(|seed| {
        let disk = with_file(*seed, b"");
        let file = disk.open("file", Access::ReadWrite).unwrap();
        disk.set_faults(FaultPlan::default().stop_at(OpNumber(1)));
        assert!(file.write_all_at(0, &[1; 1000]).is_err());
        let length = disk.after_kill().used_bytes();
        (1..1000).contains(&length)
    });
    assert!(partly.count() > 150);
}

#[test]
fn operations_are_numbered_and_logged() {
    let disk = SimDisk::new(1);
    disk.create_dir("dir").unwrap();
    let file = disk.create_new("dir/file", None).unwrap();
    file.write_all_at(0, b"data").unwrap();
    file.sync_data().unwrap();
    disk.sync_dir("dir").unwrap();
    assert_eq!((disk.ops_done(), disk.syncs_done()), (OpNumber(5), SyncNumber(2)));
    let log = disk.op_log();
    let third = &log[2];
    assert_eq!((third.number, third.kind, &*third.name), (OpNumber(3), OpKind::WriteAllAt, "dir/file"));
}
