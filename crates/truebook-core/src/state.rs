//! The state of a book: the fold of its events, and nothing that is not in them.

use crate::doc::{self, Doc};
use crate::event::{Created, Event, Imported, Record, StateChanged};
use crate::hash::{SetHash, StateHash};
use crate::id::{Instrument, OrderId, Seq};
use crate::identity::Identity;
use crate::money::MoneyError;
use crate::order::{Closing, Fill, Intent, Order};
use crate::position::Position;
use crate::seen::{Seen, SeenEntry, SeenKind, execution_seen_id, fingerprint, order_seen_id};
use crate::settings::Settings;
use crate::time::Utc;
use alloc::collections::btree_map::Entry;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The part of the state that a checkpoint holds: what is live. Cloning it is cheap (shared until changed).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Live {
    /// Which book it is.
    pub identity: Identity,
    /// The settings in force.
    pub settings: Settings,
    /// The bot's own variables.
    pub vars: Doc,
    /// Orders that are not terminal, by client order id.
    pub orders: BTreeMap<OrderId, Arc<Order>>,
    /// Positions, by instrument.
    pub positions: BTreeMap<Instrument, Position>,
    /// Why new risk is refused, while it is.
    pub halted: Option<String>,
    /// How many keys and executions were ever used.
    pub seen_count: u64,
    /// Commutative hash of them.
    pub seen_digest: SetHash,
}

/// The whole state.
#[derive(Clone, Debug)]
pub struct State {
    live: Live,
    seen: Seen,
}

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The state changed.
    Changed,
    /// It was known already: nothing changed, and nothing needs to be written.
    Nothing,
}

/// Why an event does not fit the state it meets. The state is unchanged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The first event must make the book.
    #[error("the first event is {found:?}, a book begins with \"created\"")]
    NotCreated {
        /// Name of the event found.
        found: &'static str,
    },
    /// A book is made once.
    #[error("the book is made a second time")]
    CreatedTwice,
    /// An order of this id was intended before.
    #[error("order {id} was intended before")]
    OrderExists {
        /// Client order id.
        id: OrderId,
    },
    /// No order of this id was ever intended.
    #[error("order {id} is not in the book")]
    OrderMissing {
        /// Client order id.
        id: OrderId,
    },
    /// A position of this instrument is there already.
    #[error("a position in {instrument} is there already")]
    PositionExists {
        /// The instrument.
        instrument: Instrument,
    },
    /// The change does not fit the variables.
    #[error("the change does not fit the variables: {reason}")]
    Vars {
        /// Why not.
        reason: String,
    },
    /// An amount is out of range.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A quantity that must be above zero is not.
    #[error("quantity {quantity} of order {id} is not above zero")]
    Quantity {
        /// Client order id.
        id: OrderId,
        /// The quantity.
        quantity: String,
    },
    /// The same execution id with another content.
    #[error("execution {execution} was counted before with another side, quantity or price")]
    Contradiction {
        /// The execution id.
        execution: String,
    },
    /// A fill in another instrument or direction than its order.
    #[error("the fill is in another instrument or direction than its order {id}")]
    OtherOrder {
        /// Client order id.
        id: OrderId,
    },
    /// The stored settings do not have the stored hash.
    #[error("the settings do not have the hash that is stored with them")]
    SettingsHash,
}

impl State {
    /// The state after the first event.
    pub fn begin(record: &Record) -> Result<Self, FoldError> {
        let Event::Created(created) = &record.ev else {
            return Err(FoldError::NotCreated { found: record.ev.name() });
        };
        let Created { identity, settings } = &**created;
        if !settings.is_consistent() {
            return Err(FoldError::SettingsHash);
        }
        let live = Live {
            identity: identity.clone(),
            settings: settings.clone(),
            vars: Doc::object(),
            orders: BTreeMap::new(),
            positions: BTreeMap::new(),
            halted: None,
            seen_count: 0,
            seen_digest: SetHash::default(),
        };
        Ok(Self { live, seen: Seen::default() })
    }

    /// A state from a checkpoint: its live part and all that was ever seen. `None` if the two do not belong
    /// together.
    pub fn restore(live: Live, seen: Seen) -> Option<Self> {
        let together = live.seen_count == seen.len() as u64 && live.seen_digest == seen.digest();
        together.then_some(Self { live, seen })
    }

    /// What is live.
    pub const fn live(&self) -> &Live {
        &self.live
    }

    /// What was ever used.
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// See [`Seen::mark_saved`].
    pub fn mark_seen_saved(&mut self, count: usize) {
        self.seen.mark_saved(count);
    }

    /// BLAKE3 of the canonical state.
    pub fn hash(&self) -> StateHash {
        self.live.hash()
    }

