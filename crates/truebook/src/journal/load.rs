//! Loading a segment from disk, however it is stored, and decoding its events.

use super::context::Context;
use super::scan::{Beginning, Broken, End, Problem, RawEvent, Scan, beginning, find_latest, first_nonzero};
use super::segment::{
    Chain, OpenInfo, PAGE_BYTES, Page, PageError, SegmentIndex, Storage, parse_page, segment_name,
};
use crate::crypt::{NotAuthentic, Purpose};
use crate::disk::{DiskFile, open_limited, read_exact_at, read_file, read_pieces};
use crate::error::FileError;
use crate::frame::{self, Form, HEADER_BYTES, Header, Kind};
use crate::manifest::ManifestError;
use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use truebook_core::event::{DecodeError, Record};
use truebook_core::id::{BookId, Seq};

/// What most events need, with their frame: room is made for so many.
const EVENT_BYTES_USUAL: usize = 256;

/// The largest segment file that is read, in bytes.
pub const FILE_BYTES_MAX: u64 = 512 << 20;

/// What is probably all zero is looked at in pieces of this many bytes.
const LOOK_BYTES: usize = 256 * 1024;

/// Data that shrinks more than this is unpacked step by step.
const USUAL_RATIO_MAX: u64 = 256;

/// How zstd says that more comes out than there is room for.
const NO_ROOM: &str = "Destination buffer is too small";

/// The bytes of a segment, unpacked.
pub struct LoadedBytes {
    /// Header page, frames, perhaps zeros.
    pub bytes: Vec<u8>,
}

/// A segment whose events were decoded.
pub struct Segment {
    /// Its index.
    pub index: SegmentIndex,
    /// How it is stored.
    pub storage: Storage,
    /// What its opening frame says.
    pub open: OpenInfo,
    /// Its events; the first has sequence number `open.first`, the others follow.
    pub records: Arc<Vec<Record>>,
    /// How they end.
    pub end: End,
    /// Hash chain after the last valid event.
    pub chain: Chain,
    /// Where the last valid frame ends.
    pub valid_bytes: u64,
    /// Length of the unpacked segment.
    pub file_bytes: u64,
}

impl Segment {
    /// Sequence number after the last valid event.
    pub fn next(&self) -> Seq {
        Seq::new(self.open.first.get() + self.records.len() as u64)
    }
}

/// What a segment file turned out to be.
pub enum Loaded {
    /// Made ahead of time and never written to.
    Empty,
    /// It holds events, valid up to its end or up to damage.
    Events(Box<Segment>),
}

/// Why a segment cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The header page is unusable.
    #[error(transparent)]
    Page(#[from] PageError),
    /// It does not unpack.
    #[error("the compressed segment does not unpack: {0}")]
    Compressed(io::Error),
    /// It was encrypted with another key, or changed.
    #[error(transparent)]
    NotAuthentic(#[from] NotAuthentic),
    /// The opening frame is unusable.
    #[error("{}", .0.problem.words())]
    Beginning(Broken),
    /// A frame is intact but its payload is no event.
    #[error("event {seq}: {source}")]
    Event {
        /// Its sequence number.
        seq: Seq,
        /// Where its frame begins.
        offset: u64,
        /// What is wrong with it.
        source: DecodeError,
    },
}

impl Fault {
    /// Where the fault is, in bytes from the beginning of the unpacked file.
    pub const fn offset(&self) -> u64 {
        match self {
            Self::Beginning(broken) => broken.offset,
            Self::Event { offset, .. } => *offset,
            _ => 0,
        }
    }

    /// Whether a newer program wrote the segment: no damage, but not for us to read.
    pub const fn is_newer(&self) -> bool {
        matches!(
            self,
            Self::Event { source: DecodeError::Newer { .. } | DecodeError::UnknownKind { .. }, .. }
                | Self::Page(PageError::Manifest(ManifestError::Newer { .. }))
        )
    }

    /// Whether the file is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::File(failed) if failed.source.kind() == io::ErrorKind::NotFound)
    }
}

/// Reads and unpacks a segment and checks its header page.
pub fn load_bytes(context: &Context, index: SegmentIndex, storage: Storage) -> Result<LoadedBytes, Fault> {
    let name = segment_name(index, storage);
    let file = read_file(&*context.disk, &name, FILE_BYTES_MAX)
        .map_err(|source| context.failed("read", &name, source))?;
    let bytes = unpack(context, index, storage, file)?;
    let made = check_page(&bytes, index, context.manifest.book)?;
    let found = bytes.len() as u64;
    if storage == Storage::Raw && found < made {
        return Err(PageError::Short { found, made }.into());
    }
    Ok(LoadedBytes { bytes })
}

