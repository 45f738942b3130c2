//! `settings`: shows, compares and accepts them.

mod accept;
mod check;
mod show;

use crate::errors::{Failure, Outcome};
use crate::flags::{SettingsArgs, SettingsCommand};
use crate::needs::Needs;

pub(super) fn run(needs: &Needs, args: &SettingsArgs) -> Result<Outcome, Failure> {
    match &args.command {
        SettingsCommand::Show => show::run(needs),
        SettingsCommand::Check { source } => check::run(needs, source),
        SettingsCommand::Accept { source } => accept::run(needs, source),
    }
}
