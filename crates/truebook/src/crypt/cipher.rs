//! Sealing and opening bytes.

use super::Key;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::sync::atomic::{AtomicU64, Ordering};
use truebook_core::id::BookId;

/// Length of the nonce in front of sealed bytes.
const NONCE_BYTES: usize = 24;
const NONCE_PREFIX_BYTES: usize = 16;

/// What sealed bytes are for; bound to them, so that one cannot pass for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// The payload of the journal frame with this sequence number.
    Frame(u64),
    /// A sealed segment, by its index.
    Segment(u64),
    /// A checkpoint, by its sequence number.
    Checkpoint(u64),
    /// The readable copy.
    Readable,
    /// A run file of seen keys, by its name.
    Run(&'a str),
    /// A file that was set aside.
    Aside,
    /// Events that are copied to a backup as they come, by the first sequence number.
    Tail(u64),
}

/// The bytes were not sealed by this key for this purpose, or were changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the encrypted bytes are not authentic: they were changed, or belong elsewhere")]
pub struct NotAuthentic;

/// The cipher of one book in one process.
///
/// A nonce is 16 random bytes drawn when the book is opened and a counter; it is stored in front of the
/// ciphertext. So none is used twice, not even when a torn frame is written anew under its old number.
pub struct Cipher {
    aead: XChaCha20Poly1305,
    book: BookId,
    nonce_prefix: [u8; NONCE_PREFIX_BYTES],
    counter: AtomicU64,
}

impl Cipher {
    /// A cipher under `key`; `nonce_prefix` must be fresh randomness.
    pub fn new(key: &Key, book: BookId, nonce_prefix: [u8; NONCE_PREFIX_BYTES]) -> Self {
        let data_key = key.subkey("truebook data key v1", book.as_bytes());
        let aead = XChaCha20Poly1305::new(&data_key.into());
        Self { aead, book, nonce_prefix, counter: AtomicU64::new(0) }
    }

    /// Nonce, ciphertext and tag of `plain`.
    pub fn seal(&self, purpose: Purpose<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce = self.next_nonce();
        let aad = self.associated(purpose);
        let sealed = self.aead.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad });
        // The only failure is a message of 256 GiB or more.
        let sealed = sealed.unwrap_or_default();
        assert_eq!(sealed.len(), plain.len() + 16, "sealing adds a tag of 16 bytes");
        let mut out = Vec::with_capacity(NONCE_BYTES + sealed.len());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(&sealed);
        out
    }

    /// The plain bytes of what [`Self::seal`] made for the same purpose.
    pub fn open(&self, purpose: Purpose<'_>, sealed: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or(NotAuthentic)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| NotAuthentic)?;
        let aad = self.associated(purpose);
        self.aead.decrypt(&XNonce::from(nonce), Payload { msg: sealed, aad: &aad }).map_err(|_| NotAuthentic)
    }

    fn next_nonce(&self) -> [u8; NONCE_BYTES] {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        assert!(count < u64::MAX, "nonces are used up");
        let mut nonce = [0; NONCE_BYTES];
        nonce[..NONCE_PREFIX_BYTES].copy_from_slice(&self.nonce_prefix);
        nonce[NONCE_PREFIX_BYTES..].copy_from_slice(&count.to_le_bytes());
        nonce
    }

    fn associated(&self, purpose: Purpose<'_>) -> Vec<u8> {
        let (name, number, text) = match purpose {
            Purpose::Frame(seq) => ("frame", seq, ""),
            Purpose::Segment(index) => ("segment", index, ""),
            Purpose::Checkpoint(seq) => ("checkpoint", seq, ""),
            Purpose::Readable => ("readable", 0, ""),
            Purpose::Run(name) => ("run", 0, name),
            Purpose::Aside => ("aside", 0, ""),
            Purpose::Tail(seq) => ("tail", seq, ""),
        };
        let mut aad = Vec::with_capacity(48 + text.len());
        aad.extend_from_slice(self.book.as_bytes());
        aad.extend_from_slice(&number.to_le_bytes());
        aad.extend_from_slice(name.as_bytes());
        aad.push(0);
        aad.extend_from_slice(text.as_bytes());
        aad
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cipher").field("book", &self.book).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cipher(key: u8) -> Cipher {
        Cipher::new(&Key::from_bytes([key; 32]), BookId::from_bytes([1; 16]), [5; 16])
    }

    #[test]
    fn sealed_bytes_open_only_with_the_same_key_for_the_same_purpose_and_unchanged() {
        let mut sealed = cipher(1).seal(Purpose::Frame(7), b"secret");
        assert_eq!(cipher(1).open(Purpose::Frame(7), &sealed).unwrap(), b"secret");
        assert!(cipher(2).open(Purpose::Frame(7), &sealed).is_err());
        assert!(cipher(1).open(Purpose::Frame(8), &sealed).is_err());
        assert!(cipher(1).open(Purpose::Checkpoint(7), &sealed).is_err());
        assert!(cipher(1).open(Purpose::Frame(7), &sealed[..20]).is_err());
        sealed[30] ^= 1;
        assert!(cipher(1).open(Purpose::Frame(7), &sealed).is_err());
    }

    #[test]
    fn no_nonce_is_used_twice() {
        let cipher = cipher(1);
        assert_ne!(cipher.seal(Purpose::Readable, b"x")[..24], cipher.seal(Purpose::Readable, b"x")[..24]);
    }
}
