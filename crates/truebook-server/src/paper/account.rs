//! Requests about the account, its history, the clock, what is traded and at which price.

use super::answer::Answer;
use super::ask::Ask;
use super::orders::failed;
use super::shared::Shared;
use super::{read, render};
use serde_json::{Map, Value, json};
use truebook::paper::{Fault, FillRecord};
use truebook::venue::Venue;
use truebook_core::id::Instrument;
use truebook_core::time::Utc;
use truebook_venues::alpaca::wire::time;

const PAGE_MOST: usize = 100;
const NANOS_A_DAY: i64 = 86_400_000_000_000;

pub(crate) fn account(shared: &Shared) -> Result<Answer, Answer> {
    let cash = shared.venue.cash().map_err(|error| failed(shared, &error))?;
    Ok(Answer::ok(&shared.venue.audit(|exchange| render::account(exchange, cash))))
}

pub(crate) fn clock(shared: &Shared) -> Result<Answer, Answer> {
    let now = shared.venue.now().map_err(|error| failed(shared, &error))?;
    let tomorrow = time::write(Utc::from_nanos(now.nanos().saturating_add(NANOS_A_DAY)));
    Ok(Answer::ok(&json!({
        "timestamp": time::write(now), "is_open": true, "next_open": tomorrow, "next_close": tomorrow,
    })))
}

pub(crate) fn assets(shared: &Shared) -> Answer {
    Answer::ok(&shared.venue.audit(|exchange| {
        let traded = exchange.settings().instruments.iter();
        traded.map(|(instrument, rules)| render::asset(instrument, rules)).collect::<Vec<_>>()
    }))
}

pub(crate) fn asset(shared: &Shared, symbol: &str) -> Result<Answer, Answer> {
    let instrument = read::instrument(symbol)?;
    let found = shared.venue.audit(|exchange| {
        let rules = exchange.settings().instruments.get(&instrument)?;
        Some(render::asset(&instrument, rules))
    });
    let missing = || Answer::not_found(&format!("asset not found for {symbol}"));
    found.map(|asset| Answer::ok(&asset)).ok_or_else(missing)
}

pub(crate) fn latest_trade(shared: &Shared, symbol: &str) -> Result<Answer, Answer> {
    let instrument = read::instrument(symbol)?;
    let trade = trade(shared, &instrument);
    let missing = || Answer::not_found(&format!("no trade found for {symbol}"));
    trade.map(|trade| Answer::ok(&json!({ "symbol": symbol, "trade": trade }))).ok_or_else(missing)
}

pub(crate) fn latest_coin_trades(shared: &Shared, ask: &Ask) -> Result<Answer, Answer> {
    let mut trades = Map::new();
    for symbol in ask.parameter("symbols").unwrap_or_default().split(',') {
        if let Some(trade) = trade(shared, &read::instrument(symbol)?) {
            trades.insert(symbol.to_owned(), trade);
        }
    }
    Ok(Answer::ok(&json!({ "trades": trades })))
}

/// Market data has prices as numbers; this one is written digit by digit and never calculated with.
fn trade(shared: &Shared, instrument: &Instrument) -> Option<Value> {
    let price = shared.venue.audit(|exchange| exchange.price(instrument))?.normalized().to_string();
    let number: serde_json::Number = serde_json::from_str(&price).ok()?;
    let exact = number.to_string() == price;
    let now = shared.venue.now().ok()?;
    let price = if exact { Value::Number(number) } else { Value::String(price) };
    Some(json!({ "t": time::write(now), "p": price }))
}

/// The account's history: executions are all that there is in it.
pub(crate) fn activities(shared: &Shared, ask: &Ask, kinds: Option<&str>) -> Result<Answer, Answer> {
    if kinds.is_some_and(|kinds| !kinds.split(',').any(|kind| kind == "FILL")) {
        return Ok(Answer::ok(&json!([])));
    }
    let page = shared.venue.fill_page(Utc::from_nanos(0));
    let (mut fills, fault, _) = page.map_err(|error| failed(shared, &error))?;
    keep_wanted(ask, &mut fills)?;
    let rows: Vec<Value> = shared
        .venue
        .audit(|exchange| fills.iter().map(|fill| json!(render::activity(fill, exchange))).collect());
    match fault {
        Some(Fault::FirstRows(_)) => Ok(Answer::broken(&Value::Array(rows))),
        _ => Ok(Answer::ok(&rows)),
    }
}

fn keep_wanted(ask: &Ask, fills: &mut Vec<FillRecord>) -> Result<(), Answer> {
    let (after, until) = (read::moment(ask, "after")?, read::moment(ask, "until")?);
    let day = read::moment(ask, "date")?;
    let order = ask.parameter("order_id");
    fills.retain(|fill| {
        after.is_none_or(|after| fill.at > after)
            && until.is_none_or(|until| fill.at < until)
            && day.is_none_or(|day| (0..NANOS_A_DAY).contains(&(fill.at.nanos() - day.nanos())))
            && order.is_none_or(|order| fill.order.as_str() == order)
    });
    match ask.parameter("direction") {
        Some("asc") => {}
        None | Some("desc") => fills.reverse(),
        Some(other) => return Err(read::bad("direction", other)),
    }
    if let Some(token) = ask.parameter("page_token") {
        let last = fills.iter().position(|fill| render::activity_id(fill) == token);
        drop(fills.drain(..last.map_or(0, |last| last + 1)));
    }
    fills.truncate(read::number(ask, "page_size", PAGE_MOST, PAGE_MOST)?);
    Ok(())
}
