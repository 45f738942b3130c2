//! The transition table against the state that follows from the facts.

use crate::fold::{begin, fill, id, intent};
use truebook_core::event::{
    Acked, Asked, Closed, Event, OddStatus, OutcomeUnknown, Record, ReplaceAsked, ReplaceFailed,
};
use truebook_core::id::{OrderId, Seq, VenueOrderId};
use truebook_core::life::table::{Happening, Next, Standing, next};
use truebook_core::life::{Closing, OrderState};
use truebook_core::order::Fill;
use truebook_core::seen::order_seen_id;
use truebook_core::state::State;
use truebook_core::time::Utc;

fn venue(n: u8) -> VenueOrderId {
    VenueOrderId::new(&format!("v{n}")).unwrap()
}

fn alias() -> OrderId {
    OrderId::from_bytes([0xaa; 16])
}

fn ack(n: u8, alias: Option<OrderId>) -> Event {
    Event::Ack(Acked { id: id(1), venue_order: venue(n), status: None, venue_time: None, alias })
}

fn ended(closing: Closing, claimed: Option<&str>) -> Event {
    let claimed = claimed.map(|text| text.parse().unwrap());
    Event::Closed(Closed { id: id(1), closing, why: None, venue_order: Some(venue(1)), claimed })
}

fn filled(units: &str, execution: u8) -> Event {
    Event::Fill(
        Fill { quantity: units.parse().unwrap(), venue_order: Some(venue(1)), ..fill(1, execution) }.into(),
    )
}

fn asked() -> Asked {
    Asked { id: id(1), why: "because".into() }
}

fn replace() -> Event {
    let asked =
        ReplaceAsked { id: id(1), alias: alias(), number: 1, quantity: None, limit: None, stop: None };
    Event::Replace(asked.into())
}

fn odd(word: Option<&str>) -> Event {
    Event::Odd(OddStatus { id: id(1), venue_order: venue(1), word: word.map(Box::from) })
}

fn unknown() -> Event {
    Event::Unknown(OutcomeUnknown { id: id(1), why: "timeout".into() })
}

/// How an order of 5 comes to stand there.
fn way_to(standing: Standing) -> Vec<Event> {
    let live = ack(1, None);
    match standing {
        Standing::Intended => vec![],
        Standing::ReplyLost => vec![unknown()],
        Standing::Working => vec![live],
        Standing::PartiallyFilled => vec![live, filled("2", 1)],
        Standing::PendingCancel => vec![live, Event::Cancel(asked())],
        Standing::PendingReplace => vec![live, replace()],
        Standing::OddStatus => vec![live, odd(Some("frozen"))],
        Standing::Succeeded => vec![live, ended(Closing::Replaced, None)],
        Standing::AwaitingFills => vec![live, ended(Closing::Filled, Some("5"))],
        Standing::Filled => vec![live, filled("5", 1)],
        Standing::Cancelled => vec![live, ended(Closing::Cancelled, None)],
        Standing::Rejected => vec![live, ended(Closing::Rejected, None)],
        Standing::Expired => vec![live, ended(Closing::Expired, None)],
        Standing::Absent => vec![ended(Closing::Absent, None)],
    }
}

/// The events of which a happening consists, for an order that stands there.
fn events_of(happening: Happening, standing: Standing) -> Vec<Event> {
    let left = if standing == Standing::PartiallyFilled { "3" } else { "5" };
    match happening {
        Happening::Acked => vec![ack(1, None)],
        Happening::PartFilled => vec![filled("1", 8)],
        Happening::LastFilled => vec![filled(left, 9)],
        Happening::ReplyLost => vec![unknown()],
        Happening::CancelAsked => vec![Event::Cancel(asked())],
        Happening::CancelFailed => vec![Event::CancelFailed(asked())],
        Happening::ReplaceAsked => vec![replace()],
        Happening::ReplaceFailed => {
            vec![Event::ReplaceFailed(ReplaceFailed { id: id(1), alias: alias(), why: "no".into() })]
        }
        Happening::Replaced => vec![ended(Closing::Replaced, None), ack(2, Some(alias()))],
        Happening::ReplacedAway => vec![ended(Closing::Replaced, None)],
        Happening::Cancelled => vec![ended(Closing::Cancelled, None)],
        Happening::Rejected => vec![ended(Closing::Rejected, None)],
        Happening::Expired => vec![ended(Closing::Expired, None)],
        Happening::Absent => vec![ended(Closing::Absent, None)],
        Happening::ClaimedFilled => vec![ended(Closing::Filled, Some("5"))],
        Happening::OddStatus => vec![odd(Some("frozen"))],
        Happening::KnownStatus => vec![odd(None)],
    }
}

fn apply(state: &mut State, events: Vec<Event>) {
    for event in events {
        state.apply(Seq::new(9), &Record::new(Utc::from_nanos(9), event)).unwrap();
    }
}

fn state_of(state: &State) -> OrderState {
    match state.live().orders.get(&id(1)) {
        Some(order) => order.state(),
        None => state.seen().get(order_seen_id(id(1))).and_then(|entry| entry.kind.state()).unwrap(),
    }
}

fn part_is_filled(state: &State) -> bool {
    state.live().orders.get(&id(1)).is_some_and(|order| !order.filled.is_zero())
}

#[test]
fn p4_the_state_that_follows_from_the_facts_is_the_one_in_the_table() {
    for standing in Standing::ALL {
        for happening in Happening::ALL {
            let mut state = begin();
            apply(&mut state, vec![Event::Intent(intent(1).into())]);
            apply(&mut state, way_to(standing));
            assert_eq!(state_of(&state), standing.state(), "the way to {standing:?}");
            apply(&mut state, events_of(happening, standing));
            let expected = match next(standing, happening) {
                Next::Become(standing) => standing.state(),
                Next::Live if part_is_filled(&state) => OrderState::PartiallyFilled,
                Next::Live => OrderState::Working,
                Next::Stay | Next::Over => standing.state(),
            };
            assert_eq!(state_of(&state), expected, "{standing:?} meets {happening:?}");
        }
    }
}

#[test]
fn p4_no_happening_but_the_venues_word_ends_an_order_whose_reply_was_lost() {
    let of_the_venue = [
        Happening::LastFilled,
        Happening::Cancelled,
        Happening::Rejected,
        Happening::Expired,
        Happening::Absent,
    ];
    for happening in Happening::ALL {
        let ends =
            matches!(next(Standing::ReplyLost, happening), Next::Become(end) if end.state().is_terminal());
        assert_eq!(ends, of_the_venue.contains(&happening), "{happening:?}");
    }
}

#[test]
fn incident_15_an_order_with_two_venue_orders_is_over_only_when_both_are() {
    let mut state = begin();
    apply(&mut state, vec![Event::Intent(intent(1).into()), ack(1, None), ack(2, None)]);
    apply(&mut state, vec![ended(Closing::Cancelled, None)]);
    assert_eq!(state_of(&state), OrderState::Working);
    let through_the_other =
        Fill { quantity: "4".parse().unwrap(), venue_order: Some(venue(2)), ..fill(1, 1) };
    apply(&mut state, vec![Event::Fill(through_the_other.into())]);
    assert_eq!(state_of(&state), OrderState::PartiallyFilled);
    let Event::Closed(first) = ended(Closing::Cancelled, Some("4")) else { unreachable!() };
    apply(&mut state, vec![Event::Closed(Closed { venue_order: Some(venue(2)), ..first })]);
    assert_eq!(state_of(&state), OrderState::Cancelled);
    assert_eq!(state.live().positions.values().next().unwrap().quantity, "4".parse().unwrap());
}
