//! Open files and held locks of a simulated disk.

use super::names::InodeId;
use super::state::{Opened, State};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use truebook::disk::{Access, DiskFile, DiskLock};

/// A disk's state, shared by its handles. A crashed disk has another one, so that handles from before the
/// crash have no hold on it.
#[derive(Clone, Debug)]
pub(super) struct Shared(Arc<Mutex<State>>);

impl Shared {
    pub(super) fn new(state: State) -> Shared {
        Shared(Arc::new(Mutex::new(state)))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere is reported by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct SimFile {
    shared: Shared,
    inode: InodeId,
    name: Arc<str>,
    access: Access,
}

impl SimFile {
    /// A handle for a file that was retained for it.
    pub(super) fn new(shared: Shared, inode: InodeId, name: &str, access: Access) -> SimFile {
        SimFile { shared, inode, name: name.into(), access }
    }

    fn opened(&self) -> Opened<'_> {
        Opened { inode: self.inode, name: &self.name }
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.shared.state().read(self.inode, offset, buf)
    }

    fn write_all_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.access == Access::Read {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        self.shared.state().write(self.opened(), offset, data)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.shared.state().sync_data(self.opened())
    }

    fn len(&self) -> io::Result<u64> {
        self.shared.state().length(self.inode)
    }
}

impl fmt::Debug for SimFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SimFile({})", self.name)
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        self.shared.state().release(self.inode);
    }
}

pub(super) struct SimLock {
    shared: Shared,
    name: Arc<str>,
}

impl SimLock {
    /// The handle of a lock that was just taken.
    pub(super) fn new(shared: Shared, name: &str) -> SimLock {
        SimLock { shared, name: name.into() }
    }
}

impl DiskLock for SimLock {}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.shared.state().unlock(&self.name);
    }
}
