//! Brackets: what an entry opened is protected, legs never outlive it, and one cancels the other.

use super::draft::Draft;
use super::gap::{self, LEGS_MAX, leg_id};
use super::policy::Unprotected;
use super::steps::{Action, Inputs};
use crate::capability::{IdClass, ReplaceQuantity};
use crate::event::{Asked, BlockKind, Event};
use crate::id::OrderId;
use crate::life::{Order, OrderState, Request};
use crate::money::Qty;
use crate::order::{Bracket, Intent, OrderType, Placement, Role, Side, Terms, TimeInForce};
use crate::seen::order_seen_id;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec::Vec;

/// Brings every bracket into order.
pub(super) fn mend(inputs: &Inputs<'_>, draft: &mut Draft) {
    let entries = draft.live().orders.values().filter(|order| order.intent.terms.bracket.is_some());
    for id in entries.map(|order| order.intent.id).collect::<Vec<_>>() {
        if let Some(group) = Group::of(id, inputs, draft) {
            mend_one(inputs, &group, draft);
        }
    }
}

/// Whether what an entry opened is still open, so that its legs are wanted.
pub(super) fn is_exposed(entry: OrderId, inputs: &Inputs<'_>, draft: &Draft) -> bool {
    Group::of(entry, inputs, draft).is_some_and(|group| !group.exposure.is_zero())
}

/// An entry and its legs, as they are in the draft.
struct Group {
    entry: Order,
    bracket: Bracket,
    legs: Vec<Order>,
    /// What the entry opened and nobody has closed yet.
    exposure: Qty,
}

impl Group {
    fn of(id: OrderId, inputs: &Inputs<'_>, draft: &Draft) -> Option<Self> {
        let entry = draft.order(id)?.clone();
        let bracket = entry.intent.terms.bracket.clone()?;
        let orders = draft.live().orders.values();
        let legs: Vec<Order> =
            orders.filter(|order| order.intent.parent == Some(id)).map(|order| (**order).clone()).collect();
        // What the venue says a leg has closed is closed, even if the executions are on their way: another leg
        // for it would open a position the other way round.
        let closed = legs.iter().try_fold(Qty::ZERO, |sum, leg| sum.plus(leg.filled_at_least())).ok()?;
        let opened = entry.filled.minus(closed).ok()?;
        let position = draft.live().positions.get(&entry.intent.instrument);
        let held = position.map_or(Qty::ZERO, |position| position.quantity);
        let held = match entry.intent.side {
            Side::Buy => held,
            Side::Sell => held.negated(),
        };
        // Whoever closed the position by hand closed the bracket with it.
        let exposure = opened.min(held);
        let exposure = if exposure.is_negative() { Qty::ZERO } else { exposure };
        // Less than a lot cannot be sold: fees taken in what was bought leave such dust.
        let lot = inputs.terms(&entry.intent.instrument).lot;
        let exposure = lot.map_or(exposure, |lot| exposure.floored_to(lot));
        Some(Self { entry, bracket, legs, exposure })
    }

    fn legs_in(&self, role: Role) -> impl Iterator<Item = &Order> {
        self.legs.iter().filter(move |leg| leg.intent.role == role && !leg.state().is_terminal())
    }

    fn remaining_in(&self, role: Role) -> Qty {
        self.legs_in(role).fold(Qty::ZERO, |sum, leg| sum.plus(leg.remaining()).unwrap_or(sum))
    }

    fn is_uncertain(&self, role: Role) -> bool {
        self.legs_in(role).any(|leg| {
            let with_parent = leg.intent.terms.via == Placement::WithParent && leg.venue_orders.is_empty();
            leg.state().is_uncertain() && !with_parent
        })
    }

    fn next_attempt(&self, role: Role) -> u32 {
        let attempts = self.legs.iter().filter(|leg| leg.intent.role == role).map(|leg| leg.intent.attempt);
        attempts.max().map_or(0, |last| last.saturating_add(1))
    }

    fn was_refused(&self, role: Role) -> bool {
        let mut legs = self.legs.iter().filter(|leg| leg.intent.role == role);
        legs.any(|leg| leg.state() == OrderState::Rejected)
    }
}

fn mend_one(inputs: &Inputs<'_>, group: &Group, draft: &mut Draft) {
    if group.exposure.is_zero() {
        return wind_up(group, draft);
    }
    if !inputs.observation.open.is_complete() {
        draft.leave_blocks(BlockKind::Unprotected);
        return draft.hold(&group.entry, "its legs cannot be told without all live orders");
    }
    protect(inputs, group, draft);
    take_profit(inputs, group, draft);
}

