//! The form in which a file is stored: compressed (zstd), locked (age), one layer after the other, each of
//! which the standard tool opens.

use crate::journal::compress;
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;

/// Data that unpacks to more than this is refused.
const UNPACKED_BYTES_MAX: usize = 2 << 30;

/// What was done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// One zstd frame with check sum: `zstd -d`.
    Zstd,
    /// One age file: `age -d`.
    Age,
}

/// Locks what is stored, so that only others can read it.
pub trait Lock: Send + Sync {
    /// Who can open it; no secrets.
    fn recipients(&self) -> Vec<String>;

    /// Locks bytes.
    ///
    /// # Errors
    /// If there is no randomness, or a recipient cannot be used.
    fn lock(&self, plain: &[u8]) -> io::Result<Vec<u8>>;
}

/// Opens what a [`Lock`] locked.
pub trait Unlock: Send + Sync {
    /// Opens bytes.
    ///
    /// # Errors
    /// If none of the identities fits, the passphrase is wrong, or the bytes were changed.
    fn unlock(&self, locked: &[u8]) -> io::Result<Vec<u8>>;
}

/// How files are brought into the form in which they are stored.
#[derive(Clone)]
pub struct Form {
    /// zstd level of what is compressed for the backup, 1 (quick) to 19 (small).
    pub level: i32,
    /// How it is encrypted, if it is.
    pub lock: Option<Arc<dyn Lock>>,
}

/// The usual zstd level.
pub const LEVEL_DEFAULT: i32 = 3;

impl Default for Form {
    fn default() -> Self {
        Self { level: LEVEL_DEFAULT, lock: None }
    }
}

impl Form {
    /// The form of a file that is compressed already.
    ///
    /// # Errors
    /// What locking it failed with.
    pub fn store_packed(&self, content: &[u8]) -> io::Result<(Vec<Layer>, Vec<u8>)> {
        match &self.lock {
            None => Ok((Vec::new(), content.to_vec())),
            Some(lock) => Ok((vec![Layer::Age], lock.lock(content)?)),
        }
    }

    /// The form of any other file.
    ///
    /// # Errors
    /// What compressing or locking it failed with.
    pub fn store(&self, content: &[u8]) -> io::Result<(Vec<Layer>, Vec<u8>)> {
        let packed = compress(content, self.level)?;
        match &self.lock {
            None => Ok((vec![Layer::Zstd], packed)),
            Some(lock) => Ok((vec![Layer::Zstd, Layer::Age], lock.lock(&packed)?)),
        }
    }
}

/// Takes the layers off again, the last one first. `content_bytes` is how long the file must be.
///
/// # Errors
/// [`io::ErrorKind::PermissionDenied`] if it is locked and there is nothing to open it with;
/// [`io::ErrorKind::InvalidData`] if it does not open to that length.
pub fn open(
    stored: Vec<u8>,
    layers: &[Layer],
    content_bytes: u64,
    unlock: Option<&dyn Unlock>,
) -> io::Result<Vec<u8>> {
    let wanted = usize::try_from(content_bytes).ok().filter(|bytes| *bytes <= UNPACKED_BYTES_MAX);
    let wanted = wanted.ok_or_else(|| invalid("it is larger than any file of a book"))?;
    let mut bytes = stored;
    for layer in layers.iter().rev() {
        bytes = match layer {
            Layer::Zstd => zstd::bulk::decompress(&bytes, wanted)?,
            Layer::Age => match unlock {
                Some(unlock) => unlock.unlock(&bytes)?,
                None => return Err(locked()),
            },
        };
    }
    if bytes.len() == wanted {
        Ok(bytes)
    } else {
        Err(invalid("it does not open to the length that was stored"))
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

fn locked() -> io::Error {
    io::Error::new(
        io::ErrorKind::PermissionDenied,
        "it is encrypted for the backup: give the identity (--backup-identity FILE) or the passphrase",
    )
}
