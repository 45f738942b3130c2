//! Submitting: intent durable, sent once, outcome durable.

use super::{SubmitError, TradeError, Trader, lock};
use crate::book::WriteError;
use crate::venue::{Accepted, NewOrder, ReduceOnly, VenueError, VenueErrorKind};
use std::sync::Arc;
use truebook_core::capability::{Brackets, IdClass};
use truebook_core::event::{Adopted, Closed, Event, OutcomeUnknown};
use truebook_core::gate::{Pass, Request, oversold};
use truebook_core::id::{Instrument, OrderId, OrderKey, VenueOrderId};
use truebook_core::identity::Identity;
use truebook_core::life::{Closing, Order, OrderState};
use truebook_core::order::{Bracket, Intent, Placement, Role, Terms};
use truebook_core::planted::{Bug, is};
use truebook_core::reconcile::book_facts;
use truebook_core::seen::{SeenKind, order_seen_id};
use truebook_core::spec::{OrderSpec, SpecError};
use truebook_core::state::{FoldError, Live, State, adopted_fingerprints, intent_fingerprint, is_same_trade};

/// How often a key may be tried again after attempts that are proved never to have come to the venue.
const ATTEMPTS_MAX: u32 = 1000;

/// How many attempts under one key a book that was put back is taken not to know.
const LATER_ATTEMPTS_MAX: u32 = 64;

/// How late an order may still arrive at a venue that sets no deadline, as far as anybody has seen.
const LATE_ARRIVAL: core::time::Duration = core::time::Duration::from_mins(1);

/// What became of an order that was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Its client order id.
    pub id: OrderId,
    /// Where it stands. `Unknown` is no failure: the order may be live, and a reconciliation will tell.
    pub state: OrderState,
    /// The venue's ids for it, as far as they are known.
    pub venue_orders: Vec<VenueOrderId>,
    /// Whether this call sent it, or an earlier one had.
    pub by: SubmittedBy,
}

/// Which call an order is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubmittedBy {
    /// This one.
    ThisCall,
    /// One before, with the same key.
    EarlierCall,
}

/// Where a key stands.
enum KeyState {
    /// This order is to be made for it.
    Free(Box<Intent>),
    /// It is an order already.
    Used(Submitted),
}

/// What an id was used for.
enum Use {
    /// For nothing.
    None,
    /// For this order, which ended so if it is over.
    Same(Option<SeenKind>),
    /// For an order that was taken back by its id and agrees with this one.
    TakenBack(Box<Order>),
    /// For another order.
    Other,
}

/// The live order of a key that was taken back by its id, and has not got its key yet.
pub(super) fn taken_back<'a>(live: &'a Live, key: &OrderKey) -> Option<&'a Arc<Order>> {
    if !live.orders.values().any(|order| order.intent.key.is_adopted()) {
        return None;
    }
    let Identity { installation, book, .. } = live.identity;
    let ids = (0..LATER_ATTEMPTS_MAX)
        .map(|attempt| OrderId::derive(installation, book, key, Role::Entry.name(), attempt));
    ids.into_iter().find_map(|id| live.orders.get(&id))
}

fn use_of(state: &State, wanted: &Intent) -> Use {
    let fingerprint = intent_fingerprint(wanted);
    if let Some(order) = state.live().orders.get(&wanted.id) {
        let known = &order.intent;
        return match known.key.is_adopted() && !wanted.key.is_adopted() {
            true if is_same_trade(known, wanted) => Use::TakenBack(Box::new((**order).clone())),
            false if intent_fingerprint(known) == fingerprint => Use::Same(None),
            _ => Use::Other,
        };
    }
    let Some(over) = state.seen().get(order_seen_id(wanted.id)) else { return Use::None };
    let may_be_taken_back = state.live().restorations > 0;
    let is_it = over.fingerprint == fingerprint
        || may_be_taken_back && adopted_fingerprints(wanted).any(|known| known == over.fingerprint);
    if is_it { Use::Same(Some(over.kind)) } else { Use::Other }
}

impl Trader {
    /// Submits an order under a key. The same key with the same order gives the first result again, whatever
    /// happened in between; the intent is durable before anything is sent (promise P2).
    ///
    /// # Errors
    /// Nothing was sent. An outcome that nobody knows is no error: it is [`OrderState::Unknown`].
    pub fn submit(&self, key: &OrderKey, spec: &OrderSpec) -> Result<Submitted, SubmitError> {
        let (intent, pass) = match self.prepare(key, spec)? {
            Prepared::Used(submitted) => return Ok(submitted),
            Prepared::New(intent, pass) => (intent, pass),
        };
        if is(Bug::SendFirst) {
            return self.send_first(&intent);
        }
        match self.write_intent(&intent, pass) {
            Ok(()) => {}
            // Another thread was faster: what it did is the answer.
            Err(WriteError::Refused(FoldError::OrderExists { .. })) => {
                return match self.look_up_key(key, spec)? {
                    KeyState::Used(submitted) => Ok(submitted),
                    KeyState::Free(intent) => Err(SubmitError::KeyReused { key: key.clone(), id: intent.id }),
                };
            }
            Err(failed) => return Err(failed.into()),
        }
        self.send(&intent)?;
        Ok(self.submitted(intent.id, SubmittedBy::ThisCall)?)
    }

