//! A strategy of one's own, against the embedded paper venue: `cargo run -p truebook --example own_strategy`.
//!
//! The strategy buys after three falls in a row, with a stop and a profit. It may be killed between any two
//! statements: what it must remember is in the book before it acts, and it acts under a key that follows from
//! what it remembers, so that acting twice is acting once.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use truebook::book::{NewBook, OpenOptions};
use truebook::core::capability::Rules;
use truebook::core::doc::{Doc, Limits};
use truebook::core::id::{AccountName, BookName, Instrument, OrderKey, VenueName};
use truebook::core::identity::Mode;
use truebook::core::money::{Price, Qty};
use truebook::core::order::{Bracket, Placement, ProfitLeg, Side, StopLeg, TimeInForce};
use truebook::core::spec::OrderSpec;
use truebook::engine::Trader;
use truebook::paper::{PaperSettings, PaperVenue};
use truebook::run::{Desk, DeskError, RunEvent, Schedule, Strategy, run};
use truebook::world::SystemClock;
use truebook::{Book, World};

/// Buys after three falls in a row.
struct Dips {
    instrument: Instrument,
    quantity: Qty,
}

/// What it remembers. It is in the book's variables, under `/strategies/dips/memory`.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Memory {
    last: Option<Price>,
    falls: u32,
    /// How many times it decided to buy: a part of the order's key.
    decisions: u64,
    /// A decision that is not carried out yet, at which price.
    open: Option<Price>,
}

impl Strategy for Dips {
    fn name(&self) -> &'static str {
        "dips"
    }

    fn instruments(&self) -> Vec<Instrument> {
        vec![self.instrument.clone()]
    }

    fn on_price(&mut self, desk: &Desk<'_>, instrument: &Instrument, price: Price) -> Result<(), DeskError> {
        let mut memory = recall(desk)?;
        if memory.last == Some(price) && memory.open.is_none() {
            return Ok(());
        }
        let fell = memory.last.is_some_and(|last| price < last);
        memory.falls = if fell { memory.falls + 1 } else { 0 };
        memory.last = Some(price);
        let is_busy = !desk.position(instrument)?.is_zero() || !desk.orders(instrument)?.is_empty();
        if memory.falls >= 3 && memory.open.is_none() && !is_busy {
            memory.decisions += 1;
            memory.open = Some(price);
        }
        // First the decision, then the deed.
        remember(desk, &memory)?;
        let Some(decided_at) = memory.open else { return Ok(()) };
        desk.submit(&key(memory.decisions)?, &self.order(decided_at))?;
        remember(desk, &Memory { open: None, ..memory })
    }
}

impl Dips {
    /// The same decision is the same order, whenever it is sent.
    fn order(&self, price: Price) -> OrderSpec {
        let one = Price::new(Decimal::ONE);
        let stop = price.minus(one).unwrap_or(price);
        let limit = price.plus(one).unwrap_or(price);
        let bracket = Bracket {
            stop_loss: Some(StopLeg { stop, limit: None }),
            take_profit: Some(ProfitLeg { limit }),
            legs: Placement::Own,
        };
        let order = OrderSpec::market(self.instrument.clone(), Side::Buy, self.quantity);
        OrderSpec { time_in_force: TimeInForce::Gtc, ..order }.with_bracket(bracket)
    }
}

fn key(decision: u64) -> Result<OrderKey, DeskError> {
    OrderKey::new(&format!("dips/{decision}")).map_err(|failed| DeskError::Strategy(failed.to_string()))
}

fn recall(desk: &Desk<'_>) -> Result<Memory, DeskError> {
    let Some(doc) = desk.remembered("memory")? else { return Ok(Memory::default()) };
    serde_json::from_str(&doc.to_compact()).map_err(|failed| DeskError::Strategy(failed.to_string()))
}

fn remember(desk: &Desk<'_>, memory: &Memory) -> Result<(), DeskError> {
    let json = serde_json::to_string(memory).map_err(|failed| DeskError::Strategy(failed.to_string()))?;
    let doc = Doc::parse(&json, Limits::default());
    desk.remember("memory", &doc.map_err(|failed| DeskError::Strategy(failed.to_string()))?)
}

/// Prices that fall for a while and rise again, until the market closes.
fn market(venue: &PaperVenue, instrument: &Instrument, closed: &AtomicBool) {
    let waves = [10_000, 9950, 9900, 9840, 9890, 9960, 10_020, 10_100];
    for cents in waves.into_iter().cycle().take(80) {
        // A price that the venue does not take is followed by another.
        let _ = venue.tick(instrument, Price::new(Decimal::new(cents, 2)));
        std::thread::sleep(Duration::from_millis(20));
    }
    closed.store(true, Ordering::SeqCst);
}

fn new_book() -> Result<NewBook, Box<dyn Error>> {
    Ok(NewBook {
        name: BookName::new("own strategy")?,
        venue: VenueName::new("paper")?,
        account: AccountName::new("PAPER1")?,
        mode: Mode::Paper,
        settings: Doc::object(),
        key: None,
        readable: None,
        installation: None,
    })
}

/// Trades for a second or two, and says what is held then.
pub fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("truebook-own-strategy-{}", std::process::id()));
    let instrument = Instrument::new("TSLA")?;
    let settings = PaperSettings::class_a("paper")?.trading(instrument.clone(), Rules::none());
    let venue = PaperVenue::new(settings, Arc::new(SystemClock));
    let book = Book::create(World::real(&directory), &new_book()?, OpenOptions::default())?;
    let trader = Trader::new(book.clone(), Arc::new(venue.clone()))?;
    let mut strategy = Dips { instrument: instrument.clone(), quantity: "2".parse()? };
    let schedule = Schedule { prices: Duration::from_millis(5), ..Schedule::default() };
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| market(&venue, &instrument, &stop));
        run(&trader, &mut strategy, schedule, &stop, &mut |event| {
            if let RunEvent::Failed(what, why) = event {
                eprintln!("could not {what}: {why}");
            }
        })
    })?;
    let live = book.live()?;
    let decisions = live.vars.to_compact();
    println!("the strategy remembers {decisions}");
    let position = live.positions.get(&instrument).ok_or("the strategy never bought")?;
    println!("{} {instrument} held, {} realized", position.quantity, position.realized);
    drop(trader);
    book.close()?;
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}
