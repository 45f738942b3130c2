//! Reading a book's events in order, beside the process that writes them.
//!
//! At most one segment is in memory. A segment that is sealed, or a new one that is begun, between two
//! reads is no obstacle: the reader remembers the sequence number, not only the file.

use crate::book::{OpenError, OpenOptions, find_manifest, make_context};
use crate::crypt::{Cipher, KeySource, Purpose};
use crate::disk::{Access, read_exact_at};
use crate::error::FileError;
use crate::frame::{self, Form, Frame, Invalid, Kind, PAYLOAD_BYTES_MAX};
use crate::journal::Context;
use crate::journal::load::{self, Fault, Loaded, Segment, load, load_bytes};
use crate::journal::scan::End;
use crate::journal::segment::{OPEN_BYTES, OpenInfo, PAGE_BYTES, SegmentIndex, Storage, segment_name};
use crate::recovery::inventory::{self, Inventory};
use crate::recovery::{Finding, FindingKind, Weight};
use crate::world::World;
use std::borrow::Cow;
use std::io;
use std::sync::Arc;
use truebook_core::event::Record;
use truebook_core::id::Seq;

/// How much of a segment's tail is read at first, in bytes.
const CHUNK_BYTES: u64 = 256 * 1024;
/// The largest chunk: one frame with the largest payload.
const CHUNK_BYTES_MAX: u64 = PAYLOAD_BYTES_MAX as u64 + 4096;
/// A writer moves files while a reader reads them; after this many collisions the reader gives up.
const TRIES_MAX: u32 = 20;

/// One event of the journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its sequence number.
    pub seq: Seq,
    /// When and what.
    pub record: Record,
}

/// Why the journal cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is damaged here.
    #[error("{0}")]
    Damage(Box<Finding>),
    /// A newer program wrote it.
    #[error("{file}: {what}")]
    Newer {
        /// The file.
        file: String,
        /// What it says.
        what: String,
    },
}

impl LogError {
    /// What to type next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::File(_) => None,
            Self::Damage(_) => Some("truebook verify tells everything that is damaged"),
            Self::Newer { .. } => Some("install the newer truebook that wrote it"),
        }
    }
}

/// Reads events one batch after another.
pub struct LogReader {
    context: Context,
    from: Seq,
    place: Option<Place>,
}

/// Where a reader stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    index: SegmentIndex,
    /// The next event expected.
    next: Seq,
    reach: Reach,
}

/// How much of a segment was read.
#[derive(Clone, Copy, Debug)]
enum Reach {
    Unread,
    /// Raw, up to this offset; more may come.
    Tail(u64),
    /// All that it will ever hold.
    Whole,
}

impl LogReader {
    /// Begins with event `from`, or the first there is after it.
    ///
    /// # Errors
    /// If there is no book, or its key is not the one given.
    pub fn open(world: &World, key: Option<KeySource>, from: Seq) -> Result<Self, OpenError> {
        let path = world.disk.describe("");
        let found = find_manifest(world)?.ok_or(OpenError::NoBook { path })?;
        let context = make_context(world, &found.manifest, &OpenOptions { key, ..OpenOptions::default() })?;
        Ok(Self { context, from, place: None })
    }

    /// The next events, at most those of one segment; none if there are no more for now.
    ///
    /// # Errors
    /// See [`LogError`].
    pub fn next_batch(&mut self) -> Result<Vec<Entry>, LogError> {
        let Some(mut place) = self.place.map_or_else(|| self.find_start(), |place| Ok(Some(place)))? else {
            return Ok(Vec::new());
        };
        loop {
            let batch = self.read_on(&mut place)?;
            self.place = Some(place);
            if !batch.is_empty() {
                return Ok(batch);
            }
            match self.following(&mut place)? {
                Following::More(batch) => {
                    self.place = Some(place);
                    return Ok(batch);
                }
                Following::Next(next) => place = next,
                Following::Nothing => return Ok(Vec::new()),
            }
        }
    }

