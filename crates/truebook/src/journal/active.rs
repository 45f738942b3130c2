//! The segment that is being written: finishing frames, and putting a commit on disk with one write and
//! one flush.

use super::context::Context;
use super::segment::{Chain, OpenInfo, SegmentIndex, open_frame};
use super::spare::Spare;
use crate::crypt::Purpose;
use crate::disk::DiskFile;
use crate::error::FileError;
use crate::frame::{self, Form, HEADER_BYTES, Header, Kind};
use crate::planted::{self, Bug};
use std::sync::Arc;
use truebook_core::hash::ChainHash;
use truebook_core::id::Seq;

/// The segment that is being written.
pub struct Active {
    /// Its index.
    pub index: SegmentIndex,
    file: Arc<dyn DiskFile>,
    capacity: u64,
    offset: u64,
    chain: Chain,
    /// Sequence number of the next event.
    pub next: Seq,
    /// What must still go in front of the first event, for a segment that is empty.
    opening: Option<Vec<u8>>,
    /// The segment with the last event: the one before while this one is empty.
    holds_last: SegmentIndex,
}

/// A segment that is full: what the one who archives it must find in it.
#[derive(Clone, Copy, Debug)]
pub struct Retired {
    /// Its index.
    pub index: SegmentIndex,
    /// Sequence number after its last event.
    pub next: Seq,
    /// The hash chain after its last event.
    pub chain: ChainHash,
}

impl Active {
    /// Begins to write an empty segment after `previous`, the one with the last event.
    pub fn begin(context: &Context, spare: Spare, open: &OpenInfo, previous: SegmentIndex) -> Self {
        let chain = Chain::begin(context.manifest.book, spare.index, open.prev);
        Self {
            index: spare.index,
            file: spare.file,
            capacity: spare.capacity,
            offset: super::segment::PAGE_BYTES as u64,
            chain,
            next: open.first,
            opening: Some(open_frame(open)),
            holds_last: previous,
        }
    }

    /// Goes on in a segment that holds events up to `offset`.
    pub fn resume(spare: Spare, offset: u64, chain: Chain, next: Seq) -> Self {
        assert!(offset <= spare.capacity, "the events are within the segment");
        let Spare { index, file, capacity } = spare;
        Self { index, file, capacity, offset, chain, next, opening: None, holds_last: index }
    }

    /// Whether a commit of this many bytes still fits.
    pub fn fits(&self, bytes: usize) -> bool {
        let opening = self.opening.as_ref().map_or(0, Vec::len);
        self.offset + (opening + bytes) as u64 <= self.capacity
    }

    /// What is known of the segment when it is full.
    pub fn retire(&self) -> Retired {
        Retired { index: self.index, next: self.next, chain: self.chain.hash() }
    }

    /// The segment with the last event.
    pub const fn holds_last(&self) -> SegmentIndex {
        self.holds_last
    }

    /// The hash chain after the last event.
    pub fn chain_hash(&self) -> ChainHash {
        self.chain.hash()
    }

    /// Completes the frames of a commit: distance to its first frame, encryption, check sum, hash chain.
    /// `frames` holds unsummed plain event frames with consecutive sequence numbers from [`Self::next`].
    pub fn finish(&mut self, context: &Context, frames: &mut Vec<u8>) {
        let first = self.next;
        let mut sealed = Vec::new();
        let mut at = 0;
        while at < frames.len() {
            let length =
                u32::from_le_bytes([frames[at], frames[at + 1], frames[at + 2], frames[at + 3]]) as usize;
            let whole = frame::frame_bytes(length);
            let behind = u32::try_from(self.next.get() - first.get()).unwrap_or(u32::MAX);
            let payload = at + HEADER_BYTES..at + HEADER_BYTES + length;
            self.chain.add(self.next, &frames[payload.clone()]);
            if let Some(cipher) = &context.cipher {
                let closed = cipher.seal(Purpose::Frame(self.next.get()), &frames[payload]);
                let header = Header { kind: Kind::Event, form: Form::Encrypted, seq: self.next, behind };
                frame::append(&mut sealed, header, &closed);
            } else {
                frames[at + 16..at + 20].copy_from_slice(&behind.to_le_bytes());
                frame::sum(&mut frames[at..at + whole]);
            }
            self.next = self.next.next();
            at += whole;
        }
        assert_eq!(at, frames.len(), "the commit is made of whole frames");
        if context.cipher.is_some() {
            *frames = sealed;
        }
    }

    /// Writes finished frames and makes them durable.
    pub fn write(&mut self, context: &Context, frames: &[u8]) -> Result<(), FileError> {
        assert!(self.fits(frames.len()), "the caller has made room");
        let with_opening = self.opening.take().map(|mut opening| {
            opening.extend_from_slice(frames);
            opening
        });
        let bytes = with_opening.as_deref().unwrap_or(frames);
        let failed = |what: &str, source| self.failed(context, what, source);
        self.file.write_all_at(self.offset, bytes).map_err(|source| failed("write", source))?;
        if !planted::is(Bug::AckBeforeSync) {
            self.file.sync_data().map_err(|source| failed("sync", source))?;
        }
        self.offset += bytes.len() as u64;
        self.holds_last = self.index;
        assert!(self.offset <= self.capacity, "a commit never grows the file");
        Ok(())
    }

    fn failed(&self, context: &Context, what: &str, source: std::io::Error) -> FileError {
        let name = super::segment::segment_name(self.index, super::segment::Storage::Raw);
        context.failed(
            format!("{what} journal segment {} at offset {}", self.index, self.offset),
            &name,
            source,
        )
    }
}
