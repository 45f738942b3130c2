//! The state of a book: the fold of its events, and nothing that is not in them.

use crate::bracket::native_legs;
use crate::doc::{self, Doc};
use crate::event::{
    Acked, Adopted, BlockKind, Blocked, Closed, Corrected, Created, Event, Imported, OddStatus, Record,
    ReplaceAsked, ReportedFilled, Restored, StateChanged,
};
use crate::hash::{SetHash, StateHash};
use crate::id::{Instrument, OrderId, SeenId, Seq, VenueOrderId};
use crate::identity::Identity;
use crate::life::{Answer, Order, OrderState, Replacement, Reported, Request};
use crate::money::{MoneyError, Qty};
use crate::order::{Bracket, Fill, Intent, Placement, Role, Terms, TimeInForce};
use crate::planted::{Bug, is};
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
    /// Orders that are not terminal, and those of a bracket that is not finished, by client order id.
    pub orders: BTreeMap<OrderId, Arc<Order>>,
    /// Positions, by instrument.
    pub positions: BTreeMap<Instrument, Position>,
    /// Why new risk is refused, while it is.
    pub halted: Option<String>,
    /// Why new risk in an instrument is refused, while it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub blocked: BTreeMap<Instrument, BTreeMap<BlockKind, String>>,
    /// When the latest execution took place, by the venue's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_fill: Option<Utc>,
    /// To where the book was put back, until what happened since then is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<RestoredMark>,
    /// How often the book was put back: ids that it would use next may have been used already.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub restorations: u32,
    /// How many keys and executions were ever used.
    pub seen_count: u64,
    /// Commutative hash of them.
    pub seen_digest: SetHash,
}

/// A book that was put back to an earlier point knows that it may not know everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestoredMark {
    /// The generation of the backup that it was put back from.
    #[serde(rename = "from")]
    pub generation: String,
    /// What happened at the venue later than this may be unknown.
    pub since: Utc,
    /// The last event that was kept.
    #[serde(rename = "to")]
    pub seq: Seq,
    /// When it was put back. Whoever wrote what is lost was dead by then.
    pub at: Utc,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl core::fmt::Display for RestoredMark {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { generation, since, seq, .. } = self;
        write!(f, "restored from backup {generation} to event {seq} of {since}")
    }
}