    /// The planted bug.
    fn send_first(&self, intent: &Intent) -> Result<Submitted, SubmitError> {
        let order = NewOrder { intent: intent.clone(), reduce_only: ReduceOnly::No };
        let reply = self.0.venue.submit(&order);
        self.write_intent(intent, Pass::Open)?;
        self.record_reply(intent, reply)?;
        self.landed(intent.id);
        Ok(self.submitted(intent.id, SubmittedBy::ThisCall)?)
    }

    /// Writes an order down. The legs that the venue makes follow from it.
    pub(super) fn write_intent(&self, intent: &Intent, pass: Pass) -> Result<(), WriteError> {
        // From before it is in the book: a reconciliation must not take it for a lost one.
        lock(&self.0.session).in_flight.insert(intent.id);
        let events = vec![Event::Intent(Box::new(intent.clone()))];
        let written = match pass {
            Pass::Open => self.record(events),
            Pass::Reduces => self.0.book.record_reducing(events).map(drop),
        };
        if written.is_err() && !matches!(self.knows(intent.id), Ok(true)) {
            self.landed(intent.id);
        }
        written
    }

    /// All checks of a new order, and what is to be written down for it.
    pub(super) fn prepare(&self, key: &OrderKey, spec: &OrderSpec) -> Result<Prepared, SubmitError> {
        let entry = match self.look_up_key(key, spec)? {
            KeyState::Used(submitted) => return Ok(Prepared::Used(submitted)),
            KeyState::Free(intent) => intent,
        };
        let rules = self.rules(&spec.instrument)?;
        let rules = rules.ok_or_else(|| SubmitError::UnknownInstrument(spec.instrument.clone()))?;
        let last = self.0.venue.last_price(&spec.instrument).unwrap_or(None);
        spec.check(&rules, last)?;
        self.check_clock()?;
        let Intent { instrument, side, quantity, .. } = &*entry;
        let request = Request { instrument, side: *side, quantity: *quantity };
        // Where the state is: a copy would cost as much as there are live orders.
        if let Some(fault) = self.0.book.with_state(|state| oversold(state, &rules, request))? {
            return Err(SpecError { faults: vec![fault] }.into());
        }
        let pass = self.ask_gate(request)??;
        Ok(Prepared::New(entry, pass))
    }

    fn check_clock(&self) -> Result<(), SubmitError> {
        let max = self.0.venue.capabilities().clock_skew_max;
        let skew = lock(&self.0.session).skew_nanos;
        let off = core::time::Duration::from_nanos(skew.map_or(0, i64::unsigned_abs));
        if off <= max {
            return Ok(());
        }
        Err(SubmitError::Clock { off_s: off.as_secs(), max_s: max.as_secs() })
    }

    /// What the book knows of a key.
    fn look_up_key(&self, key: &OrderKey, spec: &OrderSpec) -> Result<KeyState, SubmitError> {
        for attempt in 0..ATTEMPTS_MAX {
            let id = self.id_of(key, Role::Entry, attempt)?;
            let wanted = self.intent(id, attempt, key, spec);
            match self.0.book.with_state(|state| use_of(state, &wanted))? {
                Use::None if self.was_tried_again(key, attempt)? => {}
                Use::None => return Ok(KeyState::Free(Box::new(wanted))),
                // It is proved that this attempt never came to the venue: the key is free for the next one.
                Use::Same(Some(SeenKind::Absent)) => {}
                Use::Same(_) => return Ok(KeyState::Used(self.submitted(id, SubmittedBy::EarlierCall)?)),
                Use::TakenBack(known) => {
                    self.give_its_key(*known, wanted)?;
                    return Ok(KeyState::Used(self.submitted(id, SubmittedBy::EarlierCall)?));
                }
                Use::Other => return Err(SubmitError::KeyReused { key: key.clone(), id }),
            }
        }
        Err(SubmitError::KeyReused { key: key.clone(), id: self.id_of(key, Role::Entry, 0)? })
    }

