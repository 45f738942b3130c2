//! The fold of events.

use crate::strategies::{created, events, records, utcs};
use proptest::collection::vec;
use proptest::prelude::*;
use truebook_core::event::{Acked, Closed, Event, OddStatus, OutcomeUnknown, Reason, Record, Restored};
use truebook_core::hash::StateHash;
use truebook_core::id::{ExecutionId, Instrument, OrderId, OrderKey, Seq, VenueOrderId};
use truebook_core::life::{Closing, Order, OrderState};
use truebook_core::order::{Fill, Intent, OrderType, Role, Side, Terms, TimeInForce};
use truebook_core::seen::Seen;
use truebook_core::state::{Effect, State};
use truebook_core::time::Utc;

pub(crate) fn begin() -> State {
    let json = br#"{"v":1,"at":"2025-04-09T23:57:33.318514000Z","ev":{"created":{"identity":{"book":"07070707070707070707070707070707","name":"test","installation":"abababab","venue":"paper","account":"P1","mode":"paper"},"settings":{"doc":{},"hash":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}}}}"#;
    State::begin(&Record::decode(json).unwrap()).unwrap()
}

/// Everything that two equal states have in common. What is kept beside the live orders must be what they say.
fn whole(state: &State) -> (StateHash, Vec<u8>, usize) {
    let is_unsettled =
        |order: &&Order| matches!(order.state(), OrderState::Unknown | OrderState::AwaitingFills);
    let orders = state.live().orders.values().map(|order| &**order).filter(is_unsettled);
    assert_eq!(state.unsettled().collect::<Vec<_>>(), orders.collect::<Vec<_>>());
    (state.hash(), state.live().canonical(), state.seen().len())
}

fn fold(records: &[Record]) -> State {
    let mut state = begin();
    for (seq, record) in (2..).map(Seq::new).zip(records) {
        let _ = state.apply(seq, record);
    }
    state
}

fn restored(state: &State) -> Option<State> {
    let mut seen = Seen::default();
    assert!(seen.restore(state.seen().iter().collect()));
    let live = serde_json::from_slice(&state.live().canonical()).unwrap();
    State::restore(live, seen)
}

/// Facts about one order in an instrument of its own: what another such order knows nothing of.
fn story(n: u8) -> impl Strategy<Value = Vec<Event>> {
    let fact = (0..7_u8, 1..4_u8).prop_map(move |(kind, part)| fact(n, kind, part));
    vec(fact, 0..6).prop_map(move |facts| {
        let mut story = vec![Event::Intent(intent(n).into())];
        story.extend(facts);
        story
    })
}

pub(crate) fn id(n: u8) -> OrderId {
    OrderId::from_bytes([n; 16])
}

fn instrument(n: u8) -> Instrument {
    Instrument::new(&format!("I{n}")).unwrap()
}

pub(crate) fn intent(n: u8) -> Intent {
    Intent {
        id: id(n),
        key: OrderKey::new(&format!("k{n}")).unwrap(),
        instrument: instrument(n),
        side: Side::Buy,
        order_type: OrderType::Market,
        quantity: "5".parse().unwrap(),
        limit: None,
        stop: None,
        time_in_force: TimeInForce::Day,
        role: Role::Entry,
        attempt: 0,
        parent: None,
        strategy: None,
        terms: Terms::default(),
    }
}

fn fact(n: u8, kind: u8, part: u8) -> Event {
    let venue_order = VenueOrderId::new(&format!("v{n}-{part}")).unwrap();
    match kind {
        0 => Event::Ack(Acked { id: id(n), venue_order, status: None, venue_time: None, alias: None }),
        1 => Event::Unknown(OutcomeUnknown { id: id(n), why: "timeout".into() }),
        2 => Event::Closed(Closed {
            id: id(n),
            closing: Closing::Cancelled,
            why: None,
            venue_order: None,
            claimed: None,
        }),
        // More than there are executions for, until they come.
        3 => Event::Closed(Closed {
            id: id(n),
            closing: Closing::Filled,
            why: None,
            venue_order: Some(venue_order),
            claimed: Some("5".parse().unwrap()),
        }),
        4 => Event::Odd(OddStatus { id: id(n), venue_order, word: (part > 1).then(|| "odd".into()) }),
        _ => Event::Fill(fill(n, part).into()),
    }
}

pub(crate) fn fill(n: u8, part: u8) -> Fill {
    Fill {
        id: id(n),
        execution: ExecutionId::new(&format!("e{part}")).unwrap(),
        venue_order: None,
        instrument: instrument(n),
        side: Side::Buy,
        quantity: format!("{part}").parse().unwrap(),
        price: format!("{n}.{part}").parse().unwrap(),
        fee: None,
        venue_time: None,
        multiplier: None,
    }
}

/// The stories one after the other, and mixed by `picks`; each keeps its own order.
fn mixed(stories: &[Vec<Event>], picks: &[u8]) -> Vec<Record> {
    let mut left: Vec<_> = stories.iter().map(|story| story.iter().cloned().peekable()).collect();
    let mut picks = picks.iter().cycle();
    let mut events = Vec::new();
    while left.iter_mut().any(|story| story.peek().is_some()) {
        let pick = usize::from(picks.next().copied().unwrap_or(0)) % left.len();
        let next = left[pick].next().or_else(|| left.iter_mut().find_map(Iterator::next));
        events.extend(next.map(|event| Record::new(Utc::from_nanos(9), event)));
    }
    events
}

