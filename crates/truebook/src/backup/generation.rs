//! A generation's own file: what it is a backup of, and every file with its hashes.

use super::form::Layer;
use super::names::GenerationId;
use crate::checkpoint::{CHECKPOINT_DIR, CheckpointName, RUN_DIR};
use crate::disk::parent;
use crate::envelope::{self, EnvelopeError};
use crate::journal::segment::{SegmentIndex, Storage, segment_name};
use crate::manifest::MANIFEST_FILE;
use serde::{Deserialize, Serialize};
use truebook_core::hash::{ChainHash, SettingsHash, StateHash};
use truebook_core::id::{BookId, BookName, Seq};
use truebook_core::time::Utc;

/// The format of generations that this program writes, and the highest that it reads.
pub const GENERATION_FORMAT: u32 = 1;

/// The largest generation's own file in bytes.
pub const GENERATION_BYTES_MAX: u64 = 64 << 20;

const ENVELOPE: &str = "generation";

/// A backup of a book up to one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// Format version of this file and of what it names.
    pub format: u32,
    /// The book.
    pub book: BookId,
    /// What people call the book.
    pub name: BookName,
    /// Its number in the target.
    pub number: u64,
    /// The newest one that was in the target when it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<GenerationId>,
    /// When it was made, by the writer's clock.
    pub created_at: Utc,
    /// Why it was made.
    pub reason: String,
    /// The program that made it, with its version; empty in what the first versions made.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub made_by: String,
    /// Sequence number of the first event.
    pub first: Seq,
    /// Sequence number of the last event.
    pub last: Seq,
    /// Hash of the state after it.
    pub state_hash: StateHash,
    /// Hash of the settings in that state.
    pub settings_hash: SettingsHash,
    /// How much is in the state.
    pub holds: Holds,
    /// What speaks against it: it is kept, but never promoted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suspicions: Vec<String>,
    /// Who can open the files, if they are encrypted for the backup: age recipients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// The journal, oldest first.
    pub segments: Vec<StoredSegment>,
    /// The manifest of the book, a checkpoint, and the run files that it needs.
    pub state: Vec<StoredFile>,
}

/// How much is in a state: a sudden emptiness is suspicious.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holds {
    /// Live orders.
    pub orders: u64,
    /// Instruments with a position or a realised profit.
    pub positions: u64,
    /// Size of the bot's variables in bytes, as compact JSON.
    pub vars_bytes: u64,
    /// Keys and executions that were ever used.
    pub seen: u64,
}

/// A segment of the journal up to an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredSegment {
    /// Its number.
    pub index: SegmentIndex,
    /// Sequence number of its first event.
    pub first: Seq,
    /// Sequence number after its last event here.
    pub next: Seq,
    /// The hash chain before it.
    pub prev: ChainHash,
    /// The hash chain after its last event here.
    pub chain: ChainHash,
    /// The file.
    pub file: StoredFile,
}

/// A file of a book's directory as an object in a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    /// Its name in the book's directory.
    pub path: String,
    /// Length of the file in bytes.
    pub content_bytes: u64,
    /// BLAKE3 of the file, in hexadecimal digits.
    pub content_blake3: String,
    /// The object.
    pub object: String,
    /// What was done to the file, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<Layer>,
    /// Length of the object in bytes.
    pub bytes: u64,
    /// BLAKE3 of the object, in hexadecimal digits.
    pub blake3: String,
    /// SHA-256 of the object, in hexadecimal digits.
    pub sha256: String,
}

/// Why a generation's own file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GenerationError {
    /// The file is damaged.
    #[error(transparent)]
    Damaged(#[from] EnvelopeError),
    /// Its name does not fit its content.
    #[error("its name does not fit its content")]
    Name,
    /// The content is not what a generation holds.
    #[error("its content is not a generation: {0}")]
    Content(serde_json::Error),
    /// A newer program wrote it.
    #[error("it has format {0}, this program reads up to {GENERATION_FORMAT}: use a newer truebook")]
    Newer(u32),
    /// It belongs to another book.
    #[error("it belongs to book {0}")]
    OtherBook(BookId),
    /// It names a file that no book has.
    #[error("it names the file {0:?}, which no book has")]
    Path(String),
}

fn is_sealed_segment(path: &str, index: SegmentIndex) -> bool {
    [Storage::Compressed, Storage::Encrypted].iter().any(|storage| path == segment_name(index, *storage))
}

fn is_state(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    match parent(path) {
        "" => path == MANIFEST_FILE,
        CHECKPOINT_DIR => CheckpointName::parse(name).is_some(),
        RUN_DIR => name.strip_prefix("run-").and_then(|rest| rest.strip_suffix(".bin")).is_some(),
        _ => false,
    }
}

#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

impl Generation {
    /// The bytes of its own file.
    pub fn to_file(&self) -> Vec<u8> {
        // All fields are strings and numbers: nothing here can fail to serialise.
        envelope::wrap(ENVELOPE, &serde_json::to_vec(self).unwrap_or_default())
    }

    /// Its id.
    pub fn id(&self) -> GenerationId {
        GenerationId::new(self.number, self.created_at, &self.to_file())
    }

    /// Reads its own file, which must bear this id and belong to this book.
    ///
    /// # Errors
    /// See [`GenerationError`].
    pub fn from_file(file: &[u8], id: &GenerationId, book: BookId) -> Result<Self, GenerationError> {
        let body = envelope::unwrap(ENVELOPE, file)?;
        let FormatOnly { format } = serde_json::from_slice(body).map_err(GenerationError::Content)?;
        if format > GENERATION_FORMAT {
            return Err(GenerationError::Newer(format));
        }
        let generation: Self = serde_json::from_slice(body).map_err(GenerationError::Content)?;
        if generation.book != book {
            return Err(GenerationError::OtherBook(generation.book));
        }
        if generation.number != id.number || !id.fits(file) {
            return Err(GenerationError::Name);
        }
        if let Some(stray) = generation.stray() {
            return Err(GenerationError::Path(stray.path.clone()));
        }
        Ok(generation)
    }

    /// A file that does not belong where it would be laid down. A generation comes from outside: nothing but
    /// the files of a book is ever written, and only within its directory.
    fn stray(&self) -> Option<&StoredFile> {
        let segments = self.segments.iter();
        let misplaced = segments.filter(|segment| !is_sealed_segment(&segment.file.path, segment.index));
        let strange = self.state.iter().filter(|file| !is_state(&file.path));
        misplaced.map(|segment| &segment.file).chain(strange).next()
    }

    /// All its files.
    pub fn files(&self) -> impl Iterator<Item = &StoredFile> {
        self.state.iter().chain(self.segments.iter().map(|segment| &segment.file))
    }

    /// Size of all its objects in bytes; many of them are shared with other generations.
    pub fn stored_bytes(&self) -> u64 {
        self.files().fold(0, |total, file| total.saturating_add(file.bytes))
    }
}
