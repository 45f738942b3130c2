//! Why a backup could not be made, read, proved or restored.

use super::generation::GenerationError;
use super::names::GenerationId;
use super::target::{TargetError, TargetErrorKind};
use crate::book::{OpenError, WriteError};
use crate::error::FileError;
use crate::journal::load::Fault;
use std::io;

/// Why something about backups failed. The book itself is as it was.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The target refused.
    #[error("{source}; {}", .source.kind.way_out())]
    Target {
        /// Which operation on which object.
        #[from]
        source: TargetError,
    },
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The book cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The book cannot be written to.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A generation's own file cannot be used.
    #[error("{object}: {source}")]
    Generation {
        /// The file.
        object: String,
        /// What is wrong with it.
        source: GenerationError,
    },
    /// An object is not what the generation says.
    #[error("{object}: {what}")]
    Damaged {
        /// The object.
        object: String,
        /// What is wrong with it.
        what: String,
    },
    /// An object is encrypted, and there is nothing that opens it.
    #[error("{object}: {what}")]
    Locked {
        /// The object.
        object: String,
        /// What is missing.
        what: String,
    },
    /// The book's own files are damaged, so nothing is backed up from them.
    #[error(
        "{file}: {what}: a damaged book is not backed up; `truebook verify` shows the damage, opening the book mends it"
    )]
    Source {
        /// The file.
        file: String,
        /// What is wrong with it.
        what: String,
    },
    /// There is no such generation.
    #[error("there is no generation {wanted} in {place}; `truebook backup list` shows those that are there")]
    NoGeneration {
        /// What was asked for.
        wanted: String,
        /// Where it was looked for.
        place: String,
    },
    /// What was asked for makes no sense; the text says why, and what would.
    #[error("{0}")]
    Asked(String),
}

impl BackupError {
    /// Whether the same may succeed a little later.
    pub const fn may_pass(&self) -> bool {
        matches!(self, Self::Target { source } if source.kind.may_pass())
    }

    /// Whether an object is missing or is not what it should be: a fault of the backup, not of the way to it.
    pub const fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } => true,
            Self::Target { source } => {
                matches!(source.kind, TargetErrorKind::NotFound | TargetErrorKind::TooLarge)
            }
            Self::Generation { source, .. } => !matches!(source, GenerationError::Newer(_)),
            _ => false,
        }
    }

    pub(super) fn opened(object: String, failed: &io::Error) -> Self {
        let what = failed.to_string();
        match failed.kind() {
            io::ErrorKind::PermissionDenied => Self::Locked { object, what },
            _ => Self::Damaged { object, what },
        }
    }

    pub(crate) fn source(file: String, fault: Fault) -> Self {
        match fault {
            Fault::File(failed) => Self::File(failed),
            fault => Self::Source { file, what: fault.to_string() },
        }
    }

    pub(super) fn no_generation(wanted: &GenerationId, place: String) -> Self {
        Self::NoGeneration { wanted: wanted.to_string(), place }
    }
}
