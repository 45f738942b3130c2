//! A disk in memory that fails the way disks fail, and does so again from the same seed.
//!
//! It is as unkind as POSIX allows. Data is durable only after the file's own sync, and a name only after
//! its directory's; a file's sync does nothing for its name. A power loss keeps or loses every un-synced
//! sector and every un-synced directory operation on its own. A failed sync drops pages for good, although
//! reads go on showing them; a failed sync of a directory drops nothing, as no program could mend that.

mod content;
mod crash;
mod fault;
mod handle;
mod names;
mod state;

pub use crash::CrashChoice;
pub use fault::{FaultPlan, OpKind, OpNumber, OpRecord, SyncNumber, is_power_loss};

use crate::Rng;
use handle::{Shared, SimFile, SimLock};
use state::State;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use truebook::disk::{Access, Disk, DiskFile, DiskLock, LockFailure, Medium};

/// A simulated disk. Clones are the same disk.
#[derive(Clone, Debug)]
pub struct SimDisk {
    shared: Shared,
}

impl SimDisk {
    /// An empty disk. All its chance (how much of a failed write happened, say) follows from `seed`.
    pub fn new(seed: u64) -> SimDisk {
        SimDisk::from_state(State::new(Rng::new(seed)))
    }

    /// The disk as found after a power loss now.
    ///
    /// This one is left as it is, so that one history can be crashed in many ways. Locks are free on the
    /// new disk, faults are cleared and operations are counted from the start.
    #[must_use]
    pub fn crash(&self, choice: CrashChoice) -> SimDisk {
        SimDisk::from_state(self.shared.state().after_power_loss(choice))
    }

    /// The disk as the next process finds it after this one was killed: nothing is lost, locks are free,
    /// and what was not synced is still not durable. Otherwise like [`SimDisk::crash`].
    #[must_use]
    pub fn after_kill(&self) -> SimDisk {
        SimDisk::from_state(self.shared.state().after_kill())
    }

    /// Plans which operations fail from now on; replaces the previous plan.
    pub fn set_faults(&self, plan: FaultPlan) {
        self.shared.state().faults.plan = plan;
    }

    /// The number of the last mutating operation, and so how many there were.
    pub fn ops_done(&self) -> OpNumber {
        self.shared.state().faults.ops_done()
    }

    /// The number of the last sync, and so how many there were.
    pub fn syncs_done(&self) -> SyncNumber {
        self.shared.state().faults.syncs_done()
    }

    /// The mutating operations, oldest first; at most the last 4096.
    pub fn op_log(&self) -> Vec<OpRecord> {
        self.shared.state().faults.log()
    }

    /// Whether a planned stop has come: every operation fails, only [`SimDisk::crash`] and
    /// [`SimDisk::after_kill`] lead on.
    pub fn is_off(&self) -> bool {
        self.shared.state().faults.is_off()
    }

    /// Limits the sum of all file lengths, in bytes; `None` is without limit. Files keep what they have.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.shared.state().capacity_bytes = bytes;
    }

    /// The sum of all file lengths, in bytes.
    pub fn used_bytes(&self) -> u64 {
        self.shared.state().used_bytes()
    }

    /// What [`Disk::medium`] answers.
    pub fn set_medium(&self, medium: Medium) {
        self.shared.state().medium = medium;
    }

    /// Damages a byte, seen and durable alike: the bits set in `mask` are flipped.
    ///
    /// # Errors
    /// There is no such file, or it ends before `offset`.
    pub fn flip(&self, name: &str, offset: u64, mask: u8) -> io::Result<()> {
        self.shared.state().flip(name, offset, mask)
    }

    /// A file's bytes as programs see them, even when the disk is off.
    pub fn read_view(&self, name: &str) -> Option<Vec<u8>> {
        self.shared.state().read_view(name)
    }

    /// Writes a file as an operator's editor would: in place, durable at once, exempt from faults and
    /// capacity. Missing directories are created.
    pub fn write_view(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        self.shared.state().put(name, bytes.into());
    }

    /// Removes a file as an operator would: durable at once, exempt from faults. A missing one is fine.
    pub fn remove_view(&self, name: &str) {
        self.shared.state().take_away(name);
    }

    /// All files as programs see them.
    pub fn view_files(&self) -> BTreeMap<String, Vec<u8>> {
        self.shared.state().view_files()
    }

    /// All files as they would be found if everything un-synced were lost now.
    pub fn durable_files(&self) -> BTreeMap<String, Vec<u8>> {
        self.crash(CrashChoice::LoseAll).view_files()
    }

    fn from_state(state: State) -> SimDisk {
        SimDisk { shared: Shared::new(state) }
    }

    fn file(&self, inode: names::InodeId, name: &str, access: Access) -> Arc<dyn DiskFile> {
        Arc::new(SimFile::new(self.shared.clone(), inode, name, access))
    }
}

impl Disk for SimDisk {
    /// Modes are not simulated, so `like` has no effect.
    fn create_new(&self, name: &str, _like: Option<&str>) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.shared.state();
        let inode = state.create_new(name)?;
        state.retain(inode);
        drop(state);
        Ok(self.file(inode, name, Access::ReadWrite))
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let inode = self.shared.state().open(name)?;
        Ok(self.file(inode, name, access))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.shared.state().rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.shared.state().remove(name)
    }

    fn create_dir(&self, name: &str) -> io::Result<()> {
        self.shared.state().create_dir(name)
    }

    fn sync_dir(&self, name: &str) -> io::Result<()> {
        self.shared.state().sync_dir(name)
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.shared.state().list(dir)
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        self.shared.state().exists(name)
    }

    fn lock(&self, name: &str, holder: &[u8]) -> Result<Box<dyn DiskLock>, LockFailure> {
        match self.shared.state().lock(name, holder) {
            Ok(Ok(())) => Ok(Box::new(SimLock::new(self.shared.clone(), name))),
            Ok(Err(holder)) => Err(LockFailure::Held(holder)),
            Err(error) => Err(LockFailure::Io(error)),
        }
    }

    /// There are no links here.
    fn resolve(&self, name: &str) -> io::Result<String> {
        Ok(name.to_owned())
    }

    fn describe(&self, name: &str) -> String {
        format!("sim:{name}")
    }

    fn medium(&self) -> io::Result<Medium> {
        Ok(self.shared.state().medium.clone())
    }
}