/// The whole state.
#[derive(Clone, Debug)]
pub struct State {
    live: Live,
    seen: Seen,
    /// See [`Self::unsettled`]. It follows from `live` and is neither stored nor hashed.
    unsettled: BTreeSet<OrderId>,
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
    /// Some order of the bracket is not over.
    #[error("order {id} belongs to the bracket and is not over")]
    NotOver {
        /// Client order id of one that is not.
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
            blocked: BTreeMap::new(),
            last_fill: None,
            restored: None,
            restorations: 0,
            seen_count: 0,
            seen_digest: SetHash::default(),
        };
        Ok(Self { live, seen: Seen::default(), unsettled: BTreeSet::new() })
    }

    /// A state from a checkpoint: its live part and all that was ever seen. `None` if the two do not belong
    /// together.
    pub fn restore(live: Live, seen: Seen) -> Option<Self> {
        let together = live.seen_count == seen.len() as u64 && live.seen_digest == seen.digest();
        together.then(|| {
            let unsettled = live.orders.values().filter(|order| is_unsettled(order.state()));
            let unsettled = unsettled.map(|order| order.intent.id).collect();
            Self { live, seen, unsettled }
        })
    }

    /// A state for thinking something through, with as much of what was ever seen as concerns `ids`. Its hash
    /// is nobody's.
    #[must_use]
    pub fn excerpt(&self, ids: impl IntoIterator<Item = SeenId>) -> Self {
        let mut seen = Seen::default();
        for entry in ids.into_iter().filter_map(|id| self.seen.get(id)) {
            let _ = seen.insert(entry);
        }
        Self { live: self.live.clone(), seen, unsettled: self.unsettled.clone() }
    }

    /// What is live.
    pub const fn live(&self) -> &Live {
        &self.live
    }

    /// What was ever used.
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// The live orders whose fate is unknown or whose executions are missing, by client order id. The gate asks
    /// for them before every order, and of all that are live they are few.
    pub fn unsettled(&self) -> impl Iterator<Item = &Order> {
        // Who leaves the live orders leaves these: one that is missing must not pass for one that is settled.
        self.unsettled.iter().map(|id| &*self.live.orders[id])
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
            Event::Ack(ack) => self.acknowledge(seq, ack, at),
            Event::Fill(fill) => self.fill(seq, fill, at),
            Event::Unknown(unknown) => self.update(seq, unknown.id, at, |order| {
                // The first one stays: a later look that found nothing is no news.
                order.unknown.get_or_insert_with(|| unknown.why.clone());
                Ok(())
            }),
            Event::Closed(closed) => self.close(seq, closed, at),
            Event::Resent(resent) => self.update(seq, resent.id, at, |order| {
                order.resent = order.resent.max(resent.count);
                Ok(())
            }),
            Event::Cancel(asked) => self.update(seq, asked.id, at, |order| {
                order.pending = Some(Request::Cancel);
                Ok(())
            }),
            Event::CancelFailed(asked) => self.update(seq, asked.id, at, |order| {
                if order.pending == Some(Request::Cancel) {
                    order.pending = None;
                }
                Ok(())
            }),
            Event::Replace(asked) => self.ask_replacement(seq, asked, at),
            Event::ReplaceFailed(failed) => self.update(seq, failed.id, at, |order| {
                answer_replacement(order, failed.alias, Answer::Failed);
                Ok(())
            }),
            Event::Odd(status) => self.odd_status(seq, status, at),
            Event::Reported(report) => self.report_filled(seq, report, at),
            Event::Adopted(adopted) => self.adopt(seq, adopted, at),
            Event::Done(done) => self.finish_bracket(seq, done.id),
            Event::Corrected(corrected) => self.correct(corrected),
            Event::Blocked(blocked) => Ok(self.block(blocked)),
            Event::Unblocked(unblocked) => Ok(self.unblock(unblocked)),
            Event::Halt(reason) => Ok(self.set_halted(Some(reason.why.clone()))),
            Event::Resume(_) => Ok(self.set_halted(None)),
            Event::Recovered(_) => Ok(Effect::Changed),
            Event::Restored(restored) => Ok(self.mark_restored(restored, at)),
            Event::Covered(_) => Ok(self.cover()),
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
        let before = (change.ops.len() > 1).then(|| {
            let scope = doc::scope(&vars, &change.ops);
            let before = vars.get(&scope).cloned().unwrap_or_default();
            (scope, before)
        });
        let outcome = doc::apply(&mut vars, &change.ops);
        if let (Err(_), Some((scope, before))) = (&outcome, before) {
            // It was there, and nothing above it was touched.
            let put_back = vars.set(&scope, before);
            assert!(put_back.is_ok(), "what was there can be put back: {put_back:?}");
        }
        self.live.vars = vars;
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
            Position::opened(position.quantity, position.average_price)?;
        }
        for position in &import.positions {
            let opened = Position::opened(position.quantity, position.average_price)?;
            self.live.positions.insert(position.instrument.clone(), opened);
        }
        for imported in &import.orders {
            let mut order = Order::new(imported.intent.clone(), at);
            order.venue_order(&imported.venue_order);
            self.put(order);
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

    fn insert(&mut self, intent: Intent, at: Utc) {
        let mut order = Order::new(intent, at);
        if is(Bug::ForgottenLegLink) {
            order.intent.parent = None;
        }
        self.put(order);
    }

    /// Takes an order into the live state.
    fn put(&mut self, order: Order) {
        let id = order.intent.id;
        note_unsettled(&mut self.unsettled, id, order.state());
        self.live.orders.insert(id, Arc::new(order));
    }

    fn intend(&mut self, intent: &Intent, at: Utc) -> Result<Effect, FoldError> {
        let legs = native_legs(&self.live.identity, intent);
        for intent in legs.iter().chain([intent]) {
            self.check_new(intent)?;
        }
        self.insert(intent.clone(), at);
        for leg in legs {
            self.insert(leg, at);
        }
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
        if is(Bug::WallClockOrder) && at <= order.updated_at && order.intended_at < order.updated_at {
            return Ok(Effect::Nothing);
        }
        change(order)?;
        order.updated_at = order.updated_at.max(at);
        let state = order.state();
        note_unsettled(&mut self.unsettled, id, state);
        if state.is_terminal() && !self.is_in_live_bracket(id) {
            self.retire(seq, id);
        }
        Ok(Effect::Changed)
    }

    /// Whether a bracket that is not finished holds the order in the live state.
    fn is_in_live_bracket(&self, id: OrderId) -> bool {
        let has_bracket =
            |id: &OrderId| self.live.orders.get(id).is_some_and(|order| order.intent.terms.bracket.is_some());
        let parent = self.live.orders.get(&id).and_then(|order| order.intent.parent);
        has_bracket(&id) || parent.as_ref().is_some_and(has_bracket)
    }

    /// Lets an order that is over leave the live state; its ids stay known.
    fn retire(&mut self, seq: Seq, id: OrderId) {
        let Some(order) = self.live.orders.remove(&id) else { return };
        self.unsettled.remove(&id);
        let state = order.state();
        assert!(state.is_terminal(), "only an order that is over leaves");
        let kind = SeenKind::of_closed(state).unwrap_or(SeenKind::Cancelled);
        // It may be there already: an order that was adopted back after it had left.
        let _ = self.seen.insert(closed_entry(&order, kind, seq));
        for replacement in &order.replacements {
            let alias = closed_entry(&order, SeenKind::Alias, seq);
            let _ = self.seen.insert(SeenEntry { id: order_seen_id(replacement.alias), ..alias });
        }
    }

    fn acknowledge(&mut self, seq: Seq, ack: &Acked, at: Utc) -> Result<Effect, FoldError> {
        self.update(seq, ack.id, at, |order| {
            order.venue_order(&ack.venue_order);
            if let Some(alias) = ack.alias {
                answer_replacement(order, alias, Answer::Done);
            }
            Ok(())
        })
    }

    fn close(&mut self, seq: Seq, closed: &Closed, at: Utc) -> Result<Effect, FoldError> {
        self.update(seq, closed.id, at, |order| {
            // Of two reports the same one stays, whichever comes first.
            let first = |known: Option<_>| known.into_iter().chain([closed.closing]).min();
            match &closed.venue_order {
                None => order.closing = first(order.closing),
                Some(id) => {
                    let venue = order.venue_order(id);
                    venue.ended = first(venue.ended);
                    venue.claimed = venue.claimed.max(closed.claimed.unwrap_or(Qty::ZERO));
                }
            }
            Ok(())
        })
    }

    fn ask_replacement(&mut self, seq: Seq, asked: &ReplaceAsked, at: Utc) -> Result<Effect, FoldError> {
        self.update(seq, asked.id, at, |order| {
            if order.replacements.iter().any(|known| known.alias == asked.alias) {
                return Ok(());
            }
            order.pending = Some(Request::Replace(asked.number));
            order.replacements.push(Replacement {
                alias: asked.alias,
                number: asked.number,
                quantity: asked.quantity,
                limit: asked.limit,
                stop: asked.stop,
                answer: Answer::Open,
            });
            Ok(())
        })
    }

    fn odd_status(&mut self, seq: Seq, status: &OddStatus, at: Utc) -> Result<Effect, FoldError> {
        self.update(seq, status.id, at, |order| {
            order.venue_order(&status.venue_order).odd.clone_from(&status.word);
            Ok(())
        })
    }

    fn report_filled(&mut self, seq: Seq, report: &ReportedFilled, at: Utc) -> Result<Effect, FoldError> {
        let Some(order) = self.live.orders.get(&report.id) else {
            return self.update(seq, report.id, at, |_| Ok(()));
        };
        let quantity = report.total.minus(order.filled)?;
        if quantity.is_negative() || quantity.is_zero() {
            return Ok(Effect::Nothing);
        }
        let (side, instrument) = (order.intent.side, order.intent.instrument.clone());
        let added = Reported { quantity, price: report.price };
        let mut position = self.live.positions.get(&instrument).cloned().unwrap_or_default();
        position.become_after(position.after_report(side, added)?);
        let effect = self.update(seq, report.id, at, |order| order.add_reported(quantity, report.price))?;
        self.live.positions.insert(instrument, position);
        Ok(effect)
    }

    fn adopt(&mut self, seq: Seq, adopted: &Adopted, at: Utc) -> Result<Effect, FoldError> {
        let intent = &adopted.intent;
        if let Some(known) = self.live.orders.get(&intent.id) {
            if !gets_its_key(&known.intent, intent) {
                return Err(FoldError::OrderExists { id: intent.id });
            }
            return self.update(seq, intent.id, at, |order| {
                order.intent = intent.clone();
                Ok(())
            });
        }
        if intent.quantity.is_negative() || intent.quantity.is_zero() {
            return Err(FoldError::Quantity { id: intent.id, quantity: intent.quantity.to_string() });
        }
        let mut order = Order::new(intent.clone(), at);
        order.venue_order(&adopted.venue_order);
        self.put(order);
        for leg in native_legs(&self.live.identity, intent) {
            if self.check_new(&leg).is_ok() {
                self.insert(leg, at);
            }
        }
        Ok(Effect::Changed)
    }

    fn finish_bracket(&mut self, seq: Seq, entry: OrderId) -> Result<Effect, FoldError> {
        if !self.live.orders.contains_key(&entry) {
            let known = self.seen.get(order_seen_id(entry)).is_some();
            return if known { Ok(Effect::Nothing) } else { Err(FoldError::OrderMissing { id: entry }) };
        }
        let belongs = |order: &Order| order.intent.id == entry || order.intent.parent == Some(entry);
        let members = self.live.orders.values().filter(|order| belongs(order));
        let members: Vec<_> = members.map(|order| (order.intent.id, order.state())).collect();
        if let Some((id, _)) = members.iter().find(|(_, state)| !state.is_terminal()) {
            return Err(FoldError::NotOver { id: *id });
        }
        for (id, _) in members {
            self.retire(seq, id);
        }
        Ok(Effect::Changed)
    }

    fn correct(&mut self, corrected: &Corrected) -> Result<Effect, FoldError> {
        if corrected.quantity.is_zero() {
            return Ok(Effect::Nothing);
        }
        let before = self.live.positions.get(&corrected.instrument).cloned().unwrap_or_default();
        let after = before.corrected(corrected.quantity, corrected.price)?;
        self.live.positions.insert(corrected.instrument.clone(), after);
        Ok(Effect::Changed)
    }

    fn block(&mut self, blocked: &Blocked) -> Effect {
        let reasons = self.live.blocked.entry(blocked.instrument.clone()).or_default();
        let before = reasons.insert(blocked.kind, blocked.why.clone());
        if before.as_ref() == Some(&blocked.why) { Effect::Nothing } else { Effect::Changed }
    }

    fn unblock(&mut self, unblocked: &Blocked) -> Effect {
        let Some(reasons) = self.live.blocked.get_mut(&unblocked.instrument) else { return Effect::Nothing };
        let was = reasons.remove(&unblocked.kind).is_some();
        if reasons.is_empty() {
            self.live.blocked.remove(&unblocked.instrument);
        }
        if was { Effect::Changed } else { Effect::Nothing }
    }

    fn fill(&mut self, seq: Seq, fill: &Fill, at: Utc) -> Result<Effect, FoldError> {
        let mut entry = execution_entry(fill, seq);
        if is(Bug::FillsCountedTwice) {
            entry.id = SeenId::from_bytes(u128::from(self.seen.len() as u64).to_le_bytes());
        }
        if let Some(known) = self.seen.get(entry.id) {
            let execution = fill.execution.to_string();
            let same = known.fingerprint == entry.fingerprint;
            return if same { Ok(Effect::Nothing) } else { Err(FoldError::Contradiction { execution }) };
        }
        if fill.quantity.is_negative() || fill.quantity.is_zero() {
            return Err(FoldError::Quantity { id: fill.id, quantity: fill.quantity.to_string() });
        }
        // All that can fail comes before the first change.
        let mut instead_of = None;
        if let Some(order) = self.live.orders.get(&fill.id) {
            let Intent { instrument, side, .. } = &order.intent;
            if (instrument, *side) != (&fill.instrument, fill.side) {
                return Err(FoldError::OtherOrder { id: fill.id });
            }
            let (_, quantity) = order.after_execution(fill.quantity)?;
            instead_of = order.reported.map(|reported| Reported { quantity, ..reported });
        }
        let after = match self.live.positions.get(&fill.instrument) {
            Some(position) => position.after(fill, instead_of)?,
            None => Position::default().after(fill, instead_of)?,
        };
        self.update(seq, fill.id, at, |order| order.add_fill(fill))?;
        if let Some(position) = self.live.positions.get_mut(&fill.instrument) {
            position.become_after(after);
        } else {
            let mut position = Position::default();
            position.become_after(after);
            self.live.positions.insert(fill.instrument.clone(), position);
        }
        self.live.last_fill = self.live.last_fill.max(fill.venue_time);
        let is_new = self.seen.insert(entry);
        assert!(is_new, "an execution is counted once");
        Ok(Effect::Changed)
    }

    fn mark_restored(&mut self, restored: &Restored, at: Utc) -> Effect {
        let Restored { generation, since, seq, .. } = restored;
        let new = RestoredMark { generation: generation.clone(), since: *since, seq: *seq, at };
        self.live.restorations = self.live.restorations.saturating_add(1);
        // Put back twice: nothing since the earlier of the two points is known yet.
        self.live.restored = Some(match self.live.restored.take() {
            Some(mark) if mark.since < *since => RestoredMark { at: mark.at.max(at), ..mark },
            Some(mark) => RestoredMark { at: mark.at.max(at), ..new },
            None => new,
        });
        Effect::Changed
    }

    fn cover(&mut self) -> Effect {
        self.live.restored.take().map_or(Effect::Nothing, |_| Effect::Changed)
    }

    fn set_halted(&mut self, reason: Option<String>) -> Effect {
        let same = self.live.halted == reason;
        self.live.halted = reason;
        if same { Effect::Nothing } else { Effect::Changed }
    }
}

