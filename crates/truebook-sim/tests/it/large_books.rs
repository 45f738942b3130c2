//! A book of a hundred thousand orders against the venue's lists.

use truebook_core::life::Closing;
use truebook_core::reconcile::{Verdict, check, plan, seen_ids};
use truebook_sim::large::{Large, carry_out, large};

#[test]
fn p11_a_hundred_thousand_orders_are_reconciled_in_one_pass_and_the_second_is_empty() {
    let Large { mut state, observation, policy, capabilities } = large(100_000, 2_000).unwrap();
    let excerpt = state.excerpt(seen_ids(&observation));
    let first = plan(excerpt.clone(), &observation, &policy, &capabilities);
    check(excerpt, &observation, &policy, &capabilities, &first).unwrap();
    // Of 2,000 live orders a tenth was filled and a tenth cancelled while nobody looked.
    assert_eq!(first.steps.len(), 400);
    assert_eq!(first.verdict, Verdict::Agreed);
    carry_out(&mut state, &observation, &policy, &capabilities).unwrap();
    let excerpt = state.excerpt(seen_ids(&observation));
    let second = plan(excerpt, &observation, &policy, &capabilities);
    assert!(second.is_empty() && second.held_back.is_empty(), "{second:?}");
    let ended = observation.closed.rows.iter().filter(|row| row.status.ended() == Some(Closing::Cancelled));
    assert_eq!(ended.count(), 200);
    assert_eq!(state.live().orders.len(), 1_600);
}
