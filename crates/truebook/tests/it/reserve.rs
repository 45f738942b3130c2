//! The space that is kept for the day the disk is full.

use crate::support::{doc, new_book, small};
use std::sync::Arc;
use truebook::book::{Recorded, WriteError};
use truebook::core::doc::Path;
use truebook::journal::{Level, RESERVE_NAME};
use truebook::{Book, World};
use truebook_sim::SimDisk;
use truebook_sim::world::{SimClock, SimEntropy, world};

struct Place {
    disk: SimDisk,
    clock: Arc<SimClock>,
    entropy: Arc<SimEntropy>,
}

impl Place {
    fn new() -> (Self, Book) {
        let place = Self { disk: SimDisk::new(5), clock: SimClock::new(), entropy: SimEntropy::new(5) };
        let book = Book::create(place.world(), &new_book(), small()).unwrap();
        book.upkeep().unwrap();
        (place, book)
    }

    fn world(&self) -> World {
        world(&self.disk, &self.clock, &self.entropy)
    }

    fn fill_up(&self) {
        self.disk.set_capacity(Some(self.disk.used_bytes()));
    }
}

fn set(book: &Book, key: &str, bytes: usize) -> Result<Recorded, WriteError> {
    book.set(&Path::parse(key).unwrap(), &doc(&format!("\"{}\"", "x".repeat(bytes))))
}

fn level(outcome: Result<Recorded, WriteError>) -> Option<Level> {
    match outcome {
        Err(WriteError::Stopped(stop)) => Some(stop.level),
        _ => None,
    }
}

#[test]
fn p12_a_commit_that_the_reserve_cannot_hold_is_an_error_and_nobody_waits_for_ever() {
    let (place, book) = Place::new();
    place.fill_up();
    let refused = (0..100).find_map(|n| level(set(&book, &format!("v{n}"), 1000)));
    assert_eq!(refused, Some(Level::Full));
    assert_eq!(level(book.halt(&"y".repeat(40_000))), Some(Level::Failed));
    assert_eq!(level(book.halt("short")), Some(Level::Failed));
    drop(book);
    place.disk.set_capacity(None);
    assert!(set(&Book::open(place.world(), small()).unwrap(), "after", 10).is_ok());
}

#[test]
fn p12_with_a_full_disk_and_no_segment_made_ahead_a_halt_still_finds_the_reserve() {
    let (place, book) = Place::new();
    // Inline upkeep makes the next segment before each event: only a large one finds none that fits.
    place.fill_up();
    assert!(set(&book, "fits", 100).is_ok());
    let large = small().journal.segment_bytes as usize - 4096 - 700;
    assert!(set(&book, "large", large).is_ok(), "it goes into the segment made ahead");
    assert_eq!(level(set(&book, "refused", 10)), Some(Level::Full));
    assert!(book.halt("the disk is full").is_ok());
    assert!(book.halt(&"z".repeat(large)).is_ok(), "it goes into the reserve");
    assert_eq!(place.disk.read_view(RESERVE_NAME), None);
}

#[test]
fn p7_a_reserve_that_a_crash_left_half_used_does_not_bring_old_frames_into_the_journal() {
    let (place, book) = Place::new();
    set(&book, "a", 100).unwrap();
    // What a crash between filling the reserve and renaming it leaves behind: frames of another time.
    let first = place.disk.read_view("journal/00000001.seg").unwrap();
    let mut dirty = first.clone();
    dirty.copy_within(4096..8192, 8192);
    place.disk.write_view(RESERVE_NAME, dirty);
    place.fill_up();
    while set(&book, &format!("v{}", book.last()), 1000).is_ok() {}
    while place.disk.read_view(RESERVE_NAME).is_some() {
        book.halt(&format!("{} {}", book.last(), "y".repeat(1500))).unwrap();
    }
    book.halt("in the reserve").unwrap();
    let last = book.last();
    drop(book);
    place.disk.set_capacity(None);
    let book = Book::open(place.world(), small()).unwrap();
    assert_eq!((book.last(), book.report().has_damage()), (last, false));
    assert_eq!(book.report().cut, None, "nothing but zeros is behind the last event");
}
