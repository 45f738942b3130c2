//! `state rm`.

use crate::errors::{Failure, Outcome};
use crate::needs::Needs;
use truebook::Book;
use truebook::book::{Recorded, WriteError};
use truebook::core::doc::Path;

pub(super) fn run(needs: &Needs, path: &Path) -> Result<Outcome, Failure> {
    super::write(needs, |book| match remove(book, path)? {
        Removed::Yes(recorded) => Ok(recorded),
        Removed::NothingThere => Err(super::nothing_at(path)),
    })
}

/// What became of a removal.
pub(in crate::commands) enum Removed {
    Yes(Recorded),
    NothingThere,
}

/// Removes a value.
pub(in crate::commands) fn remove(book: &Book, path: &Path) -> Result<Removed, WriteError> {
    Ok(match book.remove(path)? {
        Recorded::Unchanged => Removed::NothingThere,
        durable @ Recorded::Durable(_) => Removed::Yes(durable),
    })
}
