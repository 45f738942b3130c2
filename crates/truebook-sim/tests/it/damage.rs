//! Damage: every byte of a small book flipped in turn, files swapped, cut, emptied, lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use truebook::book::{CheckpointSchedule, NewBook, OnLoss, OpenError, OpenOptions, Upkeep};
use truebook::core::doc::{Doc, Limits, Path};
use truebook::core::event::{Event, Origin, StateChanged};
use truebook::core::hash::StateHash;
use truebook::core::id::{AccountName, BookName, VenueName};
use truebook::core::identity::Mode;
use truebook::core::state::State;
use truebook::crypt::{Key, KeySource};
use truebook::journal::JournalOptions;
use truebook::recovery::{FindingKind, Weight};
use truebook::verify::{Silent, Verification, verify};
use truebook::{Book, World};
use truebook_sim::disk::SimDisk;
use truebook_sim::world::{SimClock, SimEntropy, world};

/// A closed book with two sealed segments, two checkpoints, run files and a readable copy.
struct Sample {
    disk: SimDisk,
    clock: Arc<SimClock>,
    entropy: Arc<SimEntropy>,
    key: Option<KeySource>,
    hash: StateHash,
}

impl Sample {
    fn new(key: Option<KeySource>) -> Self {
        let (disk, clock, entropy) = (SimDisk::new(1), SimClock::new(), SimEntropy::new(1));
        let mut sample = Self { disk, clock, entropy, key, hash: StateHash::of(b"") };
        let new = NewBook {
            name: BookName::new("small").unwrap(),
            venue: VenueName::new("paper").unwrap(),
            account: AccountName::new("P1").unwrap(),
            mode: Mode::Paper,
            settings: Doc::object(),
            key: sample.key.clone(),
            readable: None,
            installation: None,
        };
        let book = Book::create(sample.world(), &new, sample.options()).unwrap();
        write(&book, 0..50);
        sample.hash = book.with_state(State::hash).unwrap();
        book.close().unwrap();
        sample
    }

    fn options(&self) -> OpenOptions {
        OpenOptions {
            key: self.key.clone(),
            journal: JournalOptions { segment_bytes: 8192, compression_level: 3 },
            upkeep: Upkeep::Inline,
            checkpoints: CheckpointSchedule::default(),
            ..OpenOptions::default()
        }
    }

    fn world(&self) -> World {
        self.world_on(&self.disk)
    }

    fn world_on(&self, disk: &SimDisk) -> World {
        world(disk, &self.clock, &self.entropy)
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.disk.view_files()
    }

    fn verify_on(&self, disk: &SimDisk) -> Result<Verification, OpenError> {
        verify(&self.world_on(disk), self.key.clone(), &mut Silent)
    }

    fn open_on(&self, disk: &SimDisk) -> Result<Book, OpenError> {
        Book::open(self.world_on(disk), self.options())
    }

    fn copy(&self) -> SimDisk {
        self.disk.after_kill()
    }
}

