//! Backups that are damaged themselves, and those of a copy of the book that went its own way.

use super::{Ending, Sample, Seen, back_up, hash, json, key, path, target};
use truebook::Book;
use truebook::backup::{Form, Reader, Shelf, tail};
use truebook::book::{OnLoss, OpenError, OpenOptions};
use truebook::recovery::FindingKind;

/// The objects of one segment on a shelf.
fn objects(disk: &truebook_sim::SimDisk, segment: &str) -> Vec<String> {
    let number = segment.trim_start_matches("journal/").split('.').next().unwrap().to_owned();
    let names = disk.view_files().into_keys();
    names.filter(|name| name.contains(&format!("/segment/{number}-"))).collect()
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p9_if_the_nearest_backup_is_damaged_in_the_same_place_an_older_one_or_the_next_target_mends() {
    let sample = Sample::new(None, Ending::Killed).without_checkpoints();
    let first = sample.segments()[0].clone();
    let near = objects(&sample.near, &first);
    assert!(!near.is_empty());
    for object in &near {
        sample.near.flip(object, 200, 1).unwrap();
    }
    let disk = sample.copy();
    disk.write_view(&first, b"rubbish".to_vec());
    let book = sample.open_on(&disk).unwrap();
    let report = book.report();
    assert_eq!(hash(&book), sample.hashes[&sample.last]);
    assert_eq!(report.mended.len(), 1);
    assert!(report.findings.iter().any(|f| f.kind == FindingKind::Backup && f.what.contains("BLAKE3")));
    assert_eq!(report.mended[0].place.as_deref(), Some("sim:"));
    // What was displaced is kept.
    let aside = disk.view_files().into_iter().find(|(file, _)| file.starts_with("aside/00000001"));
    assert_eq!(aside.unwrap().1, b"rubbish");
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p9_if_the_newest_generation_is_damaged_the_older_one_gives_what_it_has_and_the_rest_is_told() {
    let sample = Sample::new(None, Ending::Killed).without_checkpoints();
    let newest = sample.near.view_files().into_keys().rfind(|name| name.contains("/generation/")).unwrap();
    sample.near.flip(&newest, 100, 1).unwrap();
    let disk = sample.copy();
    disk.write_view(&sample.segments()[0], b"rubbish".to_vec());
    assert_eq!(sample.check(&disk, "the first segment"), Seen::Mended);
}

/// The sample's book, and a copy that went its own way after the first backup, backed up elsewhere.
fn forked() -> (Sample, truebook_sim::SimDisk) {
    let mut sample = Sample::begin(None);
    let book = sample.create();
    sample.write(&book, 0..25);
    book.close().unwrap();
    let (fork, shelf) = (sample.copy(), truebook_sim::SimDisk::new(9));
    let other = Book::open(sample.world_on(&fork), sample.options()).unwrap();
    for n in 0..120 {
        other.set(&path("fork"), &json(&format!("\"{n}-{}\"", "z".repeat(60)))).unwrap();
    }
    back_up(&other, &shelf);
    other.close().unwrap();
    let book = Book::open(sample.world_on(&sample.disk), sample.options()).unwrap();
    sample.write(&book, 25..90);
    sample.end(book, Ending::Killed);
    (sample.without_checkpoints(), shelf)
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p9_a_backup_of_another_history_of_the_same_book_is_never_used() {
    let (sample, shelf) = forked();
    let segments = sample.segments();
    assert!(segments.len() >= 4, "{segments:?}");
    for segment in &segments[1..segments.len() - 1] {
        for wreck in [Some(vec![0; 5000]), None] {
            let disk = sample.copy();
            match wreck {
                Some(bytes) => disk.write_view(segment, bytes),
                None => disk.remove_view(segment),
            }
            let options = || sample.with_backups(&[&shelf]);
            match Book::open(sample.world_on(&disk), options()) {
                Err(OpenError::Lost(report)) => {
                    assert!(report.mended.is_empty(), "{segment}: {:?}", report.mended);
                    assert!(report.findings.iter().any(|f| f.kind == FindingKind::Backup), "{report:?}");
                }
                Ok(book) => panic!("{segment}: opened with {:?}", book.report()),
                Err(failed) => panic!("{segment}: {failed}"),
            }
            let accepting = OpenOptions { on_loss: OnLoss::Accept, ..options() };
            let book = Book::open(sample.world_on(&disk), accepting).unwrap();
            assert!(sample.hashes.values().any(|known| *known == hash(&book)), "{segment}: a foreign state");
        }
    }
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p7_a_book_of_which_only_the_manifest_is_left_comes_back_and_says_that_its_end_is_a_backups() {
    for key in [None, Some(key())] {
        let sample = Sample::new(key, Ending::Closed);
        let disk = sample.copy();
        for file in sample.files().into_keys().filter(|file| file.contains('/')) {
            disk.remove_view(&file);
        }
        let book = sample.open_on(&disk).unwrap();
        assert_eq!(book.report().last, Some(sample.backed_up));
        let restored = book.with_state(|state| state.live().restored.clone()).unwrap();
        assert_eq!(
            restored.unwrap().seq,
            sample.backed_up,
            "whoever trades waits until it is known what happened"
        );
        assert_eq!(book.vars().unwrap().get(&path("n")), Some(&json("79")));
        sample.check_healed(&disk, book, "everything gone");
    }
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p7_the_local_tail_is_joined_to_what_a_backup_gives_of_everything_before_it() {
    let sample = Sample::new(None, Ending::Killed).without_checkpoints();
    let segments = sample.segments();
    let disk = sample.copy();
    for segment in &segments[..segments.len() - 1] {
        disk.remove_view(segment);
    }
    assert_eq!(sample.check(&disk, "all but the last segment gone"), Seen::Mended);
    // An older backup leaves a gap before the tail, which is told.
    let disk = sample.copy();
    for segment in &segments[..segments.len() - 1] {
        disk.remove_view(segment);
    }
    let far = OpenOptions {
        backups: vec![truebook::backup::Fallback::new(target(&sample.far))],
        ..sample.options()
    };
    let Err(OpenError::Lost(report)) = Book::open(sample.world_on(&disk), far) else {
        panic!("nothing was lost")
    };
    assert_eq!(report.lost.unwrap().to, Some(sample.last));
    assert!(report.lost.unwrap().from < sample.backed_up && !report.mended.is_empty());
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p1_what_looks_like_a_torn_tail_or_an_empty_segment_is_mended_if_a_backup_knows_better() {
    let mut sample = Sample::begin(Some(key()));
    let book = sample.create();
    sample.write(&book, 0..60);
    back_up(&book, &sample.near);
    sample.backed_up = book.last();
    sample.end(book, Ending::Killed);
    let sample = sample.without_checkpoints();
    let file = sample.segments().pop().unwrap();
    let bytes = sample.disk.read_view(&file).unwrap();
    let last = truebook::journal::scan::valid_frames(&bytes, 4096).last().unwrap().0;
    let torn = sample.copy();
    torn.flip(&file, last as u64 + 40, 1).unwrap();
    let empty = sample.copy();
    empty.write_view(&file, vec![0; bytes.len()]);
    for (disk, what) in [(torn, "the last frame"), (empty, "all of the last segment")] {
        let book = sample.open_on(&disk).unwrap();
        assert_eq!(book.report().last, Some(sample.last), "{what}: {:?}", book.report());
        // That nothing followed is not known, so the one who trades waits.
        let restored = book.with_state(|state| state.live().restored.is_some()).unwrap();
        assert!(restored && book.report().mended.len() == 1, "{what}");
        sample.check_healed(&disk, book, what);
    }
}

#[cfg_attr(not(feature = "planted"), test)]
pub(super) fn p7_events_that_were_shipped_after_the_newest_generation_are_given_back_too() {
    for key in [None, Some(key())] {
        let mut sample = Sample::begin(key);
        let book = sample.create();
        sample.write(&book, 0..30);
        back_up(&book, &sample.near);
        let generation = book.last();
        sample.write(&book, 30..70);
        let shelf = Shelf::new(target(&sample.near), book.status().unwrap().book, None);
        let shipped = tail::ship(&Reader::of_book(&book), &shelf, &Form::default(), generation).unwrap();
        sample.backed_up = shipped.last;
        assert!(shipped.last == book.last() && shipped.pieces > 1);
        sample.write(&book, 70..90);
        sample.end(book, Ending::Killed);
        let sample = sample.without_checkpoints();
        for segment in &sample.segments()[..3] {
            let disk = sample.copy();
            disk.write_view(segment, b"rubbish".to_vec());
            assert_eq!(sample.check(&disk, segment), Seen::Mended, "{segment}");
        }
        let gone = sample.copy();
        for file in sample.files().into_keys().filter(|file| file.contains('/')) {
            gone.remove_view(&file);
        }
        let book = sample.open_on(&gone).unwrap();
        assert_eq!(book.report().last, Some(sample.backed_up));
        sample.check_healed(&gone, book, "everything gone");
    }
}
