//! What is backed up: a book at one durable event, while its bot goes on.

use super::error::BackupError;
use super::generation::{Generation, Holds, StoredFile};
use super::shelf::blake3_hex;
use crate::book::{Book, Peek};
use crate::checkpoint::{self, CheckpointError, CheckpointName, RunError};
use crate::disk::{Access, read_file};
use crate::error::FileError;
use crate::journal::load::{self, FILE_BYTES_MAX, load_bytes};
use crate::journal::scan::{Beginning, beginning};
use crate::journal::segment::{SegmentIndex, Storage, segment_name};
use crate::journal::{Context, Level};
use crate::manifest::MANIFEST_FILE;
use crate::recovery::inventory::{self, Inventory};
use std::io;
use truebook_core::hash::{SettingsHash, StateHash};
use truebook_core::id::{BookName, Seq};
use truebook_core::state::Live;

/// A writer moves files while they are read; after this many collisions the reader gives up.
const TRIES_MAX: u32 = 20;

/// A book's files, read up to one event, which is durable.
pub struct Reader {
    pub(super) context: Context,
    pub(super) last: Seq,
}

/// A book at one event, which is durable.
pub struct Source {
    pub(super) reader: Reader,
    pub(super) name: BookName,
    pub(super) state_hash: StateHash,
    pub(super) settings_hash: SettingsHash,
    pub(super) holds: Holds,
}

/// A file of the book's directory.
pub(super) enum BookFile {
    /// It is stored already, and was not read.
    Stored(StoredFile),
    /// As it is.
    Read { path: String, content: Vec<u8> },
}

/// The file of this path and BLAKE3 hash, if it is stored already.
pub(super) type FindStored<'a> = &'a dyn Fn(&str, &str) -> Option<StoredFile>;

/// An unpacked segment.
pub(super) struct SegmentBytes {
    pub storage: Storage,
    pub bytes: Vec<u8>,
}

impl Source {
    /// The book that this process holds, as it is now. Makes a checkpoint, so that what is restored opens
    /// quickly; on a full disk an older one has to do.
    ///
    /// # Errors
    /// [`BackupError::Write`] once a write has failed: what is in memory may not be on disk.
    pub fn of_book(book: &Book) -> Result<Self, BackupError> {
        match book.disk_level() {
            Some(Level::Full) => {}
            _ => drop(book.checkpoint()?),
        }
        let (last, live) = book.durable_snapshot()?;
        Ok(Self::new(book.context().clone(), last, &live))
    }

    /// A book that another process may hold, as a reader found it. The segment that is being written is
    /// synced here, so that a power cut cannot leave the book behind its own backup.
    ///
    /// # Errors
    /// The operating system's; [`BackupError::Source`] if the book is damaged.
    pub fn beside(peek: &Peek) -> Result<Self, BackupError> {
        let context = peek.context();
        if let Some(finding) = peek.report.lost.as_ref().and_then(|_| peek.findings().first()) {
            return Err(BackupError::Source { file: finding.file.clone(), what: finding.what.clone() });
        }
        sync_raw_segments(context)?;
        Ok(Self::new(context.clone(), peek.last, peek.state.live()))
    }

    fn new(context: Context, last: Seq, live: &Live) -> Self {
        let holds = Holds {
            orders: live.orders.len() as u64,
            positions: live.positions.len() as u64,
            vars_bytes: live.vars.to_compact().len() as u64,
            seen: live.seen_count,
        };
        let (name, settings_hash) = (live.identity.name.clone(), live.settings.hash);
        let reader = Reader { context, last };
        Self { reader, name, state_hash: live.hash(), settings_hash, holds }
    }

    /// Whether a generation has all of it, and nothing more.
    pub fn is_that_of(&self, generation: &Generation) -> bool {
        (self.reader.last, self.state_hash) == (generation.last, generation.state_hash)
    }

    /// Its files.
    pub const fn reader(&self) -> &Reader {
        &self.reader
    }
}

impl Reader {
    /// The files of the book that this process holds, up to what is durable now.
    pub fn of_book(book: &Book) -> Self {
        Self { last: book.durable(), context: book.context().clone() }
    }

    /// The files of a book that another process may hold, up to the last event that is there; that is made
    /// durable first.
    ///
    /// # Errors
    /// The operating system's; [`BackupError::Source`] if the newest segment is damaged.
    pub fn beside(context: Context) -> Result<Self, BackupError> {
        let mut reader = Self { context, last: Seq::ZERO };
        for index in reader.inventory()?.segments.keys().rev() {
            let Some(found) = reader.segment(*index)? else { continue };
            let (_, mut scan) = load::start(&reader.context, *index, found.storage, &found.bytes)
                .map_err(|fault| reader.damaged(*index, found.storage, fault))?;
            while scan.next_event().is_some() {}
            reader.last = Seq::new(scan.next_seq().get() - 1);
            break;
        }
        sync_raw_segments(&reader.context)?;
        Ok(reader)
    }