/// Whether an order in this state belongs to [`State::unsettled`].
const fn is_unsettled(state: OrderState) -> bool {
    matches!(state, OrderState::Unknown | OrderState::AwaitingFills)
}

fn note_unsettled(unsettled: &mut BTreeSet<OrderId>, id: OrderId, state: OrderState) {
    if is_unsettled(state) {
        unsettled.insert(id);
    } else {
        unsettled.remove(&id);
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
    /// The order that one of the venue's orders came of.
    pub fn owner_of_venue_order(&self, id: &VenueOrderId) -> Option<OrderId> {
        let mut orders = self.orders.values();
        orders.find(|order| order.venue_orders.contains_key(id)).map(|order| order.intent.id)
    }

    /// The leg in this role that the venue makes with this entry.
    pub fn native_leg(&self, entry: OrderId, role: Role) -> Option<OrderId> {
        let mut orders = self.orders.values().map(|order| &order.intent);
        let is_it = |intent: &&Intent| {
            (intent.parent, intent.role, intent.terms.via) == (Some(entry), role, Placement::WithParent)
        };
        orders.find(is_it).map(|leg| leg.id)
    }

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

fn answer_replacement(order: &mut Order, alias: OrderId, answer: Answer) {
    if let Some(replacement) = order.replacements.iter_mut().find(|replacement| replacement.alias == alias) {
        // That it took place is a fact; that it failed is what a reply said.
        if replacement.answer != Answer::Done {
            replacement.answer = answer;
        }
    }
}

/// Whether an order that was taken in by its id alone is the one that was wanted under this key.
fn gets_its_key(known: &Intent, wanted: &Intent) -> bool {
    known.key.is_adopted() && !wanted.key.is_adopted() && is_same_trade(known, wanted)
}

/// Whether two intents agree in all that a venue tells of an order.
pub fn is_same_trade(one: &Intent, other: &Intent) -> bool {
    let content =
        |intent: &Intent| (intent.side, intent.order_type, intent.quantity, intent.limit, intent.stop);
    one.instrument == other.instrument && content(one) == content(other)
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
        &unusual_terms(intent),
    ])
}

