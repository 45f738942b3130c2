//! Planned misfortune: which operation fails, and how.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;

/// Operations kept in the log; older ones are forgotten.
const LOG_MAX: usize = 4096;

const POWER_LOSS: &str = "simulated power loss";

/// The number of a mutating operation since the disk was made, crashed or killed. The first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpNumber(pub u64);

/// The number of a sync, of a file or of a directory, counted like [`OpNumber`]. The first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SyncNumber(pub u64);

/// The mutating operations of a disk: those that have a number and can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "named like the methods of Disk and DiskFile")]
pub enum OpKind {
    CreateNew,
    WriteAllAt,
    SyncData,
    Rename,
    Remove,
    CreateDir,
    SyncDir,
}

/// A line of the operation log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpRecord {
    /// Its number.
    pub number: OpNumber,
    /// What was asked for.
    pub kind: OpKind,
    /// Of which file or directory; a rename has the old name here.
    pub name: Arc<str>,
}

/// Which operations fail. Built up from [`FaultPlan::default`], which lets everything succeed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    by_op: BTreeMap<OpNumber, Fault>,
    by_sync: BTreeMap<SyncNumber, Fault>,
}

/// How an operation fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It may have happened, in part or whole, but nobody is told; nothing works afterwards.
    Stop,
    /// An input/output error.
    Failed,
    /// The disk is full.
    Full,
}

impl FaultPlan {
    /// The machine (or the process) stops in the middle of operation `at`, which may or may not have
    /// happened. It and everything later fails; go on with `SimDisk::crash` or `SimDisk::after_kill`.
    #[must_use]
    pub fn stop_at(self, at: OpNumber) -> FaultPlan {
        self.with_op(at, Fault::Stop)
    }

    /// Operation `at` fails with an input/output error; a write may have happened in part, and a sync
    /// of a file drops pages for ever.
    #[must_use]
    pub fn fail_at(self, at: OpNumber) -> FaultPlan {
        self.with_op(at, Fault::Failed)
    }

    /// Operation `at` fails because the disk is full; a write may have happened in part.
    #[must_use]
    pub fn full_at(self, at: OpNumber) -> FaultPlan {
        self.with_op(at, Fault::Full)
    }

    /// The sync numbered `at` fails like [`FaultPlan::fail_at`].
    #[must_use]
    pub fn fail_at_sync(mut self, at: SyncNumber) -> FaultPlan {
        self.by_sync.insert(at, Fault::Failed);
        self
    }

    fn with_op(mut self, at: OpNumber, fault: Fault) -> FaultPlan {
        self.by_op.insert(at, fault);
        self
    }
}

impl Fault {
    pub(super) fn error(self) -> io::Error {
        match self {
            Fault::Stop => power_loss(),
            Fault::Failed => io::Error::other("simulated input/output error"),
            Fault::Full => full(),
        }
    }
}

/// Whether an error says that the simulated machine is off: the run is over, the disk is to be crashed.
pub fn is_power_loss(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.to_string() == POWER_LOSS)
}

fn power_loss() -> io::Error {
    io::Error::other(POWER_LOSS)
}

pub(super) fn full() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "simulated full disk")
}

/// Counts operations and looks up their faults.
#[derive(Clone, Debug, Default)]
pub(super) struct FaultState {
    pub(super) plan: FaultPlan,
    ops_done: u64,
    syncs_done: u64,
    log: VecDeque<OpRecord>,
    is_off: bool,
}

impl FaultState {
    /// Numbers and logs an operation; tells the fault that is planned for it.
    pub(super) fn begin(&mut self, kind: OpKind, name: &str) -> io::Result<Option<Fault>> {
        self.check_power()?;
        self.ops_done += 1;
        self.record(kind, name);
        let fault = self.planned(kind);
        self.is_off = fault == Some(Fault::Stop);
        Ok(fault)
    }

    pub(super) fn check_power(&self) -> io::Result<()> {
        if self.is_off { Err(power_loss()) } else { Ok(()) }
    }

    pub(super) fn is_off(&self) -> bool {
        self.is_off
    }

    pub(super) fn ops_done(&self) -> OpNumber {
        OpNumber(self.ops_done)
    }

    pub(super) fn syncs_done(&self) -> SyncNumber {
        SyncNumber(self.syncs_done)
    }

    pub(super) fn log(&self) -> Vec<OpRecord> {
        self.log.iter().cloned().collect()
    }

    fn planned(&mut self, kind: OpKind) -> Option<Fault> {
        let mut fault = self.plan.by_op.get(&self.ops_done()).copied();
        if matches!(kind, OpKind::SyncData | OpKind::SyncDir) {
            self.syncs_done += 1;
            fault = fault.or(self.plan.by_sync.get(&self.syncs_done()).copied());
        }
        fault
    }

    fn record(&mut self, kind: OpKind, name: &str) {
        if self.log.len() == LOG_MAX {
            self.log.pop_front();
        }
        self.log.push_back(OpRecord { number: self.ops_done(), kind, name: name.into() });
    }
}
