//! A book that ends before its own backup, which nothing in its directory shows.

use super::{Ending, Sample, back_up, hash, json, path, target};
use std::sync::Arc;
use truebook::Book;
use truebook::backup::restore::{self, Options, Point};
use truebook::backup::{Depth, Scratch, Shelf, Silent, Trial, verify};
use truebook::core::id::Seq;
use truebook_sim::disk::SimDisk;

/// A book, its directory as it was earlier, and a backup of all of it.
fn rolled_back() -> (Sample, SimDisk, Seq) {
    let mut sample = Sample::begin(None);
    let book = sample.create();
    sample.write(&book, 0..37);
    let (earlier, at) = (sample.disk.after_kill(), book.last());
    sample.write(&book, 37..80);
    back_up(&book, &sample.near);
    sample.backed_up = book.last();
    sample.end(book, Ending::Closed);
    (sample, earlier, at)
}

#[test]
fn p1_a_directory_that_was_put_back_from_an_older_copy_is_noticed_and_brought_up_to_its_backup() {
    let (sample, earlier, at) = rolled_back();
    assert!(at < sample.backed_up);
    let book = sample.open_on(&earlier).unwrap();
    check_is_back(&sample, &book);
}

/// All that the backup has is in the book, and new risk waits: more may have happened after it.
fn check_is_back(sample: &Sample, book: &Book) {
    let report = book.report();
    assert_eq!((report.last, &report.lost), (Some(sample.backed_up), &None), "{report:?}");
    assert!(!report.mended.is_empty(), "{report:?}");
    assert_eq!(book.vars().unwrap().get(&path("n")), Some(&json("79")));
    assert_eq!(book.live().unwrap().restored.map(|mark| mark.seq), Some(sample.backed_up));
}

#[test]
fn p1_last_segments_that_vanished_with_every_checkpoint_that_could_tell_are_noticed_and_given_back() {
    let (sample, _, _) = rolled_back();
    let disk = sample.copy();
    let segments = sample.segments();
    assert!(segments.len() > 3, "{segments:?}");
    let gone = segments[segments.len() - 2..].iter().cloned();
    let derived = sample.files().into_keys().filter(|file| {
        ["checkpoints/", "seen/", "bot_state"].iter().any(|beginning| file.starts_with(beginning))
    });
    gone.chain(derived).for_each(|file| disk.remove_view(&file));
    let book = sample.open_on(&disk).unwrap();
    check_is_back(&sample, &book);
}

#[test]
fn p10_a_book_that_was_restored_to_an_earlier_event_stays_there() {
    let (sample, _, at) = rolled_back();
    let empty = SimDisk::new(9);
    let world = sample.world_on(&empty);
    let id = Book::open(sample.world_on(&sample.copy()), sample.options()).unwrap().status().unwrap().book;
    let shelf = Shelf::new(target(&sample.near), id, None);
    let generation = shelf.generations().unwrap().remove(0);
    let scratch = Scratch::on(Arc::new(SimDisk::new(10)));
    let trial = Trial { world: &world, key: None, scratch: &scratch, depth: Depth::All };
    assert!(verify(&shelf, &generation, &trial, &mut Silent).unwrap().is_verified());
    let plan = restore::plan(&world, &shelf, Point::Seq(at), None).unwrap();
    let options = Options { journal: sample.options().journal, ..Options::default() };
    let done = restore::restore(&world, &shelf, &plan, &options, &mut restore::Silent).unwrap();
    let book = sample.open_on(&empty).unwrap();
    assert_eq!((book.last(), done.until), (done.recorded_as, at));
    assert!(book.report().mended.is_empty(), "{:?}", book.report().mended);
}

#[test]
fn p9_a_book_that_went_another_way_since_the_older_copy_is_not_mixed_with_the_backup() {
    let (mut sample, earlier, at) = rolled_back();
    let fork = Book::open(sample.world_on(&earlier), sample.options()).unwrap();
    sample.write(&fork, 200..203);
    let (last, state) = (fork.last(), hash(&fork));
    assert!(at < last && last < sample.backed_up);
    drop(fork);
    let book = sample.open_on(&earlier.after_kill()).unwrap();
    assert_eq!((book.last(), hash(&book)), (last, state));
    assert!(book.report().mended.is_empty(), "{:?}", book.report().mended);
}