/// Nothing is left to protect: legs are cancelled, and the bracket is done once they are over.
fn wind_up(group: &Group, draft: &mut Draft) {
    if !group.entry.state().is_terminal() {
        return;
    }
    let mut open = group.legs.iter().filter(|leg| !leg.state().is_terminal()).peekable();
    if open.peek().is_none() {
        let id = group.entry.intent.id;
        let why = format!("entry {} and its legs are over", group.entry.intent.key);
        return draft.record(Event::Done(Asked { id, why: why.clone() }), why);
    }
    for leg in open {
        cancel(leg, "what it protects is closed", draft);
    }
}

fn cancel(leg: &Order, why: &str, draft: &mut Draft) {
    if leg.state() == OrderState::AwaitingFills {
        return draft.hold(leg, "it is over; its executions are on their way");
    }
    if leg.pending == Some(Request::Cancel) || leg.venue_orders.is_empty() {
        return draft.hold(leg, format!("to be cancelled ({why}) once the venue says where it stands"));
    }
    let id = leg.intent.id;
    draft.record(Event::Cancel(Asked { id, why: why.into() }), why);
    for venue_order in leg.live_venue_orders() {
        let venue_order = Some(venue_order.clone());
        draft.act(Action::Cancel { id, venue_order }, why);
    }
}

fn protect(inputs: &Inputs<'_>, group: &Group, draft: &mut Draft) {
    let Some(leg) = group.bracket.stop_loss else { return };
    if group.is_uncertain(Role::StopLoss) {
        return draft.hold(&group.entry, "whether its stop is live is not known yet");
    }
    let protected = group.remaining_in(Role::StopLoss);
    let Ok(missing) = group.exposure.minus(protected) else { return };
    if missing.is_negative() {
        return shrink(inputs, group, Role::StopLoss, draft);
    }
    if missing.is_zero() {
        return;
    }
    let what = format!(
        "{} of {} bought with {} has no stop",
        missing, group.entry.intent.instrument, group.entry.intent.key
    );
    match inputs.policy.unprotected {
        Unprotected::PlaceStop if !group.was_refused(Role::StopLoss) => {
            let kind = if leg.limit.is_some() { OrderType::StopLimit } else { OrderType::Stop };
            let mut intent = exit(group, Role::StopLoss, kind, missing, draft);
            (intent.stop, intent.limit) = (Some(leg.stop), leg.limit);
            place(intent, format!("{what}: placed"), inputs, draft);
        }
        Unprotected::PlaceStop | Unprotected::Flatten => flatten(inputs, group, missing, &what, draft),
        Unprotected::Block => {
            draft.alarm(Some(&group.entry.intent.instrument), what.clone());
            draft.block(&group.entry.intent.instrument, BlockKind::Unprotected, what);
        }
    }
}

/// Closes what has no stop at the market; the profit leg goes first, or both could close it.
fn flatten(inputs: &Inputs<'_>, group: &Group, missing: Qty, what: &str, draft: &mut Draft) {
    let mut profits = group.legs_in(Role::TakeProfit).peekable();
    if profits.peek().is_some() {
        for leg in profits {
            cancel(leg, "the position is to be closed at the market", draft);
        }
        return;
    }
    let intent = exit(group, Role::StopLoss, OrderType::Market, missing, draft);
    draft.alarm(Some(&group.entry.intent.instrument), format!("{what}: closed at the market"));
    place(intent, format!("{what}: closed at the market"), inputs, draft);
}

fn take_profit(inputs: &Inputs<'_>, group: &Group, draft: &mut Draft) {
    let Some(leg) = group.bracket.take_profit else { return };
    // With an exit at the market under way, a profit leg would sell the same units twice.
    let leaving = group.legs_in(Role::StopLoss).any(|leg| leg.intent.order_type == OrderType::Market);
    if group.is_uncertain(Role::TakeProfit) || group.was_refused(Role::TakeProfit) || leaving {
        return;
    }
    if group.was_refused(Role::StopLoss) {
        return;
    }
    let Ok(missing) = group.exposure.minus(group.remaining_in(Role::TakeProfit)) else { return };
    if missing.is_negative() {
        return shrink(inputs, group, Role::TakeProfit, draft);
    }
    if missing.is_zero() {
        return;
    }
    let mut intent = exit(group, Role::TakeProfit, OrderType::Limit, missing, draft);
    intent.limit = Some(leg.limit);
    let why = format!("{missing} bought with {} has no take profit: placed", group.entry.intent.key);
    place(intent, why, inputs, draft);
}

