//! A disk that is full and stays full.

use std::sync::Arc;
use truebook::book::{CheckpointSchedule, NewBook, OpenOptions, Recorded, Upkeep, WriteError};
use truebook::core::doc::{Doc, Limits, Path};
use truebook::core::id::{AccountName, BookName, VenueName};
use truebook::core::identity::Mode;
use truebook::journal::{JournalOptions, Level};
use truebook::verify::{Silent, verify};
use truebook::{Book, World};
use truebook_sim::disk::SimDisk;
use truebook_sim::world::{SimClock, SimEntropy, world};

struct Full {
    disk: SimDisk,
    clock: Arc<SimClock>,
    entropy: Arc<SimEntropy>,
}

impl Full {
    /// A book that was written to until the disk was full.
    fn new() -> (Self, Book) {
        let place = Self { disk: SimDisk::new(3), clock: SimClock::new(), entropy: SimEntropy::new(3) };
        let new = NewBook {
            name: BookName::new("full").unwrap(),
            venue: VenueName::new("paper").unwrap(),
            account: AccountName::new("P1").unwrap(),
            mode: Mode::Paper,
            settings: Doc::object(),
            key: None,
            readable: None,
            installation: None,
        };
        let book = Book::create(place.world(), &new, options()).unwrap();
        truebook_sim::workload::open_order(&book, "open").unwrap();
        place.disk.set_capacity(Some(place.disk.used_bytes() + 20_000));
        let mut refused = None;
        for n in 0..1000 {
            let value = Doc::from(format!("{n}-{}", "x".repeat(200)).as_str());
            match book.set(&Path::parse(&format!("v{n}")).unwrap(), &value) {
                Ok(_) => {}
                Err(failed) => {
                    refused = Some(failed);
                    break;
                }
            }
        }
        let Some(WriteError::Stopped(stop)) = refused else { panic!("the disk never was full: {refused:?}") };
        assert_eq!(stop.level, Level::Full, "{stop}");
        (place, book)
    }

    fn world(&self) -> World {
        world(&self.disk, &self.clock, &self.entropy)
    }
}

fn options() -> OpenOptions {
    OpenOptions {
        journal: JournalOptions { segment_bytes: 8192, compression_level: 1 },
        upkeep: Upkeep::Inline,
        checkpoints: CheckpointSchedule { events: 20, ..CheckpointSchedule::default() },
        ..OpenOptions::default()
    }
}

#[cfg_attr(not(feature = "planted"), test)]
fn p12_a_halt_and_facts_are_still_recorded_when_the_disk_is_full_and_saves_are_refused() {
    let (place, book) = Full::new();
    assert!(matches!(book.halt("the disk is full").unwrap(), Recorded::Durable(_)));
    for n in 0..20 {
        truebook_sim::workload::fill_open_order(&book, "open", &format!("exec-{n}")).unwrap();
    }
    let saved = book.set(&Path::parse("more").unwrap(), &Doc::from(1_i64));
    assert!(matches!(saved, Err(WriteError::Stopped(_))), "{saved:?}");
    let last = book.last();
    drop(book);
    let killed = place.disk.after_kill();
    let after = Full { disk: killed, ..place };
    let book = Book::open(after.world(), options()).unwrap();
    assert_eq!(book.last(), last, "what was acknowledged on a full disk is there");
    assert_eq!(book.live().unwrap().halted.as_deref(), Some("the disk is full"));
}

#[cfg_attr(not(feature = "planted"), test)]
fn a_book_opens_on_a_full_disk_and_works_again_once_there_is_room() {
    let (place, book) = Full::new();
    let last = book.last();
    drop(book);
    let full = Full { disk: place.disk.after_kill(), ..place };
    full.disk.set_capacity(Some(full.disk.used_bytes()));
    let book = Book::open(full.world(), options()).unwrap();
    assert_eq!(book.last(), last);
    book.halt("still full").unwrap();
    drop(book);
    full.disk.set_capacity(None);
    let book = Book::open(full.world(), options()).unwrap();
    let value = Doc::parse("1", Limits::default()).unwrap();
    assert!(matches!(book.set(&Path::parse("room").unwrap(), &value).unwrap(), Recorded::Durable(_)));
    book.close().unwrap();
    let verification = verify(&full.world(), None, &mut Silent).unwrap();
    assert!(verification.ok, "{:?}", verification.findings);
}
