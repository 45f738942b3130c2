//! Expectations about the book: positions, the gate, variables, files, protection.

use super::super::super::script::Expected;
use super::super::{Done, Runner, Stop, cannot};
use super::{equal, failed, says};
use core::time::Duration;
use truebook_core::doc::{Doc, Path};
use truebook_core::event::BlockKind;
use truebook_core::gate;
use truebook_core::id::Instrument;
use truebook_core::money::Qty;
use truebook_core::state::Live;

pub(super) fn check(runner: &Runner<'_>, expected: &Expected) -> Done {
    match expected {
        Expected::Position(instrument, quantity) => position(runner, instrument, *quantity),
        Expected::Blocked(instrument, kind) => blocked(runner, instrument, Some(*kind)),
        Expected::NotBlocked(instrument) => blocked(runner, instrument, None),
        Expected::GateOpen(instrument) => match reason(runner, instrument)? {
            None => Ok(()),
            Some(why) => failed(format!("the gate for {instrument} open"), why),
        },
        Expected::GateShut(instrument, text) => match reason(runner, instrument)? {
            None => failed(format!("the gate for {instrument} shut"), "it is open"),
            Some(why) => says(&[why], text.as_deref().unwrap_or(""), "the gate shut for a reason"),
        },
        Expected::SetAside(file) => {
            let files: Vec<String> =
                runner.opening.set_aside.iter().map(|aside| aside.file.clone()).collect();
            says(&files, file, "a file set aside")
        }
        Expected::Finding(text) => {
            let findings = runner.opening.findings.iter();
            let told: Vec<String> =
                findings.map(|finding| format!("{finding}; {}", finding.action)).collect();
            says(&told, text, "a finding")
        }
        Expected::NothingLost => match runner.opening.lost {
            None => Ok(()),
            Some(lost) => failed("nothing lost", format!("events {lost} are lost")),
        },
        Expected::Halted(text) => {
            let halted: Vec<String> = live(runner)?.halted.into_iter().collect();
            says(&halted, text, "a halt")
        }
        Expected::Var(path, value) => var(runner, path, value),
        Expected::UnprotectedNever => unprotected(runner.protection.longest, None),
        Expected::UnprotectedAtMost(most) => unprotected(runner.protection.longest, Some(*most)),
        Expected::Stopped if runner.process.is_some() => failed("no process", "one runs"),
        _ => Ok(()),
    }
}

fn live(runner: &Runner<'_>) -> Result<Live, Stop> {
    runner.process()?.book.live().map_err(|failed| Stop::CannotRun(failed.to_string()))
}

fn position(runner: &Runner<'_>, instrument: &Instrument, quantity: Qty) -> Done {
    let live = live(runner)?;
    let held = live.positions.get(instrument).map_or(Qty::ZERO, |position| position.quantity);
    equal(&format!("position in {instrument}"), &quantity.normalized(), &held.normalized())
}

fn blocked(runner: &Runner<'_>, instrument: &Instrument, expected: Option<BlockKind>) -> Done {
    let live = live(runner)?;
    let blocks = live.blocked.get(instrument);
    let kinds: Vec<BlockKind> = blocks.iter().flat_map(|kinds| kinds.keys().copied()).collect();
    let holds = match expected {
        Some(kind) => kinds.contains(&kind),
        None => kinds.is_empty(),
    };
    if holds {
        return Ok(());
    }
    let expected = expected.map_or_else(
        || format!("{instrument} not blocked"),
        |kind| format!("{instrument} blocked for {}", kind.name()),
    );
    let told = blocks.iter().flat_map(|kinds| kinds.iter());
    let found: Vec<String> = told.map(|(kind, why)| format!("{} ({why})", kind.name())).collect();
    failed(expected, if found.is_empty() { "not blocked".to_owned() } else { found.join("; ") })
}

fn reason(runner: &Runner<'_>, instrument: &Instrument) -> Result<Option<String>, Stop> {
    let process = runner.process()?;
    let conditions = process.trader.conditions();
    let reason = process.book.with_state(|state| gate::reason(state, &conditions, instrument));
    let reason = reason.map_err(|failed| Stop::CannotRun(failed.to_string()))?;
    Ok(reason.map(|(why, opens)| format!("{why}; to open it: {opens}")))
}

fn var(runner: &Runner<'_>, path: &Path, expected: &Doc) -> Done {
    let vars = live(runner)?.vars;
    let found = vars.get(path).map_or_else(|| "nothing".to_owned(), Doc::to_compact);
    equal(&format!("variable {path}"), &expected.to_compact(), &found)
}

fn unprotected(longest: Option<Duration>, most: Option<Duration>) -> Done {
    match (longest, most) {
        (None, _) => Ok(()),
        (Some(longest), Some(most)) if longest <= most => Ok(()),
        (Some(longest), most) => {
            let most = most.map_or_else(|| "never".to_owned(), |most| format!("at most {most:?}"));
            failed(format!("a position without its stop {most}"), format!("{longest:?} without one"))
        }
    }
}

/// Keeps the state's hash under a name.
pub(super) fn remember(runner: &mut Runner<'_>, name: &str) -> Done {
    let hash = live(runner)?.hash();
    runner.remembered.insert(name.to_owned(), hash);
    Ok(())
}

/// The state is, byte for byte, the one that was remembered.
pub(super) fn same(runner: &Runner<'_>, name: &str) -> Done {
    let Some(before) = runner.remembered.get(name) else {
        return cannot(format!("no state was remembered as {name:?}"));
    };
    equal(&format!("the state that is remembered as {name:?}"), before, &live(runner)?.hash())
}
