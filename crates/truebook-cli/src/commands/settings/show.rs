//! `settings show`.

use crate::errors::{Failure, Outcome};
use crate::needs::Needs;
use serde::Serialize;
use truebook::core::doc::Doc;
use truebook::core::hash::SettingsHash;

/// What is printed; part of the contract.
#[derive(Serialize)]
struct Shown<'a> {
    settings_hash: SettingsHash,
    settings: &'a Doc,
}

pub(super) fn run(needs: &Needs) -> Result<Outcome, Failure> {
    let peek = needs.peek_whole()?;
    let settings = &peek.state.live().settings;
    let shown = Shown { settings_hash: settings.hash, settings: &settings.doc };
    needs.out().show(&shown, || settings.doc.to_pretty())?;
    Ok(Outcome::Fine)
}
