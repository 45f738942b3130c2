//! The events of `replay` in typed columns of `SQLite`, and back into truebook's own structs.

use crate::engine::EngineName;
use crate::error::{BenchError, DuringPeer};
use crate::peers::truebook::for_each_record;
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Connection, Row, params};
use std::error::Error;
use std::path::Path;
use truebook::core::event::{Acked, Closed, Event, Record};
use truebook::core::id::{Asset, ExecutionId, Instrument, OrderId, OrderKey, Seq, VenueOrderId};
use truebook::core::life::Closing;
use truebook::core::order::{Fee, Fill, Intent, OrderType, Role, Side, TakenFrom, Terms, TimeInForce};
use truebook::core::time::Utc;

const ME: EngineName = EngineName::Sqlite;
const FILE: &str = "events.db";

const CREATE: &str = "
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, client_id BLOB NOT NULL,
        order_key TEXT, symbol TEXT, side INTEGER, qty TEXT, price TEXT,
        venue_id TEXT, exec_id TEXT, fee TEXT, fee_asset TEXT, venue_at INTEGER, words TEXT
    ) STRICT;
    CREATE TABLE created (at INTEGER NOT NULL, record BLOB NOT NULL) STRICT;";
const INSERT: &str =
    "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
const SELECT: &str = "SELECT seq, at, kind, client_id, order_key, symbol, side, qty, price, venue_id, exec_id, fee, \
                      fee_asset, venue_at, words FROM event ORDER BY seq";

const INTENT: i64 = 0;
const ACK: i64 = 1;
const FILL: i64 = 2;
const CLOSED: i64 = 3;

/// Writes what the journal of the book in `book` holds, in its order, in one transaction: how fast it is
/// written is not the question here.
/// The database in a store's directory.
pub(crate) fn file(dir: &Path) -> std::path::PathBuf {
    dir.join(FILE)
}

pub(crate) fn build_store(dir: &Path, book: &Path) -> Result<(), BenchError> {
    let mut connection = Connection::open(dir.join(FILE)).peer(ME, "open")?;
    connection.execute_batch(CREATE).peer(ME, "create the tables")?;
    let transaction = connection.transaction().peer(ME, "begin")?;
    let mut insert = transaction.prepare(INSERT).peer(ME, "prepare")?;
    for_each_record(book, |seq, record| {
        if let Event::Created(_) = &record.ev {
            let json = record.encode().peer(ME, "encode the first event")?;
            let into = "INSERT INTO created VALUES (?1, ?2)";
            return transaction.execute(into, params![record.at.nanos(), json]).map(drop).peer(ME, "insert");
        }
        insert_event(&mut insert, seq, &record).peer(ME, "insert an event")
    })?;
    drop(insert);
    transaction.commit().peer(ME, "commit")
}

fn insert_event(
    insert: &mut rusqlite::Statement<'_>,
    seq: Seq,
    record: &Record,
) -> Result<(), rusqlite::Error> {
    let (seq, at) = (seq.get().cast_signed(), record.at.nanos());
    let nothing = None::<&str>;
    let done = match &record.ev {
        Event::Intent(intent) => {
            let (qty, price) = (intent.quantity.to_string(), intent.limit.map(|limit| limit.to_string()));
            let (id, key, symbol) = (intent.id.as_bytes(), intent.key.as_str(), intent.instrument.as_str());
            let (side, words) = (side_code(intent.side), intent.strategy.as_deref());
            insert.execute(params![
                seq, at, INTENT, id, key, symbol, side, qty, price, nothing, nothing, nothing, nothing,
                nothing, words
            ])
        }
        Event::Ack(ack) => {
            let (id, venue, words) = (ack.id.as_bytes(), ack.venue_order.as_str(), ack.status.as_deref());
            let venue_at = ack.venue_time.map(Utc::nanos);
            insert.execute(params![
                seq, at, ACK, id, nothing, nothing, nothing, nothing, nothing, venue, nothing, nothing,
                nothing, venue_at, words
            ])
        }
        Event::Fill(fill) => {
            let (id, symbol, side) = (fill.id.as_bytes(), fill.instrument.as_str(), side_code(fill.side));
            let (qty, price) = (fill.quantity.to_string(), fill.price.to_string());
            let (venue, execution) =
                (fill.venue_order.as_ref().map(VenueOrderId::as_str), fill.execution.as_str());
            let fee = fill.fee.as_ref().map(|fee| fee.amount.to_string());
            let asset = fill.fee.as_ref().map(|fee| fee.asset.as_str());
            let venue_at = fill.venue_time.map(Utc::nanos);
            insert.execute(params![
                seq, at, FILL, id, nothing, symbol, side, qty, price, venue, execution, fee, asset, venue_at,
                nothing
            ])
        }
        Event::Closed(closed) => {
            let (id, words) = (closed.id.as_bytes(), closed.why.as_deref());
            insert.execute(params![
                seq, at, CLOSED, id, nothing, nothing, nothing, nothing, nothing, nothing, nothing, nothing,
                nothing, nothing, words
            ])
        }
        _ => Ok(0),
    };
    done.map(drop)
}

