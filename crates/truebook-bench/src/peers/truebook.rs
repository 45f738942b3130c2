//! truebook itself, through its public face: a book in paper mode with default options.

use crate::engine::{Engine, EngineName, SharedEngine};
use crate::error::{BenchError, DuringIo, DuringPeer};
use crate::events::{EventStream, GenEvent};
use crate::orders::{Author, event_of, wanted_bytes};
use crate::records::Record;
use std::cell::RefCell;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use truebook::book::{CheckpointSchedule, NewBook, OpenOptions, Recorded};
use truebook::core::doc::Doc;
use truebook::core::event::{self, Event};
use truebook::core::id::{AccountName, BookName, Seq, VenueName};
use truebook::core::identity::Mode;
use truebook::journal::load::{Loaded, load};
use truebook::journal::{Context, JournalOptions};
use truebook::manifest::{MANIFEST_BYTES_MAX, MANIFEST_FILE, Manifest};
use truebook::recovery::inventory;
use truebook::{Book, World};

const ME: EngineName = EngineName::Truebook;
/// For orders that no other participant sees.
const AUTHOR_SEED: u64 = 7;

/// Segments of this many bytes and a checkpoint after this many events: so often that there is always one
/// under way.
const BUSY_SEGMENT_BYTES: u32 = 1 << 20;
const BUSY_CHECKPOINT_EVENTS: u64 = 2_000;

struct Single {
    book: Book,
    author: Author,
}

pub(crate) fn open_engine(dir: &Path) -> Result<Box<dyn Engine>, BenchError> {
    let (book, author) = (create(dir, OpenOptions::default())?, Author::new(AUTHOR_SEED)?);
    Ok(Box::new(Single { book, author }))
}

/// The same with background work going on all the time.
pub(crate) fn open_busy(dir: &Path) -> Result<Box<dyn Engine>, BenchError> {
    let options = OpenOptions {
        journal: JournalOptions { segment_bytes: BUSY_SEGMENT_BYTES, ..JournalOptions::default() },
        checkpoints: CheckpointSchedule { events: BUSY_CHECKPOINT_EVENTS, ..CheckpointSchedule::default() },
        ..OpenOptions::default()
    };
    let (book, author) = (create(dir, options)?, Author::new(AUTHOR_SEED)?);
    Ok(Box::new(Single { book, author }))
}

impl Engine for Single {
    /// A book batches for many writers, never for one: each record is a commit.
    fn commit(&mut self, records: &[Arc<Record>]) -> Result<(), BenchError> {
        for record in records {
            record_one(&self.book, self.author.next(record.json.len()))?;
        }
        Ok(())
    }
}

struct Shared(Book);

pub(crate) fn open_shared(dir: &Path) -> Result<Box<dyn SharedEngine>, BenchError> {
    Ok(Box::new(Shared(create(dir, OpenOptions::default())?)))
}

thread_local! {
    /// Each writer has orders of its own; the threads of a turn write to one book only.
    static AUTHOR: RefCell<Option<Author>> = const { RefCell::new(None) };
}

impl SharedEngine for Shared {
    fn submit(&self, record: &Arc<Record>) -> Result<(), BenchError> {
        let event = AUTHOR.with_borrow_mut(|author| {
            if author.is_none() {
                *author = Some(Author::new(AUTHOR_SEED)?);
            }
            let author = author.as_mut().unwrap_or_else(|| unreachable!("made just now"));
            Ok::<_, BenchError>(author.next(record.json.len()))
        })?;
        record_one(&self.0, event)
    }

    fn commits(&self) -> u64 {
        self.0.commits()
    }
}

pub(crate) fn create(dir: &Path, options: OpenOptions) -> Result<Book, BenchError> {
    let new = NewBook {
        name: BookName::new("bench").peer(ME, "name the book")?,
        venue: VenueName::new("paper").peer(ME, "name the venue")?,
        account: AccountName::new("P1").peer(ME, "name the account")?,
        mode: Mode::Paper,
        settings: Doc::object(),
        key: None,
        readable: None,
        installation: None,
    };
    Book::create(World::real(dir), &new, options).peer(ME, "create the book")
}

pub(crate) fn open(dir: &Path) -> Result<Book, BenchError> {
    Book::open(World::real(dir), OpenOptions::default()).peer(ME, "open the book")
}

