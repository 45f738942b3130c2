//! Names in a target. Everything of a book is under its id; objects are named after what is in them, so that
//! the same content is stored once and nothing is ever written over.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use truebook_core::hash::{ChainHash, to_hex};
use truebook_core::id::{BookId, Seq};
use truebook_core::time::Utc;

use crate::journal::segment::{SegmentIndex, Storage, segment_name};

/// A generation: its number, the second in which it was made, and the beginning of its file's hash.
///
/// Numbers count up and tell the order; the time is for people, and two in one second are two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GenerationId {
    /// Its number in the target: one more than the highest that was there.
    pub number: u64,
    stamp: String,
    hash8: String,
}

/// Digits of a number in a name: enough for one generation a second for thirty years.
const NUMBER_DIGITS: usize = 9;

impl GenerationId {
    /// The id of a generation's file.
    pub fn new(number: u64, created_at: Utc, file: &[u8]) -> Self {
        let hash8 = to_hex(&blake3::hash(file).as_bytes()[..4]);
        Self { number, stamp: stamp(created_at), hash8 }
    }

    /// Reads an id as it is shown; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix('g')?.splitn(3, '-');
        let (number, stamp, hash8) = (parts.next()?, parts.next()?, parts.next()?);
        let id = Self { number: number.parse().ok()?, stamp: stamp.to_owned(), hash8: hash8.to_owned() };
        let is_stamp =
            stamp.len() == 16 && stamp.bytes().all(|byte| byte.is_ascii_digit() || b"TZ".contains(&byte));
        let is_hash = hash8.len() == 8 && hash8.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_stamp && is_hash && id.to_string() == text).then_some(id)
    }

    /// Whether these are the bytes of this generation's file.
    pub fn fits(&self, file: &[u8]) -> bool {
        to_hex(&blake3::hash(file).as_bytes()[..4]) == self.hash8
    }
}

/// `20261127T105522Z`.
fn stamp(time: Utc) -> String {
    let text = time.to_string();
    let seconds = text.split('.').next().unwrap_or(&text);
    let mut stamp: String = seconds.chars().filter(|c| !matches!(c, '-' | ':')).collect();
    stamp.push('Z');
    stamp
}

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "g{:0width$}-{}-{}", self.number, self.stamp, self.hash8, width = NUMBER_DIGITS)
    }
}

impl Serialize for GenerationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for GenerationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom(format!("`{text}` is no generation")))
    }
}

/// Where a target tells which books it holds.
pub const BOOKS_PREFIX: &str = "books/";

/// Tells that a target holds something of a book; its content is the book's name.
pub fn book_object(book: BookId) -> String {
    format!("{BOOKS_PREFIX}{book}.txt")
}

/// Reads the name of what tells of a book.
pub fn parse_book(object: &str) -> Option<BookId> {
    BookId::from_hex(object.strip_prefix(BOOKS_PREFIX)?.strip_suffix(".txt")?)
}

/// Where everything of a book is.
pub fn book_prefix(book: BookId) -> String {
    format!("{book}/")
}

/// Where generations' own files are.
pub fn generation_prefix(book: BookId) -> String {
    format!("{book}/generation/")
}

/// A generation's own file.
pub fn generation_object(book: BookId, id: &GenerationId) -> String {
    format!("{}{id}.json", generation_prefix(book))
}

/// Reads the name of a generation's own file.
pub fn parse_generation(book: BookId, object: &str) -> Option<GenerationId> {
    GenerationId::parse(object.strip_prefix(&generation_prefix(book))?.strip_suffix(".json")?)
}

/// Where the outcomes of verifying are.
pub fn verified_prefix(book: BookId) -> String {
    format!("{book}/verified/")
}

/// The outcome of verifying a generation; each has a file of its own.
pub fn verified_object(book: BookId, id: &GenerationId, at: Utc) -> String {
    format!("{}{id}.{}.json", verified_prefix(book), at.nanos())
}

