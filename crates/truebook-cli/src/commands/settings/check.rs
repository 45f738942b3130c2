//! `settings check`: every key in which a file differs from what is recorded.

use crate::errors::{Failure, Outcome};
use crate::flags::Source;
use crate::needs::{Needs, input};
use crate::output::table;
use serde::Serialize;
use truebook::core::settings::Change;

/// What is printed; part of the contract.
#[derive(Serialize)]
pub(super) struct Checked<'a> {
    pub(super) changed: bool,
    pub(super) changes: &'a [Change],
}

pub(super) fn run(needs: &Needs, source: &Source) -> Result<Outcome, Failure> {
    let given = input::settings(source)?;
    let changes = needs.peek_whole()?.settings_changes(&given);
    let changed = !changes.is_empty();
    needs.out().show(&Checked { changed, changes: &changes }, || describe(&changes))?;
    Ok(if changed { Outcome::Different } else { Outcome::Fine })
}

pub(super) fn describe(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "the settings are those recorded".to_owned();
    }
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "(none)".to_owned());
    let rows =
        changes.iter().map(|change| [change.path.clone(), shown(&change.recorded), shown(&change.given)]);
    table::rows(["key", "recorded", "given"], rows)
}