    /// Takes in the event with this sequence number. On an error the state is unchanged.
    pub fn apply(&mut self, seq: Seq, record: &Record) -> Result<Effect, FoldError> {
        let at = record.at;
        let effect = match &record.ev {
            Event::Created(_) => return Err(FoldError::CreatedTwice),
            Event::Settings(accepted) => self.accept_settings(&accepted.settings),
            Event::State(change) => self.change_vars(change),
            Event::Import(import) => self.import(import, at),
            Event::Intent(intent) => self.intend(intent, at),
            Event::Ack(ack) => self.update(seq, ack.id, at, |order| {
                order.unknown = None;
                order.venue_orders.insert(ack.venue_order.clone());
                Ok(())
            }),
            Event::Fill(fill) => self.fill(seq, fill, at),
            Event::Unknown(unknown) => self.update(seq, unknown.id, at, |order| {
                order.unknown = Some(unknown.why.clone());
                Ok(())
            }),
            Event::Closed(closed) => self.close(seq, closed.id, at, closed.closing),
            Event::Halt(reason) => Ok(self.set_halted(Some(reason.why.clone()))),
            Event::Resume(_) => Ok(self.set_halted(None)),
            Event::Recovered(_) => Ok(Effect::Changed),
        }?;
        self.live.seen_count = self.seen.len() as u64;
        self.live.seen_digest = self.seen.digest();
        Ok(effect)
    }

    fn accept_settings(&mut self, settings: &Settings) -> Result<Effect, FoldError> {
        if !settings.is_consistent() {
            return Err(FoldError::SettingsHash);
        }
        let same = self.live.settings == *settings;
        self.live.settings = settings.clone();
        Ok(if same { Effect::Nothing } else { Effect::Changed })
    }

    fn change_vars(&mut self, change: &StateChanged) -> Result<Effect, FoldError> {
        if change.ops.is_empty() {
            return Ok(Effect::Nothing);
        }
        // A second handle would make every map on the path be copied: take the document out instead.
        let mut vars = core::mem::replace(&mut self.live.vars, Doc::Null);
        let before = if change.ops.len() > 1 { Some(vars.clone()) } else { None };
        let outcome = doc::apply(&mut vars, &change.ops);
        match outcome {
            Ok(()) => self.live.vars = vars,
            Err(_) => self.live.vars = before.unwrap_or(vars),
        }
        outcome.map(|()| Effect::Changed).map_err(|failed| FoldError::Vars { reason: in_full(&failed) })
    }

    fn import(&mut self, import: &Imported, at: Utc) -> Result<Effect, FoldError> {
        for position in &import.positions {
            if self.live.positions.contains_key(&position.instrument) {
                return Err(FoldError::PositionExists { instrument: position.instrument.clone() });
            }
        }
        for order in &import.orders {
            self.check_new(&order.intent)?;
        }
        refuse_twins(import)?;
        for position in &import.positions {
            let opened = Position::opened(position.quantity, position.average_price);
            self.live.positions.insert(position.instrument.clone(), opened);
        }
        for imported in &import.orders {
            let mut order = Order::new(imported.intent.clone(), at);
            order.venue_orders.insert(imported.venue_order.clone());
            self.live.orders.insert(imported.intent.id, Arc::new(order));
        }
        self.live.vars = import.vars.clone();
        Ok(Effect::Changed)
    }

    fn check_new(&self, intent: &Intent) -> Result<(), FoldError> {
        let id = intent.id;
        if self.live.orders.contains_key(&id) || self.seen.get(order_seen_id(id)).is_some() {
            return Err(FoldError::OrderExists { id });
        }
        if intent.quantity.is_negative() || intent.quantity.is_zero() {
            return Err(FoldError::Quantity { id, quantity: intent.quantity.to_string() });
        }
        Ok(())
    }

    fn intend(&mut self, intent: &Intent, at: Utc) -> Result<Effect, FoldError> {
        self.check_new(intent)?;
        self.live.orders.insert(intent.id, Arc::new(Order::new(intent.clone(), at)));
        Ok(Effect::Changed)
    }

    /// Changes a live order, and lets it leave the live state once it is terminal. A fact about an order
    /// that has left is no news. A change that fails must leave the order as it was.
    fn update(
        &mut self,
        seq: Seq,
        id: OrderId,
        at: Utc,
        change: impl FnOnce(&mut Order) -> Result<(), MoneyError>,
    ) -> Result<Effect, FoldError> {
        let Entry::Occupied(mut place) = self.live.orders.entry(id) else {
            let known = self.seen.get(order_seen_id(id)).is_some();
            return if known { Ok(Effect::Nothing) } else { Err(FoldError::OrderMissing { id }) };
        };
        let order = Arc::make_mut(place.get_mut());
        change(order)?;
        order.updated_at = order.updated_at.max(at);
        if let Some(kind) = SeenKind::of_closed(order.state()) {
            let entry = closed_entry(order, kind, seq);
            place.remove();
            let is_new = self.seen.insert(entry);
            assert!(is_new, "an order leaves the live state once");
        }
        Ok(Effect::Changed)
    }

