//! What a simulated bot does with its book: a sequence of operations that follows from a seed.

use crate::model::Model;
use crate::{Rng, SimClock};
use std::collections::BTreeMap;
use std::sync::Arc;
use truebook::Book;
use truebook::book::{Recorded, WriteError};
use truebook::journal::Level;
use truebook_core::doc::{self, Doc, Limits, Path};
use truebook_core::event::{Acked, Closed, Event, Origin, OutcomeUnknown, Reason, StateChanged};
use truebook_core::id::{ExecutionId, Instrument, OrderId, OrderKey, VenueOrderId};
use truebook_core::life::Closing;
use truebook_core::money::Qty;
use truebook_core::order::{Fill, Intent, OrderType, Role, Side, Terms, TimeInForce};

/// Every simulated order is for this many units.
pub const ORDER_UNITS: i64 = 3;

/// One operation of a bot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Saves all variables: name and JSON text of each.
    Save(BTreeMap<String, String>),
    /// Sets one variable.
    Set {
        /// Its name.
        key: String,
        /// Its JSON text.
        value: String,
    },
    /// Merges one variable in, or removes it.
    Merge {
        /// Its name.
        key: String,
        /// Its JSON text; `None` removes it.
        value: Option<String>,
    },
    /// Intends a new order.
    Intend {
        /// Its key.
        key: String,
    },
    /// The venue has the order.
    Ack {
        /// Its key.
        key: String,
    },
    /// A reply was lost.
    Unknown {
        /// The order's key.
        key: String,
    },
    /// An execution.
    Fill {
        /// The order's key.
        key: String,
        /// The execution's id.
        execution: String,
        /// How many units.
        units: i64,
    },
    /// The order was cancelled.
    Cancel {
        /// Its key.
        key: String,
    },
    /// Sets several variables with one flush, each an event of its own.
    Several(Vec<(String, String)>),
    /// Asks for a checkpoint.
    Checkpoint,
    /// Lets time pass.
    Wait {
        /// How long.
        seconds: i64,
    },
    /// Refuses new risk.
    Halt,
}

impl Op {
    /// Whether a journal that has stopped this far may still take it: with a full disk, facts and halts are
    /// recorded in space that was set aside; after any other failure, nothing is.
    pub fn is_taken_at(&self, stopped: Option<Level>) -> bool {
        match stopped {
            None => true,
            Some(Level::Full) => {
                matches!(
                    self,
                    Op::Ack { .. } | Op::Unknown { .. } | Op::Fill { .. } | Op::Cancel { .. } | Op::Halt
                )
            }
            Some(Level::Failed) => false,
        }
    }
}

/// Makes operations that fit what the book holds.
pub struct Workload {
    rng: Rng,
    count: u64,
}

impl Workload {
    /// A workload that follows from `seed`.
    pub fn new(seed: u64) -> Workload {
        Workload { rng: Rng::new(seed), count: 0 }
    }

    /// The next operation, for a book that holds `model`.
    pub fn next(&mut self, model: &Model) -> Op {
        self.count += 1;
        let live = model.live();
        match self.rng.below(100) {
            0..15 => Op::Save(self.vars()),
            // 15..40, and what does not fit the book as it is, sets one variable.
            40..50 => Op::Merge { key: self.name(), value: self.rng.coin().then(|| self.value()) },
            50..65 => Op::Intend { key: format!("order-{}", self.count) },
            65..70 if !live.is_empty() => Op::Ack { key: self.pick(&live) },
            70..72 if !live.is_empty() => Op::Unknown { key: self.pick(&live) },
            72..84 if !live.is_empty() => self.fill(&live),
            84..87 => self.repeat(model),
            87..90 if !live.is_empty() => Op::Cancel { key: self.pick(&live) },
            90..95 => Op::Checkpoint,
            95..97 => Op::Wait { seconds: 100 },
            97..99 => Op::Several((0..6).map(|_| (self.name(), self.value())).collect()),
            99 => Op::Halt,
            _ => Op::Set { key: self.name(), value: self.value() },
        }
    }

    fn name(&mut self) -> String {
        format!("v{}", self.rng.below(12))
    }

    fn value(&mut self) -> String {
        let length = usize::try_from(self.rng.below(120)).unwrap_or(0);
        // Now and then one that makes the segment roll, or that needs a segment of its own.
        let length = match self.rng.below(40) {
            0 => 6000,
            1..4 => 1500,
            _ => length,
        };
        format!("\"{}-{}\"", self.count, "x".repeat(length))
    }

    fn vars(&mut self) -> BTreeMap<String, String> {
        (0..self.rng.below(8)).map(|_| (self.name(), self.value())).collect()
    }

    fn pick(&mut self, keys: &[String]) -> String {
        keys[self.rng.index(keys.len())].clone()
    }

    fn fill(&mut self, live: &[String]) -> Op {
        let units = 1 + i64::try_from(self.rng.below(2)).unwrap_or(0);
        Op::Fill { key: self.pick(live), execution: format!("exec-{}-{units}", self.count), units }
    }

    /// An execution that was reported before, or something harmless if there was none.
    fn repeat(&mut self, model: &Model) -> Op {
        let known: Vec<String> = model.executions().iter().cloned().collect();
        if known.is_empty() {
            return Op::Checkpoint;
        }
        let execution = self.pick(&known);
        let units = if execution.ends_with("-1") { 1 } else { 2 };
        Op::Fill { key: format!("order-{}", self.count), execution, units }
    }
}

