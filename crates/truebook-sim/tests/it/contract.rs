//! Both disks keep the contract.
use std::sync::{Arc, Mutex};
use truebook::disk::RealDisk;
use truebook_sim::{SimDisk, disk_contract};

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
