//! Reading the bytes of one segment: its events, and what its end means.
//!
//! The one decision of weight is here: whether invalid bytes are the torn tail of a commit that nobody was
//! told of (cut and go on), or damage to something that was acknowledged (stop). They are a torn tail only
//! if nothing proves that what they replaced was durable. Proof is
//! - a valid frame after them whose commit began after the missing sequence number: a commit is written
//!   only when the one before it is durable;
//! - a checkpoint, or any other mark, at or above the missing sequence number;
//! - a later segment that begins above it.

use super::segment::{Chain, OpenInfo, PAGE_BYTES, SealInfo};
use crate::crypt::{Cipher, Purpose};
use crate::frame::{self, ALIGN_BYTES, Form, Frame, HEADER_BYTES, Header, Kind};
use std::borrow::Cow;
use truebook_core::id::Seq;

/// How the events of a segment end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a seal, and zeros after it.
    Sealed,
    /// With zeros up to the end of the file.
    Blank,
    /// With bytes that are no valid frame.
    Invalid(Broken),
}

/// Where and how the events of a segment stop being valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken {
    /// What is wrong there.
    pub problem: Problem,
    /// First offset with an unexpected byte, from the beginning of the file.
    pub offset: u64,
    /// Offset of a valid frame further on that proves the bytes before it were durable once.
    pub proof: Option<Proof>,
}

/// A valid frame that was written after the missing one was durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Its offset from the beginning of the file.
    pub offset: u64,
    /// Its sequence number.
    pub seq: Seq,
    /// First sequence number of its commit: everything before that was durable when it was written.
    pub commit_first: Seq,
}

/// What is wrong with bytes that should be a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// No valid frame.
    Frame,
    /// A valid frame with another sequence number.
    Sequence,
    /// A valid frame with a payload that is not authentic.
    NotAuthentic,
    /// Bytes that are not zero after the last frame.
    Trailing,
    /// The segment's first frame is not the one that opens it.
    NotOpened,
    /// The seal does not fit what it seals.
    Seal,
}

impl Problem {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Frame => "the bytes are no valid frame",
            Self::Sequence => "the frame has another sequence number",
            Self::NotAuthentic => "the encrypted payload was changed",
            Self::Trailing => "there are bytes after the last frame",
            Self::NotOpened => "the segment's opening frame is missing",
            Self::Seal => "the seal does not fit the events before it",
        }
    }
}

/// One event as it stands in a segment.
#[derive(Debug)]
pub struct RawEvent<'a> {
    /// Its sequence number.
    pub seq: Seq,
    /// Its JSON, in the clear.
    pub json: Cow<'a, [u8]>,
    /// Where its frame begins, from the beginning of the file.
    pub offset: u64,
}

/// Walks over the events of a segment whose header page was read already.
pub struct Scan<'a> {
    bytes: &'a [u8],
    cipher: Option<&'a Cipher>,
    offset: usize,
    next: Seq,
    chain: Chain,
    end: Option<End>,
}

/// A segment that does not begin as one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beginning<'a> {
    /// Nothing was ever written after the header page.
    Empty,
    /// The opening frame.
    Opened(&'a [u8]),
    /// Bytes that are no opening frame.
    Broken(Broken),
}

/// Looks at what follows the header page.
pub fn beginning(bytes: &[u8]) -> Beginning<'_> {
    let body = bytes.get(PAGE_BYTES..).unwrap_or_default();
    match frame::decode(body) {
        Ok(Frame { header, payload, .. }) if header.kind == Kind::Open && header.form == Form::Plain => {
            Beginning::Opened(payload)
        }
        Err(_) if first_nonzero(body, 0).is_none() => Beginning::Empty,
        _ => {
            let (problem, offset, proof) =
                (Problem::NotOpened, PAGE_BYTES as u64, find_latest(bytes, PAGE_BYTES));
            Beginning::Broken(Broken { problem, offset, proof })
        }
    }
}

impl<'a> Scan<'a> {
    /// Begins after the opening frame, which says `open`. `chain` has begun with the hash it names.
    pub fn new(bytes: &'a [u8], open: &OpenInfo, chain: Chain, cipher: Option<&'a Cipher>) -> Self {
        let opening = frame::decode(&bytes[PAGE_BYTES..]).map_or(0, |frame| frame.bytes);
        assert!(opening > 0, "the opening frame was read before");
        Self { bytes, cipher, offset: PAGE_BYTES + opening, next: open.first, chain, end: None }
    }

