//! A directory for one run, gone when the run is over.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

static NUMBER: AtomicU64 = AtomicU64::new(0);

pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new() -> io::Result<Self> {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("truebook-drill-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }

    /// The book's directory within.
    pub(super) fn book(&self) -> PathBuf {
        self.0.join("book")
    }

    /// Where the drill keeps copies of files.
    pub(super) fn kept(&self, name: &str) -> PathBuf {
        self.0.join(format!("kept-{name}"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed stays in the system's temporary directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
