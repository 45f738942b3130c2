//! Everything a simulated disk knows, and what each operation does to it.

use super::content::Content;
use super::crash::CrashChoice;
use super::fault::{Fault, FaultState, OpKind, full};
use super::names::{InodeId, NameOp, Names, Tree};
use crate::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use truebook::disk::{Medium, parent};

/// The state behind a `SimDisk` and its handles.
#[derive(Debug)]
pub(super) struct State {
    pub(super) faults: FaultState,
    pub(super) medium: Medium,
    pub(super) capacity_bytes: Option<u64>,
    names: Names,
    inodes: BTreeMap<InodeId, Inode>,
    next_inode: InodeId,
    locked: BTreeSet<Arc<str>>,
    rng: Rng,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    content: Content,
    /// Open handles, which keep a removed file alive.
    handles: u32,
}

impl State {
    pub(super) fn new(rng: Rng) -> State {
        State {
            faults: FaultState::default(),
            medium: Medium::Local,
            capacity_bytes: None,
            names: Names::default(),
            inodes: BTreeMap::new(),
            next_inode: InodeId(1),
            locked: BTreeSet::new(),
            rng,
        }
    }

    // ----- what happens to the machine -----

    /// The disk as found after a power loss.
    pub(super) fn after_power_loss(&self, choice: CrashChoice) -> State {
        let (mut data_fate, mut name_fate) = choice.fates();
        let tree = self.names.after_power_loss(&mut name_fate);
        let survivors: BTreeSet<InodeId> = tree.files.values().copied().collect();
        let mut found = self.restarted(Names::settled(tree));
        for id in survivors {
            let content = self.content(id).after_power_loss(&mut data_fate);
            found.inodes.insert(id, Inode { content, handles: 0 });
        }
        found
    }

    /// The disk as the next process finds it: nothing is lost, and what was not synced still is not.
    pub(super) fn after_kill(&self) -> State {
        let mut found = self.restarted(self.names.clone());
        for id in self.names.inodes() {
            found.inodes.insert(id, Inode { content: self.content(id).clone(), handles: 0 });
        }
        found
    }

    /// Without files, locks, handles and faults.
    fn restarted(&self, names: Names) -> State {
        State {
            medium: self.medium.clone(),
            capacity_bytes: self.capacity_bytes,
            names,
            next_inode: self.next_inode,
            ..State::new(self.rng.clone().fork())
        }
    }

    // ----- operations that have a number -----

    pub(super) fn create_new(&mut self, name: &str) -> io::Result<InodeId> {
        self.name_operation(OpKind::CreateNew, name, |state| state.add_file(name))
    }

