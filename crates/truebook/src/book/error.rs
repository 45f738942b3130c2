//! Why a book was not made or opened, or did not take something.

use super::holder::Holder;
use crate::crypt::KeyError;
use crate::error::FileError;
use crate::journal::{AppendError, Stop};
use crate::manifest::ManifestError;
use crate::recovery::{AssessError, Report};
use std::fmt;
use truebook_core::doc::SetError;
use truebook_core::id::BookId;
use truebook_core::identity::Mismatch;
use truebook_core::settings::Change;
use truebook_core::state::FoldError;

/// Why a book was not made or opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no book.
    #[error("there is no book in {path}")]
    NoBook {
        /// The directory.
        path: String,
    },
    /// There is one already.
    #[error("there is a book in {path} already")]
    Exists {
        /// The directory.
        path: String,
    },
    /// The directory is a book's, but its journal and checkpoints are gone.
    #[error("the book in {path} has lost its journal: {what}")]
    LostState {
        /// The directory.
        path: String,
        /// What is there and what is not.
        what: String,
    },
    /// Somebody else holds it.
    #[error("the book in {path} is held by {}", .holder.as_ref().map_or_else(|| "another process".to_owned(), ToString::to_string))]
    Held {
        /// The directory.
        path: String,
        /// Who.
        holder: Option<Holder>,
    },
    /// The key is missing or wrong. The book is not damaged.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It is another book than expected.
    #[error("this is not the book you asked for: {}", list(.0))]
    Identity(Vec<Mismatch>),
    /// Settings differ from those recorded.
    #[error("settings have changed since they were last accepted: {}", changed(.0))]
    Settings(Vec<Change>),
    /// The given settings are no object.
    #[error("settings must be a table of keys and values, this is {0}")]
    SettingsKind(&'static str),
    /// Events are lost.
    #[error("events {} are lost: {}", lost(.0), first_finding(.0))]
    Lost(Box<Report>),
    /// Something is damaged that a backup can mend, and whoever opens wants to be asked.
    #[error("{0}")]
    Damaged(Box<Mendable>),
    /// The book is gone, but there are backups.
    #[error("{0}")]
    Restorable(Box<Restorable>),
    /// The directory is on a network file system.
    #[error("{path} is on a network file system ({kind}), where locks and syncs cannot be trusted")]
    Network {
        /// The directory.
        path: String,
        /// The file system.
        kind: String,
    },
    /// A plain readable copy in an encrypted book, or an encrypted one in a plain book.
    #[error(
        "the readable copy of an encrypted book is written encrypted or not at all, that of a plain book plain or not at all"
    )]
    Readable,
    /// An option is out of bounds.
    #[error("{what} must be from {min} to {max}, not {given}")]
    Option {
        /// Which.
        what: &'static str,
        /// Smallest.
        min: u64,
        /// Largest.
        max: u64,
        /// What was given.
        given: u64,
    },
    /// The manifest cannot be used.
    #[error("{path}: {source}")]
    Manifest {
        /// The file.
        path: String,
        /// Why.
        source: ManifestError,
    },
    /// A newer program wrote some of it.
    #[error("{file}: {what}")]
    Newer {
        /// The file.
        file: String,
        /// What it says.
        what: String,
    },
    /// A restore was decided and is not finished.
    #[error("the restore of the book in {path} was interrupted and is not finished")]
    Unfinished {
        /// The directory.
        path: String,
    },
    /// What says how far a restore has come cannot be used.
    #[error("{path}, which says how far a restore has come, cannot be used: {what}")]
    Marker {
        /// The file.
        path: String,
        /// What is wrong with it.
        what: String,
    },
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// Recording something at opening failed.
    #[error("record at opening: {0}")]
    Write(Box<WriteError>),
}

/// Damage that a backup can mend. Nothing was done about it yet.
#[derive(Clone, Debug)]
pub struct Mendable {
    /// What is damaged, what can be mended, and what would be lost all the same.
    pub report: Report,
    /// The command that mends it.
    pub command: String,
}

impl fmt::Display for Mendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; a backup can mend it, and nothing was done yet", first_finding(&self.report))?;
        for mended in &self.report.mended {
            write!(f, "; {mended}")?;
        }
        if let Some(range) = self.report.lost {
            write!(f, "; events {range} would be lost all the same")?;
        }
        write!(f, "; to have it done: {}", self.command)
    }
}

