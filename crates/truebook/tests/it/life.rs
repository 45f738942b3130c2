//! A book's ordinary life: made, written, closed, opened again.

use crate::support::{Place, doc, new_book, small};
use truebook::Book;
use truebook::book::{OpenOptions, Peek, Recorded, Upkeep, WriteError};
use truebook::core::doc::Path;
use truebook::core::state::FoldError;
use truebook::verify::{Silent, verify};

#[test]
fn p7_a_directory_for_derived_files_that_is_gone_is_made_again() {
    let place = Place::new();
    place.create().close().unwrap();
    for dir in ["checkpoints", "seen"] {
        std::fs::remove_dir_all(place.file(dir)).unwrap();
        let book = place.open();
        assert!(!book.report().has_damage(), "{dir}: {:?}", book.report().findings);
        book.close().unwrap();
        assert!(place.file(dir).is_dir(), "{dir}");
    }
}

#[test]
fn p1_what_was_saved_is_there_after_opening_again() {
    let place = Place::new();
    let book = place.create();
    for n in 0..300 {
        let text = format!("{{\"n\":{n},\"pad\":\"{}\"}}", "x".repeat(100 + n));
        assert!(matches!(book.save(&doc(&text)).unwrap(), Recorded::Durable(_)));
    }
    let hash = book.status().unwrap().state_hash;
    book.close().unwrap();
    let verification = verify(&place.world(), None, &mut Silent).unwrap();
    assert!(verification.ok, "{verification:#?}");
    assert_eq!(verification.state_hash, Some(hash));
    let book = place.open();
    assert_eq!(book.vars().unwrap().get(&Path::parse("n").unwrap()), Some(&doc("299")));
    assert_eq!(book.status().unwrap().state_hash, hash);
    assert_eq!(book.report().events_replayed, 0);
}

#[test]
fn an_unchanged_save_writes_nothing() {
    let place = Place::new();
    let book = place.create();
    book.save(&doc(r#"{"a":{"b":1}}"#)).unwrap();
    let last = book.last();
    assert_eq!(book.save(&doc(r#"{"a": {"b": 1}}"#)).unwrap(), Recorded::Unchanged);
    assert_eq!(book.set(&Path::parse("a.b").unwrap(), &doc("1")).unwrap(), Recorded::Unchanged);
    assert_eq!(book.merge(&Path::root(), &doc(r#"{"a":{"b":1}}"#)).unwrap(), Recorded::Unchanged);
    assert_eq!(book.last(), last);
}

#[test]
fn p1_sixty_four_threads_share_flushes_and_lose_nothing() {
    let place = Place::new();
    let options = OpenOptions { upkeep: Upkeep::Thread, ..small() };
    let book = Book::create(place.world(), &new_book(), options.clone()).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..64 {
            let book = book.clone();
            scope.spawn(move || {
                for n in 0..50 {
                    let path = Path::parse(&format!("t{thread}.n{n}")).unwrap();
                    let value = doc(&format!("\"{thread}-{n}-{}\"", "x".repeat(60)));
                    assert!(matches!(book.set(&path, &value).unwrap(), Recorded::Durable(_)));
                }
            });
        }
        for _ in 0..5 {
            book.checkpoint().unwrap();
        }
    });
    let hash = book.status().unwrap().state_hash;
    assert_eq!(book.last().get(), 1 + 64 * 50);
    // No clean stop: a copy of the directory as it is must hold everything.
    book.upkeep().unwrap();
    let copy = place.copy();
    let again = Book::open(copy.world(), options).unwrap();
    assert_eq!(again.status().unwrap().state_hash, hash);
    drop(again);
    book.close().unwrap();
    let verification = verify(&place.world(), None, &mut Silent).unwrap();
    assert!(verification.ok && verification.state_hash == Some(hash), "{verification:?}");
}

#[test]
fn p3_a_checkpoint_costs_what_is_live_yet_every_key_ever_used_stays_known() {
    let place = Place::new();
    let book = place.create();
    let mut sizes = Vec::new();
    for n in 0..600_u64 {
        let key = format!("order-{n}");
        truebook_sim::workload::round_trip(&book, &key).unwrap();
        if n % 50 == 49 {
            let done = book.checkpoint().unwrap();
            sizes.push(std::fs::metadata(done.file).unwrap().len());
        }
    }
    // Up to nine run files are named, whatever their content: 600 closed orders alone would be 20,000 bytes.
    assert!(sizes.iter().all(|size| *size < sizes[0] + 9 * 140), "it grows with what was closed: {sizes:?}");
    book.close().unwrap();
    let book = place.open();
    assert_eq!(book.report().events_replayed, 0);
    for n in [0, 1, 299, 599] {
        let again = truebook_sim::workload::round_trip(&book, &format!("order-{n}"));
        assert!(matches!(again, Err(WriteError::Refused(FoldError::OrderExists { .. }))), "{again:?}");
    }
}

#[test]
fn a_book_is_opened_again_in_the_same_file_after_a_clean_stop_and_in_a_new_one_after_a_crash() {
    let place = Place::new();
    let book = place.create();
    book.set(&Path::parse("a").unwrap(), &doc("1")).unwrap();
    let crashed = place.copy();
    book.close().unwrap();
    let clean = place.open();
    assert_eq!(clean.report().events_replayed, 0);
    let after_crash = crashed.open();
    assert_eq!(after_crash.vars().unwrap(), clean.vars().unwrap());
    assert!(after_crash.report().cut.is_none() && !after_crash.report().has_damage());
}

#[test]
fn a_reader_works_beside_a_writer_that_rolls_and_seals() {
    let place = Place::new();
    let book =
        Book::create(place.world(), &new_book(), OpenOptions { upkeep: Upkeep::Thread, ..small() }).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for n in 0..400 {
                book.set(&Path::parse("n").unwrap(), &doc(&format!("\"{n}-{}\"", "y".repeat(300)))).unwrap();
            }
        });
        let mut last = 0;
        while !writer.is_finished() {
            let peek = Peek::read(&place.world(), None).unwrap();
            assert!(peek.last.get() >= last && !peek.report.has_damage(), "{:?}", peek.report);
            assert_eq!(peek.holder.as_ref().map(|holder| holder.pid), Some(std::process::id()));
            last = peek.last.get();
            let verification = verify(&place.world(), None, &mut Silent).unwrap();
            assert!(verification.ok, "{:?}", verification.findings);
        }
    });
}
