//! Orders as drills write them.

use super::super::script::OrderRef;
use super::words::Words;
use truebook_core::id::{Instrument, OrderKey};
use truebook_core::order::{
    Bracket, OrderType, Placement, ProfitLeg, Role, Side, StopLeg, TimeInForce, Trail,
};
use truebook_core::spec::OrderSpec;

const SIDES: [(&str, Side); 2] = [("buy", Side::Buy), ("sell", Side::Sell)];

const KINDS: [(&str, OrderType); 5] = [
    ("market", OrderType::Market),
    ("limit", OrderType::Limit),
    ("stop", OrderType::Stop),
    ("stop-limit", OrderType::StopLimit),
    ("trail", OrderType::TrailingStop),
];

/// `KEY`, `KEY@1`, `KEY/stop`, `KEY/profit`, `KEY#2`.
pub(super) fn reference(words: &mut Words<'_>) -> Result<OrderRef, String> {
    let text =
        words.next("an order: KEY, KEY@ATTEMPT, KEY/stop, KEY/profit, with #2 for the venue's second")?;
    let (text, number) = cut_number(text, '#')?;
    let (text, role) = match text.rsplit_once('/') {
        Some((key, "stop")) => (key, Role::StopLoss),
        Some((key, "profit")) => (key, Role::TakeProfit),
        _ => (text, Role::Entry),
    };
    let (key, attempt) = cut_number(text, '@')?;
    let key = OrderKey::new(key).map_err(|failed| failed.to_string())?;
    let attempt = attempt.map(u32::try_from).transpose().map_err(|failed| failed.to_string())?;
    Ok(OrderRef { key, role, attempt, number })
}

fn cut_number(text: &str, mark: char) -> Result<(&str, Option<usize>), String> {
    let Some((before, number)) = text.rsplit_once(mark) else { return Ok((text, None)) };
    let number = number.parse().map_err(|_| format!("{text:?}: after {mark} stands a number"))?;
    Ok((before, Some(number)))
}

pub(super) fn key(words: &mut Words<'_>) -> Result<OrderKey, String> {
    words.named("an order's key", OrderKey::new)
}

pub(super) fn instrument(words: &mut Words<'_>) -> Result<Instrument, String> {
    words.named("an instrument", Instrument::new)
}

pub(super) fn side(words: &mut Words<'_>) -> Result<Side, String> {
    words.pick(&SIDES)
}

/// `buy|sell QUANTITY INSTRUMENT market|limit P|stop P|stop-limit STOP LIMIT|trail DISTANCE [terms]`.
pub(super) fn spec(words: &mut Words<'_>) -> Result<OrderSpec, String> {
    let side = side(words)?;
    let quantity = words.value("a quantity")?;
    let instrument = instrument(words)?;
    let order_type = words.pick(&KINDS)?;
    let mut spec = OrderSpec { order_type, ..OrderSpec::market(instrument, side, quantity) };
    match order_type {
        OrderType::Market => {}
        OrderType::Limit => spec.limit = Some(words.value("a price")?),
        OrderType::Stop => spec.stop = Some(words.value("a price")?),
        OrderType::StopLimit => {
            spec.stop = Some(words.value("a stop price")?);
            spec.limit = Some(words.value("a limit price")?);
        }
        OrderType::TrailingStop => spec.trail = Some(Trail::Amount(words.value("a distance")?)),
    }
    spec.time_in_force = TimeInForce::Gtc;
    while !words.is_at_end() {
        term(words, &mut spec)?;
    }
    Ok(spec)
}

type Term = fn(&mut Words<'_>, &mut OrderSpec) -> Result<(), String>;

fn term(words: &mut Words<'_>, spec: &mut OrderSpec) -> Result<(), String> {
    let term = words.pick::<Term>(&[
        ("day", |_, spec| Ok(spec.time_in_force = TimeInForce::Day)),
        ("gtc", |_, spec| Ok(spec.time_in_force = TimeInForce::Gtc)),
        ("ioc", |_, spec| Ok(spec.time_in_force = TimeInForce::Ioc)),
        ("fok", |_, spec| Ok(spec.time_in_force = TimeInForce::Fok)),
        ("with-stop", |words, spec| {
            let stop = words.value("a price")?;
            Ok(bracket(spec).stop_loss = Some(StopLeg { stop, limit: None }))
        }),
        ("with-profit", |words, spec| {
            let limit = words.value("a price")?;
            Ok(bracket(spec).take_profit = Some(ProfitLeg { limit }))
        }),
    ])?;
    term(words, spec)
}

fn bracket(spec: &mut OrderSpec) -> &mut Bracket {
    let none = Bracket { stop_loss: None, take_profit: None, legs: Placement::Own };
    spec.bracket.get_or_insert(none)
}
