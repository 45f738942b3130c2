//! Orders that give way to others.

use super::*;
use crate::paper::{Handling, RefusalKind, ReplaceRequest};
use truebook_core::capability::{Capabilities, ReplaceQuantity};

fn to_limit(at: &str) -> ReplaceRequest {
    ReplaceRequest { limit: Some(price(at)), ..ReplaceRequest::default() }
}

fn replacing(replace: ReplaceQuantity) -> Exchange {
    let capabilities = Capabilities { replace, ..settings().capabilities };
    exchange_of(PaperSettings { capabilities, ..settings() })
}

#[test]
fn a_replacement_has_an_id_of_its_own_and_the_chain_can_be_followed() {
    let mut exchange = exchange();
    let old = exchange.submit(&named("a", limit(Side::Buy, "5", "95")), at(1)).unwrap();
    let change = ReplaceRequest { client_id: Some("b".into()), ..to_limit("96") };
    let new = exchange.replace(&old.id, &change, at(2)).unwrap();
    assert_eq!((new.replaces.as_ref(), new.limit), (Some(&old.id), Some(price("96"))));
    let old = now_of(&exchange, &old);
    assert_eq!((old.status, old.replaced_by.as_ref()), (OrderStatus::Replaced, Some(&new.id)));
    assert_eq!(exchange.find_client("b", at(3)).unwrap().id, new.id);
    let again = exchange.replace(&old.id.clone(), &to_limit("97"), at(3)).unwrap_err();
    assert_eq!(again.kind, RefusalKind::NotLive);
}

#[test]
fn a_replacing_quantity_means_what_the_venue_says() {
    for (means, left) in [(ReplaceQuantity::Total, "3"), (ReplaceQuantity::Remaining, "8")] {
        let mut exchange = replacing(means);
        let pieces = Handling { pieces: 2, ..Handling::default() };
        let old = exchange.submit_with(&limit(Side::Buy, "10", "100"), pieces, at(1)).unwrap();
        assert_eq!(old.filled, qty("5"));
        let change = ReplaceRequest { quantity: Some(qty("8")), ..to_limit("90") };
        assert_eq!(exchange.replace(&old.id, &change, at(2)).unwrap().remaining(), qty(left));
    }
}

#[test]
fn a_total_that_is_filled_already_is_refused_and_the_old_order_stays() {
    let mut exchange = exchange();
    let pieces = Handling { pieces: 2, ..Handling::default() };
    let old = exchange.submit_with(&limit(Side::Buy, "10", "100"), pieces, at(1)).unwrap();
    let change = ReplaceRequest { quantity: Some(qty("5")), ..ReplaceRequest::default() };
    assert_eq!(exchange.replace(&old.id, &change, at(2)).unwrap_err().kind, RefusalKind::Invalid);
    assert_eq!(status(&exchange, &old), OrderStatus::PartiallyFilled);
}

#[test]
fn a_leg_that_is_replaced_keeps_its_place_in_the_group() {
    let mut exchange = exchange();
    let entry = exchange.submit(&bracket(market(Side::Buy, "10")), at(1)).unwrap();
    let loss = legs(&exchange, &entry)[1].clone();
    let change = ReplaceRequest { stop: Some(price("95")), ..ReplaceRequest::default() };
    let larger = ReplaceRequest { quantity: Some(qty("12")), ..change.clone() };
    assert_eq!(exchange.replace(&loss.id, &larger, at(2)).unwrap_err().kind, RefusalKind::Invalid);
    let new = exchange.replace(&loss.id, &change, at(2)).unwrap();
    assert_eq!(new.parent, Some(entry.id.clone()));
    tick(&mut exchange, "94", 3);
    assert_eq!(status(&exchange, &new), OrderStatus::Filled);
    assert_eq!(legs(&exchange, &entry)[0].status, OrderStatus::Canceled);
}

