//! The second opinion on a plan: every step is held against the observation again, by rules that share
//! nothing with the planner but the fold.

use super::policy::{Missing, Policy};
use super::steps::{Action, Plan, Step, Verdict};
use crate::capability::{Capabilities, IdClass};
use crate::event::{Adopted, BlockKind, Blocked, Closed, Event, Record, ReplaceAsked, ReportedFilled};
use crate::id::{Instrument, OrderId, Seq, VenueOrderId};
use crate::life::{Closing, Request};
use crate::money::Qty;
use crate::observation::{Found, Observation, OrderReport};
use crate::order::{Fill, Intent};
use crate::seen::order_seen_id;
use crate::state::State;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};

/// A step that must not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("step {number} of the plan must not be carried out: {why}")]
pub struct CheckFailure {
    /// Which step, the first is 1; 0 for the plan as a whole.
    pub number: usize,
    /// Why not.
    pub why: String,
}

/// Audits a plan. `state` is what the plan was made from.
///
/// # Errors
/// The first step that must not be carried out. Then none of them is.
pub fn check(
    state: State,
    observation: &Observation,
    policy: &Policy,
    capabilities: &Capabilities,
    plan: &Plan,
) -> Result<(), CheckFailure> {
    let whole = |why: &str| Err(CheckFailure { number: 0, why: why.to_string() });
    match plan.verdict {
        Verdict::Agreed if !observation.is_complete() => {
            return whole("it calls agreed what was not all seen");
        }
        Verdict::Refused(_) if !plan.steps.is_empty() => return whole("it was refused and has steps"),
        _ => {}
    }
    let mut auditor = Auditor { state, observation, policy, capabilities, sent: BTreeSet::new() };
    for (number, step) in (1..).zip(&plan.steps) {
        auditor.audit(step).map_err(|why| CheckFailure { number, why })?;
    }
    Ok(())
}

struct Auditor<'a> {
    state: State,
    observation: &'a Observation,
    policy: &'a Policy,
    capabilities: &'a Capabilities,
    sent: BTreeSet<OrderId>,
}

type Audited = Result<(), String>;

fn demand(holds: Option<()>, why: &str) -> Audited {
    holds.ok_or_else(|| why.to_string())
}

