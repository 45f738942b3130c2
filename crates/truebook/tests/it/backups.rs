//! Generations on a real disk: made, verified, found damaged.

use crate::support::{Place, doc, small};
use std::sync::Arc;
use std::time::Duration;
use truebook::Book;
use truebook::backup::restore::{self, Point};
use truebook::backup::{
    Depth, Directory, Form, Made, Outcome, Scratch, Shelf, Silent, Source, Trial, Verdict, create, verify,
};
use truebook::backup::{Keeper, KeeperOptions, Reader, Schedule, Shipping, tail};
use truebook::core::id::Seq;
use truebook::core::retention::{Keep, Standing};
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

fn ship(backups: &Backups, book: &Book) {
    let after = tail::reached(&backups.shelf).unwrap();
    let shipped = tail::ship(&Reader::of_book(book), &backups.shelf, &Form::default(), after).unwrap();
    assert_eq!(shipped.last, book.last());
}

fn restored(backups: &Backups, point: Point) -> (Place, restore::Done) {
    let place = Place::new();
    let world = place.world();
    let plan = restore::plan(&world, &backups.shelf, point, None).unwrap();
    let options = restore::Options { why: "test".to_owned(), ..restore::Options::default() };
    let done = restore::restore(&world, &backups.shelf, &plan, &options, &mut restore::Silent).unwrap();
    assert_eq!(done.until, plan.until);
    (place, done)
}

#[test]
fn what_was_shipped_after_a_generation_is_restored_with_it() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    save(&book, 70);
    let made = backups.make(&book);
    assert!(backups.prove(&made, Depth::New).is_verified());
    // Within the generation's last segment, over two more, and on.
    save(&book, 3);
    ship(&backups, &book);
    save(&book, 150);
    ship(&backups, &book);
    save(&book, 2);
    ship(&backups, &book);
    let (last, hash) = (book.last(), book.status().unwrap().state_hash);
    let (_, done) = restored(&backups, Point::Latest);
    assert_eq!((done.until, done.state_hash), (last, hash));
    for seq in [made.generation.last.get() + 1, last.get() - 100, last.get() - 1] {
        let (_, done) = restored(&backups, Point::Seq(Seq::new(seq)));
        assert_eq!(done.until, Seq::new(seq));
    }
    let beyond = Point::Seq(last.next());
    let refused = restore::plan(&Place::new().world(), &backups.shelf, beyond, None).unwrap_err();
    assert!(refused.to_string().contains("beyond the end"), "{refused}");
}

#[test]
fn p7_a_damaged_piece_ends_what_is_restored_and_nothing_after_it_is_used() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    save(&book, 5);
    let made = backups.make(&book);
    assert!(backups.prove(&made, Depth::New).is_verified());
    for _ in 0..3 {
        save(&book, 4);
        ship(&backups, &book);
    }
    let tail = backups.place.file(&truebook::backup::names::tail_prefix(backups.shelf.book()));
    let mut pieces: Vec<_> = std::fs::read_dir(tail).unwrap().map(|entry| entry.unwrap().path()).collect();
    pieces.sort();
    let mut bytes = std::fs::read(&pieces[1]).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&pieces[1], bytes).unwrap();
    let (_, done) = restored(&backups, Point::Latest);
    assert_eq!(done.until.get(), made.generation.last.get() + 4);
    // Numbers that existed are not used again.
    assert_eq!(done.recorded_as, book.last().next());
}

#[test]
fn p9_backups_are_made_proved_shipped_and_rotated_while_the_bot_goes_on() {
    let place = Place::new();
    let options = truebook::book::OpenOptions { upkeep: truebook::book::Upkeep::Thread, ..small() };
    place.create().close().unwrap();
    let book = Book::open(place.world(), options).unwrap();
    let backups = Backups::of(&book);
    let keep = Keep { last: 2, ..Keep::default() };
    let kept_in = truebook::backup::Place {
        shelf: backups.shelf.clone(),
        form: Form::default(),
        keep,
        shipping: Shipping::Continuous,
    };
    let schedule = Schedule {
        generations: Duration::from_millis(200),
        shipping: Duration::from_millis(20),
        ..Schedule::default()
    };
    let options =
        KeeperOptions { places: vec![kept_in], late: Vec::new(), schedule, key: None, scratch: None };
    let keeper = Keeper::start(&book, &options).unwrap();
    for _ in 0..12 {
        save(&book, 20);
        std::thread::sleep(Duration::from_millis(60));
    }
    keeper.request("asked for");
    save(&book, 1);
    let standing = keeper.close().remove(0);
    assert_eq!((standing.failing, standing.alarms), (None, vec![]));
    assert_eq!(standing.shipped_to, book.last());
    let listed = truebook::backup::list(&backups.shelf).unwrap();
    let verified = listed.iter().filter(|one| one.standing == Standing::Verified).count();
    assert_eq!((verified, listed.len()), (2, 2), "{listed:?}");
    let newest = listed.last().unwrap().generation.clone().unwrap();
    // The one that was asked for, if it came after the last event.
    assert_eq!(newest.last, book.last());
    assert!(["asked for", "shutdown"].contains(&newest.reason.as_str()), "{}", newest.reason);
    let (_, done) = restored(&backups, Point::Latest);
    assert_eq!(done.state_hash, book.status().unwrap().state_hash);
}

/// A directory that is not there at first.
struct Unmounted {
    backups: Shelf,
    tries: std::sync::atomic::AtomicU32,
}

