//! Who answers what.

use super::answer::Answer;
use super::ask::Ask;
use super::shared::Shared;
use super::{account, control, orders, positions};
use hyper::Method;

/// Answers a request. Everything but the control of the venue itself needs keys.
pub(crate) fn answer(shared: &Shared, ask: &Ask) -> Answer {
    let answered = match ask.parts.first().map(String::as_str) {
        Some("paper") => control::answer(shared, ask),
        _ if !is_authorized(shared, ask) => Err(Answer::unauthorized()),
        _ => trading(shared, ask),
    };
    answered.unwrap_or_else(|refusal| refusal)
}

fn is_authorized(shared: &Shared, ask: &Ask) -> bool {
    ask.keys.as_ref().is_some_and(|keys| accepts(shared, keys))
}

/// Whether these keys open the account.
pub(crate) fn accepts(shared: &Shared, keys: &(String, String)) -> bool {
    let wanted = shared.options.keys.as_ref();
    wanted.map_or_else(|| !keys.0.is_empty() && !keys.1.is_empty(), |wanted| wanted == keys)
}

fn trading(shared: &Shared, ask: &Ask) -> Result<Answer, Answer> {
    let parts: Vec<&str> = ask.parts.iter().map(String::as_str).collect();
    match (&ask.method, parts.as_slice()) {
        (&Method::POST, ["v2", "orders"]) => orders::place(shared, ask),
        (&Method::GET, ["v2", "orders"]) => orders::list(shared, ask),
        (&Method::DELETE, ["v2", "orders"]) => orders::cancel_all(shared),
        (&Method::GET, ["v2", "orders:by_client_order_id"]) => orders::by_client_id(shared, ask),
        (&Method::GET, ["v2", "orders", id]) => orders::by_id(shared, ask, id),
        (&Method::PATCH, ["v2", "orders", id]) => orders::replace(shared, ask, id),
        (&Method::DELETE, ["v2", "orders", id]) => orders::cancel(shared, id),
        (&Method::GET, ["v2", "positions"]) => positions::list(shared),
        (&Method::DELETE, ["v2", "positions"]) => positions::close_all(shared, ask),
        (&Method::GET, ["v2", "positions", symbol]) => positions::one(shared, symbol),
        (&Method::DELETE, ["v2", "positions", symbol]) => positions::close(shared, ask, symbol),
        (&Method::GET, _) => reading(shared, ask, &parts),
        _ => Err(nothing_here()),
    }
}

fn reading(shared: &Shared, ask: &Ask, parts: &[&str]) -> Result<Answer, Answer> {
    match parts {
        ["v2", "account"] => account::account(shared),
        ["v2", "account", "activities"] => account::activities(shared, ask, ask.parameter("activity_types")),
        ["v2", "account", "activities", kind] => account::activities(shared, ask, Some(kind)),
        ["v2", "clock"] => account::clock(shared),
        ["v2", "assets"] => Ok(account::assets(shared)),
        ["v2", "assets", symbol] => account::asset(shared, symbol),
        // A pair whose stroke was sent as it is.
        ["v2", "assets", base, quote] => account::asset(shared, &format!("{base}/{quote}")),
        ["v2", "stocks", symbol, "trades", "latest"] => account::latest_trade(shared, symbol),
        ["v1beta3", "crypto", _, "latest", "trades"] => account::latest_coin_trades(shared, ask),
        _ => Err(nothing_here()),
    }
}

fn nothing_here() -> Answer {
    Answer::error(404, 40_410_001, "endpoint not found")
}
