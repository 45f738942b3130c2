//! Brackets, OCO and OTO.

use super::*;
use crate::paper::Handling;
use UpdateKind::{Canceled, Fill, Held, New};
use truebook_core::order::Role;

const PIECES: Handling = Handling { pieces: 2, fills_late_nanos: 0 };

#[test]
fn legs_are_held_until_the_entry_is_filled_whole() {
    let mut exchange = exchange();
    let entry = exchange.submit_with(&bracket(limit(Side::Buy, "10", "99")), PIECES, at(1)).unwrap();
    let all_held =
        |exchange: &Exchange| legs(exchange, &entry).iter().all(|leg| leg.status == OrderStatus::Held);
    assert!(all_held(&exchange));
    tick(&mut exchange, "99", 2);
    assert_eq!(status(&exchange, &entry), OrderStatus::PartiallyFilled);
    tick(&mut exchange, "80", 3);
    assert_eq!(status(&exchange, &entry), OrderStatus::Filled);
    let [profit, loss] = legs(&exchange, &entry).try_into().unwrap();
    assert_eq!((profit.role, loss.role), (Role::TakeProfit, Role::StopLoss));
    assert_eq!((profit.parent.as_ref(), profit.side), (Some(&entry.id), Side::Sell));
    assert!(profit.client_id.starts_with("venue-"));
    // The stop was through when its leg came alive, so that it filled in the same tick.
    assert_eq!(loss.status, OrderStatus::PartiallyFilled);
    assert_eq!((profit.status, profit.quantity), (OrderStatus::New, qty("5")));
}

#[test]
fn one_leg_that_fills_cancels_the_other() {
    for (to, filled) in [("121", 0), ("89", 1)] {
        let mut exchange = exchange();
        let entry = exchange.submit(&bracket(market(Side::Buy, "10")), at(1)).unwrap();
        tick(&mut exchange, to, 2);
        let legs = legs(&exchange, &entry);
        assert_eq!(legs[filled].status, OrderStatus::Filled);
        assert_eq!(legs[1 - filled].status, OrderStatus::Canceled);
        assert!(exchange.position(&tsla()).quantity.is_zero());
    }
}

#[test]
fn a_partial_fill_of_one_leg_makes_the_other_smaller() {
    let mut exchange = exchange();
    let entry = exchange.submit_with(&bracket(market(Side::Buy, "10")), PIECES, at(1)).unwrap();
    tick(&mut exchange, "100", 2);
    tick(&mut exchange, "120", 3);
    let [profit, loss] = legs(&exchange, &entry).try_into().unwrap();
    assert_eq!((profit.filled, loss.quantity), (qty("5"), qty("5")));
    tick(&mut exchange, "90", 4);
    let [profit, loss] = legs(&exchange, &entry).try_into().unwrap();
    // Of its two pieces the stop fills one now: 2 of 5.
    assert_eq!((loss.filled, profit.remaining()), (qty("2"), qty("3")));
    tick(&mut exchange, "89", 5);
    assert!(exchange.position(&tsla()).quantity.is_zero());
    assert_eq!(status(&exchange, &profit), OrderStatus::Canceled);
    assert_eq!(status(&exchange, &loss), OrderStatus::Filled);
}

#[test]
fn cancelling_one_order_of_a_group_cancels_the_group() {
    let mut exchange = exchange();
    let entry = exchange.submit(&bracket(limit(Side::Buy, "10", "95")), at(1)).unwrap();
    let leg = legs(&exchange, &entry)[0].clone();
    exchange.cancel(&leg.id, at(2)).unwrap();
    assert_eq!(status(&exchange, &entry), OrderStatus::Canceled);
    assert!(legs(&exchange, &entry).iter().all(|leg| leg.status == OrderStatus::Canceled));

    let entry = exchange.submit(&bracket(market(Side::Buy, "10")), at(3)).unwrap();
    exchange.cancel(&legs(&exchange, &entry)[1].id, at(4)).unwrap();
    assert_eq!(status(&exchange, &entry), OrderStatus::Filled);
    assert!(legs(&exchange, &entry).iter().all(|leg| leg.status == OrderStatus::Canceled));
}

#[test]
fn an_entry_that_ends_after_a_part_takes_its_legs_with_it() {
    let mut exchange = exchange();
    let entry = exchange.submit_with(&bracket(market(Side::Buy, "10")), PIECES, at(1)).unwrap();
    exchange.cancel(&entry.id, at(2)).unwrap();
    assert_eq!(exchange.position(&tsla()).quantity, qty("5"));
    assert!(legs(&exchange, &entry).iter().all(|leg| leg.status == OrderStatus::Canceled));
}

#[test]
fn the_orders_of_an_oco_are_live_at_once_and_one_cancels_the_other() {
    let mut exchange = exchange();
    let profit = exchange.submit(&oco("10"), at(1)).unwrap();
    assert_eq!((profit.limit, profit.role), (Some(price("120")), Role::TakeProfit));
    let loss = legs(&exchange, &profit)[0].clone();
    assert_eq!((loss.status, loss.side), (OrderStatus::New, Side::Sell));
    tick(&mut exchange, "88", 2);
    assert_eq!(status(&exchange, &loss), OrderStatus::Filled);
    assert_eq!(status(&exchange, &profit), OrderStatus::Canceled);

    tick(&mut exchange, "100", 3);
    let profit = exchange.submit(&oco("10"), at(3)).unwrap();
    tick(&mut exchange, "120", 4);
    assert_eq!(status(&exchange, &profit), OrderStatus::Filled);
    assert_eq!(legs(&exchange, &profit)[0].status, OrderStatus::Canceled);
}

#[test]
fn an_oto_has_one_leg_that_comes_alive_with_the_fill() {
    let mut exchange = exchange();
    let request =
        OrderRequest { class: OrderClass::Oto, take_profit: None, ..bracket(market(Side::Buy, "10")) };
    let entry = exchange.submit(&request, at(1)).unwrap();
    let [loss] = legs(&exchange, &entry).try_into().unwrap();
    assert_eq!((loss.role, loss.status), (Role::StopLoss, OrderStatus::New));
}

#[test]
fn the_stream_tells_a_bracket_in_the_order_in_which_it_happened() {
    let mut exchange = exchange();
    exchange.submit(&bracket(market(Side::Buy, "10")), at(1)).unwrap();
    tick(&mut exchange, "120", 2);
    let updates = exchange.take_updates();
    assert_eq!(told(&updates), [New, Held, Held, Fill, New, New, Fill, Canceled]);
    assert_eq!(updates[6].fill.as_ref().unwrap().position, qty("0"));
}

#[test]
fn a_held_leg_never_fills_whatever_is_asked_of_it_meanwhile() {
    use crate::paper::ReplaceRequest;
    let mut exchange = exchange();
    let entry = exchange.submit(&bracket(limit(Side::Buy, "10", "95")), at(1)).unwrap();
    let [profit, _] = legs(&exchange, &entry).try_into().unwrap();
    let change = ReplaceRequest { limit: Some(price("99")), ..ReplaceRequest::default() };
    let new = exchange.replace_slowly(&profit.id, &change, at(50), at(2)).unwrap();
    assert_eq!(new.status, OrderStatus::Held);
    tick(&mut exchange, "100", 3);
    assert_eq!(status(&exchange, &new), OrderStatus::Held);
    exchange.cancel_slowly(&new.id, at(50), at(4)).unwrap();
    assert_eq!(status(&exchange, &new), OrderStatus::Canceled);
    assert!(exchange.all_fills().is_empty());
}