impl Auditor<'_> {
    fn audit(&mut self, step: &Step) -> Audited {
        match &step.action {
            Action::Record(event) => self.audit_event(event),
            Action::Resend(id) => self.audit_resend(*id),
            Action::Cancel { id, venue_order } => self.audit_cancel(*id, venue_order.as_ref()),
            Action::Resize { id, quantity } => self.audit_resize(*id, *quantity),
            Action::Place(intent) => self.audit_place(intent),
        }
    }

    fn audit_event(&mut self, event: &Event) -> Audited {
        match event {
            Event::Fill(fill) => self.audit_fill(fill)?,
            Event::Closed(closed) => self.audit_closed(closed)?,
            Event::Reported(report) => self.audit_reported(report)?,
            Event::Adopted(adopted) => self.audit_adopted(adopted)?,
            Event::Unblocked(unblocked) => self.audit_unblocked(unblocked)?,
            Event::ReplaceFailed(failed) => {
                demand(
                    self.no_report_of(failed.alias),
                    "the venue has the replacement that is to have failed",
                )?;
            }
            Event::Ack(ack) => {
                let seen = self.reports_of(&ack.venue_order).next().map(drop);
                demand(seen, "no report shows the venue order that is acknowledged")?;
            }
            Event::Replace(asked) => self.audit_replaced(asked)?,
            Event::Covered(_) => self.audit_covered()?,
            Event::Odd(_) | Event::Cancel(_) | Event::Done(_) | Event::Blocked(_) => {}
            other => return Err(format!("a plan does not record {:?}", other.name())),
        }
        let record = Record::new(self.observation.our_now, event.clone());
        self.state.apply(Seq::ZERO, &record).map(drop).map_err(|failed| failed.to_string())
    }

    fn reports_of<'a>(&'a self, id: &'a VenueOrderId) -> impl Iterator<Item = &'a OrderReport> {
        self.observation.reports().filter(move |report| report.venue_order == *id)
    }

    fn no_report_of(&self, id: OrderId) -> Option<()> {
        let mut of_it = self.observation.reports().filter(|report| report.order_id() == Some(id));
        of_it.next().is_none().then_some(())
    }

    fn audit_fill(&self, fill: &Fill) -> Audited {
        let is_it = |row: &&crate::observation::FillReport| {
            let same = row.execution == fill.execution && row.instrument == fill.instrument;
            let content = (row.side, row.quantity, row.price) == (fill.side, fill.quantity, fill.price);
            same && content && Some(&row.venue_order) == fill.venue_order.as_ref()
        };
        let row = self.observation.fills.rows.iter().find(is_it).map(drop);
        demand(row, "the venue lists no such execution: a fill is never invented")
    }

    fn audit_closed(&self, closed: &Closed) -> Audited {
        match (&closed.venue_order, closed.closing) {
            (Some(venue_order), closing) => {
                let says = self.reports_of(venue_order).find(|report| report.status.ended() == Some(closing));
                demand(says.map(drop), "no report says that the venue order ended so")
            }
            (None, Closing::Absent) => self.audit_absent(closed.id),
            (None, _) => self.audit_unborn_leg(closed.id),
        }
    }

    fn audit_absent(&self, id: OrderId) -> Audited {
        let order = self.state.live().orders.get(&id).ok_or("the order is not in the book")?;
        let parent = order.intent.parent.and_then(|parent| self.state.live().orders.get(&parent));
        demand(self.no_report_of(id), "a report shows the order that is to be absent")?;
        let whole = self.observation.open.is_complete().then_some(());
        demand(whole, "live orders were not read whole, and missing is not absent")?;
        let with_parent = order.intent.terms.via == crate::order::Placement::WithParent;
        if with_parent && order.venue_orders.is_empty() {
            let over = parent.is_none_or(|parent| parent.state().is_terminal()).then_some(());
            return demand(over, "the entry of the leg is live");
        }
        demand(self.observation.fills.is_complete().then_some(()), "the fills were not read whole")?;
        let late = self.deadline_is_over(order.intended_at, order.intent.terms.admit_by);
        let patient = self
            .policy
            .absent_after()
            .is_some_and(|patience| self.observation.venue_now.since(order.intended_at) > patience);
        let forgotten = !order.venue_orders.is_empty() && self.capabilities.unfilled_visible.is_some();
        demand((late || patient || forgotten).then_some(()), "it may still arrive")?;
        let nowhere = |found: Option<&Found>| found.is_none_or(|found| *found == Found::Nothing);
        let looked = nowhere(self.observation.looked_up.get(&id));
        demand(looked.then_some(()), "looking it up did not say that it is not there")
    }

    fn deadline_is_over(&self, intended: crate::time::Utc, admit_by: Option<crate::time::Utc>) -> bool {
        let Some(admission) = self.capabilities.admission.filter(|_| self.capabilities.class != IdClass::A)
        else {
            return false;
        };
        self.observation.venue_now > admit_by.unwrap_or(intended.plus(admission))
    }

    /// A leg that its parent never brought to life.
    fn audit_unborn_leg(&self, id: OrderId) -> Audited {
        let orders = &self.state.live().orders;
        let leg = orders.get(&id).ok_or("the order is not in the book")?;
        let parent = leg.intent.parent.and_then(|parent| orders.get(&parent));
        let unborn = leg.venue_orders.is_empty()
            && parent.is_some_and(|parent| parent.state().is_terminal() && parent.filled.is_zero());
        demand(unborn.then_some(()), "nothing says that the order ended")
    }

    fn audit_reported(&self, report: &ReportedFilled) -> Audited {
        let order = self.state.live().orders.get(&report.id).ok_or("the order is not in the book")?;
        let claims = order.venue_orders.values().map(|venue| venue.claimed.max(venue.filled));
        let claimed = claims.fold(Qty::ZERO, |sum, claim| sum.plus(claim).unwrap_or(sum));
        demand((report.total <= claimed).then_some(()), "the venue never said that so much is filled")
    }

    fn audit_adopted(&self, adopted: &Adopted) -> Audited {
        let id = adopted.intent.id;
        if let Some(known) = self.state.live().orders.get(&id) {
            let renamed =
                known.intent.key.is_adopted() && known.venue_orders.contains_key(&adopted.venue_order);
            return demand(renamed.then_some(()), "the adopted order is in the book under a key of its own");
        }
        let mut reports = self.reports_of(&adopted.venue_order);
        // What is over is taken in by its id alone, and only into a book that may have had it.
        let lost = self.state.live().restorations > 0 && id.tag() == self.state.live().identity.installation;
        let is_there =
            reports.any(|report| report.status.ended().is_none() || (lost && report.order_id() == Some(id)));
        demand(is_there.then_some(()), "the adopted order is not live at the venue")
    }

    /// A replacement that nobody asked for as far as this book knows.
    fn audit_replaced(&self, asked: &ReplaceAsked) -> Audited {
        let live = self.state.live();
        demand((live.restorations > 0).then_some(()), "a plan does not replace")?;
        let mut of_it = self.observation.reports().filter(|report| report.order_id() == Some(asked.alias));
        let shown = of_it.any(|report| report.replaces.is_some()).then_some(());
        demand(shown, "no report shows the replacement")?;
        demand((!self.is_known(asked.alias)).then_some(()), "the id of the replacement was used before")
    }

    fn is_known(&self, id: OrderId) -> bool {
        let mut orders = self.state.live().orders.values();
        orders.any(|order| order.ids().any(|own| own == id))
            || self.state.seen().get(order_seen_id(id)).is_some()
    }

    /// That nothing since the book was put back can be hidden.
    fn audit_covered(&self) -> Audited {
        let live = self.state.live();
        let Self { observation, capabilities, .. } = self;
        let mark = live.restored.as_ref().ok_or("there is no gap to be covered")?;
        let since = mark.since.minus(capabilities.clock_skew_max);
        let now = observation.venue_now;
        let whole = observation.open.is_complete() && observation.positions.is_complete();
        demand(whole.then_some(()), "live orders and positions were not read whole")?;
        let listed = observation.closed.covers(since) && observation.fills.covers(since);
        demand(listed.then_some(()), "closed orders and fills do not reach back over the gap")?;
        let windows = [capabilities.closed_window, capabilities.fills_window, capabilities.unfilled_visible];
        let shows = windows.into_iter().flatten().all(|window| now.since(since) <= window);
        demand(shows.then_some(()), "the venue does not show all of so long ago")?;
        let arrived = observation.our_now.since(mark.at) > capabilities.propagation;
        demand(arrived.then_some(()), "what was sent last may not show yet")?;
        let ours = observation.reports().filter_map(OrderReport::order_id);
        let mut unknown = ours.filter(|id| id.tag() == live.identity.installation && !self.is_known(*id));
        demand(unknown.next().is_none().then_some(()), "an order at the venue bears our tag and is unknown")
    }

    fn audit_unblocked(&self, unblocked: &Blocked) -> Audited {
        demand((!unblocked.kind.needs_review()).then_some(()), "only a person lifts this block")?;
        if unblocked.kind != BlockKind::PositionDifference {
            return Ok(());
        }
        let book = self.state.live().positions.get(&unblocked.instrument);
        let book = book.map_or(Qty::ZERO, |position| position.quantity);
        let same = book == self.venue_position(&unblocked.instrument);
        demand(same.then_some(()), "book and venue still hold different positions")
    }

    fn venue_position(&self, instrument: &Instrument) -> Qty {
        let rows = self.observation.positions.rows.iter().filter(|row| row.instrument == *instrument);
        rows.fold(Qty::ZERO, |sum, row| sum.plus(row.quantity).unwrap_or(sum))
    }

    fn audit_resend(&mut self, id: OrderId) -> Audited {
        let order = self.state.live().orders.get(&id).ok_or("the order is not in the book")?;
        let safe = self.capabilities.class == IdClass::A && self.policy.missing == Missing::Resend;
        demand(safe.then_some(()), "sending again can make a second order here")?;
        demand(order.venue_orders.is_empty().then_some(()), "the venue has the order")?;
        demand(self.no_report_of(id), "a report shows the order")?;
        let looked = self.observation.looked_up.get(&id) == Some(&Found::Nothing);
        demand(looked.then_some(()), "nobody looked whether the venue has it")?;
        demand(self.sent.insert(id).then_some(()), "the order is sent twice in one plan")
    }

    fn audit_cancel(&self, id: OrderId, venue_order: Option<&VenueOrderId>) -> Audited {
        let order = self.state.live().orders.get(&id).ok_or("the order is not in the book")?;
        let ours = venue_order.is_none_or(|venue| order.venue_orders.contains_key(venue));
        demand(ours.then_some(()), "the venue order is not this order's")?;
        let asked = order.pending == Some(Request::Cancel);
        demand(asked.then_some(()), "nobody wrote down that the order is to be cancelled")
    }

    fn audit_resize(&self, id: OrderId, quantity: Qty) -> Audited {
        let order = self.state.live().orders.get(&id).ok_or("the order is not in the book")?;
        let is_leg = order.intent.parent.is_some().then_some(());
        demand(is_leg, "only legs are resized by a plan")?;
        let smaller = quantity > order.filled && quantity < order.quantity();
        demand(smaller.then_some(()), "a plan only makes legs smaller")
    }

    fn audit_place(&mut self, intent: &Intent) -> Audited {
        let orders = &self.state.live().orders;
        let parent = intent.parent.and_then(|parent| orders.get(&parent));
        let parent = parent.ok_or("only legs of a bracket in the book are placed by a plan")?;
        let is_exit = intent.side == parent.intent.side.opposite()
            && intent.instrument == parent.intent.instrument
            && parent.intent.terms.bracket.is_some();
        demand(is_exit.then_some(()), "it does not close what its entry opened")?;
        demand((intent.quantity <= parent.filled).then_some(()), "it closes more than its entry opened")?;
        let id = intent.id;
        let is_new = !orders.contains_key(&id) && self.state.seen().get(order_seen_id(id)).is_none();
        demand(is_new.then_some(()), "an order of this id was there before")?;
        demand(self.sent.insert(id).then_some(()), "the order is sent twice in one plan")
    }
}
