//! Which files a book's directory holds.

use crate::checkpoint::{self, CheckpointName};
use crate::error::FileError;
use crate::journal::segment::{JOURNAL_DIR, SegmentIndex, Storage, parse_name};
use crate::journal::{Context, RESERVE_NAME};
use std::collections::BTreeMap;
use std::io;
use truebook_core::id::Seq;

/// The files of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inventory {
    /// Segments, and how each is stored: both ways while one is being sealed.
    pub segments: BTreeMap<SegmentIndex, Vec<Storage>>,
    /// Checkpoints, newest first.
    pub checkpoints: Vec<CheckpointName>,
    /// Files of the journal that a crash left half made.
    pub leftovers: Vec<String>,
}

/// Lists the files of a book. A missing directory is an empty one.
pub fn take(context: &Context) -> Result<Inventory, FileError> {
    let files = match context.disk.list(JOURNAL_DIR) {
        Ok(files) => files,
        Err(source) if source.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(context.failed("list", JOURNAL_DIR, source)),
    };
    let mut segments: BTreeMap<SegmentIndex, Vec<Storage>> = BTreeMap::new();
    let mut leftovers = Vec::new();
    for file in files {
        match parse_name(&file) {
            Some((index, storage)) => segments.entry(index).or_default().push(storage),
            None if format!("{JOURNAL_DIR}/{file}") != RESERVE_NAME => leftovers.push(file),
            None => {}
        }
    }
    for forms in segments.values_mut() {
        forms.sort();
    }
    Ok(Inventory { segments, checkpoints: checkpoint::list(context)?, leftovers })
}

impl Inventory {
    /// The highest sequence number that some file proves to have been durable: a checkpoint's name is
    /// given only when its last event is.
    pub fn durable_mark(&self) -> Seq {
        self.checkpoints.first().map_or(Seq::ZERO, |name| name.seq)
    }

    /// Whether there is nothing of a book here.
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.checkpoints.is_empty()
    }

    /// The form in which to read a segment: raw as long as it is there, since the sealed form takes its
    /// place only when it is complete.
    pub fn storage(&self, index: SegmentIndex) -> Option<Storage> {
        self.segments.get(&index).and_then(|forms| forms.first()).copied()
    }
}
