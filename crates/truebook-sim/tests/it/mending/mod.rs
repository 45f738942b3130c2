//! Damage that backups mend: what comes back, what stays lost and is told, and what is never used.

mod behind;
mod crash;
mod files;
mod foreign;
mod policy;

#[cfg(feature = "planted")]
pub(crate) use foreign::p9_a_backup_of_another_history_of_the_same_book_is_never_used;

use std::collections::BTreeMap;
use std::sync::Arc;
use truebook::backup::{Directory, Fallback, Form, Shelf, Silent, Source, create};
use truebook::book::{CheckpointSchedule, NewBook, OnLoss, OpenError, OpenOptions, Upkeep};
use truebook::core::doc::{Doc, Limits, Path};
use truebook::core::event::{Event, StateAfter};
use truebook::core::hash::StateHash;
use truebook::core::id::{AccountName, BookName, Seq, VenueName};
use truebook::core::identity::Mode;
use truebook::core::state::State;
use truebook::crypt::{Key, KeySource};
use truebook::journal::JournalOptions;
use truebook::log::LogReader;
use truebook::verify::verify;
use truebook::{Book, World};
use truebook_sim::disk::SimDisk;
use truebook_sim::world::{SimClock, SimEntropy, world};

/// How a sample's writer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Closed,
    Killed,
}

/// A book with backups: two generations near, of which the older one is far too, and some events after them.
struct Sample {
    disk: SimDisk,
    near: SimDisk,
    far: SimDisk,
    clock: Arc<SimClock>,
    entropy: Arc<SimEntropy>,
    key: Option<KeySource>,
    /// The state after events.
    hashes: BTreeMap<Seq, StateHash>,
    /// The last event of the newest backup.
    backed_up: Seq,
    last: Seq,
}

impl Sample {
    fn new(key: Option<KeySource>, ending: Ending) -> Self {
        let mut sample = Self::begin(key);
        let book = sample.create();
        sample.write(&book, 0..40);
        back_up(&book, &sample.near);
        back_up(&book, &sample.far);
        sample.write(&book, 40..80);
        back_up(&book, &sample.near);
        sample.backed_up = book.last();
        sample.write(&book, 80..86);
        sample.end(book, ending);
        sample
    }

    fn begin(key: Option<KeySource>) -> Self {
        let (clock, entropy) = (SimClock::new(), SimEntropy::new(1));
        let (disk, near, far) = (SimDisk::new(1), SimDisk::new(2), SimDisk::new(3));
        let hashes = BTreeMap::new();
        Self { disk, near, far, clock, entropy, key, hashes, backed_up: Seq::ZERO, last: Seq::ZERO }
    }

    fn create(&self) -> Book {
        let new = NewBook {
            name: BookName::new("small").unwrap(),
            venue: VenueName::new("paper").unwrap(),
            account: AccountName::new("P1").unwrap(),
            mode: Mode::Paper,
            settings: Doc::object(),
            key: self.key.clone(),
            readable: None,
            installation: None,
        };
        Book::create(self.world_on(&self.disk), &new, self.options()).unwrap()
    }

    fn end(&mut self, book: Book, ending: Ending) {
        self.last = book.last();
        if ending == Ending::Killed {
            self.disk = self.disk.after_kill();
        }
        book.close().unwrap();
    }

    fn write(&mut self, book: &Book, numbers: std::ops::Range<u32>) {
        for n in numbers {
            book.set(&path("n"), &json(&n.to_string())).unwrap();
            self.hashes.insert(book.last(), hash(book));
            book.set(&path(&format!("v{}", n % 5)), &json(&format!("\"{}\"", "abcdefgh".repeat(8)))).unwrap();
            self.hashes.insert(book.last(), hash(book));
            if n % 20 == 9 {
                truebook_sim::workload::round_trip(book, &format!("order-{n}")).unwrap();
                self.hashes.insert(book.last(), hash(book));
            }
        }
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

    fn with_backups(&self, disks: &[&SimDisk]) -> OpenOptions {
        let backups = disks.iter().map(|disk| Fallback::new(target(disk))).collect();
        OpenOptions { backups, ..self.options() }
    }

    fn world_on(&self, disk: &SimDisk) -> World {
        world(disk, &self.clock, &self.entropy)
    }

    fn open_on(&self, disk: &SimDisk) -> Result<Book, OpenError> {
        Book::open(self.world_on(disk), self.with_backups(&[&self.near, &self.far]))
    }

    fn copy(&self) -> SimDisk {
        self.disk.after_kill()
    }

    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.disk.view_files()
    }