fn write(book: &Book, numbers: std::ops::Range<u32>) {
    for n in numbers {
        book.set(&path("n"), &json(&n.to_string())).unwrap();
        book.set(&path(&format!("v{}", n % 5)), &json(&format!("\"{}\"", "abcdefgh".repeat(8)))).unwrap();
        if n % 10 == 9 {
            truebook_sim::workload::round_trip(book, &format!("order-{n}")).unwrap();
            book.checkpoint().unwrap();
        }
    }
    book.upkeep().unwrap();
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn json(text: &str) -> Doc {
    Doc::parse(text, Limits::default()).unwrap()
}

fn names(verification: &Verification, file: &str) -> bool {
    verification.findings.iter().any(|finding| finding.file.ends_with(file))
}

/// Whether a changed file means the same as before: shown, not assumed.
fn is_harmless(file: &str, before: &[u8], after: &[u8]) -> bool {
    if file == "LOCK" {
        // It says who holds the book, to people; the lock itself is the operating system's.
        return true;
    }
    if file == "bot_state.json" {
        let parse = |bytes: &[u8]| Doc::parse(bytes, Limits::default()).ok();
        return parse(before).is_some() && parse(before) == parse(after);
    }
    let unpack = |bytes: &[u8]| zstd::bulk::decompress(bytes, 1 << 20).ok();
    file.ends_with(".zst") && unpack(before).is_some() && unpack(before) == unpack(after)
}

fn flip_every_byte(sample: &Sample, mask: u8) -> (u32, u32, u32) {
    let (mut reported, mut harmless, mut refused) = (0, 0, 0);
    for (file, bytes) in sample.files() {
        for offset in 0..bytes.len() {
            let disk = sample.copy();
            disk.flip(&file, offset as u64, mask).unwrap();
            let place = format!("{file} at offset {offset}");
            match sample.verify_on(&disk) {
                Ok(verification) if names(&verification, &file) => reported += 1,
                Ok(verification) => {
                    let same = verification.state_hash == Some(sample.hash);
                    let after = disk.read_view(&file).unwrap();
                    assert!(
                        same && is_harmless(&file, &bytes, &after),
                        "silently accepted: {place}: {verification:?}"
                    );
                    harmless += 1;
                }
                Err(failed) => {
                    assert!(failed.to_string().contains(&file), "{place}: {failed}");
                    reported += 1;
                }
            }
            // The long runs of zeros are all alike to opening.
            if bytes[offset] == 0 && offset % 16 != 0 {
                continue;
            }
            match sample.open_on(&disk) {
                Ok(book) => {
                    assert_eq!(book.with_state(State::hash).unwrap(), sample.hash, "{place}");
                    if book.report().has_damage() {
                        check_healed(sample, &disk, book, &place);
                    }
                }
                Err(failed) => {
                    refused += 1;
                    let told = format!("{failed} {:?}", failed.hint());
                    assert!(!told.is_empty());
                }
            }
        }
    }
    (reported, harmless, refused)
}

/// After an opening over damage that cost nothing, the book is whole again: it goes on, and verifies but for
/// sealed segments, which only a backup can mend.
fn check_healed(sample: &Sample, disk: &SimDisk, book: Book, place: &str) {
    book.set(&path("after"), &json("1")).unwrap();
    book.close().unwrap();
    let verification = sample.verify_on(disk).unwrap();
    assert!(verification.ok, "{place}: {:?}", verification.findings);
    let book = sample.open_on(disk).unwrap();
    assert!(!book.report().has_damage(), "{place}: {:?}", book.report().findings);
    assert_eq!(book.vars().unwrap().get(&path("after")), Some(&json("1")), "{place}");
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_every_flipped_byte_of_a_small_book_is_harmless_or_reported_with_file_and_offset() {
    let sample = Sample::new(None);
    let sealed = sample.files().keys().filter(|file| file.ends_with(".zst")).count();
    assert!(sealed >= 2, "the sample must have two sealed segments, it has {sealed}");
    assert!(sample.verify_on(&sample.disk).unwrap().ok);
    let (reported, harmless, refused) = flip_every_byte(&sample, 0x01);
    println!(
        "flipped bytes: {reported} reported, {harmless} provably harmless, {refused} made opening refuse"
    );
    assert!(reported > 10_000);
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_every_flipped_byte_of_an_encrypted_book_is_harmless_or_reported() {
    let sample = Sample::new(Some(KeySource::Given(Key::from_bytes([9; 32]))));
    let (reported, harmless, refused) = flip_every_byte(&sample, 0x80);
    println!("encrypted: {reported} reported, {harmless} provably harmless, {refused} made opening refuse");
    assert!(reported > 10_000);
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_every_file_cut_short_emptied_or_filled_with_nul_is_reported_and_never_read_as_data() {
    let sample = Sample::new(None);
    for (file, bytes) in sample.files().into_iter().filter(|(file, _)| file != "LOCK") {
        for damaged in [Vec::new(), bytes[..bytes.len() / 2].to_vec(), vec![0; bytes.len()], vec![0; 4096]] {
            if damaged == bytes {
                continue;
            }
            let disk = sample.copy();
            disk.write_view(&file, damaged);
            let before = disk.after_kill();
            match sample.open_on(&disk) {
                Ok(book) => assert_eq!(book.with_state(State::hash).unwrap(), sample.hash, "{file}"),
                Err(OpenError::Lost(report)) => {
                    assert!(report.lost.is_some() && report.has_damage(), "{file}");
                }
                Err(failed) => {
                    assert!(
                        failed.to_string().contains(&file) || failed.hint().is_some(),
                        "{file}: {failed}"
                    );
                }
            }
            let told = sample.verify_on(&before).map_or(true, |verification| names(&verification, &file));
            let spare_or_reserve = file.ends_with("RESERVE") || is_spare(&file, &bytes);
            assert!(
                told || spare_or_reserve,
                "{file} with {} bytes was not reported",
                before.read_view(&file).unwrap().len()
            );
        }
    }
}

/// A segment made ahead of time: nothing after its header page.
fn is_spare(file: &str, bytes: &[u8]) -> bool {
    file.ends_with(".seg") && bytes[4096..].iter().all(|byte| *byte == 0)
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_every_lost_file_is_noticed_and_never_replaced_by_defaults() {
    let sample = Sample::new(None);
    for file in sample.files().into_keys() {
        let disk = sample.copy();
        disk.remove_view(&file);
        match sample.open_on(&disk) {
            Ok(book) => assert_eq!(book.with_state(State::hash).unwrap(), sample.hash, "{file}"),
            Err(failed) => assert!(
                matches!(failed, OpenError::Lost(_) | OpenError::LostState { .. }),
                "{file}: {failed}"
            ),
        }
    }
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_a_book_without_any_journal_and_checkpoint_is_lost_state_and_not_a_new_book() {
    let sample = Sample::new(None);
    let disk = sample.copy();
    for file in sample.files().into_keys().filter(|file| file.contains('/')) {
        disk.remove_view(&file);
    }
    assert!(matches!(sample.open_on(&disk), Err(OpenError::LostState { .. } | OpenError::Lost(_))));
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_damage_in_the_last_segment_before_a_later_commit_is_damage_and_not_a_torn_tail() {
    let sample = Sample::new(None);
    let book = sample.open_on(&sample.disk).unwrap();
    for n in 0..6 {
        book.set(&path("late"), &json(&n.to_string())).unwrap();
    }
    let last = book.last();
    let disk = sample.copy();
    let file = active_segment(&disk);
    let bytes = disk.read_view(&file).unwrap();
    let third = frame_starts(&bytes).into_iter().rev().nth(3).unwrap();
    disk.flip(&file, third as u64 + 30, 1).unwrap();
    let Err(OpenError::Lost(report)) = sample.open_on(&disk) else {
        panic!("damage was taken for a torn tail")
    };
    let lost = report.lost.unwrap();
    assert_eq!(lost.to, Some(last));
    assert!(report.findings.iter().any(|f| f.kind == FindingKind::Segment && f.offset == Some(third as u64)));
    // Accepted, the loss is recorded, and what was displaced is kept.
    let options = OpenOptions { on_loss: OnLoss::Accept, ..sample.options() };
    let book = Book::open(sample.world_on(&disk), options).unwrap();
    assert_eq!(book.report().lost, Some(lost));
    assert!(!book.report().set_aside.is_empty());
    assert!(book.last() > last, "no sequence number is used twice");
    book.close().unwrap();
    let verification = sample.verify_on(&disk).unwrap();
    assert!(verification.ok, "{:?}", verification.findings);
    assert!(
        verification.findings.iter().any(|f| f.kind == FindingKind::KnownGap && f.weight == Weight::Note)
    );
    drop(sample.open_on(&disk).unwrap());
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_damage_that_a_checkpoint_covers_costs_no_state_and_the_book_opens() {
    let sample = Sample::new(None);
    let file = active_segment(&sample.disk);
    let disk = sample.copy();
    let bytes = disk.read_view(&file).unwrap();
    let first = frame_starts(&bytes)[1];
    disk.flip(&file, first as u64 + 30, 1).unwrap();
    let book = sample.open_on(&disk).unwrap();
    assert_eq!(book.with_state(State::hash).unwrap(), sample.hash);
    assert!(book.report().has_damage() && book.report().lost.is_none() && book.report().missing.is_some());
    book.set(&path("after"), &json("1")).unwrap();
    book.close().unwrap();
    let verification = sample.verify_on(&disk).unwrap();
    assert!(verification.ok, "{:?}", verification.findings);
    assert_eq!(sample.open_on(&disk).unwrap().vars().unwrap().get(&path("after")), Some(&json("1")));
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_a_segment_of_another_history_breaks_the_chain() {
    let sample = Sample::new(None);
    let fork = sample.copy();
    for (disk, word) in [(&sample.disk, "one"), (&fork, "two")] {
        let book = sample.open_on(disk).unwrap();
        for n in 0..60 {
            book.set(&path("fork"), &json(&format!("\"{word}-{n:03}-{}\"", "y".repeat(90)))).unwrap();
        }
        book.close().unwrap();
    }
    let sealed = |disk: &SimDisk| -> Vec<String> {
        disk.view_files().into_keys().filter(|file| file.ends_with(".zst")).collect()
    };
    assert_eq!(sealed(&sample.disk), sealed(&fork));
    let file = sealed(&fork).pop().unwrap();
    let spliced = sample.copy();
    spliced.write_view(&file, fork.read_view(&file).unwrap());
    let verification = sample.verify_on(&spliced).unwrap();
    let broken = verification.findings.iter().any(|finding| finding.kind == FindingKind::Chain);
    assert!(broken && !verification.ok, "a foreign segment was accepted: {:?}", verification.findings);
}

fn active_segment(disk: &SimDisk) -> String {
    let files = disk.view_files();
    let raw = files.iter().filter(|(file, bytes)| file.ends_with(".seg") && !is_spare(file, bytes));
    raw.map(|(file, _)| file.clone()).next_back().unwrap()
}

fn frame_starts(bytes: &[u8]) -> Vec<usize> {
    truebook::journal::scan::valid_frames(bytes, 4096).map(|(at, _)| at).collect()
}

/// A book whose last commit, of four events, is the first one of its segment; the segment before it is full
/// and not sealed yet.
fn just_rolled() -> (Sample, Book) {
    let sample = Sample::new(None);
    let book = sample.open_on(&sample.disk).unwrap();
    let before = active_segment(&sample.disk);
    let several = |n: u32| {
        let values = (0..4).map(|m| json(&format!("\"{n}-{m}-{}\"", "w".repeat(500))));
        let ops = values.map(|value| vec![truebook::core::doc::Op::Set { path: "/w".to_owned(), value }]);
        let events = ops.map(|ops| Event::State(StateChanged { origin: Origin::Set, ops }));
        book.record_all(events.collect()).unwrap();
    };
    (0..).take_while(|_| active_segment(&sample.disk) == before).take(10).for_each(several);
    assert_ne!(active_segment(&sample.disk), before);
    assert!(sample.disk.read_view(&before).is_some(), "the full segment is not sealed yet");
    (sample, book)
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_a_torn_first_commit_of_a_segment_is_cut_and_is_no_damage() {
    let (sample, book) = just_rolled();
    let disk = sample.copy();
    let file = active_segment(&disk);
    let mut bytes = disk.read_view(&file).unwrap();
    // The first sector of the commit never reached the disk, the others did.
    bytes[4096..4608].fill(0);
    disk.write_view(&file, bytes);
    let again = sample.open_on(&disk).unwrap();
    assert_eq!(again.last().get(), book.last().get() - 4);
    assert!(again.report().cut.is_some() && !again.report().has_damage(), "{:?}", again.report());
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_rot_behind_the_events_of_a_full_segment_is_reported_and_does_not_stop_the_book() {
    let (sample, book) = just_rolled();
    let disk = sample.copy();
    let full = disk.view_files().into_iter().find(|(file, bytes)| {
        file.ends_with(".seg") && !is_spare(file, bytes) && *file != active_segment(&disk)
    });
    let (file, bytes) = full.unwrap();
    disk.flip(&file, bytes.len() as u64 - 1, 1).unwrap();
    assert!(names(&sample.verify_on(&disk).unwrap(), &file));
    let again = sample.open_on(&disk).unwrap();
    assert_eq!(again.last(), book.last());
    again.set(&path("after"), &json("1")).unwrap();
    again.upkeep().unwrap();
    again.close().unwrap();
    let verification = sample.verify_on(&disk).unwrap();
    assert!(verification.ok, "{:?}", verification.findings);
    assert!(disk.view_files().keys().any(|file| file.starts_with("aside/") && file.ends_with(".trailing")));
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p7_a_last_segment_that_was_cut_short_is_damage_wherever_it_was_cut() {
    let (sample, book) = just_rolled();
    let disk = sample.copy();
    let file = active_segment(&disk);
    let bytes = disk.read_view(&file).unwrap();
    let cuts = frame_starts(&bytes).into_iter().chain([4095, 4096, 5000, bytes.len() - 1]);
    for cut in cuts {
        let disk = sample.copy();
        disk.write_view(&file, &bytes[..cut]);
        assert!(names(&sample.verify_on(&disk).unwrap(), &file), "cut at {cut}");
        let Err(OpenError::Lost(report)) = sample.open_on(&disk) else { panic!("cut at {cut}: accepted") };
        assert!(report.lost.unwrap().from.get() <= book.last().get() + 1, "cut at {cut}: {report:?}");
    }
}
