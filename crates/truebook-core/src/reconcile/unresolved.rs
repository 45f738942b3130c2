//! Orders of the book that no report is about: what that proves, and what it does not.

use super::draft::Draft;
use super::policy::Missing;
use super::steps::{Action, Inputs};
use crate::capability::IdClass;
use crate::event::{BlockKind, Closed, Event, ReportedFilled};
use crate::id::OrderId;
use crate::life::{Closing, Order, OrderState};
use crate::observation::Found;
use crate::order::Placement;
use crate::planted::{Bug, is};
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

/// An order may have come to the venue a little before we wrote that we wanted it, by its clock.
const SENT_BEFORE: Duration = Duration::from_secs(5);

/// Settles what can be settled, and holds back the rest.
pub(super) fn settle(inputs: &Inputs<'_>, draft: &mut Draft) {
    let reported: BTreeSet<OrderId> =
        inputs.observation.reports().filter_map(|report| draft.venue_owner(&report.venue_order)).collect();
    for id in draft.live().orders.keys().copied().collect::<Vec<_>>() {
        let Some(order) = draft.order(id) else { continue };
        if inputs.observation.in_flight.contains(&id) {
            let order = order.clone();
            draft.hold(&order, "another thread is sending it just now");
            continue;
        }
        match order.state() {
            state if state.is_terminal() => {}
            OrderState::AwaitingFills => await_fills(inputs, id, draft),
            _ if order.intent.terms.via == Placement::WithParent && order.venue_orders.is_empty() => {
                settle_leg(inputs, id, draft);
            }
            _ if reported.contains(&id) => settle_reported(id, draft),
            _ if order.venue_orders.is_empty() => settle_unanswered(inputs, id, draft),
            _ => settle_vanished(inputs, id, draft),
        }
    }
}

/// An order that the venue does show. What is uncertain about it all the same is shown.
fn settle_reported(id: OrderId, draft: &mut Draft) {
    let Some(order) = draft.order(id).cloned() else { return };
    if order.state() == OrderState::Unknown {
        unexplained(&order, "its status is one that nobody here knows", draft);
    }
}

/// The venue says that more is filled than there are executions for.
fn await_fills(inputs: &Inputs<'_>, id: OrderId, draft: &mut Draft) {
    let Some(order) = draft.order(id).cloned() else { return };
    let waited = inputs.observation.our_now.since(order.updated_at);
    if is(Bug::InventedFill) {
        return invent_fill(&order, draft);
    }
    if waited < inputs.policy.fills_grace() {
        return unexplained(&order, "the venue says more is filled than it has told executions of", draft);
    }
    if !inputs.observation.fills.covers(order.intended_at.minus(SENT_BEFORE)) {
        return unexplained(
            &order,
            "executions are missing, and the list of fills does not reach back so far",
            draft,
        );
    }
    let mut of_it =
        inputs.observation.reports().filter(|report| order.venue_orders.contains_key(&report.venue_order));
    let Some(price) = of_it.find_map(|report| report.average_price).or(order.limit()) else {
        return unexplained(&order, "the venue says that it is filled, but not at which price", draft);
    };
    let total = order.filled_at_least();
    let why = format!(
        "the venue reports {total} filled and lists executions for {}, {} s after it closed",
        order.filled,
        waited.as_secs()
    );
    let report = ReportedFilled { id, total, price, why: why.clone() };
    draft.record(Event::Reported(report.into()), why);
}

/// The planted bug.
fn invent_fill(order: &Order, draft: &mut Draft) {
    let Ok(execution) = crate::id::ExecutionId::new(&format!("reconciled-{}", order.intent.id)) else {
        return;
    };
    let fill = crate::order::Fill {
        id: order.intent.id,
        execution,
        venue_order: order.venue_orders.keys().next().cloned(),
        instrument: order.intent.instrument.clone(),
        side: order.intent.side,
        quantity: order.remaining(),
        price: order.limit().unwrap_or(crate::money::Price::ZERO),
        fee: None,
        venue_time: None,
        multiplier: None,
    };
    draft.record(Event::Fill(fill.into()), "invented");
}