/// Does one operation with the book.
///
/// # Errors
/// The book's.
pub fn perform(book: &Book, clock: &Arc<SimClock>, op: &Op) -> Result<Recorded, WriteError> {
    match op {
        Op::Save(vars) => book.save(&object(vars)),
        Op::Set { key, value } => book.set(&path(key), &json(value)),
        Op::Merge { key, value } => {
            let value = value.as_deref().unwrap_or("null");
            book.merge(&Path::root(), &json(&format!("{{\"{key}\":{value}}}")))
        }
        Op::Intend { key } => book.record(Event::Intent(Box::new(intent(book, key)?))),
        Op::Ack { key } => {
            let venue_order = VenueOrderId::new(&format!("venue-{key}")).map_err(|_| bug());
            let Ok(venue_order) = venue_order else { return Ok(Recorded::Unchanged) };
            book.record(Event::Ack(Acked {
                id: order_id(book, key)?,
                venue_order,
                status: None,
                venue_time: None,
                alias: None,
            }))
        }
        Op::Unknown { key } => {
            let why = "no reply within 5 s".to_owned();
            book.record(Event::Unknown(OutcomeUnknown { id: order_id(book, key)?, why }))
        }
        Op::Fill { key, execution, units } => {
            book.record(Event::Fill(Box::new(fill(book, key, execution, *units)?)))
        }
        Op::Cancel { key } => {
            let closed = Closed {
                id: order_id(book, key)?,
                closing: Closing::Cancelled,
                why: None,
                venue_order: None,
                claimed: None,
            };
            book.record(Event::Closed(closed))
        }
        Op::Several(values) => {
            let recorded = book.record_all(values.iter().map(|(key, value)| set(key, value)).collect())?;
            Ok(recorded.last().copied().unwrap_or(Recorded::Unchanged))
        }
        Op::Checkpoint => book.checkpoint().map(|_| Recorded::Unchanged),
        Op::Wait { seconds } => {
            clock.pass_seconds(*seconds);
            Ok(Recorded::Unchanged)
        }
        Op::Halt => book.record(Event::Halt(Reason { why: "the workload says so".to_owned() })),
    }
}

fn set(key: &str, value: &str) -> Event {
    let op = doc::Op::Set { path: format!("/{key}"), value: json(value) };
    Event::State(StateChanged { origin: Origin::Set, ops: vec![op] })
}

fn bug() -> &'static str {
    "the workload makes valid ids"
}

fn path(key: &str) -> Path {
    Path::parse(key).unwrap_or_else(|_| Path::root())
}

fn json(text: &str) -> Doc {
    Doc::parse(text, Limits::default()).unwrap_or_default()
}

fn object(vars: &BTreeMap<String, String>) -> Doc {
    let members: Vec<String> = vars.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    json(&format!("{{{}}}", members.join(",")))
}

fn order_id(book: &Book, key: &str) -> Result<OrderId, WriteError> {
    let identity = book.live()?.identity;
    // A text that is no key gives an id that no order has.
    let Ok(key) = OrderKey::new(key) else { return Ok(OrderId::from_bytes([0; 16])) };
    Ok(OrderId::derive(identity.installation, identity.book, &key, Role::Entry.name(), 0))
}

fn instrument() -> Instrument {
    Instrument::new("TEST").unwrap_or_else(|_| unreachable!("{}", bug()))
}

/// The intent with this key; always the same order for the same key.
pub fn intent(book: &Book, key: &str) -> Result<Intent, WriteError> {
    Ok(Intent {
        id: order_id(book, key)?,
        key: OrderKey::new(key).unwrap_or_else(|_| unreachable!("{}", bug())),
        instrument: instrument(),
        side: Side::Buy,
        order_type: OrderType::Market,
        quantity: units(ORDER_UNITS),
        limit: None,
        stop: None,
        time_in_force: TimeInForce::Day,
        role: Role::Entry,
        attempt: 0,
        parent: None,
        strategy: None,
        terms: Terms::default(),
    })
}

fn units(count: i64) -> Qty {
    count.to_string().parse().unwrap_or(Qty::ZERO)
}

fn fill(book: &Book, key: &str, execution: &str, count: i64) -> Result<Fill, WriteError> {
    Ok(Fill {
        id: order_id(book, key)?,
        execution: ExecutionId::new(execution).unwrap_or_else(|_| unreachable!("{}", bug())),
        venue_order: None,
        instrument: instrument(),
        side: Side::Buy,
        quantity: units(count),
        price: "10.5".parse().unwrap_or(truebook_core::money::Price::ZERO),
        fee: None,
        venue_time: None,
        multiplier: None,
    })
}

/// A whole order from intent to fill, for samples.
///
/// # Errors
/// The book's.
pub fn round_trip(book: &Book, key: &str) -> Result<(), WriteError> {
    book.record(Event::Intent(Box::new(intent(book, key)?)))?;
    book.record(Event::Fill(Box::new(fill(book, key, &format!("exec-{key}"), ORDER_UNITS)?)))?;
    Ok(())
}

/// An order that stays open whatever is filled of it, for samples.
///
/// # Errors
/// The book's.
pub fn open_order(book: &Book, key: &str) -> Result<Recorded, WriteError> {
    let quantity = units(1_000_000);
    book.record(Event::Intent(Box::new(Intent { quantity, ..intent(book, key)? })))
}

/// One more unit of an open order is filled.
///
/// # Errors
/// The book's.
pub fn fill_open_order(book: &Book, key: &str, execution: &str) -> Result<Recorded, WriteError> {
    book.record(Event::Fill(Box::new(fill(book, key, execution, 1)?)))
}
