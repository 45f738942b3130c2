//! Generations on a real disk: made, verified, found damaged.

use crate::support::{Place, doc, small};
use std::sync::Arc;
use truebook::Book;
use truebook::backup::{
    Depth, Directory, Form, Made, Outcome, Scratch, Shelf, Silent, Source, Trial, Verdict, create, verify,
};
use truebook::disk::RealDisk;
use truebook_sim::SimDisk;

struct Backups {
    place: Place,
    shelf: Shelf,
}

impl Backups {
    fn of(book: &Book) -> Self {
        let place = Place::new();
        let target = Directory::new(Arc::new(RealDisk::new(place.path())));
        let shelf = Shelf::new(Arc::new(target), book.status().unwrap().book, None);
        Self { place, shelf }
    }

    fn make(&self, book: &Book) -> Made {
        let source = Source::of_book(book).unwrap();
        create(&source, &self.shelf, &Form::default(), "test", book.now(), &mut Silent).unwrap()
    }

    fn prove(&self, made: &Made, depth: Depth) -> Verdict {
        let (world, scratch) = (self.place.world(), Scratch::new(None).unwrap());
        let trial = Trial { world: &world, key: None, scratch: &scratch, depth };
        verify(&self.shelf, &made.id, &trial, &mut Silent).unwrap()
    }
}

fn save(book: &Book, count: u64) {
    for number in 0..count {
        let value = doc(&format!("{{\"text\":\"{}\",\"n\":{number}}}", "x".repeat(200)));
        book.set(&truebook::core::doc::Path::parse("/n").unwrap(), &value).unwrap();
    }
}

#[test]
fn p9_a_generation_is_verified_by_restoring_it_elsewhere_and_replaying_it() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    save(&book, 300);
    let one = backups.make(&book);
    let verdict = backups.prove(&one, Depth::New);
    assert_eq!((verdict.outcome, verdict.findings), (Outcome::Verified, vec![]));
    assert_eq!(verdict.state_hash, Some(book.status().unwrap().state_hash));
    assert!(one.generation.segments.len() > 3, "several segments: {}", one.generation.segments.len());
}

#[test]
fn a_segment_that_is_stored_is_not_stored_again_and_the_proof_goes_on_from_the_last_one() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    save(&book, 500);
    let one = backups.make(&book);
    assert!(backups.prove(&one, Depth::All).is_verified());
    save(&book, 3);
    let two = backups.make(&book);
    assert!(two.new_objects <= 4, "segment, checkpoint, run: {}", two.new_objects);
    assert!(two.new_bytes * 5 < one.new_bytes, "{} of {}", two.new_bytes, one.new_bytes);
    let verdict = backups.prove(&two, Depth::New);
    assert!(verdict.is_verified());
    assert_eq!(verdict.base, Some(one.id.clone()));
    assert!(verdict.objects < 8, "only what is new: {}", verdict.objects);
    assert!(backups.prove(&two, Depth::All).is_verified());
    assert_eq!(two.warnings, Vec::<String>::new());
}

#[test]
fn two_generations_in_one_second_are_two() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    let (one, two) = (backups.make(&book), backups.make(&book));
    assert_ne!(one.id, two.id);
    assert_eq!(backups.shelf.generations().unwrap(), vec![one.id, two.id]);
}

#[test]
fn a_book_that_another_process_holds_is_backed_up_beside_it() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    save(&book, 100);
    let peek = truebook::book::Peek::read(&place.world(), None).unwrap();
    let source = Source::beside(&peek).unwrap();
    let made = create(&source, &backups.shelf, &Form::default(), "beside", book.now(), &mut Silent).unwrap();
    assert_eq!(made.generation.last, book.last());
    assert!(backups.prove(&made, Depth::New).is_verified());
}

#[test]
fn p9_every_flipped_byte_of_a_generation_is_found_and_its_file_named() {
    let place = Place::new();
    let book = place.create();
    save(&book, 12);
    let disk = SimDisk::new(1);
    let target = Directory::new(Arc::new(disk.clone()));
    let shelf = Shelf::new(Arc::new(target), book.status().unwrap().book, None);
    let source = Source::of_book(&book).unwrap();
    let made = create(&source, &shelf, &Form::default(), "test", book.now(), &mut Silent).unwrap();
    let prove = || {
        let (world, scratch) = (place.world(), Scratch::on(Arc::new(SimDisk::new(2))));
        let trial = Trial { world: &world, key: None, scratch: &scratch, depth: Depth::All };
        verify(&shelf, &made.id, &trial, &mut Silent).unwrap()
    };
    assert!(prove().is_verified());
    let mut flipped = 0;
    for (name, good) in disk.view_files() {
        // The name of the book and what was found out about them are no part of the generation.
        if name.starts_with("books/") || name.contains("/verified/") {
            continue;
        }
        for at in 0..good.len() {
            disk.flip(&name, at as u64, 1 << (at % 8)).unwrap();
            let verdict = prove();
            disk.flip(&name, at as u64, 1 << (at % 8)).unwrap();
            assert_eq!(verdict.outcome, Outcome::Damaged, "{name} byte {at}");
            let file = name.rsplit('/').next().unwrap();
            assert!(verdict.findings.iter().any(|finding| finding.contains(file)), "{:?}", verdict.findings);
            flipped += 1;
        }
    }
    assert!(flipped > 2000, "{flipped} bytes");
    println!("{flipped} bytes flipped, all found");
}

#[test]
fn p9_what_was_found_damaged_is_stored_again_under_another_name() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    save(&book, 200);
    let one = backups.make(&book);
    let victim = backups.place.file(&one.generation.segments[0].file.object);
    let mut bytes = std::fs::read(&victim).unwrap();
    bytes[50] ^= 1;
    std::fs::write(&victim, bytes).unwrap();
    assert!(!backups.prove(&one, Depth::All).is_verified());
    let two = backups.make(&book);
    assert!(backups.prove(&two, Depth::All).is_verified());
    assert_ne!(two.generation.segments[0].file.object, one.generation.segments[0].file.object);
}

#[test]
fn p9_a_book_whose_files_were_replaced_by_older_ones_makes_a_suspicious_generation() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    save(&book, 50);
    book.close().unwrap();
    let older = place.copy();
    let book = place.open();
    save(&book, 50);
    backups.make(&book);
    book.close().unwrap();
    let book = Book::open(older.world(), small()).unwrap();
    save(&book, 5);
    let made = backups.make(&book);
    assert!(made.generation.suspicions.iter().any(|why| why.contains("differs")), "{made:?}");
    assert!(made.generation.suspicions.iter().any(|why| why.contains("went back")), "{made:?}");
}