    /// The last segment that begins at or before the first wanted event.
    fn find_start(&self) -> Result<Option<Place>, LogError> {
        let inventory = inventory::take(&self.context)?;
        let indices: Vec<_> = inventory.segments.keys().copied().collect();
        let begins_before = |index: &SegmentIndex| {
            // One that cannot be read is met again, and reported, when it is read in its turn.
            self.opening(&inventory, *index)
                .is_ok_and(|open| open.is_some_and(|open| open.first <= self.from))
        };
        let after = indices.partition_point(begins_before);
        let index = indices.get(after.saturating_sub(1)).copied();
        Ok(index.map(|index| Place { index, next: self.from, reach: Reach::Unread }))
    }

    /// What the opening frame of a segment says; `None` if nothing was written to it.
    fn opening(&self, inventory: &Inventory, index: SegmentIndex) -> Result<Option<OpenInfo>, Fault> {
        let storage = inventory.storage(index).unwrap_or(Storage::Raw);
        let bytes = match storage {
            Storage::Raw => self.read_raw(index, 0, (PAGE_BYTES + OPEN_BYTES) as u64)?,
            _ => load_bytes(&self.context, index, storage)?.bytes,
        };
        Ok(load::opening(&bytes))
    }

    fn read_raw(&self, index: SegmentIndex, offset: u64, length: u64) -> Result<Vec<u8>, FileError> {
        let name = segment_name(index, Storage::Raw);
        let file = self.context.disk.open(&name, Access::Read);
        file.and_then(|file| read_exact_at(&*file, offset, length))
            .map_err(|source| self.context.failed("read", &name, source))
    }

    /// What the segment holds beyond what was read of it.
    fn read_on(&self, place: &mut Place) -> Result<Vec<Entry>, LogError> {
        match place.reach {
            Reach::Whole => Ok(Vec::new()),
            Reach::Unread => self.read_segment(place),
            Reach::Tail(offset) => match self.read_tail(place, offset) {
                // It was sealed meanwhile.
                Err(LogError::File(failed)) if failed.source.kind() == io::ErrorKind::NotFound => {
                    self.read_segment(place)
                }
                other => other,
            },
        }
    }

    fn read_segment(&self, place: &mut Place) -> Result<Vec<Entry>, LogError> {
        for _ in 1..TRIES_MAX {
            let inventory = inventory::take(&self.context)?;
            let storage = inventory.storage(place.index).unwrap_or(Storage::Raw);
            match load(&self.context, place.index, storage) {
                Ok(Loaded::Empty) => return Ok(Vec::new()),
                Ok(Loaded::Events(segment)) => return self.take(place, *segment),
                Err(fault) if fault.is_missing() => {}
                Err(fault) => return Err(self.fault(place.index, storage, fault)),
            }
        }
        let name = segment_name(place.index, Storage::Raw);
        Err(self.context.failed("read", &name, io::ErrorKind::NotFound.into()).into())
    }

    fn take(&self, place: &mut Place, segment: Segment) -> Result<Vec<Entry>, LogError> {
        let proved = matches!(segment.end, End::Invalid(broken) if broken.proof.is_some());
        let next = segment.next();
        let first = segment.open.first;
        place.reach = match segment.storage {
            Storage::Raw => Reach::Tail(segment.valid_bytes),
            _ => Reach::Whole,
        };
        if let End::Invalid(broken) = segment.end
            && (proved || segment.storage != Storage::Raw)
            && next <= place.next
        {
            let what = broken.problem.words().to_owned();
            return Err(self.damage(segment.index, segment.storage, broken.offset, what));
        }
        let numbered = (first.get()..).map(Seq::new).zip(Arc::unwrap_or_clone(segment.records));
        let wanted = numbered.filter(|(seq, _)| *seq >= place.next);
        let entries = wanted.map(|(seq, record)| Entry { seq, record }).collect();
        if proved {
            // What is good of it first; the damage at the next call.
            place.reach = Reach::Unread;
        }
        place.next = place.next.max(next);
        Ok(entries)
    }

