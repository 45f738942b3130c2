//! What a segment file looks like: its name, its header page, its own frames and its hash.

use crate::frame::{self, Form, Header, Kind};
use crate::manifest::{Manifest, ManifestError};
use serde::{Deserialize, Serialize};
use std::fmt;
use truebook_core::hash::ChainHash;
use truebook_core::id::{BookId, Seq};

/// The directory of the journal within the book.
pub const JOURNAL_DIR: &str = "journal";

/// Length of the header page in bytes; frames begin after it.
pub const PAGE_BYTES: usize = 4096;

/// An upper bound of the bytes of an open frame.
pub const OPEN_BYTES: usize = 512;

const MAGIC: &[u8; 8] = b"TRUEBOOK";

/// The highest segment number that a file name may bear: counting on from it must not overflow.
const INDEX_MAX: u64 = 1 << 48;
const PAGE_FIXED_BYTES: usize = 24;

/// Number of a segment: 1 is the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SegmentIndex(u64);

impl SegmentIndex {
    /// The first segment of every book.
    pub const FIRST: Self = Self(1);

    /// From a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The one after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for SegmentIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08}", self.0)
    }
}

/// How a segment file is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Storage {
    /// As it was written.
    Raw,
    /// One zstd frame.
    Compressed,
    /// One zstd frame, encrypted.
    Encrypted,
}

impl Storage {
    const fn suffix(self) -> &'static str {
        match self {
            Self::Raw => ".seg",
            Self::Compressed => ".seg.zst",
            Self::Encrypted => ".seg.zst.enc",
        }
    }
}

/// Name of a segment's file.
pub fn segment_name(index: SegmentIndex, storage: Storage) -> String {
    format!("{JOURNAL_DIR}/{index}{}", storage.suffix())
}

/// Reads the name of a file in the journal directory; `None` if it is no segment's.
pub fn parse_name(file: &str) -> Option<(SegmentIndex, Storage)> {
    let (number, _) = file.split_once('.')?;
    if number.len() < 8 || !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let index = SegmentIndex(number.parse().ok().filter(|number| *number <= INDEX_MAX)?);
    let forms = [Storage::Raw, Storage::Compressed, Storage::Encrypted];
    let storage = forms.into_iter().find(|form| file == format!("{index}{}", form.suffix()))?;
    Some((index, storage))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageBody {
    segment: SegmentIndex,
    manifest: serde_json::Value,
}

/// What a header page says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The segment's number.
    pub index: SegmentIndex,
    /// The book's manifest.
    pub manifest: Manifest,
    /// Length of the segment as it was made, in bytes: a raw file never becomes shorter.
    pub capacity: u64,
}

/// Why a header page cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// It is damaged, or no header page at all.
    #[error("the header page is damaged")]
    Damaged,
    /// The file is shorter than the segment was made.
    #[error("the file was cut short: it has {found} bytes, the segment was made with {made}")]
    Short {
        /// Length of the file in bytes.
        found: u64,
        /// Length with which it was made.
        made: u64,
    },
    /// It belongs to another segment.
    #[error("the header page belongs to segment {found}")]
    OtherSegment {
        /// The segment it names.
        found: SegmentIndex,
    },
    /// It belongs to another book.
    #[error("the segment belongs to book {found}")]
    OtherBook {
        /// The book it names.
        found: BookId,
    },
    /// The manifest in it cannot be used.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// The header page: magic, format, length and CRC-32C of a JSON text with the index and the manifest.
pub fn build_page(index: SegmentIndex, manifest: &Manifest, capacity: u64) -> Vec<u8> {
    let manifest = serde_json::to_value(manifest).unwrap_or_default();
    let body = serde_json::to_vec(&PageBody { segment: index, manifest }).unwrap_or_default();
    assert!(body.len() <= PAGE_BYTES - PAGE_FIXED_BYTES, "a manifest fits into a header page");
    let mut page = vec![0; PAGE_BYTES];
    page[0..8].copy_from_slice(MAGIC);
    page[8..12].copy_from_slice(&crate::manifest::FORMAT.to_le_bytes());
    page[12..16].copy_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    page[PAGE_FIXED_BYTES..PAGE_FIXED_BYTES + body.len()].copy_from_slice(&body);
    page[20..24].copy_from_slice(&u32::try_from(capacity).unwrap_or(u32::MAX).to_le_bytes());
    let crc = crc32c::crc32c(&page);
    page[16..20].copy_from_slice(&crc.to_le_bytes());
    page
}