/// A book that is gone, of which there are backups.
#[derive(Debug)]
pub struct Restorable {
    /// Why it cannot be opened.
    pub cause: OpenError,
    /// The book of which there are backups.
    pub book: BookId,
    /// What people call it.
    pub name: String,
    /// Where they are.
    pub place: String,
    /// The command that puts it back.
    pub command: String,
}

impl fmt::Display for Restorable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cause, book, name, place, command } = self;
        write!(f, "{cause}; {place} holds backups of book {name} ({book}); to put it back: {command}")
    }
}

impl From<AssessError> for OpenError {
    fn from(failed: AssessError) -> Self {
        match failed {
            AssessError::File(failed) => Self::File(failed),
            AssessError::Newer { file, what } => Self::Newer { file, what },
        }
    }
}

impl From<WriteError> for OpenError {
    fn from(failed: WriteError) -> Self {
        Self::Write(Box::new(failed))
    }
}

fn list(mismatches: &[Mismatch]) -> String {
    mismatches.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn changed(changes: &[Change]) -> String {
    changes.iter().map(|change| change.path.as_str()).collect::<Vec<_>>().join(", ")
}

fn lost(report: &Report) -> String {
    report.lost.map_or_else(String::new, |range| range.to_string())
}

fn first_finding(report: &Report) -> String {
    report.findings.first().map_or_else(String::new, ToString::to_string)
}

impl OpenError {
    /// What to type next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoBook { .. } => Some("truebook init, or --data DIR if the book is elsewhere"),
            Self::Exists { .. } => Some("truebook status, or --data DIR to make another one elsewhere"),
            Self::LostState { .. } => Some("put the files back from a backup; do not make a new book here"),
            Self::Held { .. } => Some("stop that process first; status, log and verify work beside it"),
            Self::Key(_) => {
                Some("--key-file FILE, or TRUEBOOK_KEY or TRUEBOOK_PASSPHRASE in the environment")
            }
            Self::Identity(_) => Some("--data DIR of the right book, or mend --venue, --account, --mode"),
            Self::Settings(_) => Some(
                "truebook settings check FILE to see each change, truebook settings accept FILE to accept them",
            ),
            Self::Lost(_) => Some(
                "put the damaged file back from a backup, or run truebook recover to see what can be saved without it",
            ),
            Self::Damaged(_) => Some("the command above, or --on-damage mend with the one that was refused"),
            Self::Restorable(_) => {
                Some("the command above; for a new book beside the old one, --data DIR in another place")
            }
            Self::Network { .. } => Some("--data DIR on a local disk"),
            Self::Newer { .. } => Some("install the newer truebook that wrote it"),
            Self::Manifest { .. } => {
                Some("put book.json back from a backup; truebook verify says what else is damaged")
            }
            Self::Unfinished { .. } => Some("truebook checkpoint: whatever opens the book finishes it"),
            Self::Marker { .. } => {
                Some("truebook restore: it puts everything that is there aside and begins anew")
            }
            Self::File(failed) if failed.is_full() => Some("make room on the disk, then try again"),
            _ => None,
        }
    }
}

/// Why something was not recorded. It is not in the book.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The journal has stopped.
    #[error("{0}")]
    Stopped(Stop),
    /// It does not fit the state.
    #[error(transparent)]
    Refused(#[from] FoldError),
    /// The path does not fit the variables.
    #[error(transparent)]
    Path(#[from] SetError),
    /// The variables must stay an object.
    #[error("the variables must be an object, this is {0}")]
    NotAnObject(&'static str),
    /// This key belongs to truebook.
    #[error(
        "the key \"truebook\" at the top of the variables is kept for truebook's own section of bot_state.json"
    )]
    ReservedKey,
    /// It is too large, or cannot be encoded.
    #[error(transparent)]
    Append(AppendError),
    /// Something else of the book failed to be written.
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<AppendError> for WriteError {
    fn from(failed: AppendError) -> Self {
        match failed {
            AppendError::Stopped(stop) => Self::Stopped(stop),
            other => Self::Append(other),
        }
    }
}

impl From<Stop> for WriteError {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

impl WriteError {
    /// What to type next.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Stopped(stop) if stop.cause.is_full() => Some("make room on the disk, then start again"),
            Self::Stopped(_) => {
                Some("check the disk (dmesg, smartctl), then start again: opening checks what is on disk")
            }
            Self::ReservedKey => Some("use another key"),
            _ => None,
        }
    }
}