/// The fingerprints under which an order may have left the book that was taken in by its id alone: the venue
/// did not tell all that the bot had chosen.
pub fn adopted_fingerprints(wanted: &Intent) -> impl Iterator<Item = u64> {
    let own = Bracket { stop_loss: None, take_profit: None, legs: Placement::Own };
    let brackets = [None, Some(own), wanted.terms.bracket.clone()];
    let times = [TimeInForce::Day, TimeInForce::Gtc, TimeInForce::Ioc, TimeInForce::Fok, TimeInForce::Gtd];
    let base = wanted.clone();
    brackets.into_iter().flat_map(move |bracket| {
        let base = base.clone();
        times.into_iter().map(move |time_in_force| {
            let terms = Terms { bracket: bracket.clone(), ..Terms::default() };
            intent_fingerprint(&Intent { time_in_force, terms, ..base.clone() })
        })
    })
}

/// The unusual terms that the bot chose, as bytes; nothing for most orders.
fn unusual_terms(intent: &Intent) -> Vec<u8> {
    let mut terms = intent.terms.clone();
    // When and how it goes to the venue is not the bot's choice.
    terms.admit_by = None;
    terms.via = crate::order::Placement::Own;
    if let Some(bracket) = &mut terms.bracket {
        bracket.legs = crate::order::Placement::Own;
    }
    if terms.is_usual() { Vec::new() } else { serde_json::to_vec(&terms).unwrap_or_default() }
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
