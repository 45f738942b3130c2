//! Requests about positions.

use super::answer::Answer;
use super::ask::Ask;
use super::orders::failed;
use super::shared::Shared;
use super::{read, render};
use serde_json::{Value, json};
use truebook::paper::{Fault, OrderFilter, OrderRequest, PositionRecord, StatusFilter};
use truebook_core::id::Instrument;
use truebook_core::money::Qty;
use truebook_core::order::Side;
use truebook_venues::alpaca::wire::Amount;

pub(crate) fn list(shared: &Shared) -> Result<Answer, Answer> {
    let page = shared.venue.position_page();
    let (rows, fault) = page.map_err(|error| failed(shared, &error))?;
    let rows = rows.iter().filter(|(_, position)| !position.quantity.is_zero());
    let rows: Vec<Value> = shared.venue.audit(|exchange| {
        rows.map(|(instrument, position)| render::position(instrument, position, exchange)).collect()
    });
    match fault {
        Some(Fault::FirstRows(_)) => Ok(Answer::broken(&Value::Array(rows))),
        _ => Ok(Answer::ok(&rows)),
    }
}

pub(crate) fn one(shared: &Shared, symbol: &str) -> Result<Answer, Answer> {
    let (instrument, position) = held(shared, symbol)?;
    Ok(Answer::ok(&shared.venue.audit(|exchange| render::position(&instrument, &position, exchange))))
}

fn held(shared: &Shared, symbol: &str) -> Result<(Instrument, PositionRecord), Answer> {
    let instrument = read::instrument(symbol)?;
    let positions = shared.venue.position_records().map_err(|error| failed(shared, &error))?;
    let found =
        positions.into_iter().find(|(of, position)| *of == instrument && !position.quantity.is_zero());
    found.ok_or_else(|| Answer::not_found("position does not exist"))
}

/// Closes a position, or a part of it, by a market order.
pub(crate) fn close(shared: &Shared, ask: &Ask, symbol: &str) -> Result<Answer, Answer> {
    let (instrument, position) = held(shared, symbol)?;
    let quantity = part(ask, position.quantity.abs())?;
    close_part(shared, instrument, &position, quantity).map(|order| Answer::ok(&order))
}

fn part(ask: &Ask, whole: Qty) -> Result<Qty, Answer> {
    let parameter = |name| read::amount::<Qty>(name, ask.parameter(name).map(Amount::new).as_ref());
    let percent = |percent: Qty| {
        let hundredth: Qty = "0.01".parse().map_err(|_| Answer::invalid("percentage"))?;
        let scaled = whole.scaled(percent).and_then(|part| part.scaled(hundredth));
        scaled.map_err(|_| Answer::invalid("invalid percentage"))
    };
    match (parameter("qty")?, parameter("percentage")?) {
        (Some(quantity), _) => Ok(quantity),
        (None, Some(share)) => percent(share),
        (None, None) => Ok(whole),
    }
}

fn close_part(
    shared: &Shared,
    instrument: Instrument,
    position: &PositionRecord,
    quantity: Qty,
) -> Result<Value, Answer> {
    let side = if position.quantity.is_negative() { Side::Buy } else { Side::Sell };
    let request = OrderRequest::market(instrument, side, quantity);
    let request = OrderRequest { time_in_force: read::CLOSING, ..request };
    let record = shared.venue.place(&request).map_err(|error| failed(shared, &error))?;
    Ok(json!(render::order(&record)))
}

pub(crate) fn close_all(shared: &Shared, ask: &Ask) -> Result<Answer, Answer> {
    if ask.is_set("cancel_orders") {
        cancel_open(shared);
    }
    let positions = shared.venue.position_records().map_err(|error| failed(shared, &error))?;
    let held = positions.into_iter().filter(|(_, position)| !position.quantity.is_zero());
    let closed: Vec<Value> = held
        .filter_map(|(instrument, position)| {
            let symbol = instrument.to_string();
            let body = close_part(shared, instrument, &position, position.quantity.abs()).ok()?;
            Some(json!({ "symbol": symbol, "status": 200, "body": body }))
        })
        .collect();
    Ok(Answer::json(207, &closed))
}

/// As far as they can be: what goes wrong with one does not keep positions from being closed.
fn cancel_open(shared: &Shared) {
    let filter = OrderFilter { status: StatusFilter::Open, ..OrderFilter::default() };
    let open = shared.venue.orders(truebook::paper::RequestKind::OpenOrders, &filter).unwrap_or_default();
    for order in open {
        drop(shared.venue.cancel_order(&order.id));
    }
}
