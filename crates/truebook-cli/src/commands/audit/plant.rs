//! Faults that are planted on purpose: an audit that cannot fail proves nothing.

use super::copy;
use crate::errors::Failure;
use std::fs;
use std::path::{Path, PathBuf};
use truebook::journal::segment::{JOURNAL_DIR, PAGE_BYTES};

/// Wipes out the later half of what is written in the newest raw segment that holds anything: saves that were
/// acknowledged.
pub(super) fn lose_saves(dir: &Path) -> Result<(), Failure> {
    let Some((path, mut bytes)) = newest_written(dir)? else { return Ok(()) };
    let middle = middle(&bytes);
    bytes[middle..].fill(0);
    copy::replace(&path, &bytes)
}

/// Changes a byte in the middle of the newest raw segment that holds anything.
pub(super) fn damage(dir: &Path) -> Result<(), Failure> {
    let Some((path, mut bytes)) = newest_written(dir)? else { return Ok(()) };
    let middle = middle(&bytes);
    bytes[middle] ^= 0xFF;
    copy::replace(&path, &bytes)
}

/// Raw segments with something in them, oldest first.
pub(super) fn written(dir: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>, Failure> {
    let journal = dir.join(JOURNAL_DIR);
    let mut names = copy::files(&journal).map_err(|failed| copy::at("list", &journal, &failed))?;
    names.retain(|name| Path::new(name).extension().is_some_and(|end| end == "seg"));
    names.sort();
    let mut found = Vec::new();
    for name in names {
        let path = journal.join(name);
        let bytes = fs::read(&path).map_err(|failed| copy::at("read", &path, &failed))?;
        if bytes.iter().skip(PAGE_BYTES).any(|byte| *byte != 0) {
            found.push((path, bytes));
        }
    }
    Ok(found)
}

fn newest_written(dir: &Path) -> Result<Option<(PathBuf, Vec<u8>)>, Failure> {
    Ok(written(dir)?.pop())
}

/// The middle of what is written in a segment.
pub(super) fn middle(bytes: &[u8]) -> usize {
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    usize::midpoint(PAGE_BYTES.min(end), end)
}