#[test]
fn an_entry_that_is_replaced_takes_its_legs_along_in_the_new_size() {
    let mut exchange = exchange();
    let old = exchange.submit(&bracket(limit(Side::Buy, "10", "95")), at(1)).unwrap();
    let change = ReplaceRequest { quantity: Some(qty("12")), ..to_limit("100") };
    let new = exchange.replace(&old.id, &change, at(2)).unwrap();
    assert_eq!(new.status, OrderStatus::Filled);
    for leg in legs(&exchange, &new) {
        assert_eq!((leg.status, leg.quantity), (OrderStatus::New, qty("12")));
        assert_eq!(leg.parent.as_ref(), Some(&new.id));
    }
}

#[test]
fn where_orders_cannot_be_replaced_that_is_said() {
    let mut exchange = replacing(ReplaceQuantity::Unsupported);
    let old = exchange.submit(&limit(Side::Buy, "10", "90"), at(1)).unwrap();
    assert_eq!(exchange.replace(&old.id, &to_limit("91"), at(2)).unwrap_err().kind, RefusalKind::Unsupported);
}

fn slowly(exchange: &mut Exchange) -> (OrderRecord, OrderRecord) {
    let old = exchange.submit(&limit(Side::Buy, "10", "95"), at(1)).unwrap();
    let change = ReplaceRequest { quantity: Some(qty("12")), ..to_limit("90") };
    let new = exchange.replace_slowly(&old.id, &change, at(10), at(2)).unwrap();
    assert_eq!(status(exchange, &old), OrderStatus::PendingReplace);
    (old, new)
}

#[test]
fn a_slow_replacement_takes_over_when_it_is_due() {
    let mut exchange = exchange();
    let (old, new) = slowly(&mut exchange);
    assert_eq!(new.status, OrderStatus::PendingNew);
    exchange.advance(at(11));
    assert_eq!(status(&exchange, &old), OrderStatus::Replaced);
    assert_eq!(now_of(&exchange, &new).remaining(), qty("12"));
    tick(&mut exchange, "89", 12);
    assert_eq!(status(&exchange, &new), OrderStatus::Filled);
}

#[test]
fn an_old_order_that_fills_before_a_slow_replacement_leaves_nothing_to_replace() {
    let mut exchange = exchange();
    let (old, new) = slowly(&mut exchange);
    tick(&mut exchange, "94", 5);
    exchange.advance(at(11));
    assert_eq!(status(&exchange, &old), OrderStatus::Filled);
    assert_eq!(
        (status(&exchange, &new), now_of(&exchange, &new).failed_at),
        (OrderStatus::Rejected, Some(at(10)))
    );
    assert_eq!(exchange.position(&tsla()).quantity, qty("10"));
}

#[test]
fn what_fills_of_the_old_order_meanwhile_is_not_bought_again() {
    let mut exchange = exchange();
    let pieces = Handling { pieces: 2, ..Handling::default() };
    let old = exchange.submit_with(&limit(Side::Buy, "10", "95"), pieces, at(1)).unwrap();
    let new = exchange.replace_slowly(&old.id, &to_limit("100"), at(10), at(2)).unwrap();
    tick(&mut exchange, "94", 5);
    exchange.advance(at(11));
    assert_eq!(
        (status(&exchange, &old), status(&exchange, &new)),
        (OrderStatus::Replaced, OrderStatus::Filled)
    );
    assert_eq!(exchange.position(&tsla()).quantity, qty("10"));
}

#[test]
fn a_slow_replacement_that_is_cancelled_leaves_the_old_order_as_it_was() {
    let mut exchange = exchange();
    let (old, new) = slowly(&mut exchange);
    exchange.cancel(&new.id, at(3)).unwrap();
    exchange.advance(at(11));
    assert_eq!(status(&exchange, &old), OrderStatus::New);
    assert_eq!(status(&exchange, &new), OrderStatus::Canceled);
}
