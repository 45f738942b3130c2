//! A book that was put back to an earlier point. What this installation did since then is taken back by its
//! ids, also what is over by now, so that a key gets the order that it had; and the gap counts as covered once
//! nothing of it can be hidden any more.

use super::draft::Draft;
use super::facts::{best_reports, owner_of};
use super::others::adopted_intent;
use super::steps::Inputs;
use crate::capability::{Brackets, Capabilities};
use crate::event::{Adopted, Event, Reason, ReplaceAsked};
use crate::id::{OrderId, OrderKey, SeenId, VenueOrderId};
use crate::money::Qty;
use crate::observation::OrderReport;
use crate::order::{Bracket, Intent, Placement, ProfitLeg, Role, StopLeg};
use crate::planted::{Bug, is};
use crate::seen::order_seen_id;
use crate::state::{Live, RestoredMark};
use crate::time::Utc;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// How much before the last event that was kept the gap is taken to begin. That event was dated by our clock
/// and the lists are dated by the venue's; our clock may also have been set since. Reading too much costs a
/// page or two, reading too little a second order.
pub const GAP_MARGIN: Duration = Duration::from_mins(15);

/// How late an order of the process before may still come to a venue that sets no deadline, as far as anybody
/// has seen.
const LATE_ARRIVAL: Duration = Duration::from_mins(1);

/// How many legs in one role a bracket is taken to have had in the time that the book does not know.
pub(super) const LEGS_MAX: u32 = 16;

type Reports<'a> = BTreeMap<&'a VenueOrderId, &'a OrderReport>;

/// The gap of a book that was put back, until it is covered.
pub fn gap(live: &Live) -> Option<&RestoredMark> {
    live.restored.as_ref().filter(|_| !is(Bug::GateOpenInGap))
}

/// From when on everything at the venue must be read to cover a gap.
pub fn gap_begins(mark: &RestoredMark, capabilities: &Capabilities) -> Utc {
    mark.since.minus(GAP_MARGIN).minus(capabilities.clock_skew_max)
}

/// The ids that legs of the book's brackets may have had in the time that the book does not know, as far as it
/// was ever put back.
pub fn leg_seen_ids(live: &Live) -> Vec<SeenId> {
    if live.restorations == 0 {
        return Vec::new();
    }
    families(live).into_keys().map(order_seen_id).collect()
}

/// Whose leg an id is.
struct Family {
    entry: OrderId,
    key: OrderKey,
    strategy: Option<Box<str>>,
    role: Role,
    attempt: u32,
}

impl Family {
    /// An order that was taken back by its id, as the leg that it is.
    fn leg(&self, taken_back: &Intent) -> Intent {
        Intent {
            key: self.key.clone(),
            role: self.role,
            attempt: self.attempt,
            parent: Some(self.entry),
            strategy: self.strategy.clone(),
            terms: crate::order::Terms { bracket: None, ..taken_back.terms.clone() },
            ..taken_back.clone()
        }
    }
}

fn families(live: &Live) -> BTreeMap<OrderId, Family> {
    let mut families = BTreeMap::new();
    let entries = live.orders.values().map(|order| &order.intent);
    for entry in entries.filter(|intent| intent.terms.bracket.is_some() && !intent.key.is_adopted()) {
        for role in [Role::StopLoss, Role::TakeProfit] {
            for attempt in 0..LEGS_MAX {
                let Intent { key, strategy, .. } = entry;
                let id = leg_id(live, key, role, attempt);
                let (key, strategy) = (key.clone(), strategy.clone());
                families.insert(id, Family { entry: entry.id, key, strategy, role, attempt });
            }
        }
    }
    families
}

pub(super) fn leg_id(live: &Live, key: &OrderKey, role: Role, attempt: u32) -> OrderId {
    OrderId::derive(live.identity.installation, live.identity.book, key, role.name(), attempt)
}

/// Takes back what bears our tag and is not in the book. Before all facts, so that these find their orders.
pub(super) fn take_back(inputs: &Inputs<'_>, draft: &mut Draft) {
    if draft.live().restorations == 0 {
        return;
    }
    let reports = best_reports(inputs);
    let families = families(draft.live());
    link_legs(&families, draft);
    // Every round takes one more link of each chain of replacements.
    for _ in 0..=reports.len() {
        let mut is_done = true;
        for report in reports.values() {
            if draft.venue_owner(&report.venue_order).is_none()
                && take(inputs, report, &reports, &families, draft)
            {
                is_done = false;
            }
        }
        if is_done {
            return;
        }
    }
}

