//! Putting a book back: to which point, what becomes of what is there, what is refused.

use crate::support::{Place, doc, new_book, small};
use std::sync::Arc;
use truebook::Book;
use truebook::backup::restore::{self, Done, MARKER_FILE, Options, Plan, Point, Proof};
use truebook::backup::{
    BackupError, Depth, Directory, Form, GenerationId, Made, Scratch, Shelf, Silent, Source, Trial, create,
    verify as prove,
};
use truebook::book::{OpenError, Peek};
use truebook::core::doc::Path;
use truebook::core::event::{Event, Reason};
use truebook::core::hash::StateHash;
use truebook::core::id::Seq;
use truebook::core::state::State;
use truebook::core::time::Utc;
use truebook::crypt::{Key, KeySource};
use truebook::disk::RealDisk;
use truebook::log::LogReader;
use truebook::verify::{Silent as Quiet, verify};

struct Backups {
    place: Place,
    shelf: Shelf,
    key: Option<KeySource>,
}

impl Backups {
    fn of(book: &Book, key: Option<KeySource>) -> Self {
        let place = Place::new();
        let target = Directory::new(Arc::new(RealDisk::new(place.path())));
        Self { shelf: Shelf::new(Arc::new(target), book.status().unwrap().book, None), place, key }
    }

    fn make(&self, book: &Book) -> Made {
        let source = Source::of_book(book).unwrap();
        create(&source, &self.shelf, &Form::default(), "test", book.now(), &mut Silent).unwrap()
    }

    fn verified(&self, book: &Book) -> GenerationId {
        let made = self.make(book);
        let (world, scratch) = (self.place.world(), Scratch::new(None).unwrap());
        let trial = Trial { world: &world, key: self.key.clone(), scratch: &scratch, depth: Depth::All };
        assert!(prove(&self.shelf, &made.id, &trial, &mut Silent).unwrap().is_verified());
        made.id
    }

    fn plan(&self, place: &Place, point: Point) -> Result<Plan, BackupError> {
        restore::plan(&place.world(), &self.shelf, point, self.key.as_ref())
    }

    fn restore(&self, place: &Place, plan: &Plan) -> Result<Done, BackupError> {
        self.restore_proved(place, plan, Proof::Trust)
    }

    fn restore_proved(&self, place: &Place, plan: &Plan, proof: Proof) -> Result<Done, BackupError> {
        let (key, journal) = (self.key.clone(), small().journal);
        let options = Options { key, journal, why: "tested".to_owned(), proof };
        restore::restore(&place.world(), &self.shelf, plan, &options, &mut restore::Silent)
    }

    fn put_back(&self, place: &Place, point: Point) -> (Plan, Done) {
        let plan = self.plan(place, point).unwrap();
        let done = self.restore(place, &plan).unwrap();
        (plan, done)
    }
}

/// A hash after each event, by sequence number.
type Hashes = std::collections::BTreeMap<Seq, StateHash>;

fn save(book: &Book, count: u64, hashes: &mut Hashes) {
    for number in 0..count {
        let value = doc(&format!("{{\"text\":\"{}\",\"n\":{number}}}", "x".repeat(200)));
        book.set(&Path::parse("/n").unwrap(), &value).unwrap();
        hashes.insert(book.last(), book.with_state(State::hash).unwrap());
    }
}

fn times(place: &Place, key: Option<KeySource>) -> Vec<(Seq, Utc)> {
    let mut reader = LogReader::open(&place.world(), key, Seq::new(1)).unwrap();
    let mut times = Vec::new();
    loop {
        let batch = reader.next_batch().unwrap();
        if batch.is_empty() {
            return times;
        }
        times.extend(batch.iter().map(|entry| (entry.seq, entry.record.at)));
    }
}

fn check_sound(place: &Place, key: Option<KeySource>) {
    let verified = verify(&place.world(), key, &mut Quiet).unwrap();
    assert!(verified.ok, "{:?}", verified.findings);
}

/// A book with several segments, a verified generation of all of it, and 20 events after that.
fn book(key: Option<&KeySource>) -> (Place, Backups, GenerationId, Hashes) {
    let place = Place::new();
    let options = || truebook::book::OpenOptions { key: key.cloned(), ..small() };
    let new = truebook::book::NewBook { key: key.cloned(), ..new_book() };
    let book = Book::create(place.world(), &new, options()).unwrap();
    let backups = Backups::of(&book, key.cloned());
    let mut hashes = Hashes::from([(book.last(), book.with_state(State::hash).unwrap())]);
    save(&book, 200, &mut hashes);
    let id = backups.verified(&book);
    save(&book, 20, &mut hashes);
    book.close().unwrap();
    (place, backups, id, hashes)
}

