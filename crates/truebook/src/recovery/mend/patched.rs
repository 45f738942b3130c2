//! The book's disk with mended files in place of damaged ones, in memory: how a mended journal would be read
//! is found out before anything is written.

use crate::disk::{Access, Disk, DiskFile, DiskLock, LockFailure, Medium, parent};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// A disk on which some files are others. It only reads.
pub(super) struct Patched {
    disk: Arc<dyn Disk>,
    files: BTreeMap<String, Arc<Vec<u8>>>,
    hidden: BTreeSet<String>,
}

impl Patched {
    /// `disk` with `files` in place of its own, and without those that are `hidden`.
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        files: BTreeMap<String, Arc<Vec<u8>>>,
        hidden: BTreeSet<String>,
    ) -> Self {
        assert!(files.keys().all(|name| !hidden.contains(name)), "a mended file is not hidden");
        Self { disk, files, hidden }
    }

    fn is_hidden(&self, name: &str) -> bool {
        self.hidden.contains(name)
    }
}

/// Planning writes nothing.
fn refused<T>() -> io::Result<T> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "a plan only reads"))
}

impl Disk for Patched {
    fn create_new(&self, _name: &str, _like: Option<&str>) -> io::Result<Arc<dyn DiskFile>> {
        refused()
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        if access != Access::Read {
            return refused();
        }
        if let Some(bytes) = self.files.get(name) {
            return Ok(Arc::new(Held(Arc::clone(bytes))));
        }
        if self.is_hidden(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.disk.open(name, access)
    }

    fn rename(&self, _from: &str, _to: &str) -> io::Result<()> {
        refused()
    }

    fn remove(&self, _name: &str) -> io::Result<()> {
        refused()
    }

    fn create_dir(&self, _name: &str) -> io::Result<()> {
        refused()
    }

    fn sync_dir(&self, _name: &str) -> io::Result<()> {
        refused()
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let mine = self.files.keys().filter(|name| parent(name) == dir);
        let mine: Vec<String> = mine.map(|name| base(name).to_owned()).collect();
        let there = match self.disk.list(dir) {
            Ok(there) => there,
            Err(source) if source.kind() == io::ErrorKind::NotFound && !mine.is_empty() => Vec::new(),
            Err(source) => return Err(source),
        };
        let hidden = |file: &String| self.is_hidden(&format!("{dir}/{file}"));
        let all: BTreeSet<String> = there.into_iter().filter(|file| !hidden(file)).chain(mine).collect();
        Ok(all.into_iter().collect())
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        if self.files.contains_key(name) {
            return Ok(true);
        }
        if self.is_hidden(name) { Ok(false) } else { self.disk.exists(name) }
    }

    fn lock(&self, _name: &str, _holder: &[u8]) -> Result<Box<dyn DiskLock>, LockFailure> {
        refused().map_err(LockFailure::Io)
    }

    fn resolve(&self, name: &str) -> io::Result<String> {
        self.disk.resolve(name)
    }

    fn describe(&self, name: &str) -> String {
        self.disk.describe(name)
    }

    fn medium(&self) -> io::Result<Medium> {
        self.disk.medium()
    }
}

fn base(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// A file in memory.
struct Held(Arc<Vec<u8>>);

impl DiskFile for Held {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let rest = &self.0[from..];
        let count = rest.len().min(buf.len());
        buf[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_all_at(&self, _offset: u64, _data: &[u8]) -> io::Result<()> {
        refused()
    }

    fn sync_data(&self) -> io::Result<()> {
        refused()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }
}
