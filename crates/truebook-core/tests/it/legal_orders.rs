//! The same facts in any legal order give the same state, byte for byte.
//!
//! Legal is every order in which nothing comes before what it needs: an order's intent is first, what ends it
//! comes after all of the venue's orders for it were known, and requests keep the order in which they were made.
//! With one order at the venue, its execution may come before anything else is known of it. An order that has
//! left the book comes back only by being adopted. Executions on one side of an instrument
//! come in any order; where sides differ the sequence decides what a fill closes, and with it the average.

use crate::fold::{begin, fill, id, intent};
use proptest::collection::vec;
use proptest::prelude::*;
use truebook_core::event::{
    Acked, Asked, BlockKind, Blocked, Closed, Event, OddStatus, OutcomeUnknown, Record, ReportedFilled,
};
use truebook_core::id::{Seq, VenueOrderId};
use truebook_core::life::Closing;
use truebook_core::order::{Bracket, Fee, Fill, Placement, ProfitLeg, StopLeg, TakenFrom};
use truebook_core::state::State;
use truebook_core::time::Utc;

/// An event, and the places of those that it needs before it.
#[derive(Clone, Debug)]
struct Fact {
    event: Event,
    needs: Vec<usize>,
}

fn venue(n: u8, k: u8) -> VenueOrderId {
    VenueOrderId::new(&format!("v{n}-{k}")).unwrap()
}

fn wanted(n: u8, with_bracket: u8) -> Event {
    let mut intent = intent(n);
    // All in one instrument.
    intent.instrument = crate::fold::intent(1).instrument;
    if with_bracket == 0 {
        intent.terms.bracket = Some(Bracket {
            stop_loss: Some(StopLeg { stop: "1".parse().unwrap(), limit: None }),
            take_profit: Some(ProfitLeg { limit: "9".parse().unwrap() }),
            legs: Placement::Own,
        });
    }
    Event::Intent(intent.into())
}

fn execution(n: u8, k: u8, units: u8, incarnations: u8) -> Event {
    let fee = (k == 1).then(|| Fee {
        amount: "0.01".parse().unwrap(),
        asset: truebook_core::id::Asset::new("I").unwrap(),
        taken: if units > 1 { TakenFrom::Position } else { TakenFrom::Cash },
    });
    let fill = Fill {
        instrument: crate::fold::intent(1).instrument,
        execution: truebook_core::id::ExecutionId::new(&format!("e{n}-{k}-{units}")).unwrap(),
        quantity: format!("{units}").parse().unwrap(),
        price: format!("{n}.{k}").parse().unwrap(),
        venue_order: Some(venue(n, 1 + k % incarnations)),
        venue_time: Some(Utc::from_nanos(i64::from(k))),
        fee,
        ..fill(n, 1)
    };
    Event::Fill(fill.into())
}

/// Everything that can become known of one order.
fn story(n: u8) -> impl Strategy<Value = Vec<Fact>> {
    let parts = (0..2_u8, vec((0..4_u8, 1..4_u8), 0..4), vec(0..5_usize, 0..3), 0..3_u8, 1..3_u8);
    parts.prop_map(move |(bracket, fills, ends, others, incarnations)| {
        let mut facts = vec![Fact { event: wanted(n, bracket), needs: vec![] }];
        for k in 1..=incarnations {
            let (venue_order, status) = (venue(n, k), None);
            let ack = Acked { id: id(n), venue_order, status, venue_time: None, alias: None };
            facts.push(Fact { event: Event::Ack(ack), needs: vec![0] });
        }
        let known: Vec<usize> = if incarnations == 1 { vec![0] } else { vec![0, 1, 2] };
        for (k, units) in fills {
            facts.push(Fact { event: execution(n, k, units, incarnations), needs: known.clone() });
        }
        let closings =
            [Closing::Cancelled, Closing::Rejected, Closing::Expired, Closing::Replaced, Closing::Filled];
        for (k, end) in (1..=incarnations).zip(ends) {
            let venue_order = Some(venue(n, k));
            let closed = Closed { id: id(n), closing: closings[end], why: None, venue_order, claimed: None };
            facts.push(Fact { event: Event::Closed(closed), needs: known.clone() });
        }
        if others > 0 {
            let unknown = OutcomeUnknown { id: id(n), why: "timeout".into() };
            facts.push(Fact { event: Event::Unknown(unknown), needs: vec![0] });
            let asked = || Asked { id: id(n), why: "because".into() };
            facts.push(Fact { event: Event::Cancel(asked()), needs: vec![0] });
            let before = facts.len() - 1;
            facts.push(Fact { event: Event::CancelFailed(asked()), needs: vec![before] });
        }
        if others > 1 {
            let odd = |word: Option<&str>| {
                Event::Odd(OddStatus { id: id(n), venue_order: venue(n, 1), word: word.map(Box::from) })
            };
            facts.push(Fact { event: odd(Some("frozen")), needs: vec![0] });
            let before = facts.len() - 1;
            facts.push(Fact { event: odd(None), needs: vec![before] });
        }
        facts
    })
}

