//! What a command needs, made of what was typed.

pub(crate) mod backup;
pub(crate) mod before;
pub(crate) mod input;
mod key;
pub(crate) mod stop;
pub(crate) mod value;
pub(crate) mod venue;

use crate::errors::Failure;
use crate::flags::{BackupPlaceArgs, Globals, OnDamageArg, UpkeepArg};
use crate::output::{Format, Out, notes};
use std::path::{Path, PathBuf};
use truebook::book::{CheckpointSchedule, OpenOptions, Peek};
use truebook::crypt::KeySource;
use truebook::disk::Medium;
use truebook::journal::JournalOptions;
use truebook::{Book, World};

/// Where a book is if nobody says.
const DATA_DEFAULT: &str = "data";

/// A book's place and how to get at it.
pub(crate) struct Needs {
    data: PathBuf,
    key: Option<KeySource>,
    format: Format,
    upkeep: UpkeepArg,
    segment_bytes: u32,
    checkpoint_events: u64,
    backups: BackupPlaceArgs,
    on_damage: OnDamageArg,
}

impl Needs {
    pub(crate) fn new(globals: &Globals, backups: Option<&BackupPlaceArgs>) -> Result<Self, Failure> {
        Ok(Self {
            data: globals.data.clone().unwrap_or_else(|| DATA_DEFAULT.into()),
            key: key::find(globals)?,
            format: if globals.json { Format::Json } else { Format::Text },
            upkeep: globals.upkeep,
            segment_bytes: globals.segment_bytes,
            checkpoint_events: globals.checkpoint_events,
            backups: backups.cloned().unwrap_or_else(backup::from_environment),
            on_damage: globals.on_damage,
        })
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn key(&self) -> Option<KeySource> {
        self.key.clone()
    }

    pub(crate) fn world(&self) -> World {
        World::real(&self.data)
    }

    pub(crate) const fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn out(&self) -> Out {
        Out::stdout(self.format)
    }

    /// Where backups are, as it was typed or stands in the environment.
    pub(crate) const fn backups(&self) -> &BackupPlaceArgs {
        &self.backups
    }

    /// How the book is opened for writing.
    pub(crate) fn options(&self) -> OpenOptions {
        OpenOptions {
            key: self.key(),
            journal: JournalOptions { segment_bytes: self.segment_bytes, ..JournalOptions::default() },
            upkeep: self.upkeep.into(),
            backups: backup::fallbacks(self),
            on_damage: self.on_damage.into(),
            checkpoints: CheckpointSchedule {
                events: self.checkpoint_events,
                ..CheckpointSchedule::default()
            },
            ..OpenOptions::default()
        }
    }

    /// Looks into the book; works beside its holder.
    pub(crate) fn peek(&self) -> Result<Peek, Failure> {
        Ok(Peek::read(&self.world(), self.key())?)
    }

    /// Looks into a book whose state is whole: what lost events would have changed is not shown as if it
    /// were the state (promise P7).
    pub(crate) fn peek_whole(&self) -> Result<Peek, Failure> {
        let peek = self.peek()?;
        if peek.report.lost.is_none() {
            return Ok(peek);
        }
        let report = Box::new(peek.report);
        Err(truebook::book::OpenError::Lost(report).into())
    }

    /// Opens the book for writing, and tells what opening it found.
    pub(crate) fn open(&self, options: OpenOptions) -> Result<Book, Failure> {
        let book = Book::open(self.world(), options)?;
        notes::opening(book.report());
        Ok(book)
    }

    /// Opens the book, does one thing with it and closes it. What was done is durable by then; if only the
    /// last checkpoint fails that is told, but nothing is undone by it.
    pub(crate) fn with_book<T>(&self, work: impl FnOnce(&Book) -> Result<T, Failure>) -> Result<T, Failure> {
        let book = self.open(self.options())?;
        let done = work(&book)?;
        if let Err(failed) = book.close() {
            notes::warn(&format!("the last checkpoint failed, the journal has everything: {failed}"));
        }
        Ok(done)
    }

    /// Warns of a book in memory.
    pub(crate) fn warn_of_memory(&self) {
        if let Ok(Medium::Memory(kind)) = self.world().disk.medium() {
            let place = self.data.display();
            notes::warn(&format!("{place} is in memory ({kind}): the book is gone at power loss"));
        }
    }
}
