//! Continuous copy: new events are shipped to a target within seconds, as small pieces that continue the
//! newest generation. A piece is text, one event a line, so that it can be read without truebook.

use super::error::BackupError;
use super::form::Form;
use super::names;
use super::shelf::Shelf;
use super::source::Reader;
use super::target::OBJECT_BYTES_MAX;
use crate::crypt::Purpose;
use crate::journal::load;
use crate::journal::scan::Scan;
use crate::journal::segment::{OpenInfo, SegmentIndex};
use crate::journal::{Context, compress};
use serde::{Deserialize, Serialize};
use truebook_core::hash::ChainHash;
use truebook_core::id::{BookId, Seq};

/// The format of pieces that this program writes, and the highest that it reads.
const TAIL_FORMAT: u32 = 1;

/// A piece is closed when its events have this many bytes.
const PIECE_BYTES_MAX: usize = 4 << 20;

/// Events of one segment that follow on each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where they stand.
    pub head: Head,
    /// The events' JSON, in the clear.
    pub events: Vec<Vec<u8>>,
}

/// The first line of a piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Format of the piece.
    pub format: u32,
    /// The book.
    pub book: BookId,
    /// The segment.
    pub segment: SegmentIndex,
    /// What the segment's opening frame says.
    pub open: OpenInfo,
    /// Sequence number of the first event of the piece.
    pub first: Seq,
    /// Sequence number of the last event of the piece.
    pub last: Seq,
    /// The segment's hash chain before the first event; `None` if that is the segment's first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ChainHash>,
    /// The segment's hash chain after the last event.
    pub after: ChainHash,
}

/// What was shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// The last event that is at the target now.
    pub last: Seq,
    /// How many pieces were stored.
    pub pieces: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// The last event that a target has, in a generation or in pieces that continue one without a gap.
///
/// # Errors
/// The target's.
pub fn reached(shelf: &Shelf) -> Result<Seq, BackupError> {
    let mut last = Seq::ZERO;
    for id in shelf.generations()?.iter().rev() {
        match shelf.read(id) {
            Ok(generation) if generation.suspicions.is_empty() => {
                last = generation.last;
                break;
            }
            Ok(_) => {}
            Err(failed) if failed.is_damage() => {}
            Err(failed) => return Err(failed),
        }
    }
    for (first, piece_last, _) in pieces(shelf)? {
        if first <= last.next() && piece_last > last {
            last = piece_last;
        }
    }
    Ok(last)
}

/// The highest sequence number that a piece on a shelf has, whether or not it continues anything.
///
/// # Errors
/// The target's.
pub fn highest(shelf: &Shelf) -> Result<Option<Seq>, BackupError> {
    Ok(pieces(shelf)?.into_iter().map(|(_, last, _)| last).max())
}

/// The pieces on a shelf: first and last sequence number, and the object, in order.
fn pieces(shelf: &Shelf) -> Result<Vec<(Seq, Seq, String)>, BackupError> {
    let mut found = Vec::new();
    for entry in shelf.target().list(&names::tail_prefix(shelf.book()))? {
        if let Some((first, last)) = names::parse_tail(shelf.book(), &entry.name) {
            found.push((first, last, entry.name));
        }
    }
    found.sort();
    Ok(found)
}

/// Objects of pieces that a verified generation up to `verified_to` has taken over.
pub(super) fn covered(shelf: &Shelf, verified_to: Seq) -> Result<Vec<String>, BackupError> {
    let pieces = pieces(shelf)?.into_iter().filter(|(_, last, _)| *last <= verified_to);
    Ok(pieces.map(|(_, _, object)| object).collect())
}

/// Ships the events after `after` up to the reader's last.
///
/// # Errors
/// The target's, or the book's. What was shipped until then stays; the next try goes on from there.
pub fn ship(reader: &Reader, shelf: &Shelf, form: &Form, after: Seq) -> Result<Shipped, BackupError> {
    let mut shipped = Shipped { last: after, pieces: 0, bytes: 0 };
    for piece in cut_pieces(reader, after)? {
        let (object, stored) = encode(&reader.context, form, &piece)
            .map_err(|failed| reader.context.failed("pack events of", "journal", failed))?;
        shelf.target().put_new(&object, &stored)?;
        assert!(piece.head.last > shipped.last, "pieces are shipped in order");
        shipped.last = piece.head.last;
        shipped.pieces += 1;
        shipped.bytes += stored.len() as u64;
    }
    Ok(shipped)
}

/// The events after `after`, segment by segment.
fn cut_pieces(reader: &Reader, after: Seq) -> Result<Vec<Piece>, BackupError> {
    let mut pieces = Vec::new();
    let inventory = reader.inventory()?;
    // From the end, so that segments that are wholly shipped are not even read.
    for index in inventory.segments.keys().rev() {
        let Some(found) = reader.segment(*index)? else { continue };
        let (open, mut scan) = load::start(&reader.context, *index, found.storage, &found.bytes)
            .map_err(|fault| reader.damaged(*index, found.storage, fault))?;
        let place = Place { book: reader.context.manifest.book, segment: *index, open: &open };
        let mut of_segment = gather(&place, &mut scan, after, reader.last);
        of_segment.append(&mut pieces);
        pieces = of_segment;
        if open.first <= after.next() {
            break;
        }
    }
    Ok(pieces)
}