/// Reads the name of an outcome.
pub fn parse_verified(book: BookId, object: &str) -> Option<GenerationId> {
    let file = object.strip_prefix(&verified_prefix(book))?.strip_suffix(".json")?;
    GenerationId::parse(file.split('.').next()?)
}

/// The kinds of objects that generations share: directories under the book's.
pub const OBJECT_KINDS: [&str; 2] = ["segment", "state"];

/// A segment up to an event: named after the hash chain, which is that of everything before it too.
pub fn segment_object(
    book: BookId,
    index: SegmentIndex,
    next: Seq,
    chain: ChainHash,
    storage: Storage,
) -> String {
    let whole = segment_name(index, storage);
    let suffix = whole.split_once('.').map_or("", |(_, suffix)| suffix);
    format!("{book}/segment/{index}-{:012}-{}.{suffix}", next.get(), to_hex(&chain.as_bytes()[..8]))
}

/// A file of the state (the manifest of the book, a checkpoint, a run file): named after its content.
pub fn state_object(book: BookId, path: &str, content: &[u8]) -> String {
    let flat = path.rsplit('/').next().unwrap_or(path);
    format!("{book}/state/{}-{flat}", to_hex(&blake3::hash(content).as_bytes()[..8]))
}

/// Where pieces of the continuous copy are.
pub fn tail_prefix(book: BookId) -> String {
    format!("{book}/tail/")
}

/// A piece: events from `first` to `last`, with the beginning of the hash chain after them.
pub fn tail_object(book: BookId, first: Seq, last: Seq, after: ChainHash) -> String {
    let chain = to_hex(&after.as_bytes()[..8]);
    format!("{}{:012}-{:012}-{chain}.jsonl.zst", tail_prefix(book), first.get(), last.get())
}

/// Reads the sequence numbers in the name of a piece.
pub fn parse_tail(book: BookId, object: &str) -> Option<(Seq, Seq)> {
    let mut parts = object.strip_prefix(&tail_prefix(book))?.splitn(3, '-');
    let (first, last) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let is_range = 0 < first && first <= last && last <= Seq::MAX.get();
    is_range.then_some((Seq::new(first), Seq::new(last)))
}

/// Where it is told which part of everything was looked through, and when.
pub fn inspected_prefix(book: BookId) -> String {
    format!("{book}/inspected/")
}

/// What looking through a part found.
pub fn inspected_object(book: BookId, part: u32, at: Utc) -> String {
    format!("{}{part:03}.{}.json", inspected_prefix(book), at.nanos())
}

/// Reads part and time in the name of such a file.
pub fn parse_inspected(book: BookId, object: &str) -> Option<(u32, Utc)> {
    let file = object.strip_prefix(&inspected_prefix(book))?.strip_suffix(".json")?;
    let (part, at) = file.split_once('.')?;
    Some((part.parse().ok()?, Utc::from_nanos(at.parse().ok()?)))
}
/// Where the identity is that a passphrase opens.
pub fn identity_object(book: BookId) -> String {
    format!("{book}/key/identity.age")
}

/// Where a probe makes its objects; none stays.
pub const PROBE_PREFIX: &str = "probe/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_as_it_was_shown_and_nothing_else_is_one() {
        let at = Utc::parse("2026-11-27T10:55:22.123456789Z").unwrap();
        let id = GenerationId::new(12, at, b"file");
        let text = id.to_string();
        assert!(text.starts_with("g000000012-20261127T105522Z-"), "{text}");
        assert_eq!(GenerationId::parse(&text), Some(id.clone()));
        assert!(id.fits(b"file") && !id.fits(b"fild"));
        for other in ["", "g1-20261127T105522Z-00000000", "g000000012-20261127T105522-00000000", &text[1..]] {
            assert_eq!(GenerationId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn generations_of_one_second_are_told_apart_and_ordered_by_number() {
        let at = Utc::from_nanos(0);
        let (one, two) = (GenerationId::new(1, at, b"a"), GenerationId::new(2, at, b"b"));
        assert_ne!(one, two);
        assert!(one < two);
    }
}