/// Orders that were taken back before it was known whose legs they are.
fn link_legs(families: &BTreeMap<OrderId, Family>, draft: &mut Draft) {
    let orders = draft.live().orders.values().filter(|order| order.intent.key.is_adopted());
    let known = orders.filter_map(|order| {
        let family = families.get(&order.intent.id)?;
        let venue_order = order.venue_orders.keys().next()?.clone();
        let why = format!("it is the {} leg of {}", family.role.name(), family.key);
        Some(Adopted { intent: family.leg(&order.intent), venue_order, why })
    });
    for adopted in known.collect::<Vec<_>>() {
        let why = adopted.why.clone();
        draft.record(Event::Adopted(adopted.into()), why);
    }
}

/// Whether the report found its order just now.
fn take(
    inputs: &Inputs<'_>,
    report: &OrderReport,
    reports: &Reports<'_>,
    families: &BTreeMap<OrderId, Family>,
    draft: &mut Draft,
) -> bool {
    if let Some(owner) = owner_of(report, draft) {
        take_replacement(report, owner, reports, draft);
        draft.own(&report.venue_order, owner);
        return true;
    }
    let Some(id) = stray(report, draft).filter(|_| report.replaces.is_none()) else { return false };
    if !is_settled(inputs, report) {
        return false;
    }
    let Some(mut intent) = adopted_intent(report, id) else { return false };
    if let Some(family) = families.get(&id) {
        intent = family.leg(&intent);
    } else {
        intent.terms.bracket = bracket_of(inputs, report, reports);
        alarm_of_leg(inputs, report, id, draft);
    }
    let why =
        format!("order {id} bears our tag and is from the time that the book does not know: taken back");
    let adopted = Adopted { intent, venue_order: report.venue_order.clone(), why: why.clone() };
    draft.record(Event::Adopted(adopted.into()), why);
    draft.own(&report.venue_order, id);
    true
}

/// A stop that is taken back alone may be a leg, where legs are placed by our own hand: nobody cancels it for us.
fn alarm_of_leg(inputs: &Inputs<'_>, report: &OrderReport, id: OrderId, draft: &mut Draft) {
    if inputs.capabilities.brackets == Brackets::Emulated && report.stop.is_some() {
        let what = format!(
            "order {id}, a stop, is taken back, and which entry it protects is not known: nothing cancels it when \
             that position is closed, until the entry's key is submitted again; look at it"
        );
        draft.alarm(Some(&report.instrument), what);
    }
}

/// Whether what came with the order shows by now, such as its legs.
fn is_settled(inputs: &Inputs<'_>, report: &OrderReport) -> bool {
    let age = report.submitted_at.map(|at| inputs.observation.venue_now.since(at));
    age.is_none_or(|age| age > inputs.settling_time())
}

/// Whether a live order waits to be taken back, or its parent does.
pub(super) fn waits(inputs: &Inputs<'_>, report: &OrderReport, draft: &Draft) -> bool {
    let is_stray = |report: &OrderReport| stray(report, draft).is_some();
    let of_stray = |parent: &VenueOrderId| {
        inputs.observation.reports().any(|other| other.venue_order == *parent && is_stray(other))
    };
    draft.live().restorations > 0 && (is_stray(report) || report.parent.as_ref().is_some_and(of_stray))
}

/// The id of an order that is ours and not in the book, whether it is over or not.
fn stray(report: &OrderReport, draft: &Draft) -> Option<OrderId> {
    let id = report.order_id().filter(|id| id.tag() == draft.live().identity.installation)?;
    let is_known = draft.owner(id).is_some() || draft.state().seen().get(order_seen_id(id)).is_some();
    (!is_known).then_some(id)
}

/// An order that took the place of another in the time that the book does not know: its id must not be used for
/// the next one, and what is wanted now is what it says.
fn take_replacement(report: &OrderReport, owner: OrderId, reports: &Reports<'_>, draft: &mut Draft) {
    let Some(alias) = stray(report, draft) else { return };
    let Some(order) = draft.order(owner).filter(|_| report.replaces.is_some()) else { return };
    let (mut before, mut at) = (Qty::ZERO, report);
    for _ in 0..reports.len() {
        let Some(earlier) = at.replaces.as_ref().and_then(|id| reports.get(id)) else { break };
        before = before.plus(earlier.filled).unwrap_or(before);
        at = earlier;
    }
    let total = report.quantity.and_then(|quantity| quantity.plus(before).ok());
    let asked = ReplaceAsked {
        id: owner,
        alias,
        number: u32::try_from(order.replacements.len()).unwrap_or(u32::MAX).saturating_add(1),
        quantity: total.filter(|total| *total != order.quantity()),
        limit: report.limit.filter(|limit| Some(*limit) != order.limit()),
        stop: report.stop.filter(|stop| Some(*stop) != order.stop()),
    };
    draft.know_alias(alias, owner);
    draft.record(Event::Replace(asked.into()), "it was replaced in the time that the book does not know");
}

