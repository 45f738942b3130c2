//! Brackets in a reconciliation.

use crate::fold::{begin, id, intent};
use std::collections::{BTreeMap, BTreeSet};
use truebook_core::capability::{
    Brackets, Capabilities, ConditionalList, IdClass, IdRule, Lookup, ReplaceQuantity,
};
use truebook_core::event::{Acked, Event, Record};
use truebook_core::id::{ExecutionId, OrderId, Seq, VenueOrderId};
use truebook_core::life::Closing;
use truebook_core::money::Qty;
use truebook_core::observation::{
    Completeness, Listing, Observation, OrderReport, PositionReport, ReportStatus,
};
use truebook_core::order::{Bracket, Fill, Intent, Placement, ProfitLeg, Role, Side, StopLeg, Terms};
use truebook_core::reconcile::{Action, Policy, check, plan};
use truebook_core::state::State;
use truebook_core::time::Utc;

fn venue_order(name: &str) -> VenueOrderId {
    VenueOrderId::new(name).unwrap()
}

fn six() -> Qty {
    "6".parse().unwrap()
}

fn entry() -> Intent {
    let bracket = Bracket {
        stop_loss: Some(StopLeg { stop: "90".parse().unwrap(), limit: None }),
        take_profit: Some(ProfitLeg { limit: "110".parse().unwrap() }),
        legs: Placement::WithParent,
    };
    let terms = Terms { bracket: Some(bracket), ..Terms::default() };
    Intent { quantity: six(), side: Side::Buy, role: Role::Entry, parent: None, terms, ..intent(1) }
}

fn apply(state: &mut State, event: Event) {
    state.apply(Seq::new(9), &Record::new(Utc::from_nanos(1), event)).unwrap();
}

fn acknowledged(id: OrderId, name: &str) -> Event {
    let venue_order = venue_order(name);
    Event::Ack(Acked { id, venue_order, status: None, venue_time: None, alias: None })
}

/// A bracket of six whose entry is filled and whose legs are live.
fn held() -> State {
    let mut state = begin();
    apply(&mut state, Event::Intent(entry().into()));
    apply(&mut state, acknowledged(id(1), "entry"));
    for (role, name) in [(Role::StopLoss, "stop"), (Role::TakeProfit, "profit")] {
        let leg = state.live().orders.values().find(|order| order.intent.role == role).unwrap().intent.id;
        apply(&mut state, acknowledged(leg, name));
    }
    let fill = Fill {
        id: id(1),
        execution: ExecutionId::new("bought").unwrap(),
        venue_order: Some(venue_order("entry")),
        instrument: entry().instrument,
        side: Side::Buy,
        quantity: six(),
        price: "100".parse().unwrap(),
        fee: None,
        venue_time: None,
        multiplier: None,
    };
    apply(&mut state, Event::Fill(fill.into()));
    state
}

fn over(name: &str, role: Role, closing: Closing, filled: Qty) -> OrderReport {
    OrderReport {
        client_id: None,
        venue_order: venue_order(name),
        instrument: entry().instrument,
        side: Side::Sell,
        order_type: None,
        time_in_force: None,
        quantity: Some(six()),
        filled,
        average_price: Some("90".parse().unwrap()),
        limit: None,
        stop: None,
        status: ReportStatus::Ended(closing),
        word: "over".into(),
        parent: Some(venue_order("entry")),
        role: Some(role),
        replaces: None,
        replaced_by: None,
        submitted_at: Some(Utc::from_nanos(1)),
        updated_at: Some(Utc::from_nanos(2)),
        why: None,
    }
}

fn listing<T>(rows: Vec<T>) -> Listing<T> {
    Listing { rows, completeness: Completeness::Complete, since: Some(Utc::from_nanos(0)) }
}

/// One leg was filled whole between the look at the executions and the look at closed orders.
fn between_two_lists(filled: &str, cancelled: &str) -> Observation {
    let role = |name: &str| if name == "stop" { Role::StopLoss } else { Role::TakeProfit };
    let closed = vec![
        over(filled, role(filled), Closing::Filled, six()),
        over(cancelled, role(cancelled), Closing::Cancelled, Qty::ZERO),
    ];
    let position = PositionReport { instrument: entry().instrument, quantity: six(), average_price: None };
    Observation {
        venue_now: Utc::from_nanos(3),
        our_now: Utc::from_nanos(3),
        open: listing(Vec::new()),
        closed: listing(closed),
        fills: listing(Vec::new()),
        positions: listing(vec![position]),
        looked_up: BTreeMap::new(),
        looked_up_venue: BTreeMap::new(),
        in_flight: BTreeSet::new(),
        terms: BTreeMap::new(),
    }
}

fn capabilities() -> Capabilities {
    Capabilities {
        class: IdClass::A,
        client_id: IdRule { bytes_max: 128, punctuation: "-".into() },
        admission: None,
        propagation: core::time::Duration::ZERO,
        unfilled_visible: None,
        closed_window: None,
        fills_window: None,
        lookup: Lookup::ById,
        brackets: Brackets::Native,
        conditional: ConditionalList::Together,
        replace: ReplaceQuantity::Total,
        requests_per_minute: None,
        clock_skew_max: core::time::Duration::from_secs(30),
    }
}

#[test]
fn p5_a_leg_that_is_filled_while_its_executions_are_on_their_way_is_not_replaced_by_another() {
    for (filled, cancelled) in [("stop", "profit"), ("profit", "stop")] {
        let (state, observation) = (held(), between_two_lists(filled, cancelled));
        let plan = plan(state.clone(), &observation, &Policy::default(), &capabilities());
        check(state, &observation, &Policy::default(), &capabilities(), &plan).unwrap();
        let sent: Vec<_> =
            plan.steps.iter().filter(|step| !matches!(step.action, Action::Record(_))).collect();
        assert!(sent.is_empty(), "{filled} is filled: {sent:#?}");
        let cancels = plan.steps.iter().any(|step| matches!(&step.action, Action::Record(Event::Cancel(_))));
        assert!(!cancels, "{filled} is over");
    }
}