/// Reads a header page whose every byte is covered by its check sum.
pub fn parse_page(page: &[u8]) -> Result<Page, PageError> {
    let mut unsummed: [u8; PAGE_BYTES] =
        page.get(..PAGE_BYTES).and_then(|page| page.try_into().ok()).ok_or(PageError::Damaged)?;
    unsummed[16..20].fill(0);
    let sums = crc32c::crc32c(&unsummed).to_le_bytes() == page[16..20];
    if !sums || &page[0..8] != MAGIC {
        return Err(PageError::Damaged);
    }
    let format = u32::from_le_bytes([page[8], page[9], page[10], page[11]]);
    if format > crate::manifest::FORMAT {
        return Err(ManifestError::Newer { found: format }.into());
    }
    let length = u32::from_le_bytes([page[12], page[13], page[14], page[15]]) as usize;
    let body = page.get(PAGE_FIXED_BYTES..PAGE_FIXED_BYTES + length).ok_or(PageError::Damaged)?;
    let body: PageBody = serde_json::from_slice(body).map_err(|_| PageError::Damaged)?;
    let manifest = serde_json::to_vec(&body.manifest).map_err(ManifestError::Content)?;
    let capacity = u64::from(u32::from_le_bytes([page[20], page[21], page[22], page[23]]));
    Ok(Page { index: body.segment, manifest: Manifest::from_json(&manifest)?, capacity })
}

/// Payload of the first frame of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenInfo {
    /// Sequence number of the first event in the segment.
    pub first: Seq,
    /// Hash of everything before.
    pub prev: ChainHash,
    /// Events missing between the segment before and this one, if an opening over damage left a gap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

impl OpenInfo {
    /// Whether a writer can have written this: events count from 1, and a gap ends before the segment.
    pub fn is_possible(&self) -> bool {
        let gap = self.missing.is_none_or(|missing| missing.from <= missing.to && missing.to < self.first);
        self.first > Seq::ZERO && gap
    }
}

/// A gap in the journal that is known and recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Missing {
    /// First missing sequence number.
    pub from: Seq,
    /// Last missing sequence number.
    pub to: Seq,
    /// Sequence number of the last event in the state that the next event was applied to: a checkpoint's,
    /// if it is above `from`.
    pub state_at: Seq,
}

/// Payload of the last frame of a sealed segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealInfo {
    /// Sequence number after the last event in the segment.
    pub next: Seq,
    /// Hash of everything up to here.
    pub chain: ChainHash,
}

/// The frame that opens a segment.
pub fn open_frame(info: &OpenInfo) -> Vec<u8> {
    own_frame(Kind::Open, info.first, info)
}

/// The frame that seals a segment.
pub fn seal_frame(info: &SealInfo) -> Vec<u8> {
    own_frame(Kind::Seal, info.next, info)
}

fn own_frame<T: Serialize>(kind: Kind, seq: Seq, info: &T) -> Vec<u8> {
    let payload = serde_json::to_vec(info).unwrap_or_default();
    let mut out = Vec::new();
    frame::append(&mut out, Header { kind, form: Form::Plain, seq, behind: 0 }, &payload);
    assert!(out.len() <= OPEN_BYTES, "a segment's own frames are small");
    out
}

/// The hash chain: BLAKE3 over the hash of the segment before and every event of this one, in the clear.
///
/// Events gather to blocks before they are hashed: BLAKE3 is several times faster on a block of many chunks
/// than on a few hundred bytes at a time, and the hash is the same.
#[derive(Clone, Debug)]
pub struct Chain {
    hasher: blake3::Hasher,
    gathered: Vec<u8>,
}

/// As many chunks as the widest processors hash at once.
const HASH_BLOCK_BYTES: usize = 16 * 1024;

