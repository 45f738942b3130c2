//! Whether the journal still takes events. Once it has stopped, only opening the book again starts it
//! (promise P12).

use crate::error::FileError;
use crate::planted::{self, Bug};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use truebook_core::event::Reserve;

/// Why the journal takes no more events, or only some.
#[derive(Clone, Debug)]
pub struct Stop {
    /// How far it has stopped.
    pub level: Level,
    /// What failed first.
    pub cause: Arc<FileError>,
}

/// How far the journal has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// The disk is full, but not a byte of the journal is in doubt: facts, halts and exits are still taken
    /// into space that was set aside for them.
    Full,
    /// A write or sync failed: nothing is taken.
    Failed,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.level {
            Level::Full => {
                write!(f, "the disk is full, only halts, exits and facts are recorded: {}", self.cause)
            }
            Level::Failed => {
                write!(f, "nothing more is recorded until the book is opened again: {}", self.cause)
            }
        }
    }
}

/// The switch that stops.
#[derive(Debug, Default)]
pub(super) struct Switch(Mutex<Option<Stop>>);

impl Switch {
    /// A background job or a commit failed. The first failure of a level is kept.
    pub(super) fn fail(&self, failed: FileError) -> Stop {
        let level = if failed.is_full() { Level::Full } else { Level::Failed };
        self.raise(Stop { level, cause: Arc::new(failed) })
    }

    /// The journal's own write or sync failed: whatever the reason, its end is in doubt.
    pub(super) fn fail_for_good(&self, failed: FileError) -> Stop {
        self.raise(Stop { level: Level::Failed, cause: Arc::new(failed) })
    }

    fn raise(&self, stop: Stop) -> Stop {
        if planted::is(Bug::NoPoison) {
            return stop;
        }
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_none_or(|old| old.level < stop.level) {
            *current = Some(stop.clone());
        }
        stop
    }

    /// Why it has stopped, if it has.
    pub(super) fn get(&self) -> Option<Stop> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether an event of this kind is still taken.
    pub(super) fn check(&self, reserve: Reserve) -> Result<(), Stop> {
        let current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some(stop) if stop.level == Level::Failed || reserve == Reserve::Forbidden => Err(stop.clone()),
            _ => Ok(()),
        }
    }
}
