//! The runtime of a bot: reconciles, takes the stream in, hands prices to a strategy, and stops cleanly.
//!
//! It has one thread, the caller's. The book's own background thread makes checkpoints.

mod desk;
mod ma_cross;

pub use desk::{Desk, DeskError};
pub use ma_cross::{Exit, MaCross, MaCrossSettings};

use crate::engine::{Reconciliation, TradeError, Trader};
use crate::venue::StreamEvent;
use core::time::Duration;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;
use truebook_core::id::Instrument;
use truebook_core::money::Price;

/// What trades. Everything that it must remember belongs into the book's variables: a strategy may be dead
/// between any two statements, and is then made anew.
pub trait Strategy {
    /// Its name, which every order of it bears.
    fn name(&self) -> &str;

    /// What it wants prices of.
    fn instruments(&self) -> Vec<Instrument>;

    /// A price. Orders that are refused by the gate are no error of the strategy's: it asks again with the
    /// next price if it still wants them.
    ///
    /// # Errors
    /// Whatever the desk could not do; the runtime tells it and goes on, unless the book has stopped.
    fn on_price(&mut self, desk: &Desk<'_>, instrument: &Instrument, price: Price) -> Result<(), DeskError>;

    /// The bot is about to stop. Orders stay as they are unless the strategy cancels them.
    ///
    /// # Errors
    /// As [`Self::on_price`].
    fn on_stop(&mut self, desk: &Desk<'_>) -> Result<(), DeskError> {
        let _ = desk;
        Ok(())
    }
}

/// When the runtime does what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Between two looks at prices.
    pub prices: Duration,
    /// Between two reconciliations when nothing else asks for one.
    pub reconcile: Duration,
    /// Before the venue is tried again after it could not be reached.
    pub retry: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            prices: Duration::from_secs(1),
            reconcile: Duration::from_secs(30),
            retry: Duration::from_secs(1),
        }
    }
}

/// What a runtime tells whoever watches.
pub enum RunEvent<'a> {
    /// Book and venue were compared.
    Reconciled(&'a Reconciliation),
    /// Something could not be done; it is tried again.
    Failed(&'a str, &'a dyn core::fmt::Display),
    /// The stream works.
    Streaming,
    /// The bot is stopping.
    Stopping,
}

/// Runs a strategy until `stop` is set. The book is closed by the caller.
///
/// # Errors
/// Only if the book has stopped: then nothing can be trusted to be written down any more.
pub fn run(
    trader: &Trader,
    strategy: &mut dyn Strategy,
    schedule: Schedule,
    stop: &AtomicBool,
    watch: &mut dyn FnMut(RunEvent<'_>),
) -> Result<(), TradeError> {
    let mut bot = Bot { trader, schedule, stream: None, due: Due::now(), watch };
    while !stop.load(Ordering::SeqCst) {
        bot.connect();
        bot.reconcile_if_due()?;
        bot.look_at_prices(strategy)?;
        bot.listen()?;
    }
    (bot.watch)(RunEvent::Stopping);
    if let Err(failed) = strategy.on_stop(&Desk::new(trader, strategy_name(strategy))) {
        (bot.watch)(RunEvent::Failed("stop the strategy", &failed));
    }
    Ok(())
}

fn strategy_name(strategy: &dyn Strategy) -> String {
    strategy.name().to_owned()
}

struct Bot<'a> {
    trader: &'a Trader,
    schedule: Schedule,
    stream: Option<Receiver<StreamEvent>>,
    due: Due,
    watch: &'a mut dyn FnMut(RunEvent<'_>),
}

struct Due {
    reconcile: Instant,
    prices: Instant,
    connect: Instant,
}

impl Due {
    fn now() -> Self {
        let now = Instant::now();
        Self { reconcile: now, prices: now, connect: now }
    }
}

impl Bot<'_> {
    /// Subscribes before anything is read: what happens between the two is in the stream.
    fn connect(&mut self) {
        if self.stream.is_some() || Instant::now() < self.due.connect {
            return;
        }
        match self.trader.venue().stream() {
            Ok(stream) => {
                self.stream = Some(stream);
                self.due.reconcile = Instant::now();
                (self.watch)(RunEvent::Streaming);
            }
            Err(failed) => {
                self.due.connect = Instant::now() + self.schedule.retry;
                self.trader.shut_gate(format!("no stream: {failed}"));
                (self.watch)(RunEvent::Failed("open the stream", &failed));
            }
        }
    }

    fn reconcile_if_due(&mut self) -> Result<(), TradeError> {
        if Instant::now() < self.due.reconcile {
            return Ok(());
        }
        match self.trader.reconcile() {
            Ok(done) => {
                let wait =
                    if self.trader.is_reconciled() { self.schedule.reconcile } else { self.schedule.retry };
                self.due.reconcile = Instant::now() + wait;
                (self.watch)(RunEvent::Reconciled(&done));
                Ok(())
            }
            Err(failed) => {
                self.due.reconcile = Instant::now() + self.schedule.retry;
                (self.watch)(RunEvent::Failed("reconcile", &failed));
                self.unless_stopped(failed)
            }
        }
    }

    fn look_at_prices(&mut self, strategy: &mut dyn Strategy) -> Result<(), TradeError> {
        if Instant::now() < self.due.prices {
            return Ok(());
        }
        self.due.prices = Instant::now() + self.schedule.prices;
        for instrument in strategy.instruments() {
            let price = match self.trader.venue().last_price(&instrument) {
                Ok(Some(price)) => price,
                Ok(None) => continue,
                Err(failed) => {
                    (self.watch)(RunEvent::Failed("read a price", &failed));
                    continue;
                }
            };
            let desk = Desk::new(self.trader, strategy_name(strategy));
            if let Err(failed) = strategy.on_price(&desk, &instrument, price) {
                (self.watch)(RunEvent::Failed("trade", &failed));
                if let DeskError::Trade(failed) = failed {
                    self.unless_stopped(failed)?;
                }
            }
        }
        Ok(())
    }

    /// Takes the stream in until the next thing is due.
    fn listen(&mut self) -> Result<(), TradeError> {
        let next = self.due.prices.min(self.due.reconcile);
        let Some(stream) = &self.stream else {
            std::thread::sleep(self.schedule.retry.min(next.saturating_duration_since(Instant::now())));
            return Ok(());
        };
        loop {
            match stream.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(event) => match self.trader.absorb(&event) {
                    Ok(crate::engine::Absorbed::Taken) => {}
                    Ok(_) => {
                        // What came with it in the same moment is taken in first.
                        self.due.reconcile = Instant::now();
                        return self.drain();
                    }
                    Err(failed) => {
                        (self.watch)(RunEvent::Failed("take the stream in", &failed));
                        return self.unless_stopped(failed);
                    }
                },
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => {
                    self.stream = None;
                    self.due.connect = Instant::now();
                    self.trader.shut_gate("the stream ended");
                    return Ok(());
                }
            }
        }
    }

    fn drain(&mut self) -> Result<(), TradeError> {
        let Some(stream) = &self.stream else { return Ok(()) };
        for event in stream.try_iter() {
            if let Err(failed) = self.trader.absorb(&event) {
                (self.watch)(RunEvent::Failed("take the stream in", &failed));
                self.unless_stopped(failed)?;
            }
        }
        Ok(())
    }

    /// A book that has stopped ends the bot; everything else is tried again.
    fn unless_stopped(&self, failed: TradeError) -> Result<(), TradeError> {
        match self.trader.book().disk_level() {
            Some(crate::journal::Level::Failed) => Err(failed),
            _ => Ok(()),
        }
    }
}
