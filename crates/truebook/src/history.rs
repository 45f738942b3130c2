//! What has left the state, and is in the journal: orders that are over, executions. Works beside a writer.

use crate::book::OpenError;
use crate::crypt::KeySource;
use crate::log::{LogError, LogReader};
use crate::world::World;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use truebook_core::bracket::native_legs;
use truebook_core::event::{Closed, Event, Record};
use truebook_core::id::{OrderId, OrderKey, Seq};
use truebook_core::identity::Identity;
use truebook_core::life::{Order, OrderState};
use truebook_core::order::Intent;
use truebook_core::seen::order_seen_id;
use truebook_core::state::{FoldError, State};

/// Why the history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The book cannot be read.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Its journal cannot be read on.
    #[error(transparent)]
    Log(#[from] LogError),
    /// An event does not fit.
    #[error("event {seq} does not fit those before it")]
    Misfit {
        /// Its sequence number.
        seq: Seq,
        /// Why not.
        source: FoldError,
    },
}

/// Goes through the journal, oldest event first.
///
/// # Errors
/// If the journal cannot be read, or whatever `look` says.
pub fn each<E: From<HistoryError>>(
    world: &World,
    key: Option<KeySource>,
    mut look: impl FnMut(Seq, &Record) -> Result<(), E>,
) -> Result<(), E> {
    let mut reader = LogReader::open(world, key, Seq::new(1)).map_err(HistoryError::from)?;
    loop {
        let batch = reader.next_batch().map_err(HistoryError::from)?;
        if batch.is_empty() {
            return Ok(());
        }
        for entry in &batch {
            look(entry.seq, &entry.record)?;
        }
    }
}

/// Every order there ever was, with its state.
///
/// # Errors
/// See [`HistoryError`].
pub fn orders(world: &World, key: Option<KeySource>) -> Result<Vec<(Order, OrderState)>, HistoryError> {
    let mut replay = Replay { state: None, over: BTreeMap::new() };
    each(world, key, |seq, record| replay.take(seq, record))?;
    Ok(replay.into_orders())
}

/// Which key each order bears, learnt from the events one after the other.
#[derive(Default)]
pub struct Keys {
    identity: Option<Identity>,
    keys: HashMap<OrderId, OrderKey>,
}

impl Keys {
    /// Learns from the next event.
    pub fn take(&mut self, record: &Record) {
        if let Event::Created(created) = &record.ev {
            self.identity = Some(created.identity.clone());
        }
        for intent in intents(&record.ev) {
            let legs = self.identity.as_ref().map_or_else(Vec::new, |identity| native_legs(identity, intent));
            let ids = legs.iter().map(|leg| leg.id).chain([intent.id]);
            self.keys.extend(ids.map(|id| (id, intent.key.clone())));
        }
    }

    /// The key of an order.
    pub fn get(&self, id: OrderId) -> Option<&OrderKey> {
        self.keys.get(&id)
    }
}

/// The orders that come into the book with an event; the legs that the venue makes follow from them.
fn intents(event: &Event) -> Vec<&Intent> {
    match event {
        Event::Intent(intent) => vec![intent],
        Event::Adopted(adopted) => vec![&adopted.intent],
        Event::Import(imported) => imported.orders.iter().map(|order| &order.intent).collect(),
        _ => Vec::new(),
    }
}

/// The fold of the events, and what left it on the way.
struct Replay {
    state: Option<State>,
    over: BTreeMap<OrderId, Order>,
}

impl Replay {
    fn take(&mut self, seq: Seq, record: &Record) -> Result<(), HistoryError> {
        let misfit = |source| HistoryError::Misfit { seq, source };
        let Some(state) = &mut self.state else {
            self.state = Some(State::begin(record).map_err(misfit)?);
            return Ok(());
        };
        let before: Vec<Arc<Order>> = touched(state, &record.ev);
        state.apply(seq, record).map_err(misfit)?;
        for order in before {
            let id = order.intent.id;
            if !state.live().orders.contains_key(&id) {
                self.over.insert(id, with_last(&order, record));
            }
        }
        Ok(())
    }

    fn into_orders(self) -> Vec<(Order, OrderState)> {
        let Some(state) = self.state else { return Vec::new() };
        let ended = |order: &Order| {
            let entry = state.seen().get(order_seen_id(order.intent.id));
            entry.and_then(|entry| entry.kind.state()).unwrap_or_else(|| order.state())
        };
        let live = state.live().orders.values().map(|order| ((**order).clone(), order.state()));
        let over = self.over.values().filter(|order| !state.live().orders.contains_key(&order.intent.id));
        live.chain(over.map(|order| (order.clone(), ended(order)))).collect()
    }
}

/// The live orders that an event can let leave.
fn touched(state: &State, event: &Event) -> Vec<Arc<Order>> {
    let orders = &state.live().orders;
    let id = match event {
        Event::Fill(fill) => fill.id,
        Event::Closed(closed) => closed.id,
        Event::Ack(ack) => ack.id,
        Event::Reported(report) => report.id,
        Event::ReplaceFailed(failed) => failed.id,
        Event::Odd(status) => status.id,
        Event::Done(done) => {
            let members = orders
                .values()
                .filter(|order| order.intent.id == done.id || order.intent.parent == Some(done.id));
            return members.cloned().collect();
        }
        _ => return Vec::new(),
    };
    orders.get(&id).cloned().into_iter().collect()
}

/// The order with the event with which it left.
fn with_last(before: &Order, record: &Record) -> Order {
    let mut order = before.clone();
    order.updated_at = record.at;
    match &record.ev {
        // The fold took it, so it can be counted.
        Event::Fill(fill) => drop(order.add_fill(fill)),
        Event::Closed(closed) => end(&mut order, closed),
        Event::Ack(ack) => drop(order.venue_order(&ack.venue_order)),
        _ => {}
    }
    order
}

fn end(order: &mut Order, closed: &Closed) {
    match &closed.venue_order {
        Some(id) => order.venue_order(id).ended = Some(closed.closing),
        None => order.closing = Some(closed.closing),
    }
}
