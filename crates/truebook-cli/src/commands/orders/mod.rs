//! `orders`: the live ones, or all.

use crate::errors::{Failure, Outcome};
use crate::flags::OrdersArgs;
use crate::needs::Needs;
use crate::output::table;
use serde::Serialize;
use truebook::core::id::{OrderId, VenueOrderId};
use truebook::core::life::{Order, OrderState};
use truebook::core::order::{OrderType, Role, Side, TimeInForce};
use truebook::core::time::Utc;
use truebook::history;

/// One order; part of the contract.
#[derive(Serialize)]
struct Row {
    /// Client order id.
    id: OrderId,
    key: String,
    strategy: Option<String>,
    symbol: String,
    side: Side,
    #[serde(rename = "type")]
    order_type: OrderType,
    role: Role,
    state: OrderState,
    quantity: String,
    filled: String,
    average_price: Option<String>,
    limit: Option<String>,
    stop: Option<String>,
    time_in_force: TimeInForce,
    /// The entry whose leg it is.
    parent: Option<OrderId>,
    /// The venue's ids for it.
    venue_orders: Vec<VenueOrderId>,
    /// What was seen instead of a reply, while nobody knows what became of it.
    unknown: Option<String>,
    intended_at: Utc,
    updated_at: Utc,
}

pub(super) fn run(needs: &Needs, args: &OrdersArgs) -> Result<Outcome, Failure> {
    let mut rows = if args.all { history::orders(&needs.world(), needs.key())? } else { live(needs)? };
    rows.retain(|(order, state)| wanted(args, order, *state));
    rows.sort_by_key(|(order, _)| order.intended_at);
    let rows: Vec<Row> = rows.iter().map(|(order, state)| row(order, *state)).collect();
    needs.out().show(&rows, || describe(&rows))?;
    Ok(Outcome::Fine)
}

fn live(needs: &Needs) -> Result<Vec<(Order, OrderState)>, Failure> {
    let peek = needs.peek_whole()?;
    let orders = peek.state.live().orders.values();
    let open =
        orders.map(|order| ((**order).clone(), order.state())).filter(|(_, state)| !state.is_terminal());
    Ok(open.collect())
}

fn wanted(args: &OrdersArgs, order: &Order, state: OrderState) -> bool {
    let intent = &order.intent;
    args.state.is_none_or(|wanted| wanted == state)
        && args.symbol.as_ref().is_none_or(|symbol| *symbol == intent.instrument)
        && args.key.as_ref().is_none_or(|key| *key == intent.key)
        && args.strategy.as_ref().is_none_or(|name| intent.strategy.as_deref() == Some(name))
        && args.since.is_none_or(|since| order.intended_at >= since)
}

fn row(order: &Order, state: OrderState) -> Row {
    let intent = &order.intent;
    let uncertain = order.unknown.clone().filter(|_| state == OrderState::Unknown);
    Row {
        id: intent.id,
        key: intent.key.to_string(),
        strategy: intent.strategy.as_deref().map(str::to_owned),
        symbol: intent.instrument.to_string(),
        side: intent.side,
        order_type: intent.order_type,
        role: intent.role,
        state,
        quantity: order.quantity().to_string(),
        filled: order.filled.to_string(),
        average_price: order.average_price().map(|price| price.normalized().to_string()),
        limit: order.limit().map(|price| price.to_string()),
        stop: order.stop().map(|price| price.to_string()),
        time_in_force: intent.time_in_force,
        parent: intent.parent,
        venue_orders: order.venue_orders.keys().cloned().collect(),
        unknown: uncertain,
        intended_at: order.intended_at,
        updated_at: order.updated_at,
    }
}

fn describe(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no orders".to_owned();
    }
    let cells = |row: &Row| {
        let price = row.limit.as_ref().or(row.stop.as_ref()).cloned().unwrap_or_default();
        [
            row.key.clone(),
            row.symbol.clone(),
            format!("{} {}", row.side.name(), row.role.name()),
            row.quantity.clone(),
            row.filled.clone(),
            price,
            row.state.to_string(),
            row.intended_at.to_string(),
        ]
    };
    let header = ["key", "symbol", "for", "quantity", "filled", "price", "state", "wanted at"];
    table::rows(header, rows.iter().map(cells))
}
