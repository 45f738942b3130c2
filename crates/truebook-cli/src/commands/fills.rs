//! `fills`: executions, read from the journal.

use crate::errors::{Failure, Outcome};
use crate::flags::FillsArgs;
use crate::needs::Needs;
use crate::output::table;
use serde::Serialize;
use truebook::core::event::{Event, Record};
use truebook::core::id::{OrderId, OrderKey, Seq};
use truebook::core::order::{Fee, Fill, Side};
use truebook::core::time::Utc;
use truebook::history::{self, Keys};

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
    let (mut keys, mut rows) = (Keys::default(), Vec::new());
    history::each::<Failure>(&needs.world(), needs.key(), |seq, record| {
        keys.take(record);
        if let Event::Fill(fill) = &record.ev {
            rows.extend(wanted(args, fill, record, &keys).then(|| row(seq, record, fill, &keys)));
        }
        Ok(())
    })?;
    Ok(rows)
}

fn wanted(args: &FillsArgs, fill: &Fill, record: &Record, keys: &Keys) -> bool {
    args.symbol.as_ref().is_none_or(|symbol| *symbol == fill.instrument)
        && args.key.as_ref().is_none_or(|key| keys.get(fill.id) == Some(key))
        && args.since.is_none_or(|since| record.at >= since)
}

fn row(seq: Seq, record: &Record, fill: &Fill, keys: &Keys) -> Row {
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
        key: keys.get(fill.id).cloned(),
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
