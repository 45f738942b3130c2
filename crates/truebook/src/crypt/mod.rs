//! Encryption at rest: XChaCha20-Poly1305 with a 256-bit key from a file, the environment or a passphrase.

mod cipher;
mod key;

pub use cipher::{Cipher, NotAuthentic, Purpose};
pub use key::{Key, KeyError, KeySource, Passphrase};

use serde::{Deserialize, Serialize};
use truebook_core::hash::to_hex;
use truebook_core::id::BookId;

/// How a book is encrypted; part of the manifest and of every segment header. Holds nothing secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CipherSpec {
    /// Always `xchacha20poly1305`.
    pub algorithm: Algorithm,
    /// How the key comes about.
    pub key: Derivation,
    /// 16 bytes that only the right key gives, in hexadecimal digits.
    pub check: String,
}

/// The algorithms there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
    /// XChaCha20-Poly1305.
    XChaCha20Poly1305,
}

/// How the key comes about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "lowercase", deny_unknown_fields)]
pub enum Derivation {
    /// 32 bytes, as they are.
    Key,
    /// A passphrase, through Argon2id.
    Passphrase {
        /// 16 random bytes in hexadecimal digits.
        salt: String,
        /// Memory in KiB.
        memory_kib: u32,
        /// Passes over it.
        passes: u32,
        /// Lanes.
        lanes: u32,
    },
}

impl CipherSpec {
    /// Describes the encryption of a new book under a key.
    pub fn new(derivation: Derivation, key: &Key, book: BookId) -> Self {
        Self { algorithm: Algorithm::XChaCha20Poly1305, key: derivation, check: check_value(key, book) }
    }

    /// Whether this is the book's key.
    pub fn accepts(&self, key: &Key, book: BookId) -> bool {
        self.check == check_value(key, book)
    }
}

fn check_value(key: &Key, book: BookId) -> String {
    to_hex(&key.subkey("truebook key check v1", book.as_bytes())[..16])
}