/// A leg that the venue is to make with its parent and that was not seen.
fn settle_leg(inputs: &Inputs<'_>, id: OrderId, draft: &mut Draft) {
    let Some(leg) = draft.order(id).cloned() else { return };
    let Some(parent) = leg.intent.parent.and_then(|parent| draft.order(parent)).cloned() else {
        return close(&leg, Closing::Absent, "the entry that it was to come with is not in the book", draft);
    };
    if !parent.state().is_terminal() {
        return;
    }
    if parent.filled.is_zero() {
        let why = format!("its entry ended {} and unfilled", parent.state());
        return close(&leg, Closing::Cancelled, &why, draft);
    }
    let since = parent.intended_at.minus(SENT_BEFORE);
    let (open, closed) = (&inputs.observation.open, &inputs.observation.closed);
    let shows = inputs.observation.venue_now > parent.updated_at.plus(inputs.settling_time());
    if open.is_complete() && closed.covers(since) && shows {
        let why = "its entry is filled, and neither the live nor the closed orders have it";
        return close(&leg, Closing::Absent, why, draft);
    }
    draft.hold(&leg, "its entry is filled, and the lists do not tell yet whether the venue made it");
}

fn close(order: &Order, closing: Closing, why: &str, draft: &mut Draft) {
    let id = order.intent.id;
    let closed = Closed { id, closing, why: Some(why.into()), venue_order: None, claimed: None };
    draft.record(Event::Closed(closed), why);
}

/// An order that was perhaps sent, and of which the venue never said a word.
fn settle_unanswered(inputs: &Inputs<'_>, id: OrderId, draft: &mut Draft) {
    let Some(order) = draft.order(id).cloned() else { return };
    match inputs.observation.looked_up.get(&id) {
        Some(Found::Nothing) if is(Bug::AbsentIsCancelled) => {
            return close(&order, Closing::Cancelled, "not listed", draft);
        }
        Some(Found::Nothing) if is(Bug::ResendOnTimeout) => {
            return draft.act(Action::Resend(id), "not listed");
        }
        Some(Found::Nothing) => {}
        Some(Found::Failed(why)) => {
            return unexplained(&order, &format!("it could not be looked up: {why}"), draft);
        }
        Some(Found::Order(_)) => return,
        None => return unexplained(&order, "nobody looked it up", draft),
    }
    let age = inputs.observation.venue_now.since(order.intended_at);
    if age <= inputs.capabilities.propagation {
        return unexplained(&order, "the venue does not show it yet; that proves nothing so soon", draft);
    }
    match inputs.capabilities.class {
        IdClass::A => settle_a(inputs, &order, age, draft),
        IdClass::B | IdClass::C if inputs.capabilities.admission.is_some() => {
            settle_by_deadline(inputs, &order, draft);
        }
        IdClass::B | IdClass::C => settle_by_patience(inputs, &order, age, draft),
    }
}

/// Sending the same again is safe: whatever became of the first, there is one order.
fn settle_a(inputs: &Inputs<'_>, order: &Order, age: Duration, draft: &mut Draft) {
    let policy = inputs.policy;
    let wanted = policy.missing == Missing::Resend;
    // An entry is stale after a while: the price has moved on. A leg is wanted for as long as what it protects.
    let is_timely = match order.intent.parent {
        Some(entry) => super::brackets::is_exposed(entry, inputs, draft),
        None => age <= policy.resend_within() && order.resent < policy.resends_max,
    };
    if wanted && is_timely {
        let why = format!(
            "no reply, and the venue does not know it {} s later; the same id twice is one order there",
            age.as_secs()
        );
        return draft.act(Action::Resend(order.intent.id), why);
    }
    settle_by_patience(inputs, order, age, draft);
}

/// The venue would have refused it by now, and would still show it if it had not.
fn settle_by_deadline(inputs: &Inputs<'_>, order: &Order, draft: &mut Draft) {
    let admission = inputs.capabilities.admission.unwrap_or_default();
    let deadline = order.intent.terms.admit_by.unwrap_or(order.intended_at.plus(admission));
    let slack = inputs.capabilities.propagation.saturating_add(inputs.capabilities.clock_skew_max);
    if inputs.observation.venue_now <= deadline.plus(slack) {
        let why = format!("it may still arrive: the venue admits it until {deadline}");
        return unexplained(order, &why, draft);
    }
    if let Some(gap) = gap_in_evidence(inputs, order, draft) {
        unexplained(order, &gap, draft);
    } else {
        let why = format!(
            "looked up by id, among live and closed orders and fills at {}, after its admission deadline {deadline} and while the venue would still show it",
            inputs.observation.venue_now
        );
        close(order, Closing::Absent, &why, draft);
    }
}

