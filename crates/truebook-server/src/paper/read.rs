//! What clients send, as the venue understands it. Amounts may come as text, as the contract says, or as
//! numbers, as the broker's own Python client sends them.

use super::answer::Answer;
use super::ask::Ask;
use core::str::FromStr;
use truebook::paper::{OrderClass, OrderRequest, ReplaceRequest};
use truebook::venue::ReduceOnly;
use truebook_core::id::Instrument;
use truebook_core::money::Price;
use truebook_core::order::{OrderType, ProfitLeg, Role, Side, StopLeg, TimeInForce, Trail};
use truebook_core::time::Utc;
use truebook_venues::alpaca::wire::{Amount, LegBody, PlaceBody, ReplaceBody, time};
use truebook_venues::alpaca::words;

/// An order to be placed.
pub(crate) fn order(body: &PlaceBody) -> Result<OrderRequest, Answer> {
    let class = class(body.order_class.as_deref())?;
    let request = OrderRequest {
        client_id: body.client_order_id.as_deref().filter(|id| !id.is_empty()).map(Into::into),
        instrument: instrument(body.symbol.as_deref().unwrap_or_default())?,
        side: word("side", body.side.as_deref(), words::side)?,
        order_type: word("type", body.kind.as_deref(), words::order_type)?,
        quantity: amount("qty", body.qty.as_ref())?,
        notional: amount("notional", body.notional.as_ref())?,
        limit: amount("limit_price", body.limit_price.as_ref())?,
        stop: amount("stop_price", body.stop_price.as_ref())?,
        trail: trail(body)?,
        time_in_force: word("time_in_force", body.time_in_force.as_deref(), words::time_in_force)?,
        expires: None,
        class,
        role: if class == OrderClass::Oco { Role::TakeProfit } else { Role::Entry },
        stop_loss: body.stop_loss.as_ref().map(stop_leg).transpose()?,
        take_profit: profit_leg(body.take_profit.as_ref())?,
        admit_by: None,
        reduce_only: ReduceOnly::No,
    };
    check_alternative(&request)?;
    Ok(request)
}

/// One of two alternatives is a limit order, and says so.
fn check_alternative(request: &OrderRequest) -> Result<(), Answer> {
    if request.class == OrderClass::Oco && request.order_type != OrderType::Limit {
        return Err(Answer::invalid("oco orders must be limit orders"));
    }
    Ok(())
}

/// How an order is to be changed.
pub(crate) fn change(body: &ReplaceBody) -> Result<ReplaceRequest, Answer> {
    let time_in_force = body.time_in_force.as_deref();
    Ok(ReplaceRequest {
        client_id: body.client_order_id.as_deref().filter(|id| !id.is_empty()).map(Into::into),
        quantity: amount("qty", body.qty.as_ref())?,
        limit: amount("limit_price", body.limit_price.as_ref())?,
        stop: amount("stop_price", body.stop_price.as_ref())?,
        trail: amount("trail", body.trail.as_ref())?.map(Trail::Amount),
        time_in_force: time_in_force
            .map(|text| word("time_in_force", Some(text), words::time_in_force))
            .transpose()?,
    })
}

fn class(name: Option<&str>) -> Result<OrderClass, Answer> {
    match name {
        None | Some("" | "simple") => Ok(OrderClass::Simple),
        Some("bracket") => Ok(OrderClass::Bracket),
        Some("oco") => Ok(OrderClass::Oco),
        Some("oto") => Ok(OrderClass::Oto),
        Some(other) => Err(Answer::invalid(&format!("invalid order_class: {other}"))),
    }
}

fn stop_leg(leg: &LegBody) -> Result<StopLeg, Answer> {
    let stop: Option<Price> = amount("stop_loss.stop_price", leg.stop_price.as_ref())?;
    let stop = stop.ok_or_else(|| Answer::invalid("stop_loss.stop_price is required"))?;
    Ok(StopLeg { stop, limit: amount("stop_loss.limit_price", leg.limit_price.as_ref())? })
}