impl Chain {
    /// Begins a segment after `prev`.
    pub fn begin(book: BookId, index: SegmentIndex, prev: ChainHash) -> Self {
        let hasher = blake3::Hasher::new_derive_key("truebook journal chain v1");
        let mut gathered = Vec::with_capacity(2 * HASH_BLOCK_BYTES);
        gathered.extend_from_slice(book.as_bytes());
        gathered.extend_from_slice(&index.get().to_le_bytes());
        gathered.extend_from_slice(prev.as_bytes());
        Self { hasher, gathered }
    }

    /// The hash before the first segment of a book.
    pub fn genesis(book: BookId) -> ChainHash {
        ChainHash::from_bytes(*blake3::keyed_hash(&[0; 32], book.as_bytes()).as_bytes())
    }

    /// Takes an event in: its sequence number and its plain payload.
    pub fn add(&mut self, seq: Seq, payload: &[u8]) {
        self.gathered.extend_from_slice(&seq.get().to_le_bytes());
        self.gathered.extend_from_slice(&(payload.len() as u64).to_le_bytes());
        self.gathered.extend_from_slice(payload);
        let whole = self.gathered.len() - self.gathered.len() % HASH_BLOCK_BYTES;
        if whole > 0 {
            self.hasher.update(&self.gathered[..whole]);
            self.gathered.copy_within(whole.., 0);
            self.gathered.truncate(self.gathered.len() - whole);
        }
        assert!(self.gathered.len() < HASH_BLOCK_BYTES, "only a part of a block waits");
    }

    /// The hash of everything so far.
    pub fn hash(&self) -> ChainHash {
        let mut hasher = self.hasher.clone();
        ChainHash::from_bytes(*hasher.update(&self.gathered).finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::ReadableCopy;
    use truebook_core::id::InstallationTag;
    use truebook_core::time::Utc;

    fn manifest() -> Manifest {
        Manifest {
            format: 1,
            book: BookId::from_bytes([1; 16]),
            installation: InstallationTag::from_bytes([2; 4]),
            created_at: Utc::from_nanos(3),
            salt: "00".repeat(32),
            readable: ReadableCopy::Plain,
            cipher: None,
        }
    }

    #[test]
    fn p7_every_flipped_byte_of_a_header_page_is_noticed() {
        let page = build_page(SegmentIndex::new(7), &manifest(), 8192);
        let wanted = Page { index: SegmentIndex::new(7), manifest: manifest(), capacity: 8192 };
        assert_eq!(parse_page(&page).unwrap(), wanted);
        for byte in 0..PAGE_BYTES {
            let mut flipped = page.clone();
            flipped[byte] ^= 0x10;
            assert!(parse_page(&flipped).is_err(), "byte {byte}");
        }
    }

    #[test]
    fn the_hash_chain_does_not_depend_on_how_events_gather_to_blocks() {
        let (book, prev) = (BookId::from_bytes([1; 16]), ChainHash::from_bytes([2; 32]));
        let mut chain = Chain::begin(book, SegmentIndex::new(3), prev);
        let mut plain = blake3::Hasher::new_derive_key("truebook journal chain v1");
        plain.update(book.as_bytes()).update(&3_u64.to_le_bytes()).update(prev.as_bytes());
        for (seq, length) in [(7, 0), (8, 300), (9, 16_000), (10, 50_000), (11, 16_384)] {
            let payload = vec![0xa5; length];
            chain.add(Seq::new(seq), &payload);
            plain.update(&seq.to_le_bytes()).update(&(length as u64).to_le_bytes()).update(&payload);
            assert_eq!(chain.hash().as_bytes(), plain.finalize().as_bytes());
        }
    }

    #[test]
    fn segment_names_round_trip_and_nothing_else_is_one() {
        for storage in [Storage::Raw, Storage::Compressed, Storage::Encrypted] {
            let name = segment_name(SegmentIndex::new(123), storage);
            let file = name.strip_prefix("journal/").unwrap();
            assert_eq!(parse_name(file), Some((SegmentIndex::new(123), storage)));
        }
        for other in
            ["1.seg", "00000001.seg.tmp", "00000001", "x0000001.seg", "00000001.seg.zst.tmp", "RESERVE"]
        {
            assert_eq!(parse_name(other), None, "{other}");
        }
    }
}