/// Nothing proves it; the owner may have said how long to wait.
fn settle_by_patience(inputs: &Inputs<'_>, order: &Order, age: Duration, draft: &mut Draft) {
    let Some(patience) = inputs.policy.absent_after() else {
        let why = "the venue does not know it, and nothing proves that it never will: cancel it there by hand, \
                   or set reconcile.absent_after_s";
        return unexplained(order, why, draft);
    };
    if age <= patience.max(inputs.settling_time()) {
        return unexplained(order, "the venue does not know it yet", draft);
    }
    if let Some(gap) = gap_in_evidence(inputs, order, draft) {
        unexplained(order, &gap, draft);
    } else {
        let why = format!("not found for {} s, which the settings count as absent", age.as_secs());
        close(order, Closing::Absent, &why, draft);
    }
}

/// What is missing for a proof that the venue never had the order, or has closed it unfilled.
fn gap_in_evidence(inputs: &Inputs<'_>, order: &Order, draft: &Draft) -> Option<String> {
    let observation = inputs.observation;
    let since = order.intended_at.minus(SENT_BEFORE);
    if !observation.open.is_complete() {
        return Some(String::from("the live orders were not read whole"));
    }
    if !observation.closed.covers(since) {
        return Some(String::from("the closed orders were not read whole back to when it was sent"));
    }
    if !observation.fills.covers(since) {
        return Some(String::from("the fills were not read whole back to when it was sent"));
    }
    let age = observation.venue_now.since(order.intended_at);
    if inputs.capabilities.unfilled_visible.is_some_and(|visible| age >= visible) {
        return Some(String::from("the venue forgets unfilled orders, and so long after it proves nothing"));
    }
    let stray = draft
        .unaccounted
        .iter()
        .find(|(instrument, _, at)| *instrument == order.intent.instrument && *at >= since);
    stray
        .map(|(_, execution, _)| format!("execution {execution} in its instrument belongs to no known order"))
}

/// An order that the venue had, and that is in none of its lists.
fn settle_vanished(inputs: &Inputs<'_>, id: OrderId, draft: &mut Draft) {
    let Some(order) = draft.order(id).cloned() else { return };
    let observation = inputs.observation;
    let looked_up = order.venue_orders.keys().map(|venue| observation.looked_up_venue.get(venue));
    let nowhere = looked_up.clone().all(|found| found == Some(&Found::Nothing));
    if !nowhere || !observation.open.is_complete() {
        return unexplained(&order, "it is not listed, and could not be looked up", draft);
    }
    let age = observation.venue_now.since(order.updated_at.max(order.intended_at));
    if age <= inputs.settling_time() {
        return unexplained(&order, "the venue does not show it yet", draft);
    }
    let forgotten = inputs.capabilities.unfilled_visible.is_some_and(|visible| age >= visible);
    if !forgotten {
        let why = "the venue had it and should still show it, and does not: a contradiction";
        draft.alarm(Some(&order.intent.instrument), format!("order {}: {why}", order.intent.key));
        return unexplained(&order, why, draft);
    }
    if !observation.fills.covers(order.intended_at.minus(SENT_BEFORE)) {
        let why = "the venue has forgotten it, and the fills do not reach back to when it was sent";
        return unexplained(&order, why, draft);
    }
    let why = format!(
        "the venue forgets unfilled orders after they close; the fills since it was sent were read and {} is filled",
        order.filled
    );
    close(&order, Closing::Absent, &why, draft);
}

fn unexplained(order: &Order, why: &str, draft: &mut Draft) {
    draft.hold(order, why);
    // An order that is on its way is no mystery yet, but nobody can say what the position will be.
    let reason = format!("order {} ({}): {why}", order.intent.key, order.state());
    draft.block(&order.intent.instrument, BlockKind::Unexplained, reason);
}
