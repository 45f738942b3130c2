//! A directory for one piece of work that is thrown away afterwards: a trial restore, a drill.
//!
//! A process that is killed leaves its directory behind, and its process number comes back in time: a name that
//! is taken is passed over, and what nobody holds any more is removed.

use std::fs::{DirEntry, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// What every such directory is called, before numbers.
const PREFIX: &str = "truebook-scratch-";

/// So many names are tried: more than a process leaves behind.
const TRIES_MAX: u32 = 10_000;

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A directory that is gone when this is. While it is held its process is alive.
pub struct ScratchDir {
    path: PathBuf,
    _held: Option<File>,
}

impl ScratchDir {
    /// A new, empty directory in `parent`, or in the system's temporary directory. What killed processes left
    /// there is removed.
    ///
    /// # Errors
    /// The operating system's.
    pub fn new(parent: Option<&Path>) -> io::Result<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_path_buf);
        sweep(&parent);
        make(&parent)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        // What cannot be removed stays until the next one is made there.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

fn make(parent: &Path) -> io::Result<ScratchDir> {
    for _ in 0..TRIES_MAX {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let path = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        match std::fs::create_dir(&path) {
            Ok(()) => {}
            Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(failed) => return Err(failed),
        }
        match hold(&path) {
            Held::Ours(held) => return Ok(ScratchDir { path, _held: Some(held) }),
            Held::NotSupported => return Ok(ScratchDir { path, _held: None }),
            // Another process took it for a leftover before it was held.
            Held::Others => {}
        }
    }
    Err(io::Error::other(format!("{TRIES_MAX} names {PREFIX}* are taken in {}", parent.display())))
}

enum Held {
    Ours(File),
    Others,
    /// This system has no locks on directories.
    NotSupported,
}

fn hold(path: &Path) -> Held {
    let Ok(directory) = File::open(path) else {
        return if path.exists() { Held::NotSupported } else { Held::Others };
    };
    match directory.try_lock() {
        Ok(()) if path.exists() => Held::Ours(directory),
        Ok(()) | Err(std::fs::TryLockError::WouldBlock) => Held::Others,
        Err(std::fs::TryLockError::Error(_)) => Held::NotSupported,
    }
}

/// Removes what killed processes left in `parent`. What cannot be removed stays: it is in nobody's way.
fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten().filter(is_scratch) {
        if let Held::Ours(held) = hold(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
            drop(held);
        }
    }
}

fn is_scratch(entry: &DirEntry) -> bool {
    let directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
    directory && entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory as a killed process with the number of this one left it.
    fn leftover(parent: &Path, number: u64) -> PathBuf {
        let path = parent.join(format!("{PREFIX}{}-{number}", std::process::id()));
        std::fs::create_dir_all(path.join("journal")).unwrap();
        std::fs::write(path.join("journal/file"), b"old").unwrap();
        path
    }

    #[test]
    fn a_name_that_a_process_of_the_same_number_left_behind_is_passed_over() {
        let parent = tempfile::tempdir().unwrap();
        let next = NUMBER.load(Ordering::SeqCst);
        // Other tests take numbers meanwhile.
        let held: Vec<File> =
            (next..next + 50).map(|number| File::open(leftover(parent.path(), number)).unwrap()).collect();
        for directory in &held {
            directory.try_lock().unwrap();
        }
        let scratch = ScratchDir::new(Some(parent.path())).unwrap();
        assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 51);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_nobody_holds_is_removed_and_what_is_in_use_or_not_ours_stays() {
        let parent = tempfile::tempdir().unwrap();
        let used = ScratchDir::new(Some(parent.path())).unwrap();
        let (left, foreign) = (leftover(parent.path(), 1_000_000), parent.path().join("truebook-else"));
        std::fs::create_dir(&foreign).unwrap();
        let second = ScratchDir::new(Some(parent.path())).unwrap();
        assert!(!left.exists() && foreign.exists());
        assert!(used.path().exists() && second.path().exists());
        drop(used);
        drop(second);
        assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 1);
    }
}
