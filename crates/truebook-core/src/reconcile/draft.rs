//! The draft of a plan: the book as it will be once the steps so far are carried out.

use super::steps::{Action, Alarm, HeldBack, Plan, Step, Verdict};
use crate::event::{BlockKind, Blocked, Event, Record};
use crate::id::{ExecutionId, Instrument, OrderId, Seq, VenueOrderId};
use crate::life::Order;
use crate::state::{Effect, FoldError, Live, State};
use crate::time::Utc;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

pub(super) struct Draft {
    state: State,
    /// When facts that are learnt now are written down.
    now: Utc,
    steps: Vec<Step>,
    held_back: Vec<HeldBack>,
    alarms: Vec<Alarm>,
    /// Blocks that have a reason now, by instrument; what is blocked otherwise is to be lifted.
    reasons: BTreeMap<(Instrument, BlockKind), String>,
    /// Kinds that could not be looked into: their blocks stay as they are.
    unseen: BTreeSet<BlockKind>,
    /// Executions that belong to no order of the book.
    pub(super) unaccounted: Vec<(Instrument, ExecutionId, Utc)>,
    /// The live order that each client order id and venue order id belongs to.
    owners: BTreeMap<OrderId, OrderId>,
    venue_owners: BTreeMap<VenueOrderId, OrderId>,
}

impl Draft {
    pub(super) fn new(state: State, now: Utc) -> Self {
        let (mut owners, mut venue_owners) = (BTreeMap::new(), BTreeMap::new());
        for (id, order) in &state.live().orders {
            owners.extend(order.ids().map(|alias| (alias, *id)));
            venue_owners.extend(order.venue_orders.keys().map(|venue| (venue.clone(), *id)));
        }
        Self {
            state,
            now,
            steps: Vec::new(),
            held_back: Vec::new(),
            alarms: Vec::new(),
            reasons: BTreeMap::new(),
            unseen: BTreeSet::new(),
            unaccounted: Vec::new(),
            owners,
            venue_owners,
        }
    }

    pub(super) const fn live(&self) -> &Live {
        self.state.live()
    }

    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn order(&self, id: OrderId) -> Option<&Order> {
        self.live().orders.get(&id).map(|order| &**order)
    }

    /// The order of the book that a client order id belongs to, over or not, as long as it was live when the
    /// plan began.
    pub(super) fn owner(&self, id: OrderId) -> Option<OrderId> {
        self.owners.get(&id).copied()
    }

    pub(super) fn venue_owner(&self, id: &VenueOrderId) -> Option<OrderId> {
        self.venue_owners.get(id).copied()
    }

    /// From here on the venue's order belongs to that order.
    pub(super) fn own(&mut self, venue_order: &VenueOrderId, id: OrderId) {
        self.venue_owners.insert(venue_order.clone(), id);
        self.owners.insert(id, id);
    }

    /// From here on this client order id is one of that order's.
    pub(super) fn know_alias(&mut self, alias: OrderId, id: OrderId) {
        self.owners.insert(alias, id);
    }

    /// Writes a fact down, unless the book knows it already.
    pub(super) fn record(&mut self, event: Event, why: impl Into<String>) {
        let record = Record::new(self.now, event);
        match self.state.apply(Seq::ZERO, &record) {
            Ok(Effect::Nothing) => {}
            Ok(Effect::Changed) => {
                self.steps.push(Step { action: Action::Record(record.ev), why: why.into() });
            }
            Err(failed) => self.contradiction(&record.ev, &failed),
        }
    }

    fn contradiction(&mut self, event: &Event, failed: &FoldError) {
        let what = format!("what the venue says does not fit the book ({}): {failed}", event.name());
        self.alarms.push(Alarm { instrument: None, what });
    }

    pub(super) fn act(&mut self, action: Action, why: impl Into<String>) {
        self.steps.push(Step { action, why: why.into() });
    }

    pub(super) fn hold(&mut self, order: &Order, why: impl Into<String>) {
        let (id, instrument) = (Some(order.intent.id), Some(order.intent.instrument.clone()));
        self.held_back.push(HeldBack { id, instrument, why: why.into() });
    }

    pub(super) fn hold_instrument(&mut self, instrument: Option<&Instrument>, why: impl Into<String>) {
        self.held_back.push(HeldBack { id: None, instrument: instrument.cloned(), why: why.into() });
    }

    pub(super) fn alarm(&mut self, instrument: Option<&Instrument>, what: impl Into<String>) {
        self.alarms.push(Alarm { instrument: instrument.cloned(), what: what.into() });
    }

    /// New risk in the instrument is to be refused, for this reason.
    pub(super) fn block(&mut self, instrument: &Instrument, kind: BlockKind, why: impl Into<String>) {
        // The first reason of a kind is the one that is told.
        self.reasons.entry((instrument.clone(), kind)).or_insert_with(|| why.into());
    }

    /// Nobody looked whether there is a reason of this kind: what is blocked stays blocked.
    pub(super) fn leave_blocks(&mut self, kind: BlockKind) {
        self.unseen.insert(kind);
    }

    /// Turns reasons into blocks, and lifts those that have none any more.
    pub(super) fn finish_blocks(&mut self) {
        let reasons = core::mem::take(&mut self.reasons);
        let mut lifted = Vec::new();
        for (instrument, kinds) in &self.live().blocked {
            let stale = kinds.keys().filter(|kind| {
                let has_reason = reasons.contains_key(&(instrument.clone(), **kind));
                !kind.needs_review() && !self.unseen.contains(kind) && !has_reason
            });
            lifted.extend(stale.map(|kind| (instrument.clone(), *kind)));
        }
        for ((instrument, kind), why) in reasons {
            let blocked = Blocked { instrument, kind, why: why.clone() };
            self.record(Event::Blocked(blocked), why);
        }
        for (instrument, kind) in lifted {
            let why = format!("{} is over", kind.name());
            self.record(Event::Unblocked(Blocked { instrument, kind, why: why.clone() }), why);
        }
    }

    pub(super) fn into_plan(self, verdict: Verdict) -> Plan {
        Plan { steps: self.steps, held_back: self.held_back, alarms: self.alarms, verdict }
    }
}