#[test]
fn p10_a_restore_is_an_event_and_no_number_that_existed_is_used_again() {
    let (place, backups, id, hashes) = book(None);
    std::fs::write(place.file("unrelated"), "mine").unwrap();
    let (plan, done) = backups.put_back(&place, Point::Latest);
    assert_eq!((plan.generation.clone(), plan.until, plan.lost_to), (id, Seq::new(201), Some(Seq::new(221))));
    assert_eq!((done.until, done.recorded_as), (plan.until, Seq::new(222)));
    assert_eq!(Some(&done.state_hash), hashes.get(&plan.until));
    let book = place.open();
    assert_eq!(book.last(), Seq::new(222));
    let mark = book.live().unwrap().restored.unwrap();
    assert_eq!((mark.seq, mark.since), (plan.until, plan.until_at));
    assert!(place.file("bot_state.json").exists(), "the readable copy is written again");
    assert!(!place.file(MARKER_FILE).exists() && place.file("unrelated").exists());
    drop(book);
    check_sound(&place, None);
    let entries = times(&place, None);
    assert_eq!(entries.last().unwrap().0, Seq::new(222));
    assert_eq!(entries[entries.len() - 2].0, Seq::new(201));
}

#[test]
fn p10_what_was_there_is_kept_byte_for_byte_as_the_plan_says() {
    let (place, backups, _, _) = book(None);
    let plan = backups.plan(&place, Point::Latest).unwrap();
    let before: Vec<_> =
        plan.displaced.files.iter().map(|name| std::fs::read(place.file(name)).unwrap()).collect();
    assert!(plan.displaced.files.iter().any(|name| name == "book.json"));
    let done = backups.restore(&place, &plan).unwrap();
    let kept_in = std::path::PathBuf::from(done.kept_in.unwrap());
    for (name, bytes) in plan.displaced.files.iter().zip(before) {
        assert_eq!(std::fs::read(kept_in.join(name)).unwrap(), bytes, "{name}");
    }
    let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(again, plan, "a plan is data");
    for words in ["event 201", "222", "aside/restore-"] {
        assert!(plan.to_string().contains(words), "{plan}");
    }
}

#[test]
fn p9_every_event_can_be_the_last_one_that_is_kept() {
    let (place, backups, id, hashes) = book(None);
    let generation = backups.shelf.read(&id).unwrap();
    let borders = generation.segments.iter().flat_map(|segment| {
        let (first, next) = (segment.first.get(), segment.next.get());
        [first, first + 1, next - 2, next - 1]
    });
    let mut seqs: Vec<u64> = borders.filter(|seq| (1..=201).contains(seq)).collect();
    seqs.extend([1, 2, 200, 201]);
    seqs.sort_unstable();
    seqs.dedup();
    assert!(seqs.len() > 12, "{seqs:?}");
    for seq in seqs {
        let copy = place.copy();
        let (plan, done) = backups.put_back(&copy, Point::Seq(Seq::new(seq)));
        assert_eq!((plan.until, done.until), (Seq::new(seq), Seq::new(seq)));
        assert_eq!(Some(&done.state_hash), hashes.get(&Seq::new(seq)), "event {seq}");
        let book = copy.open();
        assert_eq!(book.last(), Seq::new(222), "event {seq}");
        drop(book);
        check_sound(&copy, None);
    }
}

#[test]
fn a_number_before_the_first_or_beyond_the_end_is_refused_in_words() {
    let (place, backups, id, _) = book(None);
    let refused = |point: Point| backups.plan(&place, point).unwrap_err().to_string();
    assert!(refused(Point::Seq(Seq::ZERO)).contains("the first one in generation"));
    let beyond = refused(Point::Seq(Seq::new(202)));
    assert!(beyond.contains("beyond the end") && beyond.contains(&id.to_string()), "{beyond}");
    backups.put_back(&place, Point::Latest);
    let book = place.open();
    backups.verified(&book);
    drop(book);
    let unproven = place.open();
    save(&unproven, 3, &mut Hashes::new());
    let made = backups.make(&unproven);
    drop(unproven);
    let only_there = refused(Point::Seq(made.generation.last));
    assert!(only_there.contains("has it, but is not verified"), "{only_there}");
    let skipped = refused(Point::Seq(Seq::new(210)));
    assert!(skipped.contains("skips it"), "{skipped}");
}