impl truebook::backup::LatePlace for Unmounted {
    fn describe(&self) -> String {
        "the other disk".to_owned()
    }

    fn open(&self) -> Result<truebook::backup::Place, String> {
        if self.tries.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 1 {
            return Err("it is not mounted".to_owned());
        }
        Ok(truebook::backup::Place {
            shelf: self.backups.clone(),
            form: Form::default(),
            keep: Keep::default(),
            shipping: Shipping::Continuous,
        })
    }
}

#[test]
fn p9_a_place_that_was_not_there_at_first_is_told_and_used_as_soon_as_it_is() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    let late = Arc::new(Unmounted { backups: backups.shelf.clone(), tries: 0.into() });
    let schedule = Schedule {
        generations: Duration::from_millis(50),
        shipping: Duration::from_millis(20),
        ..Schedule::default()
    };
    let options = KeeperOptions { places: Vec::new(), late: vec![late], schedule, key: None, scratch: None };
    let keeper = Keeper::start(&book, &options).unwrap();
    save(&book, 20);
    let mut was_failing = false;
    for _ in 0..2_000 {
        let standing = keeper.status().remove(0);
        assert_eq!(standing.place, "the other disk");
        was_failing |= standing.failing.as_deref() == Some("it is not mounted");
        if standing.verified.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let standing = keeper.close().remove(0);
    assert!(was_failing && standing.failing.is_none(), "{standing:?}");
    assert_eq!((standing.shipped_to, standing.generation_to), (book.last(), book.last()));
    assert!(standing.verified.is_some());
}

#[test]
fn p9_a_generation_is_made_before_another_version_of_the_program_goes_on() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    let earlier = backups.make(&book);
    let object = format!("{}/generation/{}.json", backups.shelf.book(), earlier.id);
    let text = String::from_utf8(backups.shelf.target().get(&object, 1 << 20).unwrap()).unwrap();
    assert!(text.contains(concat!("\"made_by\":\"truebook ", env!("CARGO_PKG_VERSION"), "\"")), "{text}");
    let kept_in = truebook::backup::Place {
        shelf: backups.shelf.clone(),
        form: Form::default(),
        keep: Keep::default(),
        shipping: Shipping::WithGenerations,
    };
    let options = KeeperOptions {
        places: vec![kept_in],
        late: Vec::new(),
        schedule: Schedule::default(),
        key: None,
        scratch: None,
    };
    Keeper::start(&book, &options).unwrap().close();
    let reasons = || -> Vec<String> {
        let listed = truebook::backup::list(&backups.shelf).unwrap();
        listed.into_iter().map(|one| one.generation.unwrap().reason).collect()
    };
    assert_eq!(reasons(), ["test", "shutdown"], "the same version made the one before");
    let other = truebook::backup::Generation {
        made_by: "truebook 0.0.1".to_owned(),
        number: 9,
        ..earlier.generation
    };
    let named = format!("{}/generation/{}.json", other.book, other.id());
    backups.shelf.target().put_new(&named, &other.to_file()).unwrap();
    Keeper::start(&book, &options).unwrap().close();
    let upgrade = concat!("before upgrade to truebook ", env!("CARGO_PKG_VERSION"));
    assert!(reasons().iter().any(|reason| reason == upgrade), "{:?}", reasons());
}

#[test]
fn p9_rotation_leaves_only_objects_that_a_kept_generation_names() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    for _ in 0..5 {
        save(&book, 60);
        let made = backups.make(&book);
        assert!(backups.prove(&made, Depth::New).is_verified());
    }
    let pruned = truebook::backup::prune(&backups.shelf, &Keep { last: 2, ..Keep::default() }).unwrap();
    assert_eq!((pruned.generations.len(), pruned.kept.len()), (3, 2));
    let named: std::collections::BTreeSet<String> = truebook::backup::list(&backups.shelf)
        .unwrap()
        .iter()
        .flat_map(|one| {
            one.generation.as_ref().unwrap().files().map(|file| file.object.clone()).collect::<Vec<_>>()
        })
        .collect();
    let there: std::collections::BTreeSet<String> =
        backups.shelf.objects().unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(named, there);
    let newest = backups.shelf.generations().unwrap().pop().unwrap();
    let (world, scratch) = (place.world(), Scratch::new(None).unwrap());
    let trial = Trial { world: &world, key: None, scratch: &scratch, depth: Depth::All };
    assert!(verify(&backups.shelf, &newest, &trial, &mut Silent).unwrap().is_verified());
}

#[test]
fn p9_rot_that_looking_through_finds_takes_the_proof_away() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book);
    save(&book, 200);
    let made = backups.make(&book);
    assert!(backups.prove(&made, Depth::All).is_verified());
    let victim = backups.place.file(&made.generation.segments[1].file.object);
    let mut bytes = std::fs::read(&victim).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&victim, bytes).unwrap();
    let mut findings = Vec::new();
    for part in 0..7 {
        let (next, _) = truebook::backup::next_part(&backups.shelf, 7).unwrap();
        assert_eq!(next, part, "each part in its turn");
        let inspection = truebook::backup::inspect(&backups.shelf, next, 7, book.now(), &mut Silent).unwrap();
        findings.extend(inspection.findings);
    }
    assert_eq!(findings.len(), 1, "{findings:?}");
    let standing = truebook::backup::list(&backups.shelf).unwrap()[0].standing;
    assert_eq!(standing, Standing::Damaged);
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
