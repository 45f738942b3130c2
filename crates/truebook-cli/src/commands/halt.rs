//! `halt` and `resume`: all new risk.

use super::state::Written;
use crate::errors::{Failure, Outcome};
use crate::flags::ReasonArgs;
use crate::needs::Needs;
use truebook::core::event::{Event, Reason};

pub(super) fn halt(needs: &Needs, args: &ReasonArgs) -> Result<Outcome, Failure> {
    record(needs, args, Event::Halt, "new risk is refused from here on")
}

pub(super) fn resume(needs: &Needs, args: &ReasonArgs) -> Result<Outcome, Failure> {
    record(needs, args, Event::Resume, "new risk is allowed again")
}

fn record(
    needs: &Needs,
    args: &ReasonArgs,
    event: fn(Reason) -> Event,
    what: &str,
) -> Result<Outcome, Failure> {
    check_reason(&args.reason)?;
    let event = event(Reason { why: args.reason.clone() });
    let written = needs.with_book(|book| Ok(Written::new(book, book.record(event)?)))?;
    needs.out().show(&written, || format!("{what} ({})", written.in_words()))?;
    Ok(Outcome::Fine)
}

/// A reason that says nothing is none.
pub(super) fn check_reason(reason: &str) -> Result<(), Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::new("the reason is empty").with_hint("--reason \"what happened\""));
    }
    Ok(())
}