/// The length with which the segment was made, if the page is that of this segment and book.
pub(crate) fn check_page(bytes: &[u8], index: SegmentIndex, book: BookId) -> Result<u64, PageError> {
    let Page { index: found, manifest, capacity } = parse_page(bytes.get(..PAGE_BYTES).unwrap_or_default())?;
    if found != index {
        return Err(PageError::OtherSegment { found });
    }
    if manifest.book != book {
        return Err(PageError::OtherBook { found: manifest.book });
    }
    Ok(capacity)
}

/// Undoes encryption and compression.
pub fn unpack(
    context: &Context,
    index: SegmentIndex,
    storage: Storage,
    file: Vec<u8>,
) -> Result<Vec<u8>, Fault> {
    match (storage, &context.cipher) {
        (Storage::Raw, _) => Ok(file),
        (Storage::Compressed, None) => decompress(&file),
        (Storage::Encrypted, Some(cipher)) => decompress(&cipher.open(Purpose::Segment(index.get()), &file)?),
        // A book writes one of the two forms only: whoever put the other one there had no key.
        (Storage::Compressed, Some(_)) | (Storage::Encrypted, None) => Err(NotAuthentic.into()),
    }
}

fn decompress(packed: &[u8]) -> Result<Vec<u8>, Fault> {
    let unusable = |what: &str| Fault::Compressed(io::Error::new(io::ErrorKind::InvalidData, what));
    let length =
        zstd::zstd_safe::get_frame_content_size(packed).map_err(|_| unusable("it has no zstd header"))?;
    let length = length.ok_or_else(|| unusable("its header does not tell the unpacked length"))?;
    if length > FILE_BYTES_MAX {
        return Err(unusable("its header tells an unpacked length beyond the limit"));
    }
    let usual = length <= (packed.len() as u64).saturating_mul(USUAL_RATIO_MAX);
    let bytes = if usual {
        zstd::bulk::decompress(packed, usize::try_from(length).unwrap_or(0))
    } else {
        decompress_doubtful(packed, length)
    };
    let bytes = bytes.map_err(Fault::Compressed)?;
    if bytes.len() as u64 == length {
        Ok(bytes)
    } else {
        Err(unusable("it unpacks to another length than its header tells"))
    }
}

/// Memory grows with what really comes out: a damaged header may claim far more than there is.
fn decompress_doubtful(packed: &[u8], length: u64) -> io::Result<Vec<u8>> {
    let whole = usize::try_from(length).unwrap_or(usize::MAX);
    let mut room = packed.len();
    loop {
        room = room.saturating_mul(16).min(whole);
        let mut bytes = Vec::with_capacity(room);
        match zstd::zstd_safe::decompress(&mut bytes, packed).map_err(zstd::zstd_safe::get_error_name) {
            Ok(_) => return Ok(bytes),
            Err(NO_ROOM) if room < whole => {}
            Err(failed) => return Err(io::Error::new(io::ErrorKind::InvalidData, failed)),
        }
    }
}

/// Loads a segment and decodes its events.
pub fn load(context: &Context, index: SegmentIndex, storage: Storage) -> Result<Loaded, Fault> {
    if storage == Storage::Raw && is_unused(context, index)? {
        return Ok(Loaded::Empty);
    }
    let LoadedBytes { bytes } = load_bytes(context, index, storage)?;
    decode_body(context, index, storage, &bytes)
}

/// Whether a raw segment is whole and was never written to, found out without memory for all of it. Whatever
/// else it may be is told by reading it.
fn is_unused(context: &Context, index: SegmentIndex) -> Result<bool, FileError> {
    let name = segment_name(index, Storage::Raw);
    let look = || {
        let (file, length) = open_limited(&*context.disk, &name, FILE_BYTES_MAX)?;
        let head = read_exact_at(&*file, 0, (PAGE_BYTES + HEADER_BYTES) as u64)?;
        let is_whole = check_page(&head, index, context.manifest.book).is_ok_and(|made| length >= made);
        let begins_blank = first_nonzero(&head, PAGE_BYTES).is_none();
        Ok(is_whole && begins_blank && is_blank(&*file, PAGE_BYTES as u64..length)?)
    };
    look().map_err(|source| context.failed("read", &name, source))
}

