//! The plan: what is to be done and why, and what is not done and why not.

use super::draft::Draft;
use super::policy::{Lost, Policy};
use super::steps::{Alarm, Inputs, Plan, Verdict, Wanted};
use super::{brackets, facts, gap, others, positions, unresolved};
use crate::capability::Capabilities;
use crate::id::{OrderId, SeenId, VenueOrderId};
use crate::life::Order;
use crate::observation::{Observation, OrderReport};
use crate::seen::{execution_seen_id, order_seen_id};
use crate::state::State;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Everything of which the plan needs to know whether it was ever seen.
pub fn seen_ids(observation: &Observation) -> BTreeSet<SeenId> {
    let of_orders = observation.reports().filter_map(OrderReport::order_id).map(order_seen_id);
    let of_fills = observation.fills.rows.iter();
    let of_owners = of_fills.clone().filter_map(|fill| OrderId::from_hex(fill.client_id.as_deref()?));
    let executions = of_fills.map(|fill| execution_seen_id(&fill.instrument, &fill.execution));
    of_orders.chain(of_owners.map(order_seen_id)).chain(executions).collect()
}

/// What is not in the lists of an observation and must be looked for singly; what closes positions first,
/// because a venue may not answer all of it.
pub fn wanted(state: &State, observation: &Observation) -> Vec<Wanted> {
    let (mut ids, mut venue_orders) = (BTreeSet::new(), BTreeSet::new());
    for report in observation.reports() {
        ids.extend(report.order_id());
        venue_orders.insert(&report.venue_order);
    }
    let live: BTreeSet<OrderId> = state.live().orders.values().flat_map(|order| order.ids()).collect();
    let (mut exits, mut others) = (BTreeSet::new(), BTreeSet::new());
    for order in state.live().orders.values().filter(|order| !order.state().is_terminal()) {
        let wanted = if order.intent.parent.is_some() { &mut exits } else { &mut others };
        want_of(order, &ids, &venue_orders, wanted);
    }
    for report in observation.reports() {
        // The chain of a replaced order is followed to its end.
        let next = report.replaced_by.as_ref().filter(|next| !venue_orders.contains(next));
        let is_ours = || report.order_id().is_some_and(|id| live.contains(&id));
        others.extend(next.filter(|_| is_ours()).cloned().map(Wanted::VenueOrder));
    }
    if state.live().restorations > 0 {
        // What was replaced in the time that the book does not know is followed to its beginning.
        let before = observation.reports().filter_map(|report| report.replaces.as_ref());
        let before = before.filter(|before| !venue_orders.contains(before));
        let unknown = before.filter(|before| state.live().owner_of_venue_order(before).is_none());
        others.extend(unknown.cloned().map(Wanted::VenueOrder));
    }
    for report in &observation.open.rows {
        // A list may be behind what the book has heard already: before such an order is taken in, it is asked
        // for itself.
        let id = report.order_id().filter(|id| id.tag() == state.live().identity.installation);
        if id.is_some_and(|id| !live.contains(&id)) {
            others.insert(Wanted::VenueOrder(report.venue_order.clone()));
        }
    }
    others.retain(|wanted| !exits.contains(wanted));
    let known = |wanted: &Wanted| match wanted {
        Wanted::Order(id, _) => observation.looked_up.contains_key(id),
        Wanted::VenueOrder(id) => observation.looked_up_venue.contains_key(id),
    };
    exits.into_iter().chain(others).filter(|wanted| !known(wanted)).collect()
}

fn want_of(
    order: &Order,
    ids: &BTreeSet<OrderId>,
    venue_orders: &BTreeSet<&VenueOrderId>,
    wanted: &mut BTreeSet<Wanted>,
) {
    for id in order.live_venue_orders().filter(|id| !venue_orders.contains(id)) {
        wanted.insert(Wanted::VenueOrder(id.clone()));
    }
    let own = order.intent.terms.via == crate::order::Placement::Own;
    let instrument = &order.intent.instrument;
    if order.venue_orders.is_empty() && own && !ids.contains(&order.intent.id) {
        wanted.insert(Wanted::Order(order.intent.id, instrument.clone()));
    }
    if let Some(open) = order.open_replacement().filter(|open| !ids.contains(&open.alias)) {
        wanted.insert(Wanted::Order(open.alias, instrument.clone()));
    }
}

/// Makes the plan. `state` must know what [`seen_ids`] asks for; see [`State::excerpt`].
pub fn plan(state: State, observation: &Observation, policy: &Policy, capabilities: &Capabilities) -> Plan {
    let lost = others::lost_state(state.live(), observation).filter(|_| policy.lost == Lost::Refuse);
    if let Some(refusal) = lost {
        return Plan {
            steps: Vec::new(),
            held_back: Vec::new(),
            alarms: alloc::vec![Alarm { instrument: None, what: refusal.clone() }],
            verdict: Verdict::Refused(refusal),
        };
    }
    let inputs = Inputs { observation, policy, capabilities };
    let mut draft = Draft::new(state, observation.our_now);
    gap::take_back(&inputs, &mut draft);
    facts::take_in(&inputs, &mut draft);
    others::look_at(&inputs, &mut draft);
    unresolved::settle(&inputs, &mut draft);
    brackets::mend(&inputs, &mut draft);
    positions::compare(&inputs, &mut draft);
    draft.finish_blocks();
    let open = gap::cover(&inputs, &mut draft);
    let verdict = verdict(observation, open);
    draft.into_plan(verdict)
}

fn verdict(observation: &Observation, open_gap: Option<String>) -> Verdict {
    use crate::observation::Completeness;
    let lists = [
        ("open orders", &observation.open.completeness),
        ("closed orders", &observation.closed.completeness),
        ("fills", &observation.fills.completeness),
        ("positions", &observation.positions.completeness),
    ];
    let unread = lists.into_iter().filter_map(|(name, completeness)| match completeness {
        Completeness::Complete => None,
        Completeness::Partial(why) => Some(format!("{name} were read in part: {why}")),
        Completeness::Failed(why) => Some(format!("{name} could not be read: {why}")),
    });
    let failed = observation.failed_look_ups().count();
    let failed = observation.failed_look_ups().next().map(|why| (failed, why));
    let singly = failed.map(|(count, why)| format!("{count} orders could not be looked up: {why}"));
    let unread: Vec<_> = unread.chain(singly).chain(open_gap).collect();
    if unread.is_empty() { Verdict::Agreed } else { Verdict::Incomplete(unread.join("; ")) }
}