/// The first event of the book, then each of its orders' events, as truebook would have decoded it.
pub(crate) fn for_each_selected(
    dir: &Path,
    mut take: impl FnMut(Seq, Record) -> Result<(), BenchError>,
) -> Result<(), BenchError> {
    let connection = Connection::open(dir.join(FILE)).peer(ME, "open")?;
    let created: Vec<u8> = connection
        .query_row("SELECT record FROM created", [], |row| row.get(0))
        .peer(ME, "read the first event")?;
    take(Seq::new(1), Record::decode(&created).peer(ME, "decode the first event")?)?;
    let mut select = connection.prepare(SELECT).peer(ME, "prepare")?;
    let mut rows = select.query([]).peer(ME, "select")?;
    while let Some(row) = rows.next().peer(ME, "step")? {
        let (seq, record) = decode(row).peer(ME, "decode a row")?;
        take(seq, record)?;
    }
    Ok(())
}

fn decode(row: &Row<'_>) -> Result<(Seq, Record), rusqlite::Error> {
    let seq = Seq::new(row.get::<_, i64>(0)?.cast_unsigned());
    let id = OrderId::from_bytes(row.get(3)?);
    let event = match row.get::<_, i64>(2)? {
        INTENT => Event::Intent(Box::new(intent(row, id)?)),
        ACK => Event::Ack(Acked {
            id,
            venue_order: required(row, 9, VenueOrderId::new)?,
            status: words(row)?,
            venue_time: venue_time(row)?,
            alias: None,
        }),
        FILL => Event::Fill(Box::new(fill(row, id)?)),
        _ => Event::Closed(Closed {
            id,
            closing: Closing::Cancelled,
            why: words(row)?,
            venue_order: None,
            claimed: None,
        }),
    };
    Ok((seq, Record::new(Utc::from_nanos(row.get(1)?), event)))
}

fn intent(row: &Row<'_>, id: OrderId) -> Result<Intent, rusqlite::Error> {
    Ok(Intent {
        id,
        key: required(row, 4, OrderKey::new)?,
        instrument: required(row, 5, Instrument::new)?,
        side: side(row)?,
        order_type: OrderType::Limit,
        quantity: required(row, 7, str::parse)?,
        limit: optional(row, 8, str::parse)?,
        stop: None,
        time_in_force: TimeInForce::Day,
        role: Role::Entry,
        attempt: 0,
        parent: None,
        strategy: words(row)?,
        terms: Terms::default(),
    })
}

fn fill(row: &Row<'_>, id: OrderId) -> Result<Fill, rusqlite::Error> {
    let fee = optional(row, 11, str::parse)?.zip(optional(row, 12, Asset::new)?);
    Ok(Fill {
        id,
        execution: required(row, 10, ExecutionId::new)?,
        venue_order: optional(row, 9, VenueOrderId::new)?,
        instrument: required(row, 5, Instrument::new)?,
        side: side(row)?,
        quantity: required(row, 7, str::parse)?,
        price: required(row, 8, str::parse)?,
        fee: fee.map(|(amount, asset)| Fee { amount, asset, taken: TakenFrom::Cash }),
        venue_time: venue_time(row)?,
        multiplier: None,
    })
}

fn side(row: &Row<'_>) -> Result<Side, rusqlite::Error> {
    Ok(if row.get::<_, i64>(6)? == side_code(Side::Sell) { Side::Sell } else { Side::Buy })
}

fn side_code(side: Side) -> i64 {
    i64::from(side == Side::Sell)
}

fn venue_time(row: &Row<'_>) -> Result<Option<Utc>, rusqlite::Error> {
    Ok(row.get::<_, Option<i64>>(13)?.map(Utc::from_nanos))
}

fn words(row: &Row<'_>) -> Result<Option<Box<str>>, rusqlite::Error> {
    optional(row, 14, |text| Ok::<Box<str>, std::convert::Infallible>(text.into()))
}

fn required<T, E: Error + Send + Sync + 'static>(
    row: &Row<'_>,
    column: usize,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, rusqlite::Error> {
    optional(row, column, read)?.ok_or(rusqlite::Error::InvalidColumnType(column, "event".into(), Type::Null))
}

/// Reads a text where it lies, without a copy in between.
fn optional<T, E: Error + Send + Sync + 'static>(
    row: &Row<'_>,
    column: usize,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, rusqlite::Error> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        value => {
            let text = value.as_str()?;
            let read = read(text);
            read.map(Some).map_err(|failed| {
                rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(failed))
            })
        }
    }
}