    fn close(&mut self, seq: Seq, id: OrderId, at: Utc, closing: Closing) -> Result<Effect, FoldError> {
        self.update(seq, id, at, |order| {
            order.closing = Some(closing);
            Ok(())
        })
    }

    fn fill(&mut self, seq: Seq, fill: &Fill, at: Utc) -> Result<Effect, FoldError> {
        let entry = execution_entry(fill, seq);
        if let Some(known) = self.seen.get(entry.id) {
            let execution = fill.execution.to_string();
            let same = known.fingerprint == entry.fingerprint;
            return if same { Ok(Effect::Nothing) } else { Err(FoldError::Contradiction { execution }) };
        }
        if fill.quantity.is_negative() || fill.quantity.is_zero() {
            return Err(FoldError::Quantity { id: fill.id, quantity: fill.quantity.to_string() });
        }
        // All that can fail comes before the first change.
        if let Some(order) = self.live.orders.get(&fill.id) {
            let Intent { instrument, side, .. } = &order.intent;
            if (instrument, *side) != (&fill.instrument, fill.side) {
                return Err(FoldError::OtherOrder { id: fill.id });
            }
        }
        let after = match self.live.positions.get(&fill.instrument) {
            Some(position) => position.after(fill)?,
            None => Position::default().after(fill)?,
        };
        self.fill_order(seq, fill, at)?;
        if let Some(position) = self.live.positions.get_mut(&fill.instrument) {
            position.become_after(after);
        } else {
            let mut position = Position::default();
            position.become_after(after);
            self.live.positions.insert(fill.instrument.clone(), position);
        }
        let is_new = self.seen.insert(entry);
        assert!(is_new, "an execution is counted once");
        Ok(Effect::Changed)
    }

    fn fill_order(&mut self, seq: Seq, fill: &Fill, at: Utc) -> Result<Effect, FoldError> {
        self.update(seq, fill.id, at, |order| {
            order.add_fill(fill)?;
            if let Some(venue_order) = &fill.venue_order {
                order.venue_orders.insert(venue_order.clone());
                order.unknown = None;
            }
            Ok(())
        })
    }

    fn set_halted(&mut self, reason: Option<String>) -> Effect {
        let same = self.live.halted == reason;
        self.live.halted = reason;
        if same { Effect::Nothing } else { Effect::Changed }
    }
}

/// An error and its causes in one line.
fn in_full(failed: &dyn core::error::Error) -> String {
    let mut text = failed.to_string();
    let mut source = failed.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

impl Live {
    /// The canonical bytes: compact JSON, struct fields in their fixed order, maps sorted.
    pub fn canonical(&self) -> Vec<u8> {
        // Nothing in the state can fail to serialise: all keys are strings and there are no floats.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// BLAKE3 of the canonical bytes.
    pub fn hash(&self) -> StateHash {
        StateHash::of(&self.canonical())
    }
}

/// A file that names one instrument or order twice does not say which of the two it means.
fn refuse_twins(import: &Imported) -> Result<(), FoldError> {
    let (mut instruments, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for position in &import.positions {
        if !instruments.insert(&position.instrument) {
            return Err(FoldError::PositionExists { instrument: position.instrument.clone() });
        }
    }
    for order in &import.orders {
        if !ids.insert(order.intent.id) {
            return Err(FoldError::OrderExists { id: order.intent.id });
        }
    }
    Ok(())
}

fn closed_entry(order: &Order, kind: SeenKind, seq: Seq) -> SeenEntry {
    SeenEntry {
        id: order_seen_id(order.intent.id),
        kind,
        fingerprint: intent_fingerprint(&order.intent),
        seq,
    }
}

/// Tells whether two intents ask for the same order, whatever their ids.
pub fn intent_fingerprint(intent: &Intent) -> u64 {
    let number =
        |price: Option<crate::money::Price>| price.map_or([0xff; 16], |p| p.get().normalize().serialize());
    fingerprint(&[
        intent.instrument.as_str().as_bytes(),
        &[intent.side as u8, intent.order_type as u8, intent.time_in_force as u8, intent.role as u8],
        &intent.quantity.get().normalize().serialize(),
        &number(intent.limit),
        &number(intent.stop),
    ])
}

fn execution_entry(fill: &Fill, seq: Seq) -> SeenEntry {
    let content = fingerprint(&[
        &[fill.side as u8],
        &fill.quantity.get().normalize().serialize(),
        &fill.price.get().normalize().serialize(),
    ]);
    let id = execution_seen_id(&fill.instrument, &fill.execution);
    SeenEntry { id, kind: SeenKind::Execution, fingerprint: content, seq }
}