#[test]
fn p9_up_to_a_time_is_up_to_the_last_event_before_the_first_later_one() {
    let (place, backups, id, hashes) = book(None);
    let written = times(&place, None);
    let generation = backups.shelf.read(&id).unwrap();
    let border = generation.segments[1].next.get();
    for seq in [1, 2, border - 1, border, 200, 201] {
        let index = usize::try_from(seq).unwrap() - 1;
        let (at, next) = (written[index].1, written[index + 1].1);
        // At the very time of an event, and just before the next one.
        for time in [at, Utc::from_nanos(next.nanos() - 1)] {
            if time > generation.created_at || at == next {
                continue;
            }
            let plan = backups.plan(&place, Point::Time(time)).unwrap();
            assert_eq!((plan.until, plan.until_at), (Seq::new(seq), at), "{time}");
        }
    }
    let refused = |time| backups.plan(&place, Point::Time(time)).unwrap_err().to_string();
    assert!(refused(Utc::from_nanos(written[0].1.nanos() - 1)).contains("before the first event"));
    assert!(refused(Utc::from_nanos(generation.created_at.nanos() + 1)).contains("beyond the end"));
    let (_, done) = backups.put_back(&place, Point::Time(written[99].1));
    assert_eq!(Some(&done.state_hash), hashes.get(&Seq::new(100)));
}

#[test]
fn p9_an_encrypted_book_is_put_back_with_its_key_and_not_without() {
    let key = KeySource::Given(Key::from_bytes([9; 32]));
    let (place, mut backups, _, hashes) = book(Some(&key));
    backups.key = None;
    assert!(backups.plan(&place, Point::Latest).unwrap_err().to_string().contains("no key"));
    backups.key = Some(key.clone());
    for seq in [201, 150, 1] {
        let copy = place.copy();
        let (_, done) = backups.put_back(&copy, Point::Seq(Seq::new(seq)));
        assert_eq!(Some(&done.state_hash), hashes.get(&Seq::new(seq)));
        let options = truebook::book::OpenOptions { key: Some(key.clone()), ..small() };
        let book = Book::open(copy.world(), options).unwrap();
        assert_eq!(book.last(), Seq::new(222));
        drop(book);
        check_sound(&copy, Some(key.clone()));
    }
}

#[test]
fn p9_a_restored_book_can_be_restored_again_and_older_histories_are_still_there() {
    let (place, backups, _, hashes) = book(None);
    backups.put_back(&place, Point::Seq(Seq::new(100)));
    let book = place.open();
    save(&book, 30, &mut Hashes::new());
    let two = backups.verified(&book);
    assert_eq!(book.last(), Seq::new(252));
    drop(book);
    let (plan, done) = backups.put_back(&place, Point::Seq(Seq::new(150)));
    assert_ne!(plan.generation, two, "event 150 is in the older history only");
    assert_eq!(Some(&done.state_hash), hashes.get(&Seq::new(150)));
    assert_eq!(done.recorded_as, Seq::new(253));
    let (plan, done) = backups.put_back(&place, Point::Latest);
    assert_eq!((plan.generation, plan.until), (two, Seq::new(252)));
    assert_eq!(done.recorded_as, Seq::new(254));
    let book = place.open();
    assert!(book.live().unwrap().restored.is_some());
    book.record(Event::Covered(Reason { why: "tested".to_owned() })).unwrap();
    assert!(book.live().unwrap().restored.is_none());
    drop(book);
    check_sound(&place, None);
}

#[test]
fn p9_onto_an_empty_machine_the_book_is_put_back_and_nothing_is_displaced() {
    let (_, backups, _, hashes) = book(None);
    let empty = Place::new();
    let (plan, done) = backups.put_back(&empty, Point::Latest);
    assert_eq!((plan.lost_to, done.kept_in, done.recorded_as), (None, None, Seq::new(202)));
    assert_eq!(Some(&done.state_hash), hashes.get(&Seq::new(201)));
    assert_eq!(empty.open().last(), Seq::new(202));
    check_sound(&empty, None);
}

#[test]
fn p10_damage_to_the_old_book_is_no_obstacle_and_its_files_are_kept_as_they_are() {
    let (place, backups, _, _) = book(None);
    for (what, victim) in [("manifest", "book.json"), ("everything", "")] {
        let copy = place.copy();
        let names = backups.plan(&copy, Point::Latest).unwrap().displaced.files;
        for name in names.iter().filter(|name| victim.is_empty() || *name == victim) {
            let mut bytes = std::fs::read(copy.file(name)).unwrap();
            bytes.iter_mut().step_by(7).for_each(|byte| *byte ^= 0x55);
            std::fs::write(copy.file(name), bytes).unwrap();
        }
        let (plan, done) = backups.put_back(&copy, Point::Latest);
        assert!(!plan.warnings.is_empty(), "{what}");
        assert_eq!(done.until, Seq::new(201), "{what}");
        check_sound(&copy, None);
    }
}

