//! `fills`: executions, read from the journal.

use super::orders::history;
use crate::errors::{Failure, Outcome};
use crate::flags::FillsArgs;
use crate::needs::Needs;
use crate::output::table;
use serde::Serialize;
use std::collections::HashMap;
use truebook::core::bracket::native_legs;
use truebook::core::event::{Event, Record};
use truebook::core::id::{OrderId, OrderKey, Seq};
use truebook::core::order::{Fee, Fill, Intent, Side};
use truebook::core::time::Utc;

/// One execution; part of the contract.
#[derive(Serialize)]
struct Row {
    seq: Seq,
    /// When it was recorded.
    at: Utc,
    /// When it took place, by the venue's clock.
    venue_time: Option<Utc>,
    symbol: String,
    side: Side,
    quantity: String,
    price: String,
    fee: Option<String>,
    fee_in: Option<String>,
    execution: String,
    order: OrderId,
    key: Option<OrderKey>,
}

pub(super) fn run(needs: &Needs, args: &FillsArgs) -> Result<Outcome, Failure> {
    let mut rows = read(needs, args)?;
    if let Some(limit) = args.limit {
        rows.drain(..rows.len().saturating_sub(limit));
    }
    needs.out().show(&rows, || describe(&rows))?;
    Ok(Outcome::Fine)
}

fn read(needs: &Needs, args: &FillsArgs) -> Result<Vec<Row>, Failure> {
    let (mut keys, mut rows, mut identity) = (HashMap::new(), Vec::new(), None);
    history::each(needs, |seq, record| {
        if let Event::Created(created) = &record.ev {
            identity = Some(created.identity.clone());
        }
        for intent in intents(&record.ev) {
            let legs = identity.as_ref().map_or_else(Vec::new, |identity| native_legs(identity, intent));
            let ids = legs.iter().map(|leg| leg.id).chain([intent.id]);
            keys.extend(ids.map(|id| (id, intent.key.clone())));
        }
        if let Event::Fill(fill) = &record.ev {
            rows.extend(wanted(args, fill, record, &keys).then(|| row(seq, record, fill, &keys)));
        }
        Ok(())
    })?;
    Ok(rows)
}

/// The orders that come into the book with an event; the legs that the venue makes follow from them.
fn intents(event: &Event) -> Vec<&Intent> {
    match event {
        Event::Intent(intent) => vec![intent],
        Event::Adopted(adopted) => vec![&adopted.intent],
        Event::Import(imported) => imported.orders.iter().map(|order| &order.intent).collect(),
        _ => Vec::new(),
    }
}

fn wanted(args: &FillsArgs, fill: &Fill, record: &Record, keys: &HashMap<OrderId, OrderKey>) -> bool {
    args.symbol.as_ref().is_none_or(|symbol| *symbol == fill.instrument)
        && args.key.as_ref().is_none_or(|key| keys.get(&fill.id) == Some(key))
        && args.since.is_none_or(|since| record.at >= since)
}

fn row(seq: Seq, record: &Record, fill: &Fill, keys: &HashMap<OrderId, OrderKey>) -> Row {
    let fee = |part: fn(&Fee) -> String| fill.fee.as_ref().map(part);
    Row {
        seq,
        at: record.at,
        venue_time: fill.venue_time,
        symbol: fill.instrument.to_string(),
        side: fill.side,
        quantity: fill.quantity.to_string(),
        price: fill.price.to_string(),
        fee: fee(|fee| fee.amount.to_string()),
        fee_in: fee(|fee| fee.asset.to_string()),
        execution: fill.execution.to_string(),
        order: fill.id,
        key: keys.get(&fill.id).cloned(),
    }
}

fn describe(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no executions".to_owned();
    }
    let cells = |row: &Row| {
        let key = row.key.as_ref().map_or_else(|| row.order.to_string(), ToString::to_string);
        let (side, at) = (row.side.name().to_owned(), row.venue_time.unwrap_or(row.at).to_string());
        [row.seq.to_string(), at, row.symbol.clone(), side, row.quantity.clone(), row.price.clone(), key]
    };
    table::rows(["seq", "at", "symbol", "side", "quantity", "price", "key"], rows.iter().map(cells))
}
