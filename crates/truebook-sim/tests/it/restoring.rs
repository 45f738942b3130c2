//! Crash exploration of a restore: at every operation on the disk, in sampled states of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use truebook::backup::restore::{self, Options, Plan, Point, Proof};
use truebook::backup::{
    Depth, Directory, Form, Scratch, Shelf, Silent, Source, Target, Trial, create, verify as prove,
};
use truebook::book::{CheckpointSchedule, NewBook, OpenOptions, Upkeep};
use truebook::core::doc::{Doc, Limits, Path};
use truebook::core::hash::StateHash;
use truebook::core::id::{AccountName, BookName, Seq, VenueName};
use truebook::core::identity::Mode;
use truebook::core::state::State;
use truebook::crypt::{Key, KeySource};
use truebook::journal::JournalOptions;
use truebook::verify::{Silent as Quiet, verify};
use truebook::{Book, World};
use truebook_sim::disk::{CrashChoice, FaultPlan, OpNumber};
use truebook_sim::world::{SimEntropy, world};
use truebook_sim::{Rng, SimClock, SimDisk};

/// Crashes after which the book was opened again, at the least.
const CRASHES_MIN: u64 = 1_000;

/// A book at one event.
type Picture = (Seq, StateHash);

struct Scene {
    disk: SimDisk,
    clock: Arc<SimClock>,
    entropy: Arc<SimEntropy>,
    shelf: Shelf,
    key: Option<KeySource>,
    old: Picture,
    plan: Plan,
    proof: Proof,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Stop,
    Io,
    Full,
}

impl Scene {
    fn options(&self) -> OpenOptions {
        options(self.key.clone())
    }

    fn world(&self, disk: &SimDisk) -> World {
        world(disk, &self.clock, &self.entropy)
    }

    fn restore(&self, disk: &SimDisk) -> bool {
        let options = Options {
            key: self.key.clone(),
            journal: options(None).journal,
            why: "simulated".to_owned(),
            proof: self.proof,
        };
        // The state tells when it was restored: every run is at the same time.
        let clock = SimClock::new();
        clock.pass_seconds(3_600);
        let world = world(disk, &clock, &self.entropy);
        restore::restore(&world, &self.shelf, &self.plan, &options, &mut restore::Silent).is_ok()
    }
}

fn options(key: Option<KeySource>) -> OpenOptions {
    OpenOptions {
        key,
        journal: JournalOptions { segment_bytes: 8192, compression_level: 1 },
        upkeep: Upkeep::Inline,
        checkpoints: CheckpointSchedule { interval: Duration::from_mins(5), events: 12, kept: 2 },
        ..OpenOptions::default()
    }
}

fn new_book(key: Option<KeySource>) -> NewBook {
    NewBook {
        name: BookName::new("simulated").unwrap(),
        venue: VenueName::new("paper").unwrap(),
        account: AccountName::new("P1").unwrap(),
        mode: Mode::Paper,
        settings: Doc::object(),
        key,
        readable: None,
        installation: None,
    }
}

fn save(book: &Book, count: u32) {
    for n in 0..count {
        let text = format!("{{\"n\":{n},\"text\":\"{}\"}}", "x".repeat(300));
        let value = Doc::parse(&text, Limits::default()).unwrap();
        book.set(&Path::parse("/value").unwrap(), &value).unwrap();
    }
}

fn picture(book: &Book) -> Picture {
    (book.last(), book.with_state(State::hash).unwrap())
}

/// A book with a verified generation, which went on after it and was then killed.
fn scene(seed: u64, key: Option<KeySource>, point: impl Fn(Seq) -> Point) -> Scene {
    let (disk, clock, entropy) = (SimDisk::new(seed), SimClock::new(), SimEntropy::new(seed));
    let here = world(&disk, &clock, &entropy);
    let book = Book::create(here.clone(), &new_book(key.clone()), options(key.clone())).unwrap();
    save(&book, 40);
    let target: Arc<dyn Target> = Arc::new(Directory::new(Arc::new(SimDisk::new(seed + 1))));
    let shelf = Shelf::new(target, book.status().unwrap().book, None);
    let source = Source::of_book(&book).unwrap();
    let made = create(&source, &shelf, &Form::default(), "test", book.now(), &mut Silent).unwrap();
    let scratch = Scratch::on(Arc::new(SimDisk::new(seed + 2)));
    let trial = Trial { world: &here, key: key.clone(), scratch: &scratch, depth: Depth::All };
    assert!(prove(&shelf, &made.id, &trial, &mut Silent).unwrap().is_verified());
    save(&book, 25);
    let old = picture(&book);
    let killed = disk.after_kill();
    drop(book);
    let here = world(&killed, &clock, &entropy);
    let plan = restore::plan(&here, &shelf, point(made.generation.last), key.as_ref()).unwrap();
    assert_eq!(plan.lost_to, Some(old.0), "what the old book had is known");
    Scene { disk: killed, clock, entropy, shelf, key, old, plan, proof: Proof::Trust }
}

