//! Taking in what a stream brings, as it comes.

use super::{TradeError, Trader};
use crate::venue::StreamEvent;
use truebook_core::event::Event;
use truebook_core::id::OrderId;
use truebook_core::life::Order;
use truebook_core::observation::{FillReport, OrderReport};
use truebook_core::reconcile::fill_facts;
use truebook_core::state::State;

/// What became of an event from a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absorbed {
    /// The book has it.
    Taken,
    /// It is about an order that is not in the book: a reconciliation will tell.
    Unowned,
    /// A bracket may need legs, or fewer of them: reconcile soon.
    BracketMoved,
    /// The stream was cut or works again: reconcile.
    Reconcile,
}

impl Trader {
    /// Takes in an event of the venue's stream.
    ///
    /// # Errors
    /// If the book does not take it.
    pub fn absorb(&self, event: &StreamEvent) -> Result<Absorbed, TradeError> {
        match event {
            StreamEvent::Order(report) => self.absorb_report(report),
            StreamEvent::Fill(fill) => self.absorb_fill(fill),
            StreamEvent::Lost(why) => {
                self.shut_gate(format!("the stream was cut: {why}"));
                Ok(Absorbed::Reconcile)
            }
            StreamEvent::Restored => Ok(Absorbed::Reconcile),
        }
    }

    pub(super) fn absorb_report(&self, report: &OrderReport) -> Result<Absorbed, TradeError> {
        let Some(id) = self.0.book.with_state(|state| owner_of(state, report))? else {
            return Ok(Absorbed::Unowned);
        };
        self.record(self.facts_about(id, report)?)?;
        self.moved(id)
    }

    pub(super) fn absorb_fill(&self, fill: &FillReport) -> Result<Absorbed, TradeError> {
        let Some(id) = self.0.book.with_state(|state| owner_of_fill(state, fill))? else {
            return Ok(Absorbed::Unowned);
        };
        let terms = self.fill_terms(&fill.instrument)?;
        let events = self.0.book.with_state(|state| {
            let order = state.live().orders.get(&id).map(|order| &**order);
            fill_facts(id, order, fill, &terms)
        })?;
        let known = self.0.book.with_state(|state| {
            let seen = truebook_core::seen::execution_seen_id(&fill.instrument, &fill.execution);
            state.seen().get(seen).is_some()
        })?;
        // What came twice must not look like more than was wanted.
        let is_news = |event: &Event| matches!(event, Event::Fill(_)) || !known;
        self.record(events.into_iter().filter(is_news).collect())?;
        self.moved(id)
    }

    /// Whether the order is part of a bracket whose legs are our business.
    fn moved(&self, id: OrderId) -> Result<Absorbed, TradeError> {
        let moved = self.0.book.with_state(|state| {
            let orders = &state.live().orders;
            let order = orders.get(&id);
            let parent = order.and_then(|order| order.intent.parent).and_then(|parent| orders.get(&parent));
            let of = |order: &Order| order.intent.terms.bracket.is_some();
            order.is_some_and(|order| of(order)) || parent.is_some_and(|parent| of(parent))
        })?;
        Ok(if moved { Absorbed::BracketMoved } else { Absorbed::Taken })
    }
}

fn owner_of(state: &State, report: &OrderReport) -> Option<OrderId> {
    let orders = &state.live().orders;
    let by_id = report.order_id().filter(|id| orders.contains_key(id));
    let by_alias = || {
        let alias = report.order_id()?;
        orders.values().find(|order| order.ids().any(|id| id == alias)).map(|order| order.intent.id)
    };
    let by_leg = || {
        let parent = state.live().owner_of_venue_order(report.parent.as_ref()?)?;
        let role = report.role?;
        state.live().native_leg(parent, role)
    };
    let by_chain = || state.live().owner_of_venue_order(report.replaces.as_ref()?);
    by_id
        .or_else(by_alias)
        .or_else(|| state.live().owner_of_venue_order(&report.venue_order))
        .or_else(by_leg)
        .or_else(by_chain)
}

fn owner_of_fill(state: &State, fill: &FillReport) -> Option<OrderId> {
    let by_venue_order = state.live().owner_of_venue_order(&fill.venue_order);
    let by_id = || {
        let id = OrderId::from_hex(fill.client_id.as_deref()?)?;
        let orders = &state.live().orders;
        let alias = || orders.values().find(|order| order.ids().any(|other| other == id));
        if orders.contains_key(&id) {
            return Some(id);
        }
        let over = || state.seen().get(truebook_core::seen::order_seen_id(id)).map(|_| id);
        alias().map(|order| order.intent.id).or_else(over)
    };
    by_venue_order.or_else(by_id)
}
