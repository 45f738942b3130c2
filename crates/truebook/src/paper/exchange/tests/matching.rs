//! When orders are executed.

use super::*;
use crate::paper::{Handling, Session};
use core::time::Duration;
use truebook_core::order::Trail;

#[test]
fn a_market_order_is_filled_at_once_at_the_price() {
    let mut exchange = exchange();
    let order = exchange.submit(&market(Side::Buy, "5"), at(1)).unwrap();
    assert_eq!((order.status, order.average_price()), (OrderStatus::Filled, Some(price("100"))));
    assert_eq!((order.filled, order.filled_at), (qty("5"), Some(at(1))));
    assert_eq!(exchange.position(&tsla()).quantity, qty("5"));
    assert_eq!(told(&exchange.take_updates()), [UpdateKind::New, UpdateKind::Fill]);
}

#[test]
fn a_market_order_without_a_price_waits_for_the_first() {
    let mut exchange = Exchange::new(settings());
    let order = exchange.submit(&market(Side::Buy, "5"), at(1)).unwrap();
    assert_eq!(order.status, OrderStatus::New);
    tick(&mut exchange, "101", 2);
    assert_eq!(status(&exchange, &order), OrderStatus::Filled);
}

#[test]
fn a_limit_order_rests_until_the_price_is_as_good() {
    let mut exchange = exchange();
    let buy = exchange.submit(&limit(Side::Buy, "5", "99"), at(1)).unwrap();
    let sell = exchange.submit(&limit(Side::Sell, "5", "102"), at(1)).unwrap();
    tick(&mut exchange, "99.01", 2);
    assert_eq!(status(&exchange, &buy), OrderStatus::New);
    tick(&mut exchange, "98", 3);
    assert_eq!(now_of(&exchange, &buy).average_price(), Some(price("98")));
    tick(&mut exchange, "102", 4);
    assert_eq!(status(&exchange, &sell), OrderStatus::Filled);
}

#[test]
fn a_stop_order_waits_until_it_is_touched_and_then_takes_any_price() {
    let mut exchange = exchange();
    let order = exchange.submit(&stop(Side::Sell, "5", "95"), at(1)).unwrap();
    assert!(order.is_conditional());
    tick(&mut exchange, "95.01", 2);
    assert_eq!(status(&exchange, &order), OrderStatus::New);
    tick(&mut exchange, "93", 3);
    assert_eq!(now_of(&exchange, &order).average_price(), Some(price("93")));
}

#[test]
fn a_stop_limit_order_that_was_jumped_over_rests_at_its_limit() {
    let mut exchange = exchange();
    let request = OrderRequest {
        order_type: OrderType::StopLimit,
        limit: Some(price("94")),
        ..stop(Side::Sell, "5", "95")
    };
    let order = exchange.submit(&request, at(1)).unwrap();
    tick(&mut exchange, "93", 2);
    assert_eq!(status(&exchange, &order), OrderStatus::New);
    assert!(!now_of(&exchange, &order).is_conditional());
    tick(&mut exchange, "94", 3);
    assert_eq!(status(&exchange, &order), OrderStatus::Filled);
}

#[test]
fn a_trailing_stop_follows_the_best_price_and_never_goes_back() {
    let mut exchange = exchange();
    let trailing = |trail| OrderRequest {
        order_type: OrderType::TrailingStop,
        trail: Some(trail),
        time_in_force: TimeInForce::Gtc,
        ..market(Side::Sell, "5")
    };
    let amount = exchange.submit(&trailing(Trail::Amount(price("5"))), at(1)).unwrap();
    let percent = exchange.submit(&trailing(Trail::Percent(qty("3.333"))), at(1)).unwrap();
    assert_eq!((amount.stop, percent.stop), (Some(price("95")), Some(price("96.66"))));
    tick(&mut exchange, "110", 2);
    tick(&mut exchange, "107", 3);
    assert_eq!(now_of(&exchange, &amount).water_mark, Some(price("110")));
    assert_eq!(now_of(&exchange, &amount).stop, Some(price("105")));
    tick(&mut exchange, "105", 4);
    assert_eq!(status(&exchange, &amount), OrderStatus::Filled);
    assert_eq!(status(&exchange, &percent), OrderStatus::Filled);
}