    pub(super) fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        self.name_operation(OpKind::Rename, from, |state| state.move_file(from, to))
    }

    pub(super) fn remove(&mut self, name: &str) -> io::Result<()> {
        self.name_operation(OpKind::Remove, name, |state| state.remove_file(name))
    }

    pub(super) fn create_dir(&mut self, name: &str) -> io::Result<()> {
        self.name_operation(OpKind::CreateDir, name, |state| state.add_dirs(name))
    }

    pub(super) fn sync_dir(&mut self, name: &str) -> io::Result<()> {
        self.name_operation(OpKind::SyncDir, name, |state| state.settle_dir(name))
    }

    /// Runs an operation that happens whole or not at all.
    fn name_operation<T>(
        &mut self,
        kind: OpKind,
        name: &str,
        operation: impl FnOnce(&mut State) -> io::Result<T>,
    ) -> io::Result<T> {
        match self.faults.begin(kind, name)? {
            None => operation(self),
            Some(fault) => {
                if fault == Fault::Stop && self.rng.coin() {
                    // It happened, but the caller no longer exists to hear how it ended.
                    let _ = operation(self);
                }
                Err(fault.error())
            }
        }
    }

    pub(super) fn write(&mut self, file: Opened<'_>, offset: u64, data: &[u8]) -> io::Result<()> {
        let fault = self.faults.begin(OpKind::WriteAllAt, file.name)?;
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let fitting = self.fitting(file.inode, offset, data);
        let Some(error) = fault.map(Fault::error).or_else(|| (fitting < data.len()).then(full)) else {
            self.content_mut(file.inode).write(offset, data);
            return Ok(());
        };
        let done = self.rng.index(fitting + 1);
        self.content_mut(file.inode).write(offset, &data[..done]);
        Err(error)
    }

    pub(super) fn sync_data(&mut self, file: Opened<'_>) -> io::Result<()> {
        match self.faults.begin(OpKind::SyncData, file.name)? {
            None => self.content_mut(file.inode).sync(),
            Some(fault) => return Err(self.failed_sync(file.inode, fault)),
        }
        Ok(())
    }

    fn failed_sync(&mut self, inode: InodeId, fault: Fault) -> io::Error {
        let mut rng = self.rng.fork();
        let content = self.content_mut(inode);
        match fault {
            // The flush may have been through already. If not, the crash decides sector by sector.
            Fault::Stop if rng.coin() => content.sync(),
            Fault::Stop => {}
            Fault::Failed | Fault::Full => content.fail_sync(&mut rng),
        }
        fault.error()
    }

    // ----- operations without a number -----

    pub(super) fn open(&mut self, name: &str) -> io::Result<InodeId> {
        self.faults.check_power()?;
        let inode = self.existing(name)?;
        self.retain(inode);
        Ok(inode)
    }

    /// Takes a lock, or returns the bytes its holder wrote.
    pub(super) fn lock(&mut self, name: &str, holder: &[u8]) -> io::Result<Result<(), Vec<u8>>> {
        self.faults.check_power()?;
        if self.locked.contains(name) {
            return Ok(Err(self.read_view(name).unwrap_or_default()));
        }
        let inode = match self.existing(name) {
            Ok(inode) => inode,
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.link_new_file(name)?,
            Err(error) => return Err(error),
        };
        // A few bytes, not counted against the capacity: a full disk does not keep a book closed.
        self.content_mut(inode).overwrite(holder);
        self.locked.insert(name.into());
        Ok(Ok(()))
    }

    pub(super) fn unlock(&mut self, name: &str) {
        self.locked.remove(name);
    }

    pub(super) fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.faults.check_power()?;
        self.require_dir(dir)?;
        let inside = self.names.view().files.keys().filter(|name| parent(name) == dir);
        Ok(inside.map(|name| last_part(name).to_owned()).collect())
    }

    pub(super) fn exists(&self, name: &str) -> io::Result<bool> {
        self.faults.check_power()?;
        Ok(self.names.view().files.contains_key(name))
    }

    pub(super) fn read(&self, inode: InodeId, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.faults.check_power()?;
        let bytes = self.content(inode).view();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let count = buf.len().min(bytes.len() - start);
        buf[..count].copy_from_slice(&bytes[start..start + count]);
        Ok(count)
    }

    pub(super) fn length(&self, inode: InodeId) -> io::Result<u64> {
        self.faults.check_power()?;
        Ok(self.content(inode).view().len() as u64)
    }

    pub(super) fn retain(&mut self, inode: InodeId) {
        self.inode_mut(inode).handles += 1;
    }

    pub(super) fn release(&mut self, inode: InodeId) {
        self.inode_mut(inode).handles -= 1;
    }

    // ----- what tests do behind the program's back -----

    pub(super) fn read_view(&self, name: &str) -> Option<Vec<u8>> {
        let inode = self.names.view().files.get(name)?;
        Some(self.content(*inode).view().to_vec())
    }

    pub(super) fn view_files(&self) -> BTreeMap<String, Vec<u8>> {
        let files = self.names.view().files.iter();
        files.map(|(name, inode)| (name.to_string(), self.content(*inode).view().to_vec())).collect()
    }

    /// Gives a file these bytes, durably, creating it (and its directory) if need be.
    pub(super) fn put(&mut self, name: &str, bytes: Vec<u8>) {
        // Power and faults are no matter here: this is the test's own hand.
        if self.add_dirs(parent(name)).is_err() {
            return;
        }
        let inode = self.existing(name).or_else(|_| self.link_new_file(name));
        if let Ok(inode) = inode {
            self.inode_mut(inode).content = Content::settled(bytes);
        }
        self.settle_ancestors(name);
    }

    pub(super) fn take_away(&mut self, name: &str) {
        if self.remove_file(name).is_ok() {
            self.settle_ancestors(name);
        }
    }

    pub(super) fn flip(&mut self, name: &str, offset: u64, mask: u8) -> io::Result<()> {
        let inode = self.existing(name)?;
        let length = self.content(inode).view().len() as u64;
        if offset >= length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let offset = usize::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.content_mut(inode).flip(offset, mask);
        Ok(())
    }

    /// Bytes in all files that have a name.
    pub(super) fn used_bytes(&self) -> u64 {
        let inodes = self.names.view().files.values();
        inodes.map(|inode| self.content(*inode).view().len() as u64).sum()
    }

    // ----- steps -----

    fn add_file(&mut self, name: &str) -> io::Result<InodeId> {
        if self.names.view().files.contains_key(name) || self.names.view().has_dir(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.require_dir(parent(name))?;
        if self.free_bytes() == 0 {
            return Err(full());
        }
        self.link_new_file(name)
    }

    fn link_new_file(&mut self, name: &str) -> io::Result<InodeId> {
        self.require_dir(parent(name))?;
        let inode = self.next_inode;
        self.next_inode = InodeId(inode.0 + 1);
        self.inodes.insert(inode, Inode::default());
        self.names.change(NameOp::Link { name: name.into(), inode });
        Ok(inode)
    }

    fn move_file(&mut self, from: &str, to: &str) -> io::Result<()> {
        let inode = self.existing(from)?;
        self.require_dir(parent(to))?;
        if self.names.view().has_dir(to) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if from != to {
            self.names.change(NameOp::Move { from: from.into(), to: to.into(), inode });
        }
        Ok(())
    }

    fn remove_file(&mut self, name: &str) -> io::Result<()> {
        let inode = self.existing(name)?;
        self.names.change(NameOp::Unlink { name: name.into(), inode });
        Ok(())
    }

    fn add_dirs(&mut self, name: &str) -> io::Result<()> {
        if self.names.view().has_dir(name) {
            return Ok(());
        }
        if self.names.view().files.contains_key(name) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.add_dirs(parent(name))?;
        self.names.change(NameOp::MakeDir { name: name.into() });
        Ok(())
    }

    fn settle_dir(&mut self, name: &str) -> io::Result<()> {
        self.require_dir(name)?;
        self.names.sync_dir(name);
        self.forget_unreachable();
        Ok(())
    }

    fn settle_ancestors(&mut self, name: &str) {
        let mut dir = parent(name);
        while self.settle_dir(dir).is_ok() && !dir.is_empty() && dir != "/" {
            dir = parent(dir);
        }
    }

    /// Removed files would otherwise fill the memory in long runs.
    fn forget_unreachable(&mut self) {
        let reachable = self.names.inodes();
        self.inodes.retain(|id, inode| inode.handles > 0 || reachable.contains(id));
    }

    /// How many of the bytes can be written before the disk is full.
    fn fitting(&self, inode: InodeId, offset: usize, data: &[u8]) -> usize {
        let end_max = (self.content(inode).view().len() as u64).saturating_add(self.free_bytes());
        let room = end_max.saturating_sub(offset as u64);
        usize::try_from(room).unwrap_or(usize::MAX).min(data.len())
    }

    fn free_bytes(&self) -> u64 {
        self.capacity_bytes.map_or(u64::MAX, |capacity| capacity.saturating_sub(self.used_bytes()))
    }

    fn existing(&self, name: &str) -> io::Result<InodeId> {
        match self.names.view().files.get(name) {
            Some(inode) => Ok(*inode),
            None if self.names.view().has_dir(name) => Err(io::ErrorKind::IsADirectory.into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn require_dir(&self, name: &str) -> io::Result<()> {
        let tree: &Tree = self.names.view();
        if tree.has_dir(name) {
            Ok(())
        } else if tree.files.contains_key(name) {
            Err(io::ErrorKind::NotADirectory.into())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    }

    fn content(&self, inode: InodeId) -> &Content {
        &self.inodes[&inode].content
    }

    fn content_mut(&mut self, inode: InodeId) -> &mut Content {
        &mut self.inode_mut(inode).content
    }

    fn inode_mut(&mut self, inode: InodeId) -> &mut Inode {
        let found = self.inodes.get_mut(&inode);
        found.unwrap_or_else(|| unreachable!("file {inode:?} has a name or a handle, so it is kept"))
    }
}

/// A file as one handle knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opened<'a> {
    pub(super) inode: InodeId,
    pub(super) name: &'a str,
}

fn last_part(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}