/// Legs for more than there is: the youngest give way. Legs that the venue made are sized by the venue.
fn shrink(inputs: &Inputs<'_>, group: &Group, role: Role, draft: &mut Draft) {
    let mut legs: Vec<&Order> = group.legs_in(role).collect();
    legs.sort_by_key(|leg| core::cmp::Reverse(leg.intent.attempt));
    let Ok(mut excess) = group.remaining_in(role).minus(group.exposure) else { return };
    for leg in legs {
        if leg.intent.terms.via == Placement::WithParent || excess.is_negative() || excess.is_zero() {
            return;
        }
        if matches!(leg.state(), OrderState::PendingCancel | OrderState::PendingReplace) {
            return draft.hold(leg, "it is being made smaller already");
        }
        let remaining = leg.remaining();
        if remaining <= excess {
            cancel(leg, "less is left to close", draft);
            excess = excess.minus(remaining).unwrap_or(Qty::ZERO);
            continue;
        }
        return shrink_leg(inputs, leg, excess, draft);
    }
}

fn shrink_leg(inputs: &Inputs<'_>, leg: &Order, excess: Qty, draft: &mut Draft) {
    if gap::gap(draft.live()).is_some() {
        return draft
            .hold(leg, "it is to be smaller once it is known what happened since the book was put back");
    }
    if inputs.capabilities.replace == ReplaceQuantity::Unsupported {
        // Cancelled now, placed again for what is left once the venue says that it is gone.
        return cancel(leg, "less is left to close, and the venue cannot make it smaller", draft);
    }
    let Ok(quantity) = leg.quantity().minus(excess) else { return };
    draft.act(Action::Resize { id: leg.intent.id, quantity }, "less is left to close");
}

fn exit(group: &Group, role: Role, order_type: OrderType, quantity: Qty, draft: &Draft) -> Intent {
    let entry = &group.entry.intent;
    let attempt = free_attempt(group, role, draft);
    let time_in_force = match order_type {
        OrderType::Market => TimeInForce::Day,
        _ => TimeInForce::Gtc,
    };
    Intent {
        id: leg_id(draft.live(), &entry.key, role, attempt),
        key: entry.key.clone(),
        instrument: entry.instrument.clone(),
        side: entry.side.opposite(),
        order_type,
        quantity,
        limit: None,
        stop: None,
        time_in_force,
        role,
        attempt,
        parent: Some(entry.id),
        strategy: entry.strategy.clone(),
        terms: Terms::default(),
    }
}

/// The next attempt whose id was never used: in the time that a book does not know there may have been others.
fn free_attempt(group: &Group, role: Role, draft: &Draft) -> u32 {
    let first = group.next_attempt(role);
    let is_free = |attempt: &u32| {
        let id = leg_id(draft.live(), &group.entry.intent.key, role, *attempt);
        draft.order(id).is_none() && draft.state().seen().get(order_seen_id(id)).is_none()
    };
    (first..first.saturating_add(LEGS_MAX)).find(is_free).unwrap_or(first)
}

/// Why no leg may leave now: ids that the book does not know may have been used.
fn no_leg_leaves(intent: &Intent, inputs: &Inputs<'_>, draft: &Draft) -> Option<&'static str> {
    if gap::gap(draft.live()).is_some() && inputs.capabilities.class != IdClass::A {
        return Some("the book was put back, and what happened since is not known yet");
    }
    let unknown = intent.key.is_adopted() && draft.live().restorations > 0;
    unknown.then_some("its entry was taken back without its key: submit the entry again, or act by hand")
}

fn place(intent: Intent, why: alloc::string::String, inputs: &Inputs<'_>, draft: &mut Draft) {
    let Some(not) = no_leg_leaves(&intent, inputs, draft) else {
        return draft.act(Action::Place(Box::new(intent)), why);
    };
    let what = format!("held back, because {not}: {why}");
    if intent.role == Role::StopLoss {
        draft.alarm(Some(&intent.instrument), what.clone());
        draft.block(&intent.instrument, BlockKind::Unprotected, what.clone());
    }
    draft.hold_instrument(Some(&intent.instrument), what);
}