fn record_one(book: &Book, event: Event) -> Result<(), BenchError> {
    match book.record(event).peer(ME, "record an event")? {
        Recorded::Durable(_) => Ok(()),
        Recorded::Unchanged => Err(BenchError::Different {
            engine: ME,
            expected: "an event that changes something".into(),
            got: "one that was known".into(),
        }),
    }
}

/// Threads that fill a store together; each order belongs to one of them, so its events keep their order.
const BUILDERS: usize = 64;
const BUILDER_QUEUE_MAX: usize = 64;

/// Records `events` in a new book in `dir`, through the same door as any bot.
pub(crate) fn build_store(dir: &Path, events: EventStream) -> Result<(), BenchError> {
    let book = create(dir, OpenOptions::default())?;
    record_all(&book, events)?;
    book.close().peer(ME, "close the book")
}

/// Records events of many orders with many threads.
pub(crate) fn record_all(book: &Book, events: impl Iterator<Item = GenEvent>) -> Result<(), BenchError> {
    std::thread::scope(|scope| {
        let (senders, builders): (Vec<SyncSender<GenEvent>>, Vec<_>) = (0..BUILDERS)
            .map(|_| {
                let (sender, receiver) = sync_channel(BUILDER_QUEUE_MAX);
                (sender, scope.spawn(move || record_received(book, &receiver)))
            })
            .unzip();
        for event in events {
            // A builder that ended early has failed, and says so when it is joined.
            if senders[builder_of(&event)].send(event).is_err() {
                break;
            }
        }
        drop(senders);
        let join = |builder: std::thread::ScopedJoinHandle<'_, Result<(), BenchError>>| {
            builder.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        builders.into_iter().try_for_each(join)
    })
}

fn builder_of(event: &GenEvent) -> usize {
    let mut hasher = DefaultHasher::new();
    event.client_id.hash(&mut hasher);
    usize::try_from(hasher.finish() % BUILDERS as u64).unwrap_or(0)
}

fn record_received(book: &Book, events: &Receiver<GenEvent>) -> Result<(), BenchError> {
    for event in events {
        record_one(book, event_of(&event, wanted_bytes(&event))?)?;
    }
    Ok(())
}

/// What is needed to read a book's files without opening it.
pub(crate) fn context(dir: &Path) -> Result<Context, BenchError> {
    let world = World::real(dir);
    let manifest = truebook::disk::read_file(&*world.disk, MANIFEST_FILE, MANIFEST_BYTES_MAX)
        .during(|| format!("read {MANIFEST_FILE}"))?;
    let manifest = Manifest::from_file(&manifest).peer(ME, "read the manifest")?;
    Ok(Context {
        disk: world.disk,
        manifest: Arc::new(manifest),
        cipher: None,
        options: JournalOptions::default(),
    })
}

/// Every event of the book in `dir`, one segment in memory at a time.
pub(crate) fn for_each_record(
    dir: &Path,
    mut take: impl FnMut(Seq, event::Record) -> Result<(), BenchError>,
) -> Result<(), BenchError> {
    let context = context(dir)?;
    let inventory = inventory::take(&context).peer(ME, "list the segments")?;
    for (index, forms) in inventory.segments {
        let storage = forms.first().copied().unwrap_or(truebook::journal::segment::Storage::Raw);
        let Loaded::Events(segment) = load(&context, index, storage).peer(ME, "read a segment")? else {
            continue;
        };
        let mut seq = segment.open.first;
        for record in Arc::unwrap_or_clone(segment.records) {
            take(seq, record)?;
            seq = seq.next();
        }
    }
    Ok(())
}

/// Removes the checkpoints of the book in `dir` and what belongs to them, so that opening it reads the whole
/// journal.
pub(crate) fn forget_checkpoints(dir: &Path) -> Result<(), BenchError> {
    for part in [truebook::checkpoint::CHECKPOINT_DIR, truebook::checkpoint::RUN_DIR] {
        let part = dir.join(part);
        let listed = || format!("list {}", part.display());
        for entry in std::fs::read_dir(&part).during(listed)? {
            let path = entry.during(listed)?.path();
            std::fs::remove_file(&path).during(|| format!("remove {}", path.display()))?;
        }
    }
    Ok(())
}
