//! Errors that every part shares. Each names the operation and the object; the cause is in `source`.

use std::io;

/// An operation on a file or directory that the operating system refused.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {path}: {source}")]
pub struct FileError {
    /// What was being done, for example `sync journal segment 00000017 at offset 4096`.
    pub operation: String,
    /// The file or directory, as people know it.
    pub path: String,
    /// What the operating system said.
    pub source: io::Error,
}

impl FileError {
    /// Names the operation and the object of an error.
    pub fn new(operation: impl Into<String>, path: impl Into<String>, source: io::Error) -> Self {
        Self { operation: operation.into(), path: path.into(), source }
    }

    /// Whether the disk (or a quota on it) is full.
    pub fn is_full(&self) -> bool {
        matches!(self.source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    }
}

impl From<crate::disk::ReplaceError> for FileError {
    fn from(failed: crate::disk::ReplaceError) -> Self {
        Self::new(failed.step, failed.path, failed.source)
    }
}
