//! A generation before something that changes a book at one stroke, so that there is a way back.

use super::{Needs, backup};
use crate::errors::Failure;
use crate::output::notes;
use std::sync::Arc;
use truebook::Book;
use truebook::backup::form::Lock;
use truebook::backup::{
    BackupError, Form, Generation, GenerationId, Recipients, Shelf, Silent, Source, create, list,
};

/// Makes a generation on a shelf, in the form of the newest one that is there. One that cannot be made is told,
/// and nothing more: the user asked for what comes after it.
fn keep(needs: &Needs, shelf: &Shelf, source: &Source, what: &str) {
    let place = shelf.describe("");
    match try_keep(needs, shelf, source, what) {
        Ok(id) => {
            notes::warn(&format!("before the {what}: generation {id} in {place} has the book as it is"));
        }
        Err(failure) => warn_of_none(&place, what, &failure),
    }
}

fn warn_of_none(place: &str, what: &str, failure: &Failure) {
    notes::warn(&format!("before the {what}: no generation was made in {place}: {}", failure.in_one_line()));
}

fn try_keep(needs: &Needs, shelf: &Shelf, source: &Source, what: &str) -> Result<GenerationId, Failure> {
    let newest = newest(shelf)?;
    if let Some(newest) = newest.as_ref().filter(|newest| source.is_that_of(newest)) {
        return Ok(newest.id());
    }
    let recipients = newest.map(|newest| newest.recipients).unwrap_or_default();
    let form = Form { lock: lock_for(&recipients)?, ..Form::default() };
    let now = needs.world().clock.now();
    Ok(create(source, shelf, &form, &format!("before {what}"), now, &mut Silent)?.id)
}

/// The newest generation that can be read.
fn newest(shelf: &Shelf) -> Result<Option<Generation>, Failure> {
    let mut newest_first = list(shelf)?.into_iter().rev();
    Ok(newest_first.find_map(|one| one.generation))
}

fn lock_for(recipients: &[String]) -> Result<Option<Arc<dyn Lock>>, Failure> {
    if recipients.is_empty() {
        return Ok(None);
    }
    let parsed = Recipients::parse(recipients).map_err(|failed| Failure::new(failed.to_string()))?;
    Ok(Some(Arc::new(parsed)))
}

/// The book before a copy is adopted, in every place of it that is there already.
pub(crate) fn adopting(needs: &Needs, book: &Book) -> Result<(), Failure> {
    let (source, id, what) = (Source::of_book(book)?, book.status()?.book, "adopting");
    for place in backup::places_in_use(needs) {
        match backup::target(&place) {
            Ok(target) => keep(needs, &Shelf::new(target, id, None), &source, what),
            Err(failure) => warn_of_none(&place, what, &failure),
        }
    }
    Ok(())
}

/// The book that stands in the way of a restore, as it is now. One that is damaged gets no generation: all its
/// files are kept aside.
pub(crate) fn restoring(needs: &Needs, shelf: &Shelf) -> Result<(), Failure> {
    let Ok(peek) = needs.peek() else { return Ok(()) };
    if peek.state.live().identity.book != shelf.book() {
        return Ok(());
    }
    match Source::beside(&peek) {
        Ok(source) => keep(needs, shelf, &source, "restore"),
        Err(BackupError::Source { file, what }) => notes::warn(&format!(
            "the book that stands there is damaged ({file}: {what}); it gets no generation, its files are kept aside"
        )),
        Err(failed) => return Err(failed.into()),
    }
    Ok(())
}
