//! Replacing a file so that a crash leaves either the old content or the new, never a mixture.

use super::{Disk, parent};
use crate::planted::{self, Bug};
use std::io;

/// A replace that failed: which step, on which file. The old content is still in place.
#[derive(Debug, thiserror::Error)]
#[error("{step} {path}")]
pub struct ReplaceError {
    /// What was being done: `create`, `write`, `sync`, `rename`, `sync the directory of`.
    pub step: &'static str,
    /// The file concerned, as people know it.
    pub path: String,
    /// What the operating system said.
    #[source]
    pub source: io::Error,
}

/// Writes `content` to a temporary file in the same directory (mode kept, 0600 if new), syncs it, renames
/// it over `name`, and syncs the directory. A symbolic link is followed once, so the link survives.
///
/// # Errors
/// [`ReplaceError`] names the step. The temporary file is removed where that is still possible.
pub fn replace_file(disk: &dyn Disk, name: &str, content: &[u8]) -> Result<(), ReplaceError> {
    let target = disk.resolve(name).map_err(|source| failure(disk, "resolve", name, source))?;
    let temporary = format!("{target}.tmp");
    remove_leftover(disk, &temporary)?;
    let written = write_temporary(disk, &temporary, &target, content);
    let renamed = written.and_then(|()| put_in_place(disk, &temporary, &target));
    if renamed.is_err() {
        // The failure itself is what the caller must hear of; a left-over is removed by the next replace.
        let _ = disk.remove(&temporary);
    }
    renamed
}

/// Whether a file of this name is one that was never finished: what a crash in a replace leaves behind.
pub fn is_temporary(file: &str) -> bool {
    std::path::Path::new(file).extension().is_some_and(|extension| extension == "tmp")
}

fn remove_leftover(disk: &dyn Disk, temporary: &str) -> Result<(), ReplaceError> {
    match disk.remove(temporary) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(failure(disk, "remove the left-over", temporary, source))
        }
        _ => Ok(()),
    }
}

fn write_temporary(
    disk: &dyn Disk,
    temporary: &str,
    target: &str,
    content: &[u8],
) -> Result<(), ReplaceError> {
    let file = disk
        .create_new(temporary, Some(target))
        .map_err(|source| failure(disk, "create", temporary, source))?;
    file.write_all_at(0, content).map_err(|source| failure(disk, "write", temporary, source))?;
    if planted::is(Bug::RenameBeforeSync) {
        return Ok(());
    }
    file.sync_data().map_err(|source| failure(disk, "sync", temporary, source))
}

fn put_in_place(disk: &dyn Disk, temporary: &str, target: &str) -> Result<(), ReplaceError> {
    disk.rename(temporary, target).map_err(|source| failure(disk, "rename over", target, source))?;
    sync_directory(disk, target)
}

fn sync_directory(disk: &dyn Disk, target: &str) -> Result<(), ReplaceError> {
    if planted::is(Bug::NoDirectorySync) {
        return Ok(());
    }
    disk.sync_dir(parent(target)).map_err(|source| failure(disk, "sync the directory of", target, source))
}

fn failure(disk: &dyn Disk, step: &'static str, name: &str, source: io::Error) -> ReplaceError {
    ReplaceError { step, path: disk.describe(name), source }
}
