//! What is refused, with nothing come of it.

use super::*;
use crate::paper::RefusalKind;
use crate::venue::ReduceOnly;
use truebook_core::capability::{Brackets, Capabilities};
use truebook_core::order::Trail;

fn refused(request: &OrderRequest) -> RefusalKind {
    let mut exchange = exchange();
    let refusal = exchange.submit(request, at(1)).unwrap_err();
    assert_eq!(exchange.all_orders().count(), 0);
    assert!(exchange.take_updates().is_empty());
    refusal.kind
}

#[test]
fn what_makes_no_sense_is_refused() {
    let buy = || limit(Side::Buy, "5", "99");
    let unknown = OrderRequest { instrument: Instrument::new("NONE").unwrap(), ..buy() };
    let no_quantity = OrderRequest { quantity: None, ..buy() };
    let no_limit = OrderRequest { limit: None, ..buy() };
    let limited = OrderRequest { limit: Some(price("99")), ..market(Side::Buy, "5") };
    let trail = OrderRequest {
        order_type: OrderType::TrailingStop,
        trail: Some(Trail::Percent(qty("100"))),
        ..market(Side::Sell, "5")
    };
    let undated = OrderRequest { time_in_force: TimeInForce::Gtd, ..buy() };
    let past = OrderRequest { expires: Some(at(1)), ..undated.clone() };
    let bad_id = named("a b", buy());
    let all = [
        unknown,
        no_quantity,
        no_limit,
        limited,
        trail,
        undated,
        past,
        bad_id,
        limit(Side::Buy, "0", "99"),
        limit(Side::Buy, "-5", "99"),
        limit(Side::Buy, "1.5", "99"),
        limit(Side::Buy, "1", "99.001"),
        limit(Side::Buy, "1", "-1"),
        stop(Side::Sell, "1", "0"),
    ];
    for request in all {
        assert_eq!(refused(&request), RefusalKind::Invalid, "{request:?}");
    }
}

#[test]
fn legs_on_the_wrong_side_are_refused() {
    let stop_above = OrderRequest {
        stop_loss: Some(StopLeg { stop: price("101"), limit: None }),
        ..bracket(market(Side::Buy, "5"))
    };
    let profit_below = OrderRequest {
        take_profit: Some(ProfitLeg { limit: price("98") }),
        ..bracket(limit(Side::Buy, "5", "99"))
    };
    let one_leg = OrderRequest { take_profit: None, ..bracket(market(Side::Buy, "5")) };
    let short = bracket(market(Side::Sell, "5"));
    let immediate = OrderRequest { time_in_force: TimeInForce::Ioc, ..bracket(market(Side::Buy, "5")) };
    for request in [stop_above, profit_below, one_leg, short, immediate] {
        assert_eq!(refused(&request), RefusalKind::Invalid, "{request:?}");
    }
}

#[test]
fn what_the_venue_cannot_do_is_refused_as_such() {
    let notional =
        OrderRequest { quantity: None, notional: Some("100".parse().unwrap()), ..market(Side::Buy, "1") };
    assert_eq!(refused(&notional), RefusalKind::Unsupported);
    let capabilities = Capabilities { brackets: Brackets::Emulated, ..settings().capabilities };
    let mut exchange = exchange_of(PaperSettings { capabilities, ..settings() });
    let refusal = exchange.submit(&bracket(market(Side::Buy, "5")), at(1)).unwrap_err();
    assert_eq!(refusal.kind, RefusalKind::Unsupported);
}

#[test]
fn a_reduce_only_order_must_make_the_position_smaller() {
    let mut exchange = exchange();
    let reduce =
        |side, quantity: &str| OrderRequest { reduce_only: ReduceOnly::Yes, ..market(side, quantity) };
    assert!(exchange.submit(&reduce(Side::Sell, "1"), at(1)).is_err());
    exchange.submit(&market(Side::Buy, "5"), at(2)).unwrap();
    assert!(exchange.submit(&reduce(Side::Buy, "1"), at(3)).is_err());
    assert!(exchange.submit(&reduce(Side::Sell, "6"), at(3)).is_err());
    assert!(exchange.submit(&reduce(Side::Sell, "5"), at(3)).is_ok());
}

#[test]
fn an_order_that_is_over_cannot_be_cancelled_and_one_that_is_not_there_is_not_found() {
    let mut exchange = exchange();
    let filled = exchange.submit(&market(Side::Buy, "5"), at(1)).unwrap();
    let over = exchange.cancel(&filled.id, at(2)).unwrap_err();
    assert_eq!((over.kind, over.kind.code()), (RefusalKind::NotLive, "42210000"));
    let missing = truebook_core::id::VenueOrderId::new("missing").unwrap();
    assert_eq!(exchange.cancel(&missing, at(2)).unwrap_err().kind, RefusalKind::NotFound);
    assert_eq!(status(&exchange, &filled), OrderStatus::Filled);
}