/// The bracket of an entry that was taken back. Legs that the venue makes tell it. Where we make them nobody
/// can tell before the key is used again, so the entry stays until what it opened is closed.
fn bracket_of(inputs: &Inputs<'_>, entry: &OrderReport, reports: &Reports<'_>) -> Option<Bracket> {
    if inputs.capabilities.brackets == Brackets::Emulated {
        return Some(Bracket { stop_loss: None, take_profit: None, legs: Placement::Own });
    }
    let chain = chain_of(entry, reports);
    let legs = reports.values().filter(|leg| leg.replaces.is_none());
    let legs = legs.filter(|leg| leg.parent.as_ref().is_some_and(|parent| chain.contains(parent)));
    let mut bracket = Bracket { stop_loss: None, take_profit: None, legs: Placement::WithParent };
    for leg in legs {
        match leg.role {
            Some(Role::StopLoss) => {
                bracket.stop_loss = leg.stop.map(|stop| StopLeg { stop, limit: leg.limit });
            }
            Some(Role::TakeProfit) => bracket.take_profit = leg.limit.map(|limit| ProfitLeg { limit }),
            Some(Role::Entry) | None => {}
        }
    }
    (bracket.stop_loss.is_some() || bracket.take_profit.is_some()).then_some(bracket)
}

/// An order of the venue's and those that took its place.
fn chain_of(first: &OrderReport, reports: &Reports<'_>) -> BTreeSet<VenueOrderId> {
    let mut chain = BTreeSet::from([first.venue_order.clone()]);
    for _ in 0..reports.len() {
        let is_next = |report: &&&OrderReport| {
            let follows = report.replaces.as_ref().is_some_and(|before| chain.contains(before));
            follows && !chain.contains(&report.venue_order)
        };
        let Some(next) = reports.values().find(is_next) else { break };
        chain.insert(next.venue_order.clone());
    }
    chain
}

/// Closes the gap if everything since it began was seen. Otherwise says what keeps it open, and the way out.
pub(super) fn cover(inputs: &Inputs<'_>, draft: &mut Draft) -> Option<String> {
    let mark = gap(draft.live())?.clone();
    let Some(missing) = missing(inputs, &mark, draft) else {
        let why = format!("everything at the venue since {} is in the book", mark.since);
        draft.record(Event::Covered(Reason { why: why.clone() }), why);
        return None;
    };
    let why = format!(
        "the book was {mark}, and {missing}; until then no new order leaves: reconcile again, or answer for it \
         with `truebook restore --accept-gap REASON`"
    );
    draft.hold_instrument(None, why.clone());
    Some(why)
}

/// What is not known for sure of the time since the book was put back.
fn missing(inputs: &Inputs<'_>, mark: &RestoredMark, draft: &Draft) -> Option<String> {
    let Inputs { observation, capabilities, .. } = inputs;
    let from = gap_begins(mark, capabilities);
    if !observation.is_complete() {
        return Some(String::from("not everything could be read"));
    }
    let lists = [
        ("closed orders", observation.closed.covers(from), capabilities.closed_window),
        ("fills", observation.fills.covers(from), capabilities.fills_window),
    ];
    for (name, covers, window) in lists {
        if !covers || window.is_some_and(|window| observation.venue_now.since(from) > window) {
            return Some(format!("the venue's {name} do not reach back to {from}"));
        }
    }
    if capabilities.unfilled_visible.is_some_and(|visible| observation.venue_now.since(from) >= visible) {
        return Some(format!("the venue has forgotten orders that closed unfilled soon after {from}"));
    }
    // Whatever wrote the lost part is dead, and its last request may be on its way.
    let wait = inputs.settling_time().max(LATE_ARRIVAL);
    let waited = observation.our_now.since(mark.at);
    if waited <= wait {
        let left = wait.saturating_sub(waited).as_secs().saturating_add(1);
        return Some(format!("what was sent last may still come to the venue for {left} s"));
    }
    let mut strays = observation.reports().filter(|report| draft.venue_owner(&report.venue_order).is_none());
    let stray = strays.find_map(|report| stray(report, draft));
    stray.map(|id| format!("order {id} bears our tag and cannot be taken back"))
}
