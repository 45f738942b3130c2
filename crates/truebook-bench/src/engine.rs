//! What a participant has to offer to be measured.

use crate::error::BenchError;
use crate::records::Record;
use clap::ValueEnum;
use hdrhistogram::Histogram;
use serde::Serialize;
use std::fmt;
use std::sync::Arc;

/// The participants, in the order in which they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EngineName {
    /// One positioned write and one fdatasync into a file of written zeros: the limit of the disk.
    Raw,
    Truebook,
    /// The same with small segments and a checkpoint every few thousand events, so that one is always under way.
    TruebookBusy,
    /// Write-ahead log, synchronous=FULL.
    Sqlite,
    /// `Durability::Immediate`.
    Redb,
    /// Each batch persisted with fdatasync.
    Fjall,
    /// json.dump and os.replace, no flush: the usual way.
    Python,
    /// The same, with the file and its folder flushed.
    PythonFsync,
}

impl EngineName {
    /// Those that take records one by one within this process.
    pub(crate) const IN_PROCESS: [EngineName; 5] =
        [EngineName::Raw, EngineName::Truebook, EngineName::Sqlite, EngineName::Redb, EngineName::Fjall];

    pub(crate) const ALL: [EngineName; 7] = [
        EngineName::Raw,
        EngineName::Truebook,
        EngineName::Sqlite,
        EngineName::Redb,
        EngineName::Fjall,
        EngineName::Python,
        EngineName::PythonFsync,
    ];

    /// And truebook while it is as busy as it gets.
    pub(crate) const ALL_AND_BUSY: [EngineName; 8] = [
        EngineName::Raw,
        EngineName::Truebook,
        EngineName::TruebookBusy,
        EngineName::Sqlite,
        EngineName::Redb,
        EngineName::Fjall,
        EngineName::Python,
        EngineName::PythonFsync,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            EngineName::Raw => "raw",
            EngineName::Truebook => "truebook",
            EngineName::TruebookBusy => "truebook-busy",
            EngineName::Sqlite => "sqlite",
            EngineName::Redb => "redb",
            EngineName::Fjall => "fjall",
            EngineName::Python => "python",
            EngineName::PythonFsync => "python-fsync",
        }
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Nanoseconds, one sample a commit.
pub(crate) type Latencies = Histogram<u64>;

/// Takes batches from one caller.
pub(crate) trait Engine: Send {
    /// Makes all of `records` durable, in order and in one commit, before it returns.
    fn commit(&mut self, records: &[Arc<Record>]) -> Result<(), BenchError>;
}

/// Takes records from many callers at once.
pub(crate) trait SharedEngine: Sync {
    /// Returns once `record` is durable; callers meanwhile share flushes.
    fn submit(&self, record: &Arc<Record>) -> Result<(), BenchError>;

    /// Commits since opening, so that records over commits is the mean batch.
    fn commits(&self) -> u64;
}

/// Takes turns with the other participants: one slice of records, one latency a record.
pub(crate) trait Turns {
    fn turn(&mut self, records: &[Arc<Record>], latencies: &mut Latencies) -> Result<(), BenchError>;
}