    /// Sequence number of the last event that is read.
    pub const fn last(&self) -> Seq {
        self.last
    }

    pub(super) fn inventory(&self) -> Result<Inventory, FileError> {
        inventory::take(&self.context)
    }

    /// The unpacked bytes of a segment, however it is stored by now; `None` if it is gone, or was
    /// made ahead of time and holds nothing yet.
    pub(super) fn segment(&self, index: SegmentIndex) -> Result<Option<SegmentBytes>, BackupError> {
        for _ in 0..TRIES_MAX {
            let Some(storage) = self.inventory()?.storage(index) else { return Ok(None) };
            match load_bytes(&self.context, index, storage) {
                Ok(loaded) if beginning(&loaded.bytes) == Beginning::Empty => return Ok(None),
                Ok(loaded) => return Ok(Some(SegmentBytes { storage, bytes: loaded.bytes })),
                // It was sealed between the two looks.
                Err(fault) if fault.is_missing() => {}
                Err(fault) => return Err(self.damaged(index, storage, fault)),
            }
        }
        Ok(None)
    }

    pub(super) fn damaged(
        &self,
        index: SegmentIndex,
        storage: Storage,
        fault: crate::journal::load::Fault,
    ) -> BackupError {
        BackupError::source(self.context.disk.describe(&segment_name(index, storage)), fault)
    }

    /// A sealed segment as it is stored.
    pub(super) fn stored_segment(&self, index: SegmentIndex, storage: Storage) -> Result<Vec<u8>, FileError> {
        self.read(&segment_name(index, storage))
    }

    /// The manifest, and the newest checkpoint up to the event with the run files that it needs, of which those
    /// that are stored already are not read. A writer may remove an old checkpoint meanwhile; then a newer one
    /// is there.
    pub(super) fn state_files(&self, find: FindStored<'_>) -> Result<Vec<BookFile>, BackupError> {
        for _ in 0..TRIES_MAX {
            match self.try_state_files(find) {
                Err(BackupError::File(failed)) if failed.source.kind() == io::ErrorKind::NotFound => {}
                outcome => return outcome,
            }
        }
        self.try_state_files(find)
    }

    fn try_state_files(&self, find: FindStored<'_>) -> Result<Vec<BookFile>, BackupError> {
        // Made anew rather than copied: a damaged file must not get into a backup.
        let content = self.context.manifest.to_file();
        let mut files = vec![BookFile::Read { path: MANIFEST_FILE.to_owned(), content }];
        for name in checkpoint::list(&self.context)?.into_iter().filter(|name| name.seq <= self.last) {
            match self.checkpoint_files(&name, find) {
                Ok(found) => {
                    files.extend(found);
                    break;
                }
                Err(CheckpointError::File(failed) | CheckpointError::Run(RunError::File(failed))) => {
                    return Err(failed.into());
                }
                // A damaged one is the next opening's business; an older one, or the journal, will do.
                Err(_) => {}
            }
        }
        Ok(files)
    }

    /// A checkpoint and its run files, as they are.
    fn checkpoint_files(
        &self,
        name: &CheckpointName,
        find: FindStored<'_>,
    ) -> Result<Vec<BookFile>, CheckpointError> {
        let (checkpoint, _) = checkpoint::read_file_alone(&self.context, name)?;
        let mut files = vec![BookFile::Read { path: name.path(), content: self.read(&name.path())? }];
        for run in checkpoint.runs {
            let path = checkpoint::run_path(&run.file);
            if let Some(stored) = find(&path, &run.blake3) {
                files.push(BookFile::Stored(stored));
                continue;
            }
            let content = self.read(&path)?;
            if blake3_hex(&content) != run.blake3 {
                return Err(RunError::Damaged { path: self.context.disk.describe(&path) }.into());
            }
            files.push(BookFile::Read { path, content });
        }
        Ok(files)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        read_file(&*self.context.disk, path, FILE_BYTES_MAX)
            .map_err(|source| self.context.failed("read", path, source))
    }
}

fn sync_raw_segments(context: &Context) -> Result<(), FileError> {
    let raw = inventory::take(context)?.segments;
    for (index, _) in raw.iter().filter(|(_, forms)| forms.contains(&Storage::Raw)) {
        let name = segment_name(*index, Storage::Raw);
        match context.disk.open(&name, Access::Read).and_then(|file| file.sync_data()) {
            // It was sealed, and thereby synced, between the two looks.
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            outcome => outcome.map_err(|source| context.failed("sync", &name, source))?,
        }
    }
    Ok(())
}