    /// New events at the end of a raw segment. Bytes that are no valid frame may be one that is being
    /// written just now.
    fn read_tail(&self, place: &mut Place, offset: u64) -> Result<Vec<Entry>, LogError> {
        let mut length = CHUNK_BYTES;
        let bytes = loop {
            let bytes = self.read_raw(place.index, offset, length)?;
            let cut = frame::decode(&bytes) == Err(Invalid::Short) && bytes.len() as u64 == length;
            if !cut || length >= CHUNK_BYTES_MAX {
                break bytes;
            }
            length = (length * 4).min(CHUNK_BYTES_MAX);
        };
        let mut entries = Vec::new();
        let mut at = 0;
        while let Ok(frame) = frame::decode(bytes.get(at..).unwrap_or_default()) {
            let seq = frame.header.seq;
            let Some(json) = event_json(&frame, self.context.cipher.as_deref()) else { break };
            let record = Record::decode(&json).map_err(|source| {
                let fault = Fault::Event { seq, offset: offset + at as u64, source };
                self.fault(place.index, Storage::Raw, fault)
            })?;
            at += frame.bytes;
            if seq >= self.from {
                entries.push(Entry { seq, record });
            }
            place.next = place.next.max(seq.next());
        }
        place.reach = Reach::Tail(offset + at as u64);
        Ok(entries)
    }

    /// Goes over to the next segment once it is begun.
    fn following(&self, place: &mut Place) -> Result<Following, LogError> {
        let inventory = inventory::take(&self.context)?;
        let Some(index) = inventory.segments.range(place.index.next()..).map(|(index, _)| *index).next()
        else {
            return Ok(Following::Nothing);
        };
        let open = match self.opening(&inventory, index) {
            Ok(Some(open)) => open,
            Ok(None) => return Ok(Following::Nothing),
            // It is being moved: the next call looks again.
            Err(fault) if fault.is_missing() => return Ok(Following::Nothing),
            Err(fault) => {
                return Err(self.fault(index, inventory.storage(index).unwrap_or(Storage::Raw), fault));
            }
        };
        if open.first > place.next {
            // The old segment may have got its last events after it was read.
            let batch = self.read_on(place)?;
            if !batch.is_empty() {
                return Ok(Following::More(batch));
            }
        }
        let known_gap = open.missing.is_some_and(|missing| missing.to.next() >= open.first);
        if open.first > place.next && !known_gap {
            let what = format!("events {} to {} are missing before it", place.next, open.first.get() - 1);
            return Err(self.damage(index, inventory.storage(index).unwrap_or(Storage::Raw), 0, what));
        }
        Ok(Following::Next(Place { index, next: place.next.max(open.first), reach: Reach::Unread }))
    }

    fn fault(&self, index: SegmentIndex, storage: Storage, fault: Fault) -> LogError {
        let newer = fault.is_newer();
        match fault {
            Fault::File(failed) => LogError::File(failed),
            fault if newer => {
                let file = self.context.disk.describe(&segment_name(index, storage));
                LogError::Newer { file, what: fault.to_string() }
            }
            fault => self.damage(index, storage, fault.offset(), fault.to_string()),
        }
    }

    fn damage(&self, index: SegmentIndex, storage: Storage, offset: u64, what: String) -> LogError {
        LogError::Damage(Box::new(Finding {
            kind: FindingKind::Segment,
            weight: Weight::Damage,
            file: self.context.disk.describe(&segment_name(index, storage)),
            offset: Some(offset),
            what,
            action: "put the segment back from a backup".to_owned(),
        }))
    }
}

/// What comes after the end of a segment.
enum Following {
    /// Events that were written to the same segment meanwhile.
    More(Vec<Entry>),
    /// The next segment.
    Next(Place),
    /// Nothing yet.
    Nothing,
}

fn event_json<'a>(frame: &Frame<'a>, cipher: Option<&Cipher>) -> Option<Cow<'a, [u8]>> {
    match (frame.header.kind, frame.header.form, cipher) {
        (Kind::Event, Form::Plain, None) => Some(Cow::Borrowed(frame.payload)),
        (Kind::Event, Form::Encrypted, Some(cipher)) => {
            cipher.open(Purpose::Frame(frame.header.seq.get()), frame.payload).ok().map(Cow::Owned)
        }
        _ => None,
    }
}
