//! `run`: a bot that recovers, reconciles, trades and stops cleanly.

pub(super) mod strategy;
mod tell;

use crate::errors::{Failure, Outcome};
use crate::flags::RunArgs;
use crate::needs::{Needs, backup, stop, venue};
use crate::output::notes;
use std::time::Duration;
use truebook::engine::Trader;
use truebook::run::Schedule;

pub(super) fn run(needs: &Needs, args: &RunArgs) -> Result<Outcome, Failure> {
    needs.warn_of_memory();
    // Before anything is opened: whoever stops the command early wants a clean end too.
    let stop = stop::flag()?;
    let book = needs.open(needs.options())?;
    let venue = venue::of_book(&book, &args.venue)?;
    let keeper = backup::keeper(needs, &args.backups, &book)?;
    let mut strategy = strategy::choose(&book, args.strategy)?;
    let trader = Trader::new(book.clone(), venue)?;
    let mut teller = tell::Teller::new(needs.out(), needs.format());
    let schedule = Schedule {
        prices: Duration::from_millis(args.prices_ms),
        reconcile: Duration::from_millis(args.reconcile_ms),
        retry: Duration::from_millis(args.retry_ms),
    };
    truebook::run::run(&trader, &mut *strategy, schedule, &stop, &mut |event| teller.tell(&event))?;
    drop(trader);
    if let Some(keeper) = keeper {
        notes::backups(&keeper.close());
    }
    let last = book.last();
    book.close()?;
    teller.stopped(last);
    Ok(Outcome::Fine)
}
