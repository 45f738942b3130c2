//! What every part of the journal needs to know.

use crate::crypt::Cipher;
use crate::disk::{Disk, DiskFile, Told};
use crate::error::FileError;
use crate::manifest::Manifest;
use std::io;
use std::sync::Arc;

/// The smallest segment in bytes.
pub const SEGMENT_BYTES_MIN: u32 = 8 * 1024;
/// The largest segment that can be asked for, in bytes; one event may still make a larger one.
pub const SEGMENT_BYTES_MAX: u32 = 256 << 20;
/// The usual segment in bytes.
pub const SEGMENT_BYTES_DEFAULT: u32 = 8 << 20;

/// How the journal is written.
#[derive(Clone, Copy, Debug)]
pub struct JournalOptions {
    /// Length of a segment in bytes: space that is taken from the disk ahead of time.
    pub segment_bytes: u32,
    /// zstd level of sealed segments, 1 (quick) to 19 (small).
    pub compression_level: i32,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self { segment_bytes: SEGMENT_BYTES_DEFAULT, compression_level: 3 }
    }
}

/// The disk, the book on it, and how to write.
#[derive(Clone)]
pub struct Context {
    /// Where the files are.
    pub disk: Arc<dyn Disk>,
    /// Which book it is.
    pub manifest: Arc<Manifest>,
    /// How payloads are encrypted, if they are.
    pub cipher: Option<Arc<Cipher>>,
    /// How the journal is written.
    pub options: JournalOptions,
}

impl Context {
    /// The disk, with refusals that name operation and file.
    pub fn told(&self) -> Told<'_> {
        Told(&*self.disk)
    }

    /// Names the operation and the file of an error.
    pub fn failed(&self, operation: impl Into<String>, name: &str, source: io::Error) -> FileError {
        self.told().failed(operation, name, source)
    }

    /// Creates a file, removing a left-over of the same name first.
    pub fn create_fresh(&self, name: &str) -> Result<Arc<dyn DiskFile>, FileError> {
        self.told().create_fresh(name)
    }

    /// Removes a file that may be there.
    pub fn remove_if_there(&self, name: &str) -> Result<(), FileError> {
        self.told().remove_if_there(name)
    }

    /// Renames a synced file into place and makes that durable.
    pub fn put_in_place(&self, from: &str, to: &str) -> Result<(), FileError> {
        self.disk.rename(from, to).map_err(|source| self.failed("rename to", to, source))?;
        self.sync_dir(crate::disk::parent(to))
    }

    /// Makes a directory of the book, if it is missing, and its name durable.
    pub fn create_dir(&self, dir: &str) -> Result<(), FileError> {
        self.told().create_dir(dir)
    }

    /// Makes the names in a directory durable.
    pub fn sync_dir(&self, dir: &str) -> Result<(), FileError> {
        self.told().sync_dir(dir)
    }
}
