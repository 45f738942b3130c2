//! `settings-mismatch`: the copy is opened with other settings than those accepted.

use super::found::{Found, Holds};
use super::stage::Stage;
use crate::errors::Failure;
use std::collections::BTreeSet;
use truebook::book::{OnChangedSettings, OpenError, OpenOptions, settings_from_text};
use truebook::core::doc::Doc;
use truebook::core::settings::Change;
use truebook::{Book, World};

/// What is accepted first, and what is given then: one value changed, one key gone, one new.
const ACCEPTED: &str = r#"{"risk": {"max_position": "10"}, "symbols": ["A", "B"], "gone": 1}"#;
const GIVEN: &str = r#"{"risk": {"max_position": "1000"}, "symbols": ["A", "B"], "new": 1}"#;
const CHANGED: [&str; 3] = ["gone", "new", "risk.max_position"];

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let fork = stage.fork("settings-mismatch")?;
    let open = |settings: &Doc, on_changed_settings| {
        let options =
            OpenOptions { settings: Some(settings.clone()), on_changed_settings, ..stage.options() };
        Book::open(World::real(fork.path()), options)
    };
    let (accepted, given) = (doc(ACCEPTED)?, doc(GIVEN)?);
    let mut found = Found::new();
    open(&accepted, OnChangedSettings::Accept)?.close()?;
    open(&accepted, OnChangedSettings::Refuse)?.close()?;
    found.ran(1);
    let before = stage.peek(fork.path())?;
    match open(&given, OnChangedSettings::Refuse) {
        Err(OpenError::Settings(changes)) => {
            let told = keys(&changes);
            let good = format!("refused, and the changed keys listed: {}", told.join(", "));
            let bad = format!("the changed keys are {}, told were {}", CHANGED.join(", "), told.join(", "));
            found.check(Holds::from(told == CHANGED), good, bad);
        }
        Err(failed) => found.fail(format!("refused for another reason: {failed}")),
        Ok(_book) => found.fail("opened with settings that nobody accepted"),
    }
    found.ran(1);
    let after = stage.peek(fork.path())?;
    let same = (before.last, before.state.hash()) == (after.last, after.state.hash());
    found.check(same.into(), "nothing was written by it", "being refused changed the book");
    let held = open(&given, OnChangedSettings::Hold)?;
    let told = keys(held.unaccepted_settings());
    let good = "opened on hold it tells the same keys, and refuses new risk until they are accepted";
    found.check(Holds::from(told == CHANGED), good, "opened on hold it tells other keys");
    held.close()?;
    found.ran(1);
    open(&given, OnChangedSettings::Accept)?.close()?;
    open(&given, OnChangedSettings::Refuse)?.close()?;
    found.ran(1);
    found.pass(format!(
        "accepted settings open without a word; hash in force here: {}",
        before.state.live().settings.hash
    ));
    Ok(found)
}

fn doc(text: &str) -> Result<Doc, Failure> {
    settings_from_text(text).map_err(|failed| Failure::caused(&failed))
}

fn keys(changes: &[Change]) -> Vec<String> {
    let keys: BTreeSet<String> = changes.iter().map(|change| change.path.clone()).collect();
    keys.into_iter().map(|key| key.trim_start_matches('/').replace('/', ".")).collect()
}
