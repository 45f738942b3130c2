//! `demo`: a bot that trades is killed again and again; then its book is audited against the venue's own.
//!
//! `stage` makes directories and starts processes, `show` kills and lets settle, `truebook_bot` and
//! `send_first` are the two bots, `audit` compares the venue's store with the journal, `verdict` prints.

mod audit;
mod send_first;
mod show;
mod stage;
mod truebook_bot;
mod unprotected;
mod verdict;

use crate::errors::{Failure, Outcome};
use crate::flags::{DemoArgs, DemoBot, DemoBotArgs};
use crate::needs::Needs;

pub(super) fn run(needs: &Needs, args: &DemoArgs) -> Result<Outcome, Failure> {
    let stage = stage::Stage::set(args)?;
    let acknowledged = show::run(&stage, args)?;
    let found = audit::audit(&stage, args, acknowledged)?;
    needs.out().show(&found.figures, || verdict::describe(&found, args))?;
    Ok(if found.figures.is_clean() { Outcome::Fine } else { Outcome::Different })
}

/// A bot in a process of its own.
pub(super) fn bot(needs: &Needs, args: &DemoBotArgs) -> Result<Outcome, Failure> {
    match &args.bot {
        DemoBot::Truebook(venue) => truebook_bot::run(needs, venue),
        DemoBot::SendFirst(venue) => send_first::run(needs, venue),
    }
}
