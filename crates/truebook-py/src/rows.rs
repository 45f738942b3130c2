//! Orders, executions and positions as rows of text: the same fields as the command prints with `--json`.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use truebook::core::event::Record;
use truebook::core::id::{OrderKey, Seq};
use truebook::core::life::{Order, OrderState};
use truebook::core::order::Fill;
use truebook::core::position::Position;
use truebook::core::state::Live;

/// An order.
pub(crate) fn order(order: &Order, state: OrderState) -> Value {
    let intent = &order.intent;
    let unknown = order.unknown.as_deref().filter(|_| state == OrderState::Unknown);
    json!({
        "id": intent.id,
        "key": intent.key,
        "strategy": intent.strategy,
        "instrument": intent.instrument,
        "side": intent.side,
        "order_type": intent.order_type,
        "role": intent.role,
        "state": state,
        "quantity": order.quantity(),
        "filled": order.filled,
        "average_price": order.average_price().map(truebook::core::money::Price::normalized),
        "limit": order.limit(),
        "stop": order.stop(),
        "time_in_force": intent.time_in_force,
        "parent": intent.parent,
        "venue_orders": order.venue_orders.keys().collect::<Vec<_>>(),
        "unknown": unknown,
        "intended_at": order.intended_at,
        "updated_at": order.updated_at,
    })
}

/// An execution.
pub(crate) fn fill(seq: Seq, record: &Record, fill: &Fill, key: Option<&OrderKey>) -> Value {
    json!({
        "seq": seq,
        "at": record.at,
        "venue_time": fill.venue_time,
        "instrument": fill.instrument,
        "side": fill.side,
        "quantity": fill.quantity,
        "price": fill.price,
        "fee": fill.fee.as_ref().map(|fee| fee.amount),
        "fee_in": fill.fee.as_ref().map(|fee| &fee.asset),
        "execution": fill.execution,
        "order": fill.id,
        "key": key,
    })
}

/// What is held, by instrument; instruments in which new risk is blocked are there too.
pub(crate) fn positions(live: &Live) -> Vec<Value> {
    let instruments: BTreeSet<_> = live.positions.keys().chain(live.blocked.keys()).collect();
    let row = |instrument| {
        let position = live.positions.get(instrument).cloned().unwrap_or_else(Position::default);
        json!({
            "instrument": instrument,
            "quantity": position.quantity,
            "average_price": position.average_price().normalized(),
            "realized": position.realized,
            "fees": position.fees,
            "carried": position.carried,
            "blocked": live.blocked.get(instrument),
        })
    };
    instruments.into_iter().map(row).collect()
}
