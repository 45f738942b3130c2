//! The demo's bot: as `run`, with short intervals, and it says what it has acknowledged.

use crate::commands::run::strategy;
use crate::errors::{Failure, Outcome};
use crate::flags::VenueArgs;
use crate::needs::{Needs, stop, venue};
use std::cell::Cell;
use std::io::Write;
use std::time::Duration;
use truebook::Book;
use truebook::core::id::{Instrument, Seq};
use truebook::core::money::Price;
use truebook::engine::Trader;
use truebook::run::{Desk, DeskError, MaCross, RunEvent, Schedule, Strategy};

const SCHEDULE: Schedule = Schedule {
    prices: Duration::from_millis(10),
    reconcile: Duration::from_millis(250),
    retry: Duration::from_millis(50),
};

pub(super) fn run(needs: &Needs, args: &VenueArgs) -> Result<Outcome, Failure> {
    let stop = stop::flag()?;
    let book = needs.open(needs.options())?;
    let venue = venue::of_book(&book, args)?;
    let told = Cell::new(Seq::ZERO);
    let mut strategy = Telling { strategy: strategy::ma_cross(&book)?, told: &told };
    let trader = Trader::new(book.clone(), venue)?;
    let mut watch = |event: RunEvent<'_>| {
        if let RunEvent::Failed(what, why) = event {
            // For whoever looks why the demo failed.
            let _ = writeln!(std::io::stdout(), "{what}: {why}");
        }
        acknowledge(&book, &told);
    };
    truebook::run::run(&trader, &mut strategy, SCHEDULE, &stop, &mut watch)?;
    acknowledge(&book, &told);
    drop(trader);
    book.close()?;
    Ok(Outcome::Fine)
}

/// Says that everything up to the last event is durable: one thread records here, and only goes on when it is.
pub(super) fn acknowledge(book: &Book, told: &Cell<Seq>) {
    let last = book.last();
    if last > told.get() {
        // Whoever listened is gone; the demo will find out.
        let _ = writeln!(std::io::stdout(), "ack {last}");
        told.set(last);
    }
}

/// The strategy, and after each price what is durable by then.
struct Telling<'a> {
    strategy: MaCross,
    told: &'a Cell<Seq>,
}

impl Strategy for Telling<'_> {
    fn name(&self) -> &str {
        self.strategy.name()
    }

    fn instruments(&self) -> Vec<Instrument> {
        self.strategy.instruments()
    }

    fn on_price(&mut self, desk: &Desk<'_>, instrument: &Instrument, price: Price) -> Result<(), DeskError> {
        let done = self.strategy.on_price(desk, instrument, price);
        acknowledge(desk.book(), self.told);
        done
    }
}
