//! `reconcile-after-disconnect` and `idempotent-orders`: drills with a venue that exists only here, for each
//! class of venue. They need a book of their own: the orders in a copy of yours are at your venue.

use super::found::Found;
use super::stage::Stage;
use crate::errors::Failure;
use truebook::drill::{Drill, RunError};

const RECONCILE: &str = include_str!("../../../data/audit-reconcile.drill");
const IDEMPOTENT: &str = include_str!("../../../data/audit-idempotent.drill");
const FULL: &str = include_str!("../../../data/audit-full.drill");

/// The classes of venues: ids unique for ever, unique among open orders, labels only.
const CLASSES: [&str; 3] = ["a", "b", "c"];
/// The word in a drill's text that stands for the class.
const CLASS_WORD: &str = "{class}";

pub(super) fn reconcile(_stage: &Stage<'_>) -> Result<Found, Failure> {
    every_class(
        "audit-reconcile.drill",
        RECONCILE,
        "eight orders, four filled while nobody hears of it (connection cut, then a killed process): after the \
         reconciliation book and venue agree, each execution counts once, the second pass writes nothing",
    )
}

pub(super) fn idempotent(_stage: &Stage<'_>) -> Result<Found, Failure> {
    every_class(
        "audit-idempotent.drill",
        IDEMPOTENT,
        "reply lost, the same key submitted again at once, after a kill and after the reconciliation: one \
         request, one order at the venue",
    )
}

/// The disk that is full, as the book meets it while it trades.
pub(super) fn full_disk() -> (Found, u64) {
    let mut found = Found::new();
    let expectations = one(&mut found, "audit-full.drill", FULL);
    (found, expectations)
}

#[expect(clippy::unnecessary_wraps, reason = "all drills have one shape")]
fn every_class(file: &str, text: &str, what: &str) -> Result<Found, Failure> {
    let mut found = Found::new();
    let mut expectations = 0;
    for class in CLASSES {
        expectations += one(&mut found, &format!("{file}, class {class}"), &text.replace(CLASS_WORD, class));
    }
    if found.verdict == super::found::Verdict::Pass {
        found.pass(format!(
            "{what}; {expectations} expectations held at venues of class a, b and c (a built-in paper venue and \
             a book made for it)"
        ));
    }
    Ok(found)
}

fn one(found: &mut Found, file: &str, text: &str) -> u64 {
    let ran = match Drill::parse(file, text) {
        Ok(drill) => drill.run().map_err(|failed| match failed {
            RunError::Failed(failure) => failure.to_string(),
            RunError::CannotRun { .. } => failed.to_string(),
        }),
        Err(failed) => Err(failed.to_string()),
    };
    match ran {
        Ok(passed) => {
            found.ran(passed.runs as u64);
            passed.expectations as u64
        }
        Err(failed) => {
            found.ran(1);
            found.fail(failed);
            0
        }
    }
}
