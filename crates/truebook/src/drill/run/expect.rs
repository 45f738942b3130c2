//! What must hold, held against what is there.

mod book;
mod look;
mod orders;

use super::super::script::Expected;
use super::{Done, Runner, Stop};
use core::fmt::Display;

/// Checks one expectation.
pub(super) fn check(runner: &mut Runner<'_>, expected: &Expected) -> Done {
    match expected {
        Expected::Refused(text) => refused(runner, text),
        Expected::Remember(name) => book::remember(runner, name),
        Expected::Same(name) => book::same(runner, name),
        Expected::Order(..)
        | Expected::OddWord(..)
        | Expected::Sent(..)
        | Expected::SentOnlyDurable
        | Expected::Received(..)
        | Expected::AtVenue(..)
        | Expected::Filled(..)
        | Expected::Fills(..)
        | Expected::Leg(..) => orders::check(runner, expected),
        Expected::PlanEmpty
        | Expected::PlanRefused(_)
        | Expected::Events(_)
        | Expected::Alarm(_)
        | Expected::NoAlarm
        | Expected::Held(_)
        | Expected::Reconciled
        | Expected::NotReconciled(_) => look::check(runner, expected),
        _ => book::check(runner, expected),
    }
}

fn refused(runner: &mut Runner<'_>, text: &str) -> Done {
    match runner.refused.take() {
        None => failed(format!("a refusal that says {text:?}"), "the statement before was done"),
        Some((_, why)) => says(&[why], text, "a refusal"),
    }
}

fn failed<T>(expected: impl Into<String>, found: impl Display) -> Result<T, Stop> {
    Err(Stop::Failed { expected: expected.into(), found: found.to_string() })
}

fn equal<T: PartialEq + Display>(what: &str, expected: &T, found: &T) -> Done {
    if expected == found { Ok(()) } else { failed(format!("{what}: {expected}"), found) }
}

/// One of the texts must contain this one.
fn says(texts: &[String], wanted: &str, what: &str) -> Done {
    if texts.iter().any(|text| text.contains(wanted)) {
        return Ok(());
    }
    let found = if texts.is_empty() { "none".to_owned() } else { texts.join(" | ") };
    failed(format!("{what} that says {wanted:?}"), found)
}
