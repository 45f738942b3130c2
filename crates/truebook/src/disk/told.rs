//! Operations whose failure says what was being done, and to which file.

use super::{Disk, DiskFile, parent};
use crate::error::FileError;
use std::io;
use std::sync::Arc;

/// A disk whose refusals name operation and file.
#[derive(Clone, Copy)]
pub struct Told<'a>(pub &'a dyn Disk);

impl Told<'_> {
    /// Names the operation and the file of an error.
    pub fn failed(&self, operation: impl Into<String>, name: &str, source: io::Error) -> FileError {
        FileError::new(operation, self.0.describe(name), source)
    }

    /// Creates a file, removing a left-over of the same name first.
    pub fn create_fresh(&self, name: &str) -> Result<Arc<dyn DiskFile>, FileError> {
        self.remove_if_there(name)?;
        self.0.create_new(name, None).map_err(|source| self.failed("create", name, source))
    }

    /// Writes a whole new file and syncs it; its name is durable after a sync of the directory.
    pub fn write_new(&self, name: &str, content: &[u8]) -> Result<(), FileError> {
        let file = self.0.create_new(name, None).map_err(|source| self.failed("create", name, source))?;
        file.write_all_at(0, content).map_err(|source| self.failed("write", name, source))?;
        file.sync_data().map_err(|source| self.failed("sync", name, source))
    }

    /// Whether a file is there. Where a directory on the way is none, there is none.
    pub fn exists(&self, name: &str) -> Result<bool, FileError> {
        match self.0.exists(name) {
            Err(source) if source.kind() == io::ErrorKind::NotADirectory => Ok(false),
            outcome => outcome.map_err(|source| self.failed("look for", name, source)),
        }
    }

    /// The files of a directory; none if it is missing.
    pub fn list(&self, dir: &str) -> Result<Vec<String>, FileError> {
        match self.0.list(dir) {
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            outcome => outcome.map_err(|source| self.failed("list", dir, source)),
        }
    }

    /// Renames a file; durable after a sync of both directories.
    pub fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        self.0.rename(from, to).map_err(|source| self.failed(format!("move to {to}:"), from, source))
    }

    /// Removes a file that may be there.
    pub fn remove_if_there(&self, name: &str) -> Result<(), FileError> {
        match self.0.remove(name) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(self.failed("remove", name, source))
            }
            _ => Ok(()),
        }
    }

    /// Makes a directory, if it is missing, and its name durable.
    pub fn create_dir(&self, dir: &str) -> Result<(), FileError> {
        self.0.create_dir(dir).map_err(|source| self.failed("create the directory", dir, source))?;
        self.sync_dir(parent(dir))
    }

    /// Makes the names in a directory durable.
    pub fn sync_dir(&self, dir: &str) -> Result<(), FileError> {
        if crate::planted::is(crate::planted::Bug::NoDirectorySync) {
            return Ok(());
        }
        self.0.sync_dir(dir).map_err(|source| self.failed("sync the directory", dir, source))
    }
}