fn profit_leg(leg: Option<&LegBody>) -> Result<Option<ProfitLeg>, Answer> {
    let Some(leg) = leg else { return Ok(None) };
    let limit: Option<Price> = amount("take_profit.limit_price", leg.limit_price.as_ref())?;
    limit
        .map(|limit| Some(ProfitLeg { limit }))
        .ok_or_else(|| Answer::invalid("take_profit.limit_price is required"))
}

fn trail(body: &PlaceBody) -> Result<Option<Trail>, Answer> {
    let price = amount("trail_price", body.trail_price.as_ref())?.map(Trail::Amount);
    let percent = amount("trail_percent", body.trail_percent.as_ref())?.map(Trail::Percent);
    match (price, percent) {
        (Some(_), Some(_)) => Err(Answer::invalid("only one of trail_price and trail_percent is allowed")),
        (price, percent) => Ok(price.or(percent)),
    }
}

/// What is traded, however it is spelled.
pub(crate) fn instrument(symbol: &str) -> Result<Instrument, Answer> {
    words::instrument(symbol).ok_or_else(|| Answer::invalid("symbol is required"))
}

pub(crate) fn amount<T: FromStr>(name: &str, amount: Option<&Amount>) -> Result<Option<T>, Answer> {
    let read = |amount: &Amount| amount.parse().map_err(|_| bad(name, amount.as_str()));
    amount.map(read).transpose()
}

fn word<T>(name: &str, text: Option<&str>, read: impl Fn(&str) -> Option<T>) -> Result<T, Answer> {
    let text = text.ok_or_else(|| Answer::invalid(&format!("{name} is required")))?;
    read(text).ok_or_else(|| bad(name, text))
}

/// A parameter that is a time; a day alone is its beginning.
pub(crate) fn moment(ask: &Ask, name: &str) -> Result<Option<Utc>, Answer> {
    let Some(text) = ask.parameter(name) else { return Ok(None) };
    let read = time::parse(text).or_else(|| time::parse(&format!("{text}T00:00:00Z")));
    // Some clients write a time without saying of which zone.
    let read = read.or_else(|| time::parse(&format!("{text}Z")));
    read.map(Some).ok_or_else(|| bad(name, text))
}

/// A parameter that is a number up to `most`, and what it is if it is not there.
pub(crate) fn number(ask: &Ask, name: &str, usual: usize, most: usize) -> Result<usize, Answer> {
    let Some(text) = ask.parameter(name) else { return Ok(usual) };
    let number: usize = text.parse().map_err(|_| bad(name, text))?;
    if (1..=most).contains(&number) { Ok(number) } else { Err(bad(name, text)) }
}

/// A parameter that is a direction.
pub(crate) fn side(ask: &Ask) -> Result<Option<Side>, Answer> {
    let Some(text) = ask.parameter("side") else { return Ok(None) };
    words::side(text).map(Some).ok_or_else(|| bad("side", text))
}

pub(crate) fn bad(name: &str, text: &str) -> Answer {
    Answer::invalid(&format!("invalid {name}: {text}"))
}

/// How long an order that closes a position works.
pub(crate) const CLOSING: TimeInForce = TimeInForce::Day;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<OrderRequest, Answer> {
        order(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn amounts_may_be_numbers_or_text() {
        for qty in ["\"0.1\"", "0.1", "1e-1"] {
            let text = format!(
                r#"{{"symbol":"TSLA","qty":{qty},"side":"buy","type":"market","time_in_force":"day"}}"#
            );
            assert_eq!(read(&text).unwrap().quantity, Some("0.1".parse().unwrap()));
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let Err(Answer::Json { status, body, .. }) = read(r#"{"symbol":"TSLA","side":"buy"}"#) else {
            panic!("it is refused")
        };
        assert_eq!(status, 422);
        assert!(body.contains("type is required"), "{body}");
    }
}