    /// The next event; `None` at the end, which [`Self::end`] then tells.
    pub fn next_event(&mut self) -> Option<RawEvent<'a>> {
        if self.end.is_some() {
            return None;
        }
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        if let Ok(frame) = frame::decode(rest) {
            self.take(frame)
        } else {
            self.end = Some(self.classify_rest());
            None
        }
    }

    fn take(&mut self, frame: Frame<'a>) -> Option<RawEvent<'a>> {
        let at = self.offset;
        match self.check(frame) {
            Ok(Some(json)) => {
                self.chain.add(self.next, &json);
                let event = RawEvent { seq: self.next, json, offset: at as u64 };
                self.next = self.next.next();
                self.offset += frame.bytes;
                assert!(self.offset <= self.bytes.len(), "a frame ends within its file");
                Some(event)
            }
            Ok(None) => {
                self.offset += frame.bytes;
                self.end = Some(self.after_seal());
                None
            }
            Err(problem) => {
                self.end = Some(End::Invalid(broken(self.bytes, at, self.next, problem)));
                None
            }
        }
    }

    /// The plain payload of an event, or `None` for a fitting seal.
    fn check(&self, frame: Frame<'a>) -> Result<Option<Cow<'a, [u8]>>, Problem> {
        if frame.header.seq != self.next {
            return Err(Problem::Sequence);
        }
        match (frame.header.kind, frame.header.form, self.cipher) {
            (Kind::Event, Form::Plain, None) => Ok(Some(Cow::Borrowed(frame.payload))),
            (Kind::Event, Form::Encrypted, Some(cipher)) => {
                let opened = cipher.open(Purpose::Frame(self.next.get()), frame.payload);
                opened.map(|json| Some(Cow::Owned(json))).map_err(|_| Problem::NotAuthentic)
            }
            (Kind::Seal, Form::Plain, _) => {
                let seal: SealInfo = serde_json::from_slice(frame.payload).map_err(|_| Problem::Seal)?;
                let fits = seal == SealInfo { next: self.next, chain: self.chain.hash() };
                if fits { Ok(None) } else { Err(Problem::Seal) }
            }
            _ => Err(Problem::Frame),
        }
    }

    fn after_seal(&self) -> End {
        match first_nonzero(self.bytes, self.offset) {
            None => End::Sealed,
            Some(offset) => {
                End::Invalid(Broken { problem: Problem::Trailing, offset: offset as u64, proof: None })
            }
        }
    }

    fn classify_rest(&self) -> End {
        let Some(nonzero) = first_nonzero(self.bytes, self.offset) else {
            return End::Blank;
        };
        let blank_here = self.bytes.get(self.offset..self.offset + HEADER_BYTES).is_some_and(is_zero);
        let (at, problem) =
            if blank_here { (nonzero, Problem::Trailing) } else { (self.offset, Problem::Frame) };
        let found = broken(self.bytes, self.offset, self.next, problem);
        End::Invalid(Broken { offset: at as u64, ..found })
    }

    /// How the events end; `None` while there are more.
    pub const fn end(&self) -> Option<End> {
        self.end
    }

    /// Sequence number after the last valid event.
    pub const fn next_seq(&self) -> Seq {
        self.next
    }

    /// Offset after the last valid frame, from the beginning of the file.
    pub const fn valid_bytes(&self) -> usize {
        self.offset
    }

    /// The hash chain up to the last valid event.
    pub const fn chain(&self) -> &Chain {
        &self.chain
    }
}

fn broken(bytes: &[u8], at: usize, missing: Seq, problem: Problem) -> Broken {
    Broken { problem, offset: at as u64, proof: find_proof(bytes, at, missing) }
}

/// The first valid event frame at or after `from` whose commit began after `missing`.
pub fn find_proof(bytes: &[u8], from: usize, missing: Seq) -> Option<Proof> {
    valid_frames(bytes, from)
        .find(|(_, frame)| frame.header.kind == Kind::Event && frame.header.commit_first() > missing)
        .map(|(offset, frame)| proof(offset, &frame))
}

/// The valid event frame of the latest commit at or after `from`, for bytes of which nobody knows yet what
/// sequence number they should have.
pub fn find_latest(bytes: &[u8], from: usize) -> Option<Proof> {
    let events = valid_frames(bytes, from).filter(|(_, frame)| frame.header.kind == Kind::Event);
    events.map(|(offset, frame)| proof(offset, &frame)).max_by_key(|proof| proof.commit_first)
}

fn proof(offset: usize, frame: &Frame<'_>) -> Proof {
    let Header { seq, .. } = frame.header;
    Proof { offset: offset as u64, seq, commit_first: frame.header.commit_first() }
}

/// Every valid frame that begins at an aligned offset at or after `from`, whatever lies between them.
pub fn valid_frames(bytes: &[u8], from: usize) -> impl Iterator<Item = (usize, Frame<'_>)> {
    let mut offset = from.next_multiple_of(ALIGN_BYTES);
    std::iter::from_fn(move || {
        while offset < bytes.len() {
            let at = offset;
            offset += ALIGN_BYTES;
            // Most of a segment's tail is zero: skip it without decoding.
            if is_zero(&bytes[at..bytes.len().min(at + ALIGN_BYTES)]) {
                continue;
            }
            if let Ok(frame) = frame::decode(&bytes[at..]) {
                offset = at + frame.bytes;
                return Some((at, frame));
            }
        }
        None
    })
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// Offset of the first byte at or after `from` that is not zero.
pub fn first_nonzero(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    // Whole blocks compare quickly; the byte itself is then looked for in one block only.
    let block = rest.chunks(4096).position(|block| !is_zero_block(block))?;
    let start = block * 4096;
    rest[start..].iter().position(|byte| *byte != 0).map(|at| from + start + at)
}

fn is_zero_block(block: &[u8]) -> bool {
    block.iter().fold(0, |seen, byte| seen | byte) == 0
}
