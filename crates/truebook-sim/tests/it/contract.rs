//! Both disks keep the contract, and so does a directory on each as a target of backups.
use std::sync::{Arc, Mutex};
use truebook::backup::Directory;
use truebook::disk::RealDisk;
use truebook_sim::{SimDisk, disk_contract, target_contract};

#[test]
fn the_simulated_disk_keeps_the_contract() {
    disk_contract::run(&|| Arc::new(SimDisk::new(1)));
}

#[test]
fn the_real_disk_keeps_the_contract() {
    // Kept to the end of the test: dropping one removes its directory.
    let dirs = Mutex::new(Vec::new());
    disk_contract::run(&|| {
        let dir = tempfile::tempdir().unwrap();
        let disk = RealDisk::new(dir.path());
        dirs.lock().unwrap().push(dir);
        Arc::new(disk)
    });
}

#[test]
fn a_directory_on_the_simulated_disk_keeps_the_contract_of_targets() {
    target_contract::run(&|| Arc::new(Directory::new(Arc::new(SimDisk::new(1)))));
}

#[test]
fn a_directory_on_the_real_disk_keeps_the_contract_of_targets() {
    let dirs = Mutex::new(Vec::new());
    target_contract::run(&|| {
        let dir = tempfile::tempdir().unwrap();
        let disk = RealDisk::new(dir.path());
        dirs.lock().unwrap().push(dir);
        Arc::new(Directory::new(Arc::new(disk)))
    });
}