    fn segments(&self) -> Vec<String> {
        self.files()
            .into_iter()
            .filter(|(file, bytes)| is_written(file, bytes))
            .map(|(file, _)| file)
            .collect()
    }

    /// Without any checkpoint: only the journal can give the state back.
    fn without_checkpoints(self) -> Self {
        for file in self.files().into_keys() {
            if file.starts_with("checkpoints/") || file.starts_with("seen/") {
                self.disk.remove_view(&file);
            }
        }
        self
    }

    /// Opens a damaged book and checks that it is what it was: all of it, or, in what is newer than the backups,
    /// all but what is told.
    fn check(&self, disk: &SimDisk, what: &str) -> Seen {
        match self.open_on(disk) {
            Ok(book) => {
                let report = book.report().clone();
                let at = report.last.unwrap();
                assert_eq!(hash(&book), self.hashes[&at], "{what}: {report:?}");
                if at != self.last {
                    assert!(report.cut.is_some() && at >= self.backed_up, "{what}: {report:?}");
                    return Seen::Torn;
                }
                if report.has_damage() {
                    self.check_healed(disk, book, what);
                    return Seen::Mended;
                }
                Seen::Sound
            }
            Err(OpenError::Lost(report)) => {
                let lost = report.lost.unwrap();
                assert!(lost.from > self.backed_up && lost.to == Some(self.last), "{what}: {report:?}");
                let options =
                    OpenOptions { on_loss: OnLoss::Accept, ..self.with_backups(&[&self.near, &self.far]) };
                let book = Book::open(self.world_on(disk), options).unwrap();
                let kept = Seq::new(lost.from.get() - 1);
                assert_eq!(hash(&book), self.hashes[&kept], "{what}: {:?}", book.report());
                Seen::Lost
            }
            Err(failed) => panic!("{what}: {failed}"),
        }
    }

    /// A mended book goes on, verifies, and opens as a whole one without any backup.
    fn check_healed(&self, disk: &SimDisk, book: Book, what: &str) {
        if !book.report().mended.is_empty() {
            assert_eq!(mendings(&self.world_on(disk), self.key.clone()), 1, "{what}");
        }
        book.set(&path("after"), &json("1")).unwrap();
        book.close().unwrap();
        let verified = verify(&self.world_on(disk), self.key.clone(), &mut truebook::verify::Silent).unwrap();
        assert!(verified.ok, "{what}: {:?}", verified.findings);
        let book = Book::open(self.world_on(disk), self.options()).unwrap();
        assert!(!book.report().has_damage(), "{what}: {:?}", book.report().findings);
        assert_eq!(book.vars().unwrap().get(&path("after")), Some(&json("1")), "{what}");
    }
}

/// What became of a damaged book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    /// The damage is in nothing that opening reads, or harmless.
    Sound,
    /// All of it is back.
    Mended,
    /// The last commit was taken for a torn one.
    Torn,
    /// Events newer than every backup are lost, and told.
    Lost,
}

/// How often a book says that it was mended.
fn mendings(world: &World, key: Option<KeySource>) -> usize {
    let mut reader = LogReader::open(world, key, Seq::new(1)).unwrap();
    let mut count = 0;
    loop {
        let batch = reader.next_batch().unwrap();
        if batch.is_empty() {
            return count;
        }
        let is_mending =
            |event: &Event| matches!(event, Event::Recovered(it) if it.state == StateAfter::Mended);
        count += batch.iter().filter(|entry| is_mending(&entry.record.ev)).count();
    }
}

fn back_up(book: &Book, disk: &SimDisk) {
    let shelf = Shelf::new(target(disk), book.status().unwrap().book, None);
    let source = Source::of_book(book).unwrap();
    create(&source, &shelf, &Form::default(), "test", book.now(), &mut Silent).unwrap();
}

fn target(disk: &SimDisk) -> Arc<Directory> {
    Arc::new(Directory::new(Arc::new(disk.clone())))
}

fn hash(book: &Book) -> StateHash {
    book.with_state(State::hash).unwrap()
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn json(text: &str) -> Doc {
    Doc::parse(text, Limits::default()).unwrap()
}

fn key() -> KeySource {
    KeySource::Given(Key::from_bytes([9; 32]))
}

/// Whether a file is a segment with events.
fn is_written(file: &str, bytes: &[u8]) -> bool {
    let is_sealed = file.ends_with(".zst") || file.ends_with(".enc");
    let is_raw =
        file.ends_with(".seg") && bytes.get(4096..).is_some_and(|rest| rest.iter().any(|byte| *byte != 0));
    is_sealed || is_raw
}
