//! Keeps a book as it is before it is changed at one stroke, and tells of it. What cannot be kept is told, and
//! nothing more: the user asked for what comes after it.

use super::{Needs, backup};
use crate::errors::Failure;
use crate::output::notes;
use truebook::Book;
use truebook::backup::{GenerationId, Shelf, Source, keep_before, keep_before_restore};

fn tell(what: &str, place: &str, kept: Result<GenerationId, Failure>) {
    match kept {
        Ok(id) => {
            notes::warn(&format!("before the {what}: generation {id} in {place} has the book as it is"));
        }
        Err(failure) => {
            let why = failure.in_one_line();
            notes::warn(&format!("before the {what}: no generation was made in {place}: {why}"));
        }
    }
}

/// The book before a copy is adopted, in every place of it that is there already.
pub(crate) fn adopting(needs: &Needs, book: &Book) -> Result<(), Failure> {
    let (source, id, what) = (Source::of_book(book)?, book.status()?.book, "adopting");
    for place in backup::places_in_use(needs) {
        let kept = backup::target(&place).and_then(|target| {
            let shelf = Shelf::new(target, id, None);
            Ok(keep_before(what, &source, &shelf, needs.world().clock.now())?)
        });
        tell(what, &place, kept);
    }
    Ok(())
}

/// The book that stands in the way of a restore. One that cannot be read gets no generation: all its files are
/// kept aside.
pub(crate) fn restoring(needs: &Needs, shelf: &Shelf) {
    let kept = keep_before_restore(&needs.world(), shelf, needs.key()).map_err(Failure::from).transpose();
    if let Some(kept) = kept {
        tell("restore", &shelf.describe(""), kept);
    }
}
