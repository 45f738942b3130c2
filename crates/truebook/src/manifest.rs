//! `book.json`: which book this directory holds and how to read it. Written once, when the book is made;
//! a copy stands in the header of every journal segment, from which it can be written again.

use crate::crypt::CipherSpec;
use crate::envelope::{self, EnvelopeError};
use serde::{Deserialize, Serialize};
use truebook_core::hash::{parse_hex, to_hex};
use truebook_core::id::{BookId, InstallationTag};
use truebook_core::time::Utc;

/// The format that this program writes, and the highest that it reads.
pub const FORMAT: u32 = 1;

/// Name of the file.
pub const MANIFEST_FILE: &str = "book.json";

/// The largest manifest in bytes.
pub const MANIFEST_BYTES_MAX: u64 = 64 * 1024;

/// What `book.json` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format version of everything in the directory.
    pub format: u32,
    /// The book.
    pub book: BookId,
    /// The installation.
    pub installation: InstallationTag,
    /// When the book was made.
    pub created_at: Utc,
    /// 32 random bytes in hexadecimal digits, under which secrets in settings are hashed.
    pub salt: String,
    /// What becomes of the readable copy.
    pub readable: ReadableCopy,
    /// How the book is encrypted, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cipher: Option<CipherSpec>,
}

/// What becomes of `bot_state.json`, the readable copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadableCopy {
    /// Written as plain JSON. Not possible in an encrypted book.
    Plain,
    /// Written encrypted.
    Encrypted,
    /// Not written.
    Off,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file is damaged.
    #[error(transparent)]
    Damaged(#[from] EnvelopeError),
    /// The content is not what a manifest holds.
    #[error("its content is not a manifest: {0}")]
    Content(serde_json::Error),
    /// A newer program made the book.
    #[error("the book has format {found}, this program reads up to {FORMAT}: use a newer truebook")]
    Newer {
        /// Format found.
        found: u32,
    },
}

#[derive(Deserialize)]
struct FormatOnly {
    format: u32,
}

impl Manifest {
    /// The file's bytes.
    pub fn to_file(&self) -> Vec<u8> {
        // All fields are strings and numbers: nothing here can fail to serialise.
        envelope::wrap("book", &serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads the file's bytes.
    pub fn from_file(file: &[u8]) -> Result<Self, ManifestError> {
        Self::from_json(envelope::unwrap("book", file)?)
    }

    /// Reads the JSON inside the file or inside a segment header.
    pub fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        let FormatOnly { format } = serde_json::from_slice(json).map_err(ManifestError::Content)?;
        if format > FORMAT {
            return Err(ManifestError::Newer { found: format });
        }
        serde_json::from_slice(json).map_err(ManifestError::Content)
    }

    /// The bytes under which secrets in settings are hashed.
    pub fn salt_bytes(&self) -> [u8; 32] {
        parse_hex(&self.salt).unwrap_or_else(|| *blake3::hash(self.salt.as_bytes()).as_bytes())
    }

    /// Text form of a salt.
    pub fn salt_text(salt: &[u8; 32]) -> String {
        to_hex(salt)
    }
}
