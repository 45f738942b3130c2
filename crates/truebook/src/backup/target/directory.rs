//! A directory as a target, on the same seam as the book itself: another disk, or the same one.

use super::{Distance, Entry, Put, Target, TargetError, TargetErrorKind};
use crate::disk::{Access, Disk, is_temporary, parent, read_file, replace_file};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// A directory. Objects are synced files; a name appears only when the whole object is durable.
pub struct Directory {
    disk: Arc<dyn Disk>,
    /// One creates at a time, so that looking whether a name is free and taking it are one step.
    creating: Mutex<()>,
}

impl Directory {
    /// The root of `disk` as a target.
    pub fn new(disk: Arc<dyn Disk>) -> Self {
        Self { disk, creating: Mutex::new(()) }
    }

    fn failed(&self, operation: &'static str, name: &str, source: &io::Error) -> TargetError {
        let kind = match source.kind() {
            io::ErrorKind::NotFound => TargetErrorKind::NotFound,
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => TargetErrorKind::Denied,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => TargetErrorKind::Full,
            io::ErrorKind::FileTooLarge => TargetErrorKind::TooLarge,
            io::ErrorKind::TimedOut | io::ErrorKind::Interrupted | io::ErrorKind::HostUnreachable => {
                TargetErrorKind::Unavailable
            }
            _ => TargetErrorKind::Other,
        };
        TargetError::new(kind, operation, self.disk.describe(name), source)
    }

    fn make_parents(&self, name: &str) -> io::Result<()> {
        let dir = parent(name);
        self.disk.create_dir(dir)?;
        // Every directory on the way is an entry of the one above, which must be durable too.
        let mut above = dir;
        while !above.is_empty() {
            above = parent(above);
            self.disk.sync_dir(above)?;
        }
        Ok(())
    }
}

impl Target for Directory {
    fn distance(&self) -> Distance {
        Distance::Near
    }

    fn describe(&self, name: &str) -> String {
        self.disk.describe(name)
    }

    fn put_new(&self, name: &str, content: &[u8]) -> Result<Put, TargetError> {
        let _alone = self.creating.lock().unwrap_or_else(PoisonError::into_inner);
        if self.disk.exists(name).map_err(|source| self.failed("create", name, &source))? {
            return Ok(Put::Exists);
        }
        let is_new = match self.disk.list(parent(name)) {
            Ok(_) => false,
            Err(source) if source.kind() == io::ErrorKind::NotFound => true,
            Err(source) => return Err(self.failed("create", name, &source)),
        };
        if is_new {
            self.make_parents(name).map_err(|source| self.failed("create", name, &source))?;
        }
        replace_file(&*self.disk, name, content)
            .map_err(|failed| self.failed("create", name, &failed.source))?;
        Ok(Put::Created)
    }

    fn get(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, TargetError> {
        read_file(&*self.disk, name, bytes_max).map_err(|source| self.failed("read", name, &source))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Entry>, TargetError> {
        let dir = prefix.strip_suffix('/').unwrap_or(prefix);
        let files = match self.disk.list(dir) {
            Ok(files) => files,
            Err(source) if source.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(self.failed("list", dir, &source)),
        };
        let mut entries = Vec::with_capacity(files.len());
        for file in files.into_iter().filter(|file| !is_temporary(file)) {
            let name = if dir.is_empty() { file } else { format!("{dir}/{file}") };
            match self.disk.open(&name, Access::Read).and_then(|file| file.len()) {
                Ok(bytes) => entries.push(Entry { name, bytes }),
                // It was removed between the two looks.
                Err(source) if source.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(self.failed("list", &name, &source)),
            }
        }
        Ok(entries)
    }

    fn remove(&self, name: &str) -> Result<(), TargetError> {
        match self.disk.remove(name) {
            Ok(()) => self.disk.sync_dir(parent(name)).map_err(|source| self.failed("remove", name, &source)),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(self.failed("remove", name, &source)),
        }
    }
}