/// Where events stand.
struct Place<'a> {
    book: BookId,
    segment: SegmentIndex,
    open: &'a OpenInfo,
}

/// The events of a segment after `after` and up to `until`, in pieces.
fn gather(place: &Place<'_>, scan: &mut Scan<'_>, after: Seq, until: Seq) -> Vec<Piece> {
    let (mut done, mut piece, mut bytes) = (Vec::new(), None, 0);
    while scan.next_seq() <= until {
        let is_wanted = scan.next_seq() > after;
        if is_wanted && piece.is_none() {
            piece = Some(place.begin(scan));
        }
        let Some(event) = scan.next_event() else { break };
        let Some(gathered) = piece.as_mut() else { continue };
        gathered.head.last = event.seq;
        bytes += event.json.len();
        gathered.events.push(event.json.into_owned());
        if bytes >= PIECE_BYTES_MAX {
            done.extend(piece.take().map(|piece| piece.close(scan)));
            bytes = 0;
        }
    }
    done.extend(piece.filter(|piece| !piece.events.is_empty()).map(|piece| piece.close(scan)));
    done
}

impl Place<'_> {
    /// An empty piece before the next event of a scan.
    fn begin(&self, scan: &Scan<'_>) -> Piece {
        let first = scan.next_seq();
        let before = (first > self.open.first).then(|| scan.chain().hash());
        let head = Head {
            format: TAIL_FORMAT,
            book: self.book,
            segment: self.segment,
            open: self.open.clone(),
            first,
            last: first,
            before,
            after: self.open.prev,
        };
        Piece { head, events: Vec::new() }
    }
}

impl Piece {
    /// The piece with the hash chain after its last event, which the scan has just read.
    fn close(mut self, scan: &Scan<'_>) -> Self {
        self.head.after = scan.chain().hash();
        self
    }
}

/// The object's name and bytes: lines, packed, encrypted if the book is, locked if the backup is.
fn encode(context: &Context, form: &Form, piece: &Piece) -> std::io::Result<(String, Vec<u8>)> {
    let mut text = serde_json::to_vec(&piece.head).unwrap_or_default();
    for event in &piece.events {
        text.push(b'\n');
        text.extend_from_slice(event);
    }
    text.push(b'\n');
    let mut stored = compress(&text, form.level)?;
    let Head { book, first, last, after, .. } = &piece.head;
    let mut object = names::tail_object(*book, *first, *last, *after);
    if let Some(cipher) = &context.cipher {
        stored = cipher.seal(Purpose::Tail(first.get()), &stored);
        object.push_str(".enc");
    }
    if let Some(lock) = &form.lock {
        stored = lock.lock(&stored)?;
        object.push_str(".age");
    }
    Ok((object, stored))
}

/// The pieces that continue a journal after `after` without a gap, as far as sequence numbers tell; joining
/// them proves it by the hash chain.
///
/// # Errors
/// The target's, or a missing key.
pub fn read_after(shelf: &Shelf, context: &Context, after: Seq) -> Result<Vec<Piece>, BackupError> {
    let (mut found, mut reached) = (Vec::new(), after);
    for (first, last, object) in pieces(shelf)? {
        if last <= reached {
            continue;
        }
        let Some(piece) = read(shelf, context, &object)? else { continue };
        // A gap that the book itself told of is none.
        let follows = first <= reached.next() || piece.head.first == piece.head.open.first;
        if follows {
            reached = last;
            found.push(piece);
        }
    }
    Ok(found)
}

/// Reads a piece; `None` if it is damaged.
fn read(shelf: &Shelf, context: &Context, object: &str) -> Result<Option<Piece>, BackupError> {
    let mut stored = shelf.target().get(object, OBJECT_BYTES_MAX)?;
    if object.strip_suffix(".age").is_some() {
        let Some(unlock) = shelf.unlock() else {
            let what =
                "it is encrypted for the backup: give the identity (--backup-identity FILE)".to_owned();
            return Err(BackupError::Locked { object: shelf.describe(object), what });
        };
        match unlock.unlock(&stored) {
            Ok(opened) => stored = opened,
            Err(_) => return Ok(None),
        }
    }
    if let Some(cipher) = &context.cipher {
        let first = names::parse_tail(shelf.book(), object).map_or(0, |(first, _)| first.get());
        match cipher.open(Purpose::Tail(first), &stored) {
            Ok(opened) => stored = opened,
            Err(_) => return Ok(None),
        }
    }
    let Ok(text) = zstd::stream::decode_all(&stored[..]) else { return Ok(None) };
    Ok(parse(&text, shelf.book()))
}

/// A piece as text; `None` if it is not what it says.
fn parse(text: &[u8], book: BookId) -> Option<Piece> {
    let mut lines = text.strip_suffix(b"\n")?.split(|byte| *byte == b'\n');
    let head: Head = serde_json::from_slice(lines.next()?).ok()?;
    let events: Vec<_> = lines.map(<[u8]>::to_vec).collect();
    let count = head.last.get().checked_sub(head.first.get())? + 1;
    (head.book == book && head.format <= TAIL_FORMAT && count == events.len() as u64)
        .then_some(Piece { head, events })
}
