//! `checkpoint`: makes one now.

use crate::errors::{Failure, Outcome};
use crate::needs::Needs;

pub(super) fn run(needs: &Needs) -> Result<Outcome, Failure> {
    let done = needs.with_book(|book| Ok(book.checkpoint()?))?;
    needs.out().show(&done, || format!("checkpoint of event {}: {}", done.seq, done.file))?;
    Ok(Outcome::Fine)
}