/// Opens what was found and says which book it is.
fn check(
    scene: &Scene,
    disk: &SimDisk,
    new: Picture,
    before: &BTreeMap<String, Vec<u8>>,
    note: &str,
) -> bool {
    let book = Book::open(scene.world(disk), scene.options())
        .unwrap_or_else(|failed| panic!("{note}: opening: {failed}"));
    let found = picture(&book);
    let is_new = found == new;
    assert!(
        is_new || found == scene.old,
        "{note}: neither the old book nor the restored one: {found:?} is not {new:?} or {:?}; {:?}",
        scene.old,
        book.live().unwrap().restored
    );
    assert!(!book.report().has_damage(), "{note}: {:?}", book.report().findings);
    if is_new {
        let files = disk.view_files();
        for (name, bytes) in before.iter().filter(|(name, _)| *name != "LOCK") {
            let kept = files
                .iter()
                .any(|(at, kept)| at.starts_with("aside/") && at.ends_with(name) && kept == bytes);
            assert!(kept, "{note}: {name} was displaced and is lost");
        }
    }
    assert!(!disk.view_files().keys().any(|name| name == restore::MARKER_FILE), "{note}");
    let left = disk.view_files().keys().filter(|name| name.starts_with(restore::STAGING_DIR)).count();
    assert_eq!(left, 0, "{note}: what was staged is left over");
    save(&book, 3);
    book.close().unwrap();
    let verified = verify(&scene.world(disk), scene.key.clone(), &mut Quiet).unwrap();
    assert!(verified.ok, "{note}: {:?}", verified.findings);
    is_new
}

fn explore(what: &str, scene: &Scene, fault: Fault, samples: u64) -> u64 {
    let whole = scene.disk.after_kill();
    let before = whole.view_files();
    assert!(scene.restore(&whole), "undisturbed it is restored");
    let ops = whole.ops_done().0;
    let new = {
        let undisturbed = whole.after_kill();
        picture(&Book::open(scene.world(&undisturbed), scene.options()).unwrap())
    };
    assert_ne!(new, scene.old);
    assert_eq!(new.0, scene.plan.recorded_as());
    let (mut crashes, mut restored, mut rng) = (0, 0, Rng::new(7));
    for point in 1..=ops {
        let disk = scene.disk.after_kill();
        let plan = FaultPlan::default();
        disk.set_faults(match fault {
            Fault::Stop => plan.stop_at(OpNumber(point)),
            Fault::Io => plan.fail_at(OpNumber(point)),
            Fault::Full => plan.full_at(OpNumber(point)),
        });
        let told = scene.restore(&disk);
        let mut states = vec![("after a kill".to_owned(), disk.after_kill())];
        for sample in 0..samples {
            let choice = if sample < 2 {
                CrashChoice::sample(sample + point)
            } else {
                CrashChoice::Random(rng.next_u64())
            };
            let found = disk.crash(choice);
            if rng.below(3) == 0 {
                // And again, while that is being opened.
                found.set_faults(FaultPlan::default().stop_at(OpNumber(1 + rng.below(60))));
                drop(Book::open(scene.world(&found), scene.options()));
                states.push((
                    format!("{choice:?}, and again while opening"),
                    found.crash(CrashChoice::Random(rng.next_u64())),
                ));
            } else {
                states.push((format!("{choice:?}"), found));
            }
        }
        for (how, found) in states {
            let note = format!("{what}, {fault:?} at operation {point} of {ops}, {how}");
            let is_new = check(scene, &found, new, &before, &note);
            assert!(is_new || !told, "{note}: it was said to be restored");
            crashes += 1;
            restored += u64::from(is_new);
        }
    }
    println!("{what}, {fault:?}: {ops} operations, {crashes} crashes, {restored} times the restored book");
    assert!(restored > 0 && restored < crashes, "both books were seen");
    crashes
}

fn samples(usual: u64) -> u64 {
    std::env::var("TRUEBOOK_SAMPLES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn p9_p10_after_a_crash_at_any_point_of_a_restore_there_is_the_old_book_or_the_restored_one() {
    let scene = scene(1, None, |_| Point::Latest);
    let crashes = explore("latest", &scene, Fault::Stop, samples(7));
    assert!(crashes >= CRASHES_MIN, "{crashes}");
}

#[test]
fn p9_p10_a_restore_that_replays_everything_survives_the_same_crashes() {
    let scene = Scene { proof: Proof::Replay, ..scene(5, None, |_| Point::Latest) };
    explore("replayed", &scene, Fault::Stop, samples(2));
}

#[test]
fn p9_p10_a_restore_to_an_earlier_event_survives_the_same_crashes() {
    let scene = scene(2, None, |last| Point::Seq(Seq::new(last.get() - 7)));
    explore("cut", &scene, Fault::Stop, samples(4));
}

#[test]
fn p9_p10_a_restore_of_an_encrypted_book_survives_the_same_crashes() {
    let key = KeySource::Given(Key::from_bytes([7; 32]));
    let scene = scene(3, Some(key), |last| Point::Seq(Seq::new(last.get() - 3)));
    explore("encrypted", &scene, Fault::Stop, samples(2));
}

#[test]
fn p9_p10_after_any_failed_operation_of_a_restore_there_is_the_old_book_or_the_restored_one() {
    let scene = scene(4, None, |_| Point::Latest);
    explore("I/O error", &scene, Fault::Io, samples(2));
    explore("full disk", &scene, Fault::Full, samples(2));
}
