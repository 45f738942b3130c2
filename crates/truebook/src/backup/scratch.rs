//! A place for one restore that is only a trial, gone when the trial is over.

use crate::disk::{Disk, RealDisk};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

static NUMBER: AtomicU64 = AtomicU64::new(0);

/// An empty directory.
pub struct Scratch {
    disk: Arc<dyn Disk>,
    /// What is removed at the end.
    path: Option<PathBuf>,
}

impl Scratch {
    /// A new directory in `parent`, or in the system's temporary directory.
    ///
    /// # Errors
    /// The operating system's.
    pub fn new(parent: Option<&Path>) -> io::Result<Self> {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("truebook-trial-{}-{number}", std::process::id());
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_path_buf);
        let path = parent.join(name);
        std::fs::create_dir(&path)?;
        Ok(Self { disk: Arc::new(RealDisk::new(path.clone())), path: Some(path) })
    }

    /// A disk of the caller's, which is empty and stays his.
    pub fn on(disk: Arc<dyn Disk>) -> Self {
        Self { disk, path: None }
    }

    /// The directory.
    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.disk)
    }

    /// Where it is, if it is a directory of this machine.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // What cannot be removed stays in the temporary directory.
            let _ = std::fs::remove_dir_all(path);
        }
    }
}
