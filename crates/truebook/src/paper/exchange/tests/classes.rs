//! What becomes of client order ids, and what queries show.

use super::*;
use crate::paper::{ListFilter, OrderFilter, RefusalKind, StatusFilter};
use core::time::Duration;
use truebook_core::capability::{Capabilities, ConditionalList, IdClass};

fn of(change: impl FnOnce(&mut Capabilities)) -> Exchange {
    let mut settings = settings();
    change(&mut settings.capabilities);
    exchange_of(settings)
}

fn filter(status: StatusFilter, list: ListFilter) -> OrderFilter {
    OrderFilter { status, list, ..OrderFilter::default() }
}

#[test]
fn class_a_never_takes_an_id_again() {
    let mut exchange = exchange();
    exchange.submit(&named("a", market(Side::Buy, "1")), at(1)).unwrap();
    let again = exchange.submit(&named("a", market(Side::Buy, "1")), at(2)).unwrap_err();
    assert_eq!((again.kind, again.kind.code()), (RefusalKind::Duplicate, "40010001"));
    assert_eq!(exchange.all_orders().count(), 1);
}

#[test]
fn class_b_takes_an_id_again_once_the_first_is_closed() {
    let mut exchange = of(|capabilities| capabilities.class = IdClass::B);
    let first = exchange.submit(&named("a", limit(Side::Buy, "1", "90")), at(1)).unwrap();
    let second = named("a", market(Side::Buy, "1"));
    assert_eq!(exchange.submit(&second, at(2)).unwrap_err().kind, RefusalKind::Duplicate);
    exchange.cancel(&first.id, at(3)).unwrap();
    let second = exchange.submit(&second, at(4)).unwrap();
    assert_eq!(exchange.find_client("a", at(5)).unwrap().id, second.id);
    assert_eq!(exchange.all_orders().count(), 2);
}

#[test]
fn class_c_takes_any_id_at_any_time() {
    let mut exchange = of(|capabilities| capabilities.class = IdClass::C);
    for second in 1..4 {
        exchange.submit(&named("a", limit(Side::Buy, "1", "90")), at(second)).unwrap();
    }
    assert_eq!(exchange.all_orders().count(), 3);
}

#[test]
fn an_order_that_comes_after_its_deadline_is_refused_even_if_it_was_sent_before() {
    let mut exchange = exchange();
    let request = OrderRequest { admit_by: Some(at(5)), ..named("a", market(Side::Buy, "1")) };
    assert_eq!(exchange.submit(&request, at(6)).unwrap_err().kind, RefusalKind::TooLate);
    exchange.submit_later(&request, crate::paper::Handling::default(), at(6));
    exchange.advance(at(10));
    assert_eq!(exchange.all_orders().count(), 0);
}

#[test]
fn a_request_that_comes_late_makes_its_order_then() {
    let mut exchange = exchange();
    let request = named("a", market(Side::Buy, "1"));
    exchange.submit_later(&request, crate::paper::Handling::default(), at(6));
    exchange.advance(at(5));
    assert!(exchange.find_client("a", at(5)).is_none());
    exchange.advance(at(8));
    assert_eq!(exchange.find_client("a", at(8)).unwrap().submitted_at, at(6));
}

#[test]
fn what_has_not_come_through_shows_in_no_query_and_counts_all_the_same() {
    let mut exchange = of(|capabilities| capabilities.propagation = Duration::from_secs(3));
    let order = exchange.submit(&named("a", limit(Side::Buy, "1", "90")), at(1)).unwrap();
    let open = filter(StatusFilter::Open, ListFilter::Both);
    assert!(exchange.find(&order.id, at(3)).is_none() && exchange.list(&open, at(3)).is_empty());
    assert!(exchange.submit(&named("a", market(Side::Buy, "1")), at(2)).is_err());
    assert!(exchange.find_client("a", at(4)).is_some());
    assert_eq!(exchange.list(&open, at(4)).len(), 1);
}

#[test]
fn an_unfilled_order_is_forgotten_some_time_after_its_end_and_a_filled_one_is_not() {
    let mut exchange = of(|capabilities| capabilities.unfilled_visible = Some(Duration::from_hours(2)));
    let unfilled = exchange.submit(&limit(Side::Buy, "1", "90"), at(1)).unwrap();
    let filled = exchange.submit(&market(Side::Buy, "1"), at(1)).unwrap();
    exchange.cancel(&unfilled.id, at(2)).unwrap();
    assert!(exchange.find(&unfilled.id, at(7202)).is_some());
    assert!(exchange.find(&unfilled.id, at(7203)).is_none());
    assert!(exchange.find(&filled.id, at(7203)).is_some());
    assert_eq!(exchange.list(&OrderFilter::default(), at(7203)).len(), 1);
}

#[test]
fn closed_orders_and_executions_are_listed_within_their_windows() {
    let mut exchange = of(|capabilities| {
        capabilities.closed_window = Some(Duration::from_mins(10));
        capabilities.fills_window = Some(Duration::from_mins(5));
    });
    exchange.submit(&market(Side::Buy, "1"), at(0)).unwrap();
    let closed = filter(StatusFilter::Closed, ListFilter::Both);
    let shown =
        |seconds| (exchange.list(&closed, at(seconds)).len(), exchange.fills(at(0), at(seconds)).len());
    assert_eq!([shown(300), shown(301), shown(601)], [(1, 1), (1, 0), (0, 0)]);
}

#[test]
fn conditional_orders_stand_apart_until_their_stop_is_touched() {
    let mut exchange = of(|capabilities| capabilities.conditional = ConditionalList::Apart);
    let order = exchange.submit(&stop(Side::Sell, "1", "95"), at(1)).unwrap();
    exchange.submit(&limit(Side::Buy, "1", "90"), at(1)).unwrap();
    let rows = |list| exchange.list(&filter(StatusFilter::Open, list), at(2)).len();
    assert_eq!([rows(ListFilter::Plain), rows(ListFilter::Conditional), rows(ListFilter::Both)], [1, 1, 2]);
    assert!(exchange.find(&order.id, at(2)).is_some());
}

#[test]
fn pages_in_either_direction_bring_every_order_once() {
    use crate::paper::Direction;
    let mut exchange = exchange();
    for second in 0..7 {
        exchange.submit(&limit(Side::Buy, "1", "90"), at(second)).unwrap();
    }
    for direction in [Direction::Ascending, Direction::Descending] {
        let mut filter = OrderFilter { direction, limit: Some(3), ..OrderFilter::default() };
        let mut seen = Vec::new();
        loop {
            let page: Vec<_> = exchange.list(&filter, at(9)).iter().map(|row| row.id.clone()).collect();
            let Some(last) = page.last() else { break };
            filter.past = Some(last.clone());
            seen.extend(page);
        }
        assert_eq!(seen.len(), 7);
        assert!(if direction == Direction::Ascending {
            seen.is_sorted()
        } else {
            seen.is_sorted_by(|a, b| a > b)
        });
    }
}
