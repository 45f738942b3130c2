//! `settings accept`: records a file's settings as the ones in force.

use super::check::describe;
use crate::commands::state::Written;
use crate::errors::{Failure, Outcome};
use crate::flags::Source;
use crate::needs::{Needs, input};

pub(super) fn run(needs: &Needs, source: &Source) -> Result<Outcome, Failure> {
    let given = input::settings(source)?;
    // Only for telling; what is recorded is compared anew under the lock.
    let changes = needs.peek_whole()?.settings_changes(&given);
    let written = needs.with_book(|book| Ok(Written::new(book, book.accept_settings(&given)?)))?;
    needs.out().show(&written, || format!("{}\n{}", describe(&changes), written.in_words()))?;
    Ok(Outcome::Fine)
}