fn together(stories: Vec<Vec<Fact>>) -> Vec<Fact> {
    let mut all: Vec<Fact> = Vec::new();
    for story in stories {
        let first = all.len();
        let moved = story.into_iter().map(|fact| Fact {
            needs: fact.needs.into_iter().map(|need| need + first).collect(),
            event: fact.event,
        });
        all.extend(moved);
    }
    let instrument = crate::fold::intent(1).instrument;
    let blocked = Blocked { instrument, kind: BlockKind::Operator, why: "lunch".into() };
    all.push(Fact { event: Event::Blocked(blocked), needs: vec![] });
    all
}

/// A legal order, chosen by `picks`.
fn ordered(facts: &[Fact], picks: &[u16]) -> Vec<Event> {
    let mut done = vec![false; facts.len()];
    let mut events = Vec::new();
    let mut picks = picks.iter().cycle();
    while events.len() < facts.len() {
        let ready: Vec<_> = (0..facts.len())
            .filter(|at| !done[*at] && facts[*at].needs.iter().all(|need| done[*need]))
            .collect();
        let pick = usize::from(picks.next().copied().unwrap_or(0)) % ready.len();
        done[ready[pick]] = true;
        events.push(facts[ready[pick]].event.clone());
    }
    events
}

fn state_after(events: Vec<Event>) -> State {
    let mut state = begin();
    for (seq, event) in (2..).map(Seq::new).zip(events) {
        let _ = state.apply(seq, &Record::new(Utc::from_nanos(9), event));
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn p11_the_same_facts_in_any_legal_order_give_the_same_state_hash(
        stories in vec(0..1_u8, 1..4).prop_flat_map(|all| (1..=u8::try_from(all.len()).unwrap()).map(story).collect::<Vec<_>>()),
        one in vec(any::<u16>(), 1..40), other in vec(any::<u16>(), 1..40)
    ) {
        let facts = together(stories);
        let (one, other) = (state_after(ordered(&facts, &one)), state_after(ordered(&facts, &other)));
        let text = |state: &State| String::from_utf8(state.live().canonical()).unwrap();
        prop_assert_eq!(text(&one), text(&other));
        prop_assert_eq!(one.hash(), other.hash());
    }
}

#[test]
fn an_execution_takes_the_place_of_a_report_whichever_comes_first() {
    let report = |total: &str| {
        let report = ReportedFilled {
            id: id(1),
            total: total.parse().unwrap(),
            price: "7".parse().unwrap(),
            why: "the list of fills ends before".into(),
        };
        Event::Reported(report.into())
    };
    let first = vec![wanted(1, 1), report("2"), execution(1, 2, 2, 1)];
    let last = vec![wanted(1, 1), execution(1, 2, 2, 1), report("2")];
    assert_eq!(state_after(first).hash(), state_after(last).hash());
}