    /// Whether a later attempt is in a book that was put back: then this one was proved absent in the time that
    /// the book does not know.
    fn was_tried_again(&self, key: &OrderKey, attempt: u32) -> Result<bool, WriteError> {
        self.0.book.with_state(|state| {
            let live = state.live();
            let identity = &live.identity;
            let later = attempt.saturating_add(1)..attempt.saturating_add(LATER_ATTEMPTS_MAX);
            let (tag, book) = (identity.installation, identity.book);
            let is_known = |attempt| {
                let id = OrderId::derive(tag, book, key, Role::Entry.name(), attempt);
                live.orders.contains_key(&id) || state.seen().get(order_seen_id(id)).is_some()
            };
            live.restorations > 0 && later.into_iter().any(is_known)
        })
    }

    /// An order that was taken back by its id is the one of this key: from here on it bears it, and its bracket.
    fn give_its_key(&self, known: Order, mut wanted: Intent) -> Result<(), WriteError> {
        let Some(venue_order) = known.venue_orders.keys().next().cloned() else { return Ok(()) };
        let told = known.intent.terms.bracket.filter(|bracket| bracket.legs == Placement::WithParent);
        // What the venue made with it is what there is.
        wanted.terms.bracket = told.or(wanted.terms.bracket);
        wanted.terms.admit_by = None;
        let why = format!("the key {} was submitted again: the order is its", wanted.key);
        match self.record(vec![Event::Adopted(Box::new(Adopted { intent: wanted, venue_order, why }))]) {
            // Another thread was faster.
            Err(WriteError::Refused(FoldError::OrderExists { .. })) => Ok(()),
            other => other,
        }
    }

    /// The client order id for a key.
    pub(super) fn id_of(&self, key: &OrderKey, role: Role, attempt: u32) -> Result<OrderId, WriteError> {
        let identity = self.0.book.with_state(|state| {
            let identity = &state.live().identity;
            (identity.installation, identity.book)
        })?;
        let attempt = if is(Bug::RandomIds) {
            u32::try_from(self.0.book.last().get() % 1000).unwrap_or(0) + 1
        } else {
            attempt
        };
        Ok(OrderId::derive(identity.0, identity.1, key, role.name(), attempt))
    }

    fn intent(&self, id: OrderId, attempt: u32, key: &OrderKey, spec: &OrderSpec) -> Intent {
        let capabilities = self.0.venue.capabilities();
        let legs = match capabilities.brackets {
            Brackets::Native => Placement::WithParent,
            Brackets::Emulated => Placement::Own,
        };
        let bracket = spec.bracket.as_ref().map(|bracket| Bracket { legs, ..bracket.clone() });
        // Where ids are unique for ever no deadline is needed to tell.
        let admission = capabilities.admission.filter(|_| capabilities.class != IdClass::A);
        let admit_by = admission.map(|admission| self.venue_now_estimate().plus(admission));
        Intent {
            id,
            key: key.clone(),
            instrument: spec.instrument.clone(),
            side: spec.side,
            order_type: spec.order_type,
            quantity: spec.quantity.normalized(),
            limit: spec.limit,
            stop: spec.stop,
            time_in_force: spec.time_in_force,
            role: Role::Entry,
            attempt,
            parent: None,
            strategy: spec.strategy.clone(),
            terms: Terms { trail: spec.trail, expires: spec.expires, bracket, via: Placement::Own, admit_by },
        }
    }

    /// The venue's clock, as far as it is known without asking.
    pub(super) fn venue_now_estimate(&self) -> truebook_core::time::Utc {
        let skew = lock(&self.0.session).skew_nanos.unwrap_or(0);
        truebook_core::time::Utc::from_nanos(self.0.book.now().nanos().saturating_add(skew))
    }

    /// Sends an order that is durable in the book, and writes down what came of it.
    pub(super) fn send(&self, intent: &Intent) -> Result<(), WriteError> {
        let reduce_only = if intent.parent.is_some() { ReduceOnly::Yes } else { ReduceOnly::No };
        let reply = self.0.venue.submit(&NewOrder { intent: intent.clone(), reduce_only });
        let recorded = self.record_reply(intent, reply);
        self.landed(intent.id);
        recorded
    }

    /// This process is no longer sending the order.
    pub(super) fn landed(&self, id: OrderId) {
        lock(&self.0.session).in_flight.remove(&id);
    }

    pub(super) fn record_reply(
        &self,
        intent: &Intent,
        reply: Result<Accepted, VenueError>,
    ) -> Result<(), WriteError> {
        let failed = match reply {
            Ok(accepted) => return self.record_accepted(intent.id, &accepted),
            Err(failed) => failed,
        };
        if failed.kind == VenueErrorKind::Duplicate {
            // Not an error: an order of this id exists, which proves the first.
            return match self.0.venue.find(intent.id, &intent.instrument) {
                Ok(Some(report)) => self.record_accepted(intent.id, &Accepted { report, legs: Vec::new() }),
                _ => self.record(vec![unknown(intent.id, &failed)]),
            };
        }
        if is(Bug::UnknownIsRejected) {
            return self.record(self.nothing_came(intent, &failed, Closing::Rejected)?);
        }
        if !failed.proves_nothing_happened() {
            return self.record(vec![unknown(intent.id, &failed)]);
        }
        if self.may_have_arrived_before(intent, &failed)? {
            return Ok(());
        }
        let closing = match failed.kind {
            VenueErrorKind::Refused => Closing::Rejected,
            _ => Closing::Absent,
        };
        self.record(self.nothing_came(intent, &failed, closing)?)
    }