#[test]
fn an_immediate_order_that_cannot_be_executed_is_cancelled() {
    let mut exchange = exchange();
    for time_in_force in [TimeInForce::Ioc, TimeInForce::Fok] {
        let request = OrderRequest { time_in_force, ..limit(Side::Buy, "5", "99") };
        assert_eq!(exchange.submit(&request, at(1)).unwrap().status, OrderStatus::Canceled);
        let request = OrderRequest { time_in_force, ..market(Side::Buy, "5") };
        assert_eq!(exchange.submit(&request, at(1)).unwrap().status, OrderStatus::Filled);
    }
}

#[test]
fn pieces_come_one_a_tick_and_what_is_immediate_keeps_only_the_first() {
    let mut exchange = exchange();
    let pieces = Handling { pieces: 3, ..Handling::default() };
    let order = exchange.submit_with(&market(Side::Buy, "10"), pieces, at(1)).unwrap();
    assert_eq!((order.status, order.filled), (OrderStatus::PartiallyFilled, qty("3")));
    tick(&mut exchange, "101", 2);
    assert_eq!(now_of(&exchange, &order).filled, qty("6"));
    tick(&mut exchange, "102", 3);
    assert_eq!(status(&exchange, &order), OrderStatus::Filled);
    assert_eq!(exchange.all_fills().len(), 3);

    let now = OrderRequest { time_in_force: TimeInForce::Ioc, ..market(Side::Buy, "10") };
    let order = exchange.submit_with(&now, pieces, at(4)).unwrap();
    assert_eq!((order.status, order.filled), (OrderStatus::Canceled, qty("3")));
    let whole = OrderRequest { time_in_force: TimeInForce::Fok, ..market(Side::Buy, "10") };
    assert_eq!(exchange.submit_with(&whole, pieces, at(5)).unwrap().status, OrderStatus::Filled);
}

#[test]
fn day_orders_end_with_the_session_and_dated_ones_on_their_date() {
    let session = Session::EndsDaily(Duration::from_hours(20));
    let mut exchange = exchange_of(PaperSettings { session, ..settings() });
    let day = OrderRequest { time_in_force: TimeInForce::Day, ..limit(Side::Buy, "1", "90") };
    let day = exchange.submit(&day, at(1)).unwrap();
    let dated = OrderRequest {
        time_in_force: TimeInForce::Gtd,
        expires: Some(at(60)),
        ..limit(Side::Buy, "1", "90")
    };
    let dated = exchange.submit(&dated, at(1)).unwrap();
    let kept = exchange.submit(&limit(Side::Buy, "1", "90"), at(1)).unwrap();
    exchange.advance(at(60));
    assert_eq!(status(&exchange, &dated), OrderStatus::Expired);
    assert_eq!(status(&exchange, &day), OrderStatus::New);
    exchange.advance(at(21 * 3600));
    assert_eq!(now_of(&exchange, &day).expired_at, Some(at(20 * 3600)));
    tick(&mut exchange, "80", 22 * 3600);
    assert_eq!(status(&exchange, &day), OrderStatus::Expired);
    assert_eq!(status(&exchange, &kept), OrderStatus::Filled);
}

#[test]
fn a_slow_cancellation_lets_the_order_fill_until_it_takes_effect() {
    let mut exchange = exchange();
    let order = exchange.submit(&limit(Side::Buy, "5", "99"), at(1)).unwrap();
    let other = exchange.submit(&limit(Side::Buy, "5", "90"), at(1)).unwrap();
    for order in [&order, &other] {
        let taken = exchange.cancel_slowly(&order.id, at(10), at(2)).unwrap();
        assert_eq!(taken.status, OrderStatus::PendingCancel);
    }
    tick(&mut exchange, "98", 5);
    exchange.advance(at(11));
    assert_eq!(status(&exchange, &order), OrderStatus::Filled);
    assert_eq!(now_of(&exchange, &other).canceled_at, Some(at(10)));
}

#[test]
fn the_same_calls_give_the_same_exchange() {
    let run = || {
        let mut exchange = exchange();
        exchange.submit(&bracket(market(Side::Buy, "10")), at(1)).unwrap();
        exchange.submit(&limit(Side::Buy, "3", "97"), at(2)).unwrap();
        for (second, to) in ["99", "96", "121"].iter().enumerate() {
            tick(&mut exchange, to, 3 + i64::try_from(second).unwrap());
        }
        (exchange.take_patch().unwrap(), exchange.take_updates())
    };
    assert_eq!(run(), run());
}
