//! The plan: what is to be done and why, and what is not done and why not.

use super::draft::Draft;
use super::policy::{Lost, Policy};
use super::{brackets, facts, others, positions, unresolved};
use crate::capability::Capabilities;
use crate::event::Event;
use crate::id::{Instrument, OrderId, SeenId, VenueOrderId};
use crate::life::Order;
use crate::money::Qty;
use crate::observation::Observation;
use crate::order::Intent;
use crate::seen::{execution_seen_id, order_seen_id};
use crate::state::State;
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// What was looked at and left alone.
    pub held_back: Vec<HeldBack>,
    /// What a person should hear of.
    pub alarms: Vec<Alarm>,
    /// What it means for new risk.
    pub verdict: Verdict,
}

impl Plan {
    /// Whether book and venue agree already.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
    /// Why.
    pub why: String,
}

/// A thing to do that leaves nothing to choose.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Write this fact into the book.
    Record(Event),
    /// Send this order once more, the same body under the same id.
    Resend(OrderId),
    /// Ask the venue to cancel one of its orders.
    Cancel {
        /// Client order id.
        id: OrderId,
        /// The venue's id; `None` if it is not known.
        venue_order: Option<VenueOrderId>,
    },
    /// Ask the venue to change the size of a leg.
    Resize {
        /// Client order id.
        id: OrderId,
        /// New total quantity.
        quantity: Qty,
    },
    /// Intend this order and send it.
    Place(Box<Intent>),
}

/// Something that was not done, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    /// The order, if it is about one.
    pub id: Option<OrderId>,
    /// The instrument.
    pub instrument: Option<Instrument>,
    /// Why nothing was done, and what would change that.
    pub why: String,
}

/// Something that a person should hear of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// The instrument, if it is about one.
    pub instrument: Option<Instrument>,
    /// What happened, and what to do.
    pub what: String,
}

/// What the plan means for new risk once it is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Book and venue agree, instruments that are blocked excepted.
    Agreed,
    /// Not everything was seen: new risk stays refused.
    Incomplete(String),
    /// The book does not belong to what is live at the venue: nothing may be done.
    Refused(String),
}

/// What must be looked up singly before a plan can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// An order, by its client order id.
    Order(OrderId, Instrument),
    /// One of the venue's orders, by the venue's id.
    VenueOrder(VenueOrderId),
}

/// Everything of which the plan needs to know whether it was ever seen.
pub fn seen_ids(observation: &Observation) -> BTreeSet<SeenId> {
    let of_orders = observation.reports().filter_map(|report| report.order_id()).map(order_seen_id);
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
    let (mut exits, mut others) = (BTreeSet::new(), BTreeSet::new());
    for order in state.live().orders.values().filter(|order| !order.state().is_terminal()) {
        let wanted = if order.intent.parent.is_some() { &mut exits } else { &mut others };
        want_of(order, &ids, &venue_orders, wanted);
    }
    for report in observation.reports() {
        // The chain of a replaced order is followed to its end.
        let next = report.replaced_by.as_ref().filter(|next| !venue_orders.contains(next));
        let is_ours = report.order_id().is_some_and(|id| is_live(state, id));
        others.extend(next.filter(|_| is_ours).cloned().map(Wanted::VenueOrder));
    }
    others.retain(|wanted| !exits.contains(wanted));
    let known = |wanted: &Wanted| match wanted {
        Wanted::Order(id, _) => observation.looked_up.contains_key(id),
        Wanted::VenueOrder(id) => observation.looked_up_venue.contains_key(id),
    };
    exits.into_iter().chain(others).filter(|wanted| !known(wanted)).collect()
}

fn is_live(state: &State, id: OrderId) -> bool {
    let orders = &state.live().orders;
    orders.contains_key(&id) || orders.values().any(|order| order.ids().any(|alias| alias == id))
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

/// Everything that the parts of a plan look at.
pub(super) struct Inputs<'a> {
    pub(super) observation: &'a Observation,
    pub(super) policy: &'a Policy,
    pub(super) capabilities: &'a Capabilities,
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
    facts::take_in(&inputs, &mut draft);
    others::look_at(&inputs, &mut draft);
    unresolved::settle(&inputs, &mut draft);
    brackets::mend(&inputs, &mut draft);
    positions::compare(&inputs, &mut draft);
    draft.finish_blocks();
    let verdict = verdict(observation);
    draft.into_plan(verdict)
}

fn verdict(observation: &Observation) -> Verdict {
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
    let unread: Vec<_> = unread.chain(singly).collect();
    if unread.is_empty() { Verdict::Agreed } else { Verdict::Incomplete(unread.join("; ")) }
}
