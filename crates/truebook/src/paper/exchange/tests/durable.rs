//! The exchange as a document.

use super::*;
use crate::paper::Handling;
use crate::paper::exchange::Totals;
use truebook_core::doc::{Doc, Limits};

/// What the patches make, merged into nothing.
pub(super) fn kept(exchange: &mut Exchange, document: &mut Doc) {
    if let Some(patch) = exchange.take_patch().unwrap() {
        document.merge(&Doc::parse(&patch, Limits::default()).unwrap());
    }
}

pub(super) fn same(one: &Exchange, other: &Exchange) {
    assert_eq!(one.orders, other.orders);
    assert_eq!(one.fills, other.fills);
    assert_eq!(one.positions, other.positions);
    // The time of a tick that changed nothing is not worth a write, as its price is not.
    let latest = one.totals.latest;
    assert_eq!(one.totals, Totals { latest, ..other.totals.clone() });
    assert_eq!((&one.late, &one.received), (&other.late, &other.received));
    assert_eq!(one.due, other.due);
    assert_eq!(one.by_client, other.by_client);
}

#[test]
fn the_patches_are_the_exchange_and_it_goes_on_from_them() {
    let (mut exchange, mut document) = (exchange(), Doc::object());
    exchange.receive("a");
    exchange.submit(&named("a", bracket(market(Side::Buy, "10"))), at(1)).unwrap();
    kept(&mut exchange, &mut document);
    exchange.submit_later(&named("b", market(Side::Sell, "1")), Handling::default(), at(50));
    exchange.submit_later(&named("c", market(Side::Sell, "1")), Handling::default(), at(5));
    kept(&mut exchange, &mut document);
    exchange.advance(at(6));
    let resting = exchange.submit(&limit(Side::Buy, "3", "95"), at(7)).unwrap();
    exchange.cancel_slowly(&resting.id, at(100), at(8)).unwrap();
    kept(&mut exchange, &mut document);
    let mut again = Exchange::from_json(settings(), &document.to_compact()).unwrap();
    same(&exchange, &again);
    for exchange in [&mut exchange, &mut again] {
        tick(exchange, "121", 60);
        exchange.advance(at(101));
    }
    same(&exchange, &again);
    assert_eq!(exchange.take_updates().split_off(0).last(), again.take_updates().last());
}

#[test]
fn a_price_alone_is_not_worth_a_write() {
    let mut exchange = exchange();
    assert_eq!(exchange.take_patch().unwrap(), None);
    exchange.submit(&market(Side::Buy, "1"), at(1)).unwrap();
    assert!(exchange.take_patch().unwrap().is_some());
    assert_eq!(exchange.take_patch().unwrap(), None);
}

#[test]
fn what_is_no_exchange_is_not_read_as_one() {
    assert!(Exchange::from_json(settings(), r#"{"orders":{"x":{}}}"#).is_err());
    assert!(Exchange::from_json(settings(), "{}").is_ok());
}
