//! Positions, cash and fees.

use super::*;
use crate::paper::{Fees, Funds, RefusalKind};
use truebook_core::id::Asset;
use truebook_core::money::Cash;

fn cash(text: &str) -> Cash {
    text.parse().unwrap()
}

#[test]
fn positions_are_averaged_reduced_and_turned() {
    let mut exchange = exchange();
    exchange.submit(&market(Side::Buy, "10"), at(1)).unwrap();
    tick(&mut exchange, "110", 2);
    exchange.submit(&market(Side::Buy, "10"), at(2)).unwrap();
    assert_eq!(exchange.position(&tsla()).average_price(), Some(price("105")));
    exchange.submit(&market(Side::Sell, "5"), at(3)).unwrap();
    assert_eq!(exchange.position(&tsla()).average_price(), Some(price("105")));
    exchange.submit(&market(Side::Sell, "20"), at(4)).unwrap();
    let short = exchange.position(&tsla());
    assert_eq!((short.quantity, short.average_price()), (qty("-5"), Some(price("110"))));
    exchange.submit(&market(Side::Buy, "5"), at(5)).unwrap();
    assert_eq!(exchange.positions().count(), 0);
    assert_eq!(exchange.cash(), cash("100100"));
}

#[test]
fn a_fee_is_taken_from_cash_or_from_what_is_received() {
    let base = Asset::new("BTC").unwrap();
    let rules = Rules { base: Some(base.clone()), ..Rules::none() };
    let btc = Instrument::new("BTC/USD").unwrap();
    for (fees, position, left, fee) in [
        (Fees::Quote(qty("0.001")), "2", "99799.8", (cash("0.2"), Asset::new("USD").unwrap())),
        (Fees::Received(qty("0.001")), "1.998", "99800", (cash("0.002"), base)),
    ] {
        let settings = PaperSettings { fees, ..settings() }.trading(btc.clone(), rules.clone());
        let mut exchange = Exchange::new(settings);
        exchange.tick(&btc, price("100"), at(0)).unwrap();
        exchange.submit(&OrderRequest::market(btc.clone(), Side::Buy, qty("2")), at(1)).unwrap();
        assert_eq!(exchange.position(&btc).quantity, qty(position));
        assert_eq!((exchange.cash(), exchange.all_fills()[0].fee.clone()), (cash(left), Some(fee)));
    }
}

#[test]
fn a_cash_account_buys_what_it_can_pay_and_sells_what_it_holds() {
    let mut exchange = exchange_of(PaperSettings { funds: Funds::CashOnly, ..settings() });
    exchange.submit(&limit(Side::Buy, "900", "99"), at(1)).unwrap();
    let more = exchange.submit(&market(Side::Buy, "200"), at(2)).unwrap_err();
    assert_eq!((more.kind, more.kind.code()), (RefusalKind::Insufficient, "40310000"));
    exchange.submit(&market(Side::Buy, "100"), at(3)).unwrap();
    exchange.submit(&oco("100"), at(4)).unwrap();
    let short = exchange.submit(&market(Side::Sell, "1"), at(5)).unwrap_err();
    assert_eq!(short.kind, RefusalKind::Insufficient);
}

#[test]
fn an_execution_that_cannot_be_counted_ends_its_order_and_changes_nothing() {
    let settings = settings().trading(Instrument::new("X").unwrap(), Rules::none());
    let mut exchange = Exchange::new(settings);
    let x = Instrument::new("X").unwrap();
    let huge = OrderRequest::market(x.clone(), Side::Buy, qty("70000000000000000000000000000"));
    let order = exchange.submit(&huge, at(1)).unwrap();
    exchange.tick(&x, price("1000"), at(2)).unwrap();
    assert_eq!(status(&exchange, &order), OrderStatus::Rejected);
    assert_eq!((exchange.cash(), exchange.all_fills().len()), (cash("100000"), 0));
}
