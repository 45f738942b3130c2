//! What the exchange does, rule by rule.

mod classes;
mod durable;
mod groups;
mod matching;
mod money;
mod random;
mod refusals;
mod replacing;

use super::Exchange;
use crate::paper::{
    OrderClass, OrderRecord, OrderRequest, OrderStatus, PaperSettings, TradeUpdate, UpdateKind,
};
use truebook_core::capability::Rules;
use truebook_core::id::Instrument;
use truebook_core::money::{Price, Qty};
use truebook_core::order::{OrderType, ProfitLeg, Side, StopLeg, TimeInForce};
use truebook_core::time::Utc;

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn qty(text: &str) -> Qty {
    text.parse().unwrap()
}

fn tsla() -> Instrument {
    Instrument::new("TSLA").unwrap()
}

/// So many seconds into 2025.
fn at(seconds: i64) -> Utc {
    Utc::from_nanos(1_735_689_600_000_000_000 + seconds * 1_000_000_000)
}

fn settings() -> PaperSettings {
    let rules = Rules { tick: price("0.01"), lot: qty("1"), ..Rules::none() };
    PaperSettings::class_a("paper").unwrap().trading(tsla(), rules)
}

/// An exchange at which the price is 100.
fn exchange() -> Exchange {
    exchange_of(settings())
}

fn exchange_of(settings: PaperSettings) -> Exchange {
    let mut exchange = Exchange::new(settings);
    exchange.tick(&tsla(), price("100"), at(0)).unwrap();
    exchange
}

fn market(side: Side, quantity: &str) -> OrderRequest {
    OrderRequest::market(tsla(), side, qty(quantity))
}

fn limit(side: Side, quantity: &str, at: &str) -> OrderRequest {
    OrderRequest {
        order_type: OrderType::Limit,
        limit: Some(price(at)),
        time_in_force: TimeInForce::Gtc,
        ..market(side, quantity)
    }
}

fn stop(side: Side, quantity: &str, at: &str) -> OrderRequest {
    OrderRequest {
        order_type: OrderType::Stop,
        stop: Some(price(at)),
        time_in_force: TimeInForce::Gtc,
        ..market(side, quantity)
    }
}

fn named(id: &str, request: OrderRequest) -> OrderRequest {
    OrderRequest { client_id: Some(id.into()), ..request }
}

/// A buy with a stop-loss at 90 and a take-profit at 120.
fn bracket(entry: OrderRequest) -> OrderRequest {
    OrderRequest {
        class: OrderClass::Bracket,
        stop_loss: Some(StopLeg { stop: price("90"), limit: None }),
        take_profit: Some(ProfitLeg { limit: price("120") }),
        time_in_force: TimeInForce::Gtc,
        ..entry
    }
}

/// A sale at 120, or at 90 if the price falls.
fn oco(quantity: &str) -> OrderRequest {
    OrderRequest { class: OrderClass::Oco, limit: None, ..bracket(limit(Side::Sell, quantity, "120")) }
}

fn tick(exchange: &mut Exchange, at_price: &str, seconds: i64) {
    exchange.tick(&tsla(), price(at_price), at(seconds)).unwrap();
}

fn now_of<'a>(exchange: &'a Exchange, record: &OrderRecord) -> &'a OrderRecord {
    exchange.order(&record.id).unwrap()
}

fn status(exchange: &Exchange, record: &OrderRecord) -> OrderStatus {
    now_of(exchange, record).status
}

fn legs(exchange: &Exchange, parent: &OrderRecord) -> Vec<OrderRecord> {
    let legs = &now_of(exchange, parent).legs;
    legs.iter().map(|leg| exchange.order(leg).unwrap().clone()).collect()
}

fn told(updates: &[TradeUpdate]) -> Vec<UpdateKind> {
    updates.iter().map(|update| update.what).collect()
}