    /// Whether an earlier sending of the same order may have come through all the same: what is said of a second
    /// one then proves nothing. If the venue itself still refuses it long after the first was sent, that is the
    /// answer to both; should the first arrive even later, a reconciliation takes it in by its id.
    fn may_have_arrived_before(&self, intent: &Intent, failed: &VenueError) -> Result<bool, WriteError> {
        let Some(order) = self.live_order(intent.id)? else { return Ok(false) };
        let was_sent_before = order.unknown.is_some() || order.resent > 0;
        let age = self.0.book.now().since(order.intended_at);
        let is_final = failed.kind == VenueErrorKind::Refused && age > LATE_ARRIVAL;
        Ok(was_sent_before && !is_final)
    }

    /// The order did not come to be, and so did none of its legs.
    fn nothing_came(
        &self,
        intent: &Intent,
        failed: &VenueError,
        closing: Closing,
    ) -> Result<Vec<Event>, WriteError> {
        let legs = self.0.book.with_state(|state| {
            let orders = state.live().orders.values();
            let legs = orders.filter(|order| order.intent.parent == Some(intent.id));
            legs.map(|leg| leg.intent.id).collect::<Vec<_>>()
        })?;
        let why = failed.to_string();
        let mut events: Vec<Event> = legs
            .iter()
            .chain([&intent.id])
            .map(|id| {
                let why = Some(why.clone().into());
                Event::Closed(Closed { id: *id, closing, why, venue_order: None, claimed: None })
            })
            .collect();
        if intent.terms.bracket.is_some() {
            events.push(Event::Done(truebook_core::event::Asked { id: intent.id, why }));
        }
        Ok(events)
    }

    /// Takes in what the venue says of an order that it has, and of the legs that it made.
    pub(super) fn record_accepted(&self, id: OrderId, accepted: &Accepted) -> Result<(), WriteError> {
        self.record_soon(self.facts_about(id, &accepted.report)?)?;
        for report in &accepted.legs {
            let Some(role) = report.role else { continue };
            let leg = self.0.book.with_state(|state| state.live().native_leg(id, role))?;
            if let Some(leg) = leg {
                self.record_soon(self.facts_about(leg, report)?)?;
            }
        }
        Ok(())
    }

    /// What is new in a report about an order of the book.
    pub(super) fn facts_about(
        &self,
        id: OrderId,
        report: &truebook_core::observation::OrderReport,
    ) -> Result<Vec<Event>, WriteError> {
        self.0.book.with_state(|state| {
            state.live().orders.get(&id).map_or_else(Vec::new, |order| book_facts(order, report))
        })
    }

    fn submitted(&self, id: OrderId, by: SubmittedBy) -> Result<Submitted, WriteError> {
        self.0.book.with_state(|state| {
            if let Some(order) = state.live().orders.get(&id) {
                let venue_orders = order.venue_orders.keys().cloned().collect();
                return Submitted { id, state: order.state(), venue_orders, by };
            }
            let over = state.seen().get(order_seen_id(id)).and_then(|entry| entry.kind.state());
            Submitted { id, state: over.unwrap_or(OrderState::Unknown), venue_orders: Vec::new(), by }
        })
    }

    /// A bracket's group is settled as one; looks at what became of an order by its id.
    ///
    /// # Errors
    /// [`TradeError::NoId`] if the book never had it.
    pub fn status(&self, id: OrderId) -> Result<Submitted, TradeError> {
        if !self.knows(id)? {
            return Err(TradeError::NoId { id });
        }
        Ok(self.submitted(id, SubmittedBy::EarlierCall)?)
    }

    /// The instrument of a live order.
    pub(super) fn instrument_of(&self, id: OrderId) -> Result<Option<Instrument>, WriteError> {
        Ok(self.live_order(id)?.map(|order| order.intent.instrument))
    }
}

/// What is to be written down for an order.
pub(super) enum Prepared {
    /// Nothing: the key is an order already.
    Used(Submitted),
    /// The intent.
    New(Box<Intent>, Pass),
}

pub(super) fn unknown(id: OrderId, failed: &VenueError) -> Event {
    Event::Unknown(OutcomeUnknown { id, why: failed.to_string() })
}
