//! The venue's own controls, below `/paper/`: prices, faults, a look at all that it has.
//!
//! - `POST /paper/tick` `{"symbol":"TSLA","price":"301.5"}` sets a price.
//! - `POST /paper/faults` `{"on":"submit","fault":"reply_lost"}` makes the next such request go wrong; with
//!   `"per_thousand"` so many of them by chance. `"ms"`, `"count"` and `"word"` say how long, how much, what.
//! - `DELETE /paper/faults` makes everything go well from here on.
//! - `POST /paper/disconnect` closes all streams.
//! - `GET /paper/audit` shows all orders, executions, positions, and how often each client order id came.

use super::answer::Answer;
use super::ask::Ask;
use super::orders::failed;
use super::read;
use super::shared::Shared;
use core::time::Duration;
use hyper::Method;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use truebook::paper::{Exchange, Fault, Rate, RequestKind};
use truebook_core::money::Price;
use truebook_venues::alpaca::wire::Amount;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tick {
    symbol: String,
    price: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    on: String,
    fault: String,
    #[serde(default)]
    ms: u64,
    #[serde(default)]
    count: u32,
    #[serde(default)]
    word: String,
    per_thousand: Option<u64>,
}

pub(crate) fn answer(shared: &Shared, ask: &Ask) -> Result<Answer, Answer> {
    let parts: Vec<&str> = ask.parts.iter().skip(1).map(String::as_str).collect();
    match (&ask.method, parts.as_slice()) {
        (&Method::POST, ["tick"]) => tick(shared, &ask.json()?),
        (&Method::POST, ["faults"]) => script(shared, &ask.json()?),
        (&Method::DELETE, ["faults"]) => {
            shared.clear_delays();
            shared.venue.faults(truebook::paper::Faults::clear);
            Ok(Answer::Empty(204))
        }
        (&Method::POST, ["disconnect"]) => {
            shared.disconnect();
            Ok(Answer::Empty(204))
        }
        (&Method::GET, ["audit"]) => Ok(shared.venue.audit(audit)),
        _ => Err(Answer::error(404, 40_410_001, "endpoint not found")),
    }
}

fn tick(shared: &Shared, tick: &Tick) -> Result<Answer, Answer> {
    let price: Option<Price> = read::amount("price", Some(&tick.price))?;
    let price = price.ok_or_else(|| read::bad("price", ""))?;
    let ticked = shared.venue.tick(&read::instrument(&tick.symbol)?, price);
    ticked.map(|()| Answer::Empty(204)).map_err(|error| failed(shared, &error))
}

fn script(shared: &Shared, script: &Script) -> Result<Answer, Answer> {
    let on = request_kind(&script.on).ok_or_else(|| read::bad("on", &script.on))?;
    if script.fault == "late_reply" {
        shared.delay(on, Duration::from_millis(script.ms));
        return Ok(Answer::Empty(204));
    }
    let fault = fault(script).ok_or_else(|| read::bad("fault", &script.fault))?;
    shared.venue.faults(|faults| match script.per_thousand {
        Some(per_thousand) => faults.rate(Rate { on, fault, per_thousand }),
        None => faults.script(on, fault),
    });
    Ok(Answer::Empty(204))
}

fn request_kind(name: &str) -> Option<RequestKind> {
    let known = match name {
        "submit" => RequestKind::Submit,
        "cancel" => RequestKind::Cancel,
        "replace" => RequestKind::Replace,
        "find" => RequestKind::Find,
        "open_orders" => RequestKind::OpenOrders,
        "closed_orders" => RequestKind::ClosedOrders,
        "fills" => RequestKind::Fills,
        "positions" => RequestKind::Positions,
        "account" => RequestKind::Account,
        "connect" => RequestKind::Connect,
        "message" => RequestKind::Message,
        _ => return None,
    };
    Some(known)
}

fn fault(script: &Script) -> Option<Fault> {
    let (time, count) = (Duration::from_millis(script.ms), script.count as usize);
    let known = match script.fault.as_str() {
        "reply_lost" => Fault::ReplyLost,
        "unreadable" => Fault::Unreadable,
        "request_lost" => Fault::RequestLost,
        "late" => Fault::Late(time),
        "too_many" => Fault::TooMany(time),
        "maintenance" => Fault::Maintenance,
        "server_error" => Fault::ServerError,
        "pieces" => Fault::Pieces(script.count),
        "late_fills" => Fault::LateFills(time),
        "too_many_yet_done" => Fault::TooManyYetDone,
        "slow_replace" => Fault::SlowReplace(time),
        "slow_cancel" => Fault::SlowCancel(time),
        "first_rows" => Fault::FirstRows(count),
        "omitted" => Fault::Omitted(count),
        "odd_word" => Fault::OddWord(script.word.as_str().into()),
        "twice" => Fault::Twice,
        "swapped" => Fault::Swapped,
        "cut" => Fault::Cut(time),
        _ => return None,
    };
    Some(known)
}

fn audit(exchange: &Exchange) -> Answer {
    let positions: BTreeMap<_, _> = exchange.positions().collect();
    Answer::ok(&json!({
        "orders": exchange.all_orders().collect::<Vec<_>>(),
        "fills": exchange.all_fills(),
        "positions": positions,
        "received": exchange.all_received(),
        "cash": exchange.cash(),
    }))
}
