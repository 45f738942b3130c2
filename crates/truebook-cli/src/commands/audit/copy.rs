//! Copies of a book: of the live one beside whoever writes it, and of a copy for one drill.
//!
//! The order is what makes the first kind sound. A checkpoint's name proves that its last event is durable, so
//! checkpoints are copied before the journal. Segments are copied from the newest to the oldest: whatever the
//! newer one had when it was read, the older one is whole by then.

use crate::errors::Failure;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use truebook::book::LOCK_FILE;
use truebook::checkpoint::{CHECKPOINT_DIR, RUN_DIR};
use truebook::disk::is_temporary;
use truebook::journal::segment::JOURNAL_DIR;

/// The directories of a book in the order in which they are copied; the root is the empty name.
const DIRS: [&str; 4] = [CHECKPOINT_DIR, RUN_DIR, "", JOURNAL_DIR];

/// How many files and bytes were copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// What a file may share with the one that it is a copy of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    /// Nothing.
    Nothing,
    /// Files that are only ever replaced as a whole may be the same file under another name.
    Unchanging,
}

/// Copies a book that somebody may be writing. A file that vanished in between is the caller's reason to try
/// again.
pub(super) fn live(from: &Path, to: &Path) -> io::Result<Size> {
    copy(from, to, Share::Nothing)
}

/// Copies a copy, quickly: nobody writes to it.
pub(super) fn fork(from: &Path, to: &Path) -> io::Result<Size> {
    copy(from, to, Share::Unchanging)
}

fn copy(from: &Path, to: &Path, share: Share) -> io::Result<Size> {
    let mut size = Size::default();
    make_private_dir(to)?;
    for dir in DIRS {
        let target = to.join(dir);
        if !dir.is_empty() {
            make_private_dir(&target)?;
        }
        let mut names = files(&from.join(dir))?;
        names.sort_by(|one, other| other.cmp(one));
        for name in names.iter().filter(|name| is_of_book(name)) {
            let (source, target) = (from.join(dir).join(name), target.join(name));
            size.bytes += copy_file(&source, &target, share)?;
            size.files += 1;
        }
    }
    Ok(size)
}

fn is_of_book(name: &str) -> bool {
    name != LOCK_FILE && !is_temporary(name)
}

/// A file that was changed in place would change under every name it has.
fn copy_file(from: &Path, to: &Path, share: Share) -> io::Result<u64> {
    let is_unchanging = ["zst", "enc"].iter().any(|end| from.extension().is_some_and(|e| e == *end))
        || from.parent().is_some_and(|dir| dir.ends_with(CHECKPOINT_DIR) || dir.ends_with(RUN_DIR));
    if share == Share::Unchanging && is_unchanging && fs::hard_link(from, to).is_ok() {
        return Ok(fs::metadata(to)?.len());
    }
    fs::copy(from, to)
}

/// Files directly in a directory, by name; none if there is no such directory.
pub(super) fn files(dir: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Err(failed) if failed.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().is_file() {
            names.extend(entry.file_name().into_string());
        }
    }
    Ok(names)
}

/// Every file below a directory.
pub(super) fn all_files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut found, mut open) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
            } else {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Puts other bytes in place of a file's, which may be shared with another copy.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::remove_file(path).and_then(|()| fs::write(path, bytes)).map_err(|failed| at("change", path, &failed))
}

pub(super) fn make_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A failure that names what was being done to which file.
pub(super) fn at(what: &str, path: &Path, failed: &io::Error) -> Failure {
    Failure::new(format!("{what} {}", path.display())).with_cause(failed)
}
