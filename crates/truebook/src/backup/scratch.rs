//! A place for one restore that is only a trial, gone when the trial is over.

use crate::disk::{Disk, RealDisk};
use crate::scratch::ScratchDir;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// An empty directory.
pub struct Scratch {
    disk: Arc<dyn Disk>,
    /// What is removed at the end.
    own: Option<ScratchDir>,
}

impl Scratch {
    /// A new directory in `parent`, or in the system's temporary directory.
    ///
    /// # Errors
    /// The operating system's.
    pub fn new(parent: Option<&Path>) -> io::Result<Self> {
        let own = ScratchDir::new(parent)?;
        Ok(Self { disk: Arc::new(RealDisk::new(own.path().to_owned())), own: Some(own) })
    }

    /// A disk of the caller's, which is empty and stays his.
    pub fn on(disk: Arc<dyn Disk>) -> Self {
        Self { disk, own: None }
    }

    /// The directory.
    pub fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.disk)
    }

    /// Where it is, if it is a directory of this machine.
    pub fn path(&self) -> Option<&Path> {
        self.own.as_ref().map(ScratchDir::path)
    }
}
