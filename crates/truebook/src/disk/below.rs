//! A directory of a disk as a disk of its own: what is staged there is read and written by the same code as
//! a whole book.

use super::{Access, Disk, DiskFile, DiskLock, LockFailure, Medium};
use std::io;
use std::sync::Arc;

/// A directory of another disk.
pub struct Below {
    disk: Arc<dyn Disk>,
    dir: String,
}

impl Below {
    /// The directory `dir` of `disk`, which need not exist yet.
    pub fn new(disk: Arc<dyn Disk>, dir: impl Into<String>) -> Self {
        let dir = dir.into();
        assert!(!dir.is_empty() && !dir.ends_with('/'), "a directory below has a name");
        Self { disk, dir }
    }

    fn name(&self, name: &str) -> String {
        match name {
            "" => self.dir.clone(),
            absolute if absolute.starts_with('/') => absolute.to_owned(),
            relative => format!("{}/{relative}", self.dir),
        }
    }
}

impl Disk for Below {
    fn create_new(&self, name: &str, like: Option<&str>) -> io::Result<Arc<dyn DiskFile>> {
        let like = like.map(|like| self.name(like));
        self.disk.create_new(&self.name(name), like.as_deref())
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(&self.name(name), access)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(&self.name(from), &self.name(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(&self.name(name))
    }

    fn create_dir(&self, name: &str) -> io::Result<()> {
        self.disk.create_dir(&self.name(name))
    }

    fn sync_dir(&self, name: &str) -> io::Result<()> {
        self.disk.sync_dir(&self.name(name))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.disk.list(&self.name(dir))
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        self.disk.exists(&self.name(name))
    }

    fn lock(&self, name: &str, holder: &[u8]) -> Result<Box<dyn DiskLock>, LockFailure> {
        self.disk.lock(&self.name(name), holder)
    }

    fn resolve(&self, name: &str) -> io::Result<String> {
        let target = self.disk.resolve(&self.name(name))?;
        if target.starts_with('/') {
            return Ok(target);
        }
        let inside = target.strip_prefix(&self.dir).and_then(|rest| rest.strip_prefix('/'));
        inside.map(str::to_owned).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "a link leads out of the directory that is staged")
        })
    }

    fn describe(&self, name: &str) -> String {
        self.disk.describe(&self.name(name))
    }

    fn medium(&self) -> io::Result<Medium> {
        self.disk.medium()
    }
}
