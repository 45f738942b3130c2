//! `lock`: a process holds the copy, and another one tries to open it.

use super::found::Found;
use super::stage::Stage;
use crate::commands::child::Heard;
use crate::errors::{Failure, Outcome};
use crate::needs::Needs;
use std::io::{Read, Write};
use truebook::book::OpenError;

/// How often it is tried.
const ROUNDS: u64 = 3;
/// What the holder says as soon as it holds the book.
const HOLDS: &str = "holds";

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let fork = stage.fork("lock")?;
    let mut found = Found::new();
    let mut told = String::new();
    for _ in 0..ROUNDS {
        found.ran(1);
        let mut child = stage.start("the process that holds the copy", fork.path(), &["hold".to_owned()])?;
        match child.hear()? {
            Heard::Line(line) if line == HOLDS => {}
            Heard::Line(_) | Heard::End => return Err(child.ended_early()),
        }
        match stage.open(fork.path()) {
            Err(OpenError::Held { holder: Some(holder), .. }) if holder.pid == child.pid() => {
                told = holder.to_string();
            }
            Err(failed) => found.fail(format!("refused, but not told who holds the book: {failed}")),
            Ok(_two) => found.fail("two processes hold the same book"),
        }
        child.kill()?;
        match stage.open(fork.path()) {
            Ok(book) => book.close()?,
            Err(failed) => found.fail(format!("after the holder was killed: {failed}")),
        }
    }
    if !told.is_empty() {
        found.pass(format!(
            "the second opener was refused {ROUNDS} times and told \"held by {told}\"; after the holder was killed \
             the book opened at once"
        ));
    }
    Ok(found)
}

/// The holder: until its input ends.
pub(super) fn hold(needs: &Needs) -> Result<Outcome, Failure> {
    let book = needs.open(needs.options())?;
    let failed = |failed: std::io::Error| Failure::new("talk to the audit").with_cause(&failed);
    writeln!(std::io::stdout(), "{HOLDS}").map_err(failed)?;
    std::io::stdin().read_to_end(&mut Vec::new()).map_err(failed)?;
    book.close()?;
    Ok(Outcome::Fine)
}
