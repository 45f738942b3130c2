//! Being asked first, targets that cannot be reached, and books that are gone.

use super::{Ending, Sample, hash};
use std::sync::Arc;
use truebook::Book;
use truebook::backup::{Entry, Fallback, Put, Target, TargetError, TargetErrorKind};
use truebook::book::{OnDamage, OpenError, OpenOptions};
use truebook::recovery::FindingKind;

/// A target that cannot be reached.
struct Away;

fn away() -> TargetError {
    TargetError::new(TargetErrorKind::Unavailable, "reach", "away".to_owned(), "no route")
}

impl Target for Away {
    fn describe(&self, name: &str) -> String {
        format!("away:{name}")
    }
    fn put_new(&self, _name: &str, _content: &[u8]) -> Result<Put, TargetError> {
        Err(away())
    }
    fn get(&self, _name: &str, _bytes_max: u64) -> Result<Vec<u8>, TargetError> {
        Err(away())
    }
    fn list(&self, _prefix: &str) -> Result<Vec<Entry>, TargetError> {
        Err(away())
    }
    fn remove(&self, _name: &str) -> Result<(), TargetError> {
        Err(away())
    }
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p10_who_wants_to_be_asked_is_told_what_a_backup_gives_and_nothing_is_written() {
    let sample = Sample::new(None, Ending::Killed).without_checkpoints();
    let disk = sample.copy();
    disk.write_view(&sample.segments()[1], vec![7; 100]);
    let before = disk.view_files();
    let ask = || OpenOptions { on_damage: OnDamage::Ask, ..sample.with_backups(&[&sample.near]) };
    let Err(failed) = Book::open(sample.world_on(&disk), ask()) else { panic!("mended without asking") };
    let OpenError::Damaged(mendable) = &failed else { panic!("{failed}") };
    assert_eq!(mendable.report.mended.len(), 1);
    assert_eq!(mendable.command, "truebook checkpoint --data sim: --on-damage mend");
    let told = failed.to_string();
    assert!(
        told.contains("00000002")
            && told.contains("from generation g0000")
            && told.contains(&mendable.command)
    );
    let mut after = disk.view_files();
    after.insert("LOCK".to_owned(), before["LOCK"].clone());
    assert!(after == before, "something was written");
    // A sound book is not asked about.
    drop(Book::open(sample.world_on(&sample.copy()), ask()).unwrap());
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p9_a_target_that_cannot_be_reached_is_told_and_the_next_one_mends() {
    let sample = Sample::new(None, Ending::Killed).without_checkpoints();
    let disk = sample.copy();
    disk.write_view(&sample.segments()[0], vec![7; 100]);
    let mut options = sample.with_backups(&[&sample.near]);
    options.backups.insert(0, Fallback::new(Arc::new(Away)));
    let book = Book::open(sample.world_on(&disk), options).unwrap();
    assert_eq!(hash(&book), sample.hashes[&sample.last]);
    let told = book.report().findings.iter().find(|f| f.kind == FindingKind::Backup).unwrap();
    assert!(told.file == "away:" && told.what.contains("no route"), "{told:?}");
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p7_without_a_manifest_and_a_segment_the_command_that_restores_the_book_is_told() {
    let sample = Sample::new(None, Ending::Closed);
    let rubbish = [None, Some(b"rubbish".to_vec())];
    for manifest in rubbish {
        let disk = sample.copy();
        for file in sample.files().into_keys() {
            disk.remove_view(&file);
        }
        if let Some(bytes) = manifest {
            disk.write_view("book.json", bytes);
        }
        let before = disk.view_files();
        let Err(failed) = sample.open_on(&disk) else { panic!("a book of defaults") };
        assert!(matches!(failed, OpenError::Restorable(_)), "{failed}");
        assert!(failed.to_string().contains("truebook restore --from sim: --data sim:"), "{failed}");
        assert_eq!(disk.view_files(), before);
    }
}
