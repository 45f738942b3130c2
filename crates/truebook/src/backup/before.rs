//! A generation before something that changes a book at one stroke, so that there is a way back.

use super::create::{Silent, create};
use super::error::BackupError;
use super::form::{Form, Lock};
use super::generation::Generation;
use super::names::GenerationId;
use super::prune::list;
use super::shelf::Shelf;
use super::source::Source;
use crate::book::Peek;
use crate::crypt::KeySource;
use crate::world::World;
use std::sync::Arc;
use truebook_core::time::Utc;

/// Makes a generation on a shelf, in the form of the newest one that is there. If that one has all of the book
/// already, it will do.
///
/// # Errors
/// As [`create`].
pub fn keep_before(
    what: &str,
    source: &Source,
    shelf: &Shelf,
    now: Utc,
) -> Result<GenerationId, BackupError> {
    let newest = newest(shelf)?;
    if let Some(newest) = newest.as_ref().filter(|newest| source.is_that_of(newest)) {
        return Ok(newest.id());
    }
    let recipients = newest.map(|newest| newest.recipients).unwrap_or_default();
    let form = Form { lock: lock_for(&recipients)?, ..Form::default() };
    Ok(create(source, shelf, &form, &format!("before {what}"), now, &mut Silent)?.id)
}

/// As [`keep_before`], for the book that stands in the way of a restore. `None` if there is none that can be
/// read, or it is another one: its files are kept aside all the same.
///
/// # Errors
/// As [`create`]; [`BackupError::Source`] if it is damaged.
pub fn keep_before_restore(
    world: &World,
    shelf: &Shelf,
    key: Option<KeySource>,
) -> Result<Option<GenerationId>, BackupError> {
    let Ok(peek) = Peek::read(world, key) else { return Ok(None) };
    if peek.state.live().identity.book != shelf.book() {
        return Ok(None);
    }
    let source = Source::beside(&peek)?;
    keep_before("restore", &source, shelf, world.clock.now()).map(Some)
}

/// The newest generation that can be read.
fn newest(shelf: &Shelf) -> Result<Option<Generation>, BackupError> {
    let mut newest_first = list(shelf)?.into_iter().rev();
    Ok(newest_first.find_map(|one| one.generation))
}

/// Encrypts for those for whom the newest generation is encrypted.
fn lock_for(recipients: &[String]) -> Result<Option<Arc<dyn Lock>>, BackupError> {
    if recipients.is_empty() {
        return Ok(None);
    }
    parse(recipients).map(Some).map_err(BackupError::Asked)
}

#[cfg(feature = "encrypt")]
fn parse(recipients: &[String]) -> Result<Arc<dyn Lock>, String> {
    match super::age::Recipients::parse(recipients) {
        Ok(recipients) => Ok(Arc::new(recipients)),
        Err(failed) => Err(failed.to_string()),
    }
}

#[cfg(not(feature = "encrypt"))]
fn parse(_recipients: &[String]) -> Result<Arc<dyn Lock>, String> {
    Err("its backups are encrypted, and this program was built without that".to_owned())
}
