//! What is asked of the venue, in its own words.

use serde_json::{Map, Value, json};
use truebook::venue::{Change, NewOrder, VenueError, VenueErrorKind};
use truebook_core::order::{Bracket, Intent, Placement, Role, TimeInForce, Trail};

/// The body that places an order, legs of a bracket included.
///
/// # Errors
/// [`VenueErrorKind::NotSent`] if the venue has no word for it.
pub(crate) fn place(order: &NewOrder) -> Result<String, VenueError> {
    let intent = &order.intent;
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        value.map(|value| body.insert(name.to_owned(), Value::String(value)));
    };
    put("client_order_id", Some(intent.id.to_string()));
    put("symbol", Some(intent.instrument.to_string()));
    put("side", Some(intent.side.name().to_owned()));
    put("type", Some(intent.order_type.name().to_owned()));
    put("time_in_force", Some(time_in_force(intent)?.to_owned()));
    put("qty", Some(intent.quantity.normalized().to_string()));
    put("limit_price", intent.limit.map(|price| price.normalized().to_string()));
    put("stop_price", intent.stop.map(|price| price.normalized().to_string()));
    match intent.terms.trail {
        Some(Trail::Amount(price)) => put("trail_price", Some(price.normalized().to_string())),
        Some(Trail::Percent(percent)) => put("trail_percent", Some(percent.normalized().to_string())),
        None => {}
    }
    if let Some(bracket) = intent.terms.bracket.as_ref().filter(|it| it.legs == Placement::WithParent) {
        legs(&mut body, bracket, intent);
    }
    Ok(Value::Object(body).to_string())
}

/// An entry has legs; an exit that comes with another has an alternative, of which it is the limit order.
fn legs(body: &mut Map<String, Value>, bracket: &Bracket, intent: &Intent) {
    let alternative = intent.role != Role::Entry;
    let profit = bracket.take_profit.map(|leg| leg.limit).or(intent.limit.filter(|_| alternative));
    let class = match (&bracket.stop_loss, &bracket.take_profit) {
        (None, None) => return,
        _ if alternative => "oco",
        (Some(_), Some(_)) => "bracket",
        _ => "oto",
    };
    body.insert("order_class".to_owned(), json!(class));
    if let Some(limit) = profit {
        body.insert("take_profit".to_owned(), json!({ "limit_price": limit.normalized().to_string() }));
    }
    if let Some(leg) = bracket.stop_loss {
        let mut stop = Map::new();
        stop.insert("stop_price".to_owned(), json!(leg.stop.normalized().to_string()));
        leg.limit.map(|limit| stop.insert("limit_price".to_owned(), json!(limit.normalized().to_string())));
        body.insert("stop_loss".to_owned(), Value::Object(stop));
    }
}

fn time_in_force(intent: &Intent) -> Result<&'static str, VenueError> {
    match intent.time_in_force {
        TimeInForce::Gtd => {
            let words = "alpaca has no order that is good till a date";
            Err(VenueError::new(VenueErrorKind::NotSent, words))
        }
        known => Ok(known.name()),
    }
}

/// The body that replaces an order.
pub(crate) fn replace(change: &Change) -> String {
    let mut body = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        value.map(|value| body.insert(name.to_owned(), Value::String(value)));
    };
    put("client_order_id", Some(change.alias.to_string()));
    put("qty", change.quantity.map(|quantity| quantity.normalized().to_string()));
    put("limit_price", change.limit.map(|price| price.normalized().to_string()));
    put("stop_price", change.stop.map(|price| price.normalized().to_string()));
    Value::Object(body).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use truebook::venue::ReduceOnly;
    use truebook_core::id::{Instrument, OrderId, OrderKey};
    use truebook_core::order::{OrderType, ProfitLeg, Side, StopLeg, Terms};

    fn order(terms: Terms) -> NewOrder {
        let intent = Intent {
            id: OrderId::from_bytes([0xab; 16]),
            key: OrderKey::new("k").unwrap(),
            instrument: Instrument::new("TSLA").unwrap(),
            side: Side::Buy,
            order_type: OrderType::Limit,
            quantity: "10.50".parse().unwrap(),
            limit: Some("300.10".parse().unwrap()),
            stop: None,
            time_in_force: TimeInForce::Gtc,
            role: Role::Entry,
            attempt: 0,
            parent: None,
            strategy: None,
            terms,
        };
        NewOrder { intent, reduce_only: ReduceOnly::No }
    }

    fn body(terms: Terms) -> Value {
        serde_json::from_str(&place(&order(terms)).unwrap()).unwrap()
    }

    #[test]
    fn amounts_are_sent_as_text_without_needless_zeros() {
        let body = body(Terms::default());
        assert_eq!((&body["qty"], &body["limit_price"]), (&json!("10.5"), &json!("300.1")));
        assert_eq!(body["client_order_id"], json!("ab".repeat(16)));
        assert_eq!(body.get("order_class"), None);
    }

    #[test]
    fn a_bracket_is_one_request() {
        let stop = StopLeg { stop: "280".parse().unwrap(), limit: Some("279".parse().unwrap()) };
        let profit = ProfitLeg { limit: "320".parse().unwrap() };
        let legs = Placement::WithParent;
        let bracket = Bracket { stop_loss: Some(stop), take_profit: Some(profit), legs };
        let both = body(Terms { bracket: Some(bracket.clone()), ..Terms::default() });
        assert_eq!(both["order_class"], "bracket");
        assert_eq!(both["stop_loss"], json!({"stop_price": "280", "limit_price": "279"}));
        assert_eq!(both["take_profit"], json!({"limit_price": "320"}));
        let one = Bracket { take_profit: None, ..bracket.clone() };
        assert_eq!(body(Terms { bracket: Some(one), ..Terms::default() })["order_class"], "oto");
        let ours = Bracket { legs: Placement::Own, ..bracket };
        assert_eq!(body(Terms { bracket: Some(ours), ..Terms::default() }).get("stop_loss"), None);
    }

    #[test]
    fn what_the_venue_has_no_word_for_is_not_sent() {
        let mut order = order(Terms::default());
        order.intent.time_in_force = TimeInForce::Gtd;
        assert_eq!(place(&order).unwrap_err().kind, VenueErrorKind::NotSent);
    }
}