proptest! {
    #[test]
    fn p11_the_same_events_give_the_same_state_byte_for_byte(records in vec(records(), 0..40)) {
        prop_assert_eq!(whole(&fold(&records)), whole(&fold(&records)));
    }

    #[test]
    fn a_refused_event_changes_nothing_and_any_other_can_follow(
        created in created(), records in vec((utcs(), events()), 0..40)
    ) {
        let first = Record::new(Utc::from_nanos(1), Event::Created(created.into()));
        let mut state = State::begin(&first).unwrap();
        for (seq, (at, event)) in (2..).map(Seq::new).zip(records) {
            let before = whole(&state);
            match state.apply(seq, &Record::new(at, event)) {
                Ok(Effect::Changed) => {}
                Ok(Effect::Nothing) | Err(_) => prop_assert_eq!(before, whole(&state)),
            }
        }
    }

    #[test]
    fn a_state_goes_on_from_its_checkpoint_as_if_nothing_had_been(
        records in vec(records(), 0..40), cut in any::<prop::sample::Index>()
    ) {
        let cut = cut.index(records.len() + 1);
        let mut state = restored(&fold(&records[..cut])).unwrap();
        for (seq, record) in (2 + cut as u64..).map(Seq::new).zip(&records[cut..]) {
            let _ = state.apply(seq, record);
        }
        prop_assert_eq!(whole(&state), whole(&fold(&records)));
    }

    #[test]
    fn facts_about_different_orders_and_instruments_give_the_same_state_in_any_order(
        stories in (story(1), story(2), story(3)).prop_map(|(a, b, c)| [a, b, c]), picks in vec(any::<u8>(), 1..30)
    ) {
        let in_turn = stories.concat().into_iter().map(|event| Record::new(Utc::from_nanos(9), event));
        let in_turn = fold(&in_turn.collect::<Vec<_>>());
        prop_assert_eq!(whole(&in_turn), whole(&fold(&mixed(&stories, &picks))));
    }

    #[test]
    fn p3_an_event_that_comes_twice_counts_once(story in story(1), again in any::<prop::sample::Index>()) {
        let once: Vec<_> = story.iter().cloned().map(|event| Record::new(Utc::from_nanos(9), event)).collect();
        let mut twice = once.clone();
        let at = again.index(once.len());
        if !matches!(once[at].ev, Event::Fill(_)) {
            return Ok(());
        }
        twice.push(once[at].clone());
        prop_assert_eq!(whole(&fold(&once)), whole(&fold(&twice)));
    }
}

#[test]
fn a_fill_whose_cost_is_out_of_range_is_refused_and_leaves_its_order_as_it_was() {
    let import = r#"{"v":1,"at":"2025-04-09T23:57:33.318514000Z","ev":{"import":{"source":"f","sha256":"1111111111111111111111111111111111111111111111111111111111111111","vars":{},"positions":[{"sym":"I1","qty":"-100000000000000","px":"100000000000000"}],"orders":[]}}}"#;
    let mut state = begin();
    state.apply(Seq::new(2), &Record::decode(import.as_bytes()).unwrap()).unwrap();
    let wanted = Record::new(Utc::from_nanos(9), Event::Intent(intent(1).into()));
    state.apply(Seq::new(3), &wanted).unwrap();
    let before = whole(&state);
    let huge = "100000000000000000000".parse().unwrap();
    let filled = Fill { quantity: "10000000000".parse().unwrap(), price: huge, ..fill(1, 1) };
    let refused = state.apply(Seq::new(4), &Record::new(Utc::from_nanos(10), Event::Fill(filled.into())));
    assert!(refused.is_err());
    assert_eq!(whole(&state), before);
}

#[test]
fn a_book_that_was_put_back_twice_knows_the_earlier_point_until_the_gap_is_covered() {
    let restored = |generation: &str, since| {
        let (generation, since, why) = (generation.to_owned(), Utc::from_nanos(since), "test".to_owned());
        Event::Restored(Restored { generation, seq: Seq::new(7), since, lost_to: None, why }.into())
    };
    let covered = || Event::Covered(Reason { why: "test".to_owned() });
    let mut state = begin();
    let mut apply = |event| {
        let effect = state.apply(Seq::new(2), &Record::new(Utc::from_nanos(9), event)).unwrap();
        (effect, state.live().restored.clone().map(|mark| (mark.generation, mark.since.nanos())))
    };
    assert_eq!(apply(covered()), (Effect::Nothing, None));
    assert_eq!(apply(restored("g2", 50)), (Effect::Changed, Some(("g2".to_owned(), 50))));
    assert_eq!(apply(restored("g3", 80)), (Effect::Changed, Some(("g2".to_owned(), 50))));
    assert_eq!(apply(restored("g1", 20)), (Effect::Changed, Some(("g1".to_owned(), 20))));
    assert_eq!(apply(covered()), (Effect::Changed, None));
    assert_eq!(apply(covered()), (Effect::Nothing, None));
    assert_eq!(state.live().restorations, 3);
}