/// Whether all bytes of a range are zero.
pub fn is_blank(file: &dyn DiskFile, range: Range<u64>) -> io::Result<bool> {
    let mut blank = true;
    read_pieces(file, range, LOOK_BYTES, |piece| {
        blank = first_nonzero(piece, 0).is_none();
        if blank { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(blank)
}

/// Decodes the events of an unpacked segment whose header page was checked.
pub(crate) fn decode_body(
    context: &Context,
    index: SegmentIndex,
    storage: Storage,
    bytes: &[u8],
) -> Result<Loaded, Fault> {
    match beginning(bytes) {
        Beginning::Empty => Ok(Loaded::Empty),
        Beginning::Broken(broken) => Err(Fault::Beginning(broken)),
        Beginning::Opened(_) => {
            decode(context, index, storage, bytes).map(|segment| Loaded::Events(Box::new(segment)))
        }
    }
}

/// What the opening frame says, if it can be read.
pub fn opening(bytes: &[u8]) -> Option<OpenInfo> {
    match beginning(bytes) {
        Beginning::Opened(payload) => serde_json::from_slice(payload).ok().filter(OpenInfo::is_possible),
        _ => None,
    }
}

/// The hash chain at the beginning of a segment.
pub fn begin_chain(context: &Context, index: SegmentIndex, open: &OpenInfo) -> Chain {
    Chain::begin(context.manifest.book, index, open.prev)
}

/// Begins to read the events of an unpacked segment whose header page was checked.
pub fn start<'a>(
    context: &'a Context,
    index: SegmentIndex,
    storage: Storage,
    bytes: &'a [u8],
) -> Result<(OpenInfo, Scan<'a>), Fault> {
    let offset = PAGE_BYTES as u64;
    // An intact frame with a payload that means nothing was not torn: what follows it proves that.
    let proof = || find_latest(bytes, PAGE_BYTES);
    let unusable = || Fault::Beginning(Broken { problem: Problem::NotOpened, offset, proof: proof() });
    let open = opening(bytes).ok_or_else(unusable)?;
    // Inside a sealed segment the frames are plain: the whole file was encrypted.
    let cipher = if storage == Storage::Raw { context.cipher.as_deref() } else { None };
    let scan = Scan::new(bytes, &open, begin_chain(context, index, &open), cipher);
    Ok((open, scan))
}

fn decode(context: &Context, index: SegmentIndex, storage: Storage, bytes: &[u8]) -> Result<Segment, Fault> {
    let (open, mut scan) = start(context, index, storage, bytes)?;
    let mut records = Vec::with_capacity(bytes.len() / EVENT_BYTES_USUAL);
    while let Some(event) = scan.next_event() {
        let (seq, offset) = (event.seq, event.offset);
        records.push(Record::decode(&event.json).map_err(|source| Fault::Event { seq, offset, source })?);
    }
    let end = ended(&scan, storage);
    assert_eq!(
        scan.next_seq().get(),
        open.first.get() + records.len() as u64,
        "sequence numbers have no gap"
    );
    Ok(Segment {
        index,
        storage,
        records: Arc::new(records),
        end,
        chain: scan.chain().clone(),
        valid_bytes: scan.valid_bytes() as u64,
        file_bytes: bytes.len() as u64,
        open,
    })
}

/// How the events end. What was sealed once must end with its seal.
fn ended(scan: &Scan<'_>, storage: Storage) -> End {
    let end = scan.end().unwrap_or(End::Blank);
    if storage == Storage::Raw || end != End::Blank {
        return end;
    }
    End::Invalid(Broken { problem: Problem::Seal, offset: scan.valid_bytes() as u64, proof: None })
}

/// Appends the plain form of an event's frame as it stands in `bytes`.
pub fn append_plain(out: &mut Vec<u8>, bytes: &[u8], event: &RawEvent<'_>) {
    let at = usize::try_from(event.offset).unwrap_or(usize::MAX);
    let behind = frame::decode(&bytes[at..]).map_or(0, |frame| frame.header.behind);
    frame::append(out, Header { kind: Kind::Event, form: Form::Plain, seq: event.seq, behind }, &event.json);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Disk, RealDisk};

    #[test]
    fn one_byte_in_any_piece_is_seen_when_a_range_is_looked_at() {
        let dir = tempfile::tempdir().unwrap();
        let disk = RealDisk::new(dir.path());
        let length = 3 * LOOK_BYTES as u64 + 5;
        for at in [0, 99, LOOK_BYTES as u64, 2 * LOOK_BYTES as u64 - 1, length - 1] {
            let name = format!("file-{at}");
            let file = disk.create_new(&name, None).unwrap();
            file.write_all_at(length - 1, &[0]).unwrap();
            assert!(is_blank(&*file, 0..length).unwrap());
            file.write_all_at(at, &[1]).unwrap();
            assert!(!is_blank(&*file, 0..length).unwrap());
            assert!(is_blank(&*file, at + 1..length).unwrap());
            assert!(is_blank(&*file, 0..at).unwrap());
        }
    }
}
