//! The rows of an export, made of a book.

use super::tables::{Cell, Table};
use crate::commands::log::event_json;
use crate::errors::Failure;
use crate::needs::Needs;
use crate::output::progress::Progress;
use serde::Serialize;
use truebook::book::Peek;
use truebook::core::doc::{Doc, escape_segment};
use truebook::core::event::{Event, Record};
use truebook::core::id::{Instrument, Seq, VenueOrderId};
use truebook::core::life::Order;
use truebook::core::order::Fill;
use truebook::core::position::Position;
use truebook::core::time::Utc;
use truebook::log::LogReader;

/// Where rows go.
pub(super) trait Sink {
    fn row(&mut self, table: Table, cells: &[Cell<'_>]) -> Result<(), Failure>;
}

/// How many rows were written of what is not in the state.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) events: u64,
    pub(super) fills: u64,
}

/// Writes everything up to the event at which the book was looked at.
pub(super) fn write(needs: &Needs, peek: &Peek, sink: &mut impl Sink) -> Result<Counts, Failure> {
    let live = peek.state.live();
    for order in live.orders.values() {
        sink.row(Table::Orders, &order_row(order)?)?;
    }
    for (instrument, position) in &live.positions {
        sink.row(Table::Positions, &position_row(instrument, position)?)?;
    }
    write_vars(sink, "", &live.vars)?;
    write_events(needs, peek.last, sink)
}

fn write_events(needs: &Needs, last: Seq, sink: &mut impl Sink) -> Result<Counts, Failure> {
    let mut reader = LogReader::open(&needs.world(), needs.key(), Seq::new(1))?;
    let progress = Progress::new("exporting events");
    progress.begin(last.get());
    let mut counts = Counts::default();
    loop {
        let batch = reader.next_batch()?;
        let Some(newest) = batch.last().map(|entry| entry.seq) else { return Ok(counts) };
        for entry in batch.iter().filter(|entry| entry.seq <= last) {
            write_event(entry.seq, &entry.record, sink, &mut counts)?;
        }
        progress.advance(batch.len() as u64);
        if newest >= last {
            return Ok(counts);
        }
    }
}

fn write_event(seq: Seq, record: &Record, sink: &mut impl Sink, counts: &mut Counts) -> Result<(), Failure> {
    let event = event_json(&record.ev)?;
    let at = record.at.to_string();
    let cells =
        [Cell::Number(seq.get()), Cell::text(&at), Cell::text(record.ev.name()), Cell::text(event.get())];
    sink.row(Table::Events, &cells)?;
    counts.events += 1;
    if let Event::Fill(fill) = &record.ev {
        sink.row(Table::Fills, &fill_row(seq, record.at, fill)?)?;
        counts.fills += 1;
    }
    Ok(())
}

/// A word of an enumeration, as it stands in the JSON.
fn word(value: &impl Serialize) -> Result<Cell<'static>, Failure> {
    let text = json(value)?;
    Ok(Cell::of(&text.trim_matches('"')))
}

fn json(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|failed| Failure::new("encode a value").with_cause(&failed))
}

fn order_row(order: &Order) -> Result<Vec<Cell<'_>>, Failure> {
    let intent = &order.intent;
    let venue_orders: Vec<&str> = order.venue_orders.keys().map(VenueOrderId::as_str).collect();
    Ok(vec![
        Cell::of(&intent.id),
        Cell::text(intent.key.as_str()),
        Cell::text(intent.instrument.as_str()),
        word(&intent.side)?,
        word(&intent.order_type)?,
        Cell::of(&intent.quantity),
        Cell::maybe(intent.limit.as_ref()),
        Cell::maybe(intent.stop.as_ref()),
        word(&intent.time_in_force)?,
        word(&intent.role)?,
        Cell::maybe(intent.parent.as_ref()),
        Cell::maybe(intent.strategy.as_ref()),
        Cell::of(&order.state()),
        Cell::of(&order.filled),
        Cell::maybe(order.average_price().as_ref()),
        Cell::of(&json(&venue_orders)?),
        Cell::maybe(order.unknown.as_ref()),
        Cell::of(&order.intended_at),
        Cell::of(&order.updated_at),
    ])
}

fn position_row<'a>(instrument: &'a Instrument, position: &Position) -> Result<Vec<Cell<'a>>, Failure> {
    Ok(vec![
        Cell::text(instrument.as_str()),
        Cell::of(&position.quantity),
        Cell::of(&position.average_price()),
        Cell::of(&position.realized),
        Cell::of(&json(&position.fees)?),
    ])
}

fn fill_row(seq: Seq, at: Utc, fill: &Fill) -> Result<Vec<Cell<'_>>, Failure> {
    Ok(vec![
        Cell::Number(seq.get()),
        Cell::of(&at),
        Cell::of(&fill.id),
        Cell::text(fill.execution.as_str()),
        Cell::maybe(fill.venue_order.as_ref()),
        Cell::text(fill.instrument.as_str()),
        word(&fill.side)?,
        Cell::of(&fill.quantity),
        Cell::of(&fill.price),
        Cell::maybe(fill.fee.as_ref().map(|fee| &fee.amount)),
        Cell::maybe(fill.fee.as_ref().map(|fee| &fee.asset)),
        Cell::maybe(fill.venue_time.as_ref()),
    ])
}

/// A row for every scalar and every empty container, by its path. Documents are at most 128 levels deep.
fn write_vars(sink: &mut impl Sink, path: &str, value: &Doc) -> Result<(), Failure> {
    match value {
        Doc::Object(members) if !members.is_empty() => {
            for (key, value) in members.iter() {
                write_vars(sink, &format!("{path}/{}", escape_segment(key)), value)?;
            }
            Ok(())
        }
        Doc::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                write_vars(sink, &format!("{path}/{index}"), value)?;
            }
            Ok(())
        }
        leaf => sink.row(Table::Vars, &[Cell::text(path), Cell::of(&leaf.to_compact())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truebook::core::doc::Limits;

    struct Lines(Vec<String>);

    impl Sink for Lines {
        fn row(&mut self, _table: Table, cells: &[Cell<'_>]) -> Result<(), Failure> {
            let cells: Vec<_> = cells.iter().map(|cell| format!("{cell:?}")).collect();
            self.0.push(cells.join(" "));
            Ok(())
        }
    }

    #[test]
    fn variables_become_one_row_a_leaf_with_their_numbers_as_they_were_written() {
        let doc = Doc::parse(r#"{"a":{"b/c":600.0},"d":[true,{}]}"#, Limits::default()).unwrap();
        let mut lines = Lines(Vec::new());
        write_vars(&mut lines, "", &doc).unwrap();
        let expect = [
            r#"Text("/a/b~1c") Text("600.0")"#,
            r#"Text("/d/0") Text("true")"#,
            r#"Text("/d/1") Text("{}")"#,
        ];
        assert_eq!(lines.0, expect);
    }
}