#[test]
fn p9_what_was_verified_is_replayed_from_its_checkpoint_and_anything_else_or_on_request_from_the_first_event()
{
    let (place, backups, id, hashes) = book(None);
    let (first, second) = (Place::new(), Place::new());
    let plan = backups.plan(&first, Point::Latest).unwrap();
    let trusted = backups.restore_proved(&first, &plan, Proof::Trust).unwrap();
    assert!(trusted.replayed_after > Seq::ZERO && trusted.events_replayed < 10, "{trusted:?}");
    let plan = backups.plan(&second, Point::Generation(id)).unwrap();
    let replayed = backups.restore_proved(&second, &plan, Proof::Replay).unwrap();
    assert_eq!((replayed.replayed_after, replayed.events_replayed), (Seq::ZERO, 202));
    assert_eq!((trusted.until, trusted.state_hash), (replayed.until, replayed.state_hash));
    assert_eq!(Some(&trusted.state_hash), hashes.get(&trusted.until));
    check_sound(&first, None);
    check_sound(&second, None);
    let book = place.open();
    let unverified = backups.make(&book);
    drop(book);
    let third = Place::new();
    let plan = backups.plan(&third, Point::Generation(unverified.id)).unwrap();
    let done = backups.restore_proved(&third, &plan, Proof::Trust).unwrap();
    assert_eq!(done.replayed_after, Seq::ZERO, "what nobody verified is not trusted");
    check_sound(&third, None);
}

#[test]
fn p9_a_generation_that_was_not_verified_is_used_only_if_it_is_named() {
    let place = Place::new();
    let book = place.create();
    let backups = Backups::of(&book, None);
    save(&book, 50, &mut Hashes::new());
    let made = backups.make(&book);
    drop(book);
    let refused = backups.plan(&place, Point::Latest).unwrap_err().to_string();
    assert!(refused.contains("no generation") && refused.contains("--generation"), "{refused}");
    let (plan, _) = backups.put_back(&place, Point::Generation(made.id));
    assert!(plan.warnings.iter().any(|warning| warning.contains("never verified")), "{plan}");
}

#[test]
fn p9_a_damaged_object_stops_the_restore_and_the_old_book_is_as_it_was() {
    let (place, backups, id, _) = book(None);
    let generation = backups.shelf.read(&id).unwrap();
    let plan = backups.plan(&place, Point::Latest).unwrap();
    let victim = backups.place.file(&generation.segments[1].file.object);
    let mut bytes = std::fs::read(&victim).unwrap();
    bytes[60] ^= 1;
    std::fs::write(&victim, bytes).unwrap();
    let failed = backups.restore(&place, &plan).unwrap_err().to_string();
    assert!(failed.contains("BLAKE3"), "{failed}");
    assert_eq!(
        std::fs::read_dir(place.file("restoring/journal")).unwrap().count(),
        0,
        "nothing is left over"
    );
    assert_eq!(place.open().last(), Seq::new(221));
}

#[test]
fn p8_a_book_that_somebody_holds_is_not_restored_and_the_holder_is_named() {
    let (place, backups, _, _) = book(None);
    let held = place.open();
    let plan = backups.plan(&place, Point::Latest).unwrap();
    let failed = backups.restore(&place, &plan).unwrap_err();
    assert!(matches!(failed, BackupError::Open(OpenError::Held { holder: Some(_), .. })), "{failed}");
    save(&held, 1, &mut Hashes::new());
    drop(held);
    let failed = backups.restore(&place, &plan).unwrap_err().to_string();
    assert!(failed.contains("since the plan was made"), "{failed}");
}

#[test]
fn p9_an_unfinished_restore_is_no_book_to_readers_and_one_that_nobody_can_read_is_begun_anew() {
    let (place, backups, _, _) = book(None);
    std::fs::write(place.file(MARKER_FILE), "no marker at all").unwrap();
    let failed = Peek::read(&place.world(), None).err().unwrap();
    assert!(matches!(failed, OpenError::Unfinished { .. }), "{failed}");
    assert!(verify(&place.world(), None, &mut Quiet).is_err());
    assert!(matches!(Book::open(place.world(), small()).err().unwrap(), OpenError::Marker { .. }));
    assert!(matches!(
        Book::create(place.world(), &new_book(), small()).err().unwrap(),
        OpenError::Unfinished { .. }
    ));
    let (plan, done) = backups.put_back(&place, Point::Latest);
    assert!(plan.warnings.iter().any(|warning| warning.contains("interrupted")), "{plan}");
    let kept = std::path::PathBuf::from(done.kept_in.unwrap()).join(MARKER_FILE);
    assert_eq!(std::fs::read_to_string(kept).unwrap(), "no marker at all");
    assert_eq!(place.open().last(), Seq::new(222));
    check_sound(&place, None);
}

#[test]
fn another_book_in_the_directory_is_not_displaced() {
    let (_, backups, _, _) = book(None);
    let other = Place::new();
    drop(other.create());
    let refused = backups.plan(&other, Point::Latest).unwrap_err().to_string();
    assert!(refused.contains("--data") && refused.contains("--book"), "{refused}");
}
