//! An order as a bot asks for it, from the texts that Python made of it.

use crate::fault::Fault;
use pyo3::prelude::*;
use serde::de::DeserializeOwned;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as TextError, StrDeserializer};
use std::str::FromStr;
use truebook::core::id::{Instrument, OrderId, OrderKey};
use truebook::core::money::Price;
use truebook::core::order::{Bracket, Placement, ProfitLeg, StopLeg, Trail};
use truebook::core::spec::OrderSpec;
use truebook::core::time::Utc;

/// A bracket: the stop, the stop's limit, the profit's limit.
type BracketText = (Option<String>, Option<String>, Option<String>);

/// The fields of `truebook.Order` in their order, checked for their types in Python: instrument, side, type,
/// quantity, limit, stop, trailing amount, trailing percent, time in force, expiry, bracket, strategy.
#[derive(FromPyObject)]
pub(crate) struct SpecText(
    String,
    String,
    String,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
    Option<String>,
    Option<BracketText>,
    Option<String>,
);

impl SpecText {
    /// The order, as far as each field by itself makes sense.
    pub(crate) fn into_spec(self) -> Result<OrderSpec, Fault> {
        let Self(
            instrument,
            side,
            order_type,
            quantity,
            limit,
            stop,
            amount,
            percent,
            tif,
            expires,
            bracket,
            strategy,
        ) = self;
        let trail = match (amount, percent) {
            (None, None) => None,
            (Some(amount), None) => Some(Trail::Amount(parse("trail_amount", &amount)?)),
            (None, Some(percent)) => Some(Trail::Percent(parse("trail_percent", &percent)?)),
            (Some(_), Some(_)) => {
                let what = "trail: either trail_amount or trail_percent, not both";
                return Err(Fault::new("OrderError", what));
            }
        };
        Ok(OrderSpec {
            instrument: self::instrument(&instrument)?,
            side: word("side", &side)?,
            order_type: word("order_type", &order_type)?,
            quantity: parse("quantity", &quantity)?,
            limit: optional("limit", limit.as_deref())?,
            stop: optional("stop", stop.as_deref())?,
            trail,
            time_in_force: word("time_in_force", &tif)?,
            expires: expires.as_deref().map(time).transpose()?,
            bracket: bracket.map(legs).transpose()?,
            strategy: strategy.map(Into::into),
        })
    }
}

fn legs((stop, stop_limit, profit): BracketText) -> Result<Bracket, Fault> {
    let stop_loss = match stop {
        None => None,
        Some(stop) => Some(StopLeg {
            stop: parse("stop_loss.stop", &stop)?,
            limit: optional("stop_loss.limit", stop_limit.as_deref())?,
        }),
    };
    let limit: Option<Price> = optional("take_profit.limit", profit.as_deref())?;
    let take_profit = limit.map(|limit| ProfitLeg { limit });
    Ok(Bracket { stop_loss, take_profit, legs: Placement::Own })
}

fn wrong(name: &str, text: &str, why: impl std::fmt::Display) -> Fault {
    Fault::new("OrderError", format!("{name}: {text:?}: {why}"))
}

/// A price or quantity.
pub(crate) fn parse<T: FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|failed| wrong(name, text, failed))
}

/// A price or quantity, if there is one.
pub(crate) fn optional<T: FromStr<Err: std::fmt::Display>>(
    name: &str,
    text: Option<&str>,
) -> Result<Option<T>, Fault> {
    text.map(|text| parse(name, text)).transpose()
}

/// One of a few words.
pub(crate) fn word<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Fault> {
    let from: StrDeserializer<'_, TextError> = text.into_deserializer();
    T::deserialize(from).map_err(|failed| wrong(name, text, failed))
}

/// A time in UTC, in the journal's form.
pub(crate) fn time(text: &str) -> Result<Utc, Fault> {
    Utc::parse(text).ok_or_else(|| wrong("time", text, "no time in UTC"))
}

/// The name of an instrument.
pub(crate) fn instrument(text: &str) -> Result<Instrument, Fault> {
    Instrument::new(text).map_err(|failed| wrong("instrument", text, failed))
}

/// The key of an order.
pub(crate) fn key(text: &str) -> Result<OrderKey, Fault> {
    OrderKey::new(text).map_err(|failed| wrong("key", text, failed))
}

/// A client order id.
pub(crate) fn id(text: &str) -> Result<OrderId, Fault> {
    OrderId::from_hex(text).ok_or_else(|| wrong("id", text, "no client order id: 32 lower-case hex digits"))
}
