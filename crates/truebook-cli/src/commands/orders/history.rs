//! Orders that are over: they have left the state, and the journal has them.

use crate::errors::Failure;
use crate::needs::Needs;
use std::collections::BTreeMap;
use std::sync::Arc;
use truebook::core::event::{Closed, Event, Record};
use truebook::core::id::{OrderId, Seq};
use truebook::core::life::{Order, OrderState};
use truebook::core::seen::order_seen_id;
use truebook::core::state::State;
use truebook::log::LogReader;

/// Goes through the journal, oldest event first.
pub(in crate::commands) fn each(
    needs: &Needs,
    mut look: impl FnMut(Seq, &Record) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut reader = LogReader::open(&needs.world(), needs.key(), Seq::new(1))?;
    loop {
        let batch = reader.next_batch()?;
        if batch.is_empty() {
            return Ok(());
        }
        for entry in &batch {
            look(entry.seq, &entry.record)?;
        }
    }
}

/// Every order there ever was, with its state.
pub(super) fn orders(needs: &Needs) -> Result<Vec<(Order, OrderState)>, Failure> {
    let mut replay = Replay { state: None, over: BTreeMap::new() };
    each(needs, |seq, record| replay.take(seq, record))?;
    Ok(replay.into_orders())
}

/// The fold of the events, and what left it on the way.
struct Replay {
    state: Option<State>,
    over: BTreeMap<OrderId, Order>,
}

impl Replay {
    fn take(&mut self, seq: Seq, record: &Record) -> Result<(), Failure> {
        let misfit =
            |failed| Failure::new(format!("event {seq} does not fit those before it")).with_cause(&failed);
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
