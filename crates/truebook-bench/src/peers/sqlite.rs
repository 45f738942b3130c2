//! `SQLite` with a write-ahead log that is flushed at every commit.

use crate::bench::replay::Digest;
use crate::engine::{Engine, EngineName};
use crate::error::{BenchError, DuringPeer};
use crate::events::{EventStream, GenEvent, GenKind, GenSide};
use crate::records::Record;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, params};
use std::path::Path;
use std::sync::Arc;

const ME: EngineName = EngineName::Sqlite;
const INSERT: &str = "INSERT INTO journal (record) VALUES (?1)";

pub(crate) struct Sqlite {
    connection: Connection,
}

impl Sqlite {
    pub(crate) fn create(dir: &Path) -> Result<Self, BenchError> {
        let connection = Connection::open(dir.join("journal.db")).peer(ME, "open")?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 CREATE TABLE journal (seq INTEGER PRIMARY KEY, record BLOB NOT NULL);",
            )
            .peer(ME, "create the table")?;
        Ok(Self { connection })
    }

    fn insert(&self, record: &Record) -> Result<(), rusqlite::Error> {
        let mut insert = self.connection.prepare_cached(INSERT)?;
        insert.execute(params![record.json]).map(drop)
    }

    fn run(&self, statement: &str) -> Result<(), rusqlite::Error> {
        self.connection.prepare_cached(statement)?.execute(params![]).map(drop)
    }

    fn insert_all(&self, records: &[Arc<Record>]) -> Result<(), rusqlite::Error> {
        self.run("BEGIN IMMEDIATE")?;
        for record in records {
            self.insert(record)?;
        }
        self.run("COMMIT")
    }
}

impl Engine for Sqlite {
    fn commit(&mut self, records: &[Arc<Record>]) -> Result<(), BenchError> {
        match records {
            [one] => self.insert(one),
            many => self.insert_all(many),
        }
        .peer(ME, "commit")
    }
}

const CREATE_EVENTS: &str = "
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind INTEGER NOT NULL, order_key TEXT NOT NULL,
        client_id TEXT NOT NULL, symbol TEXT NOT NULL, side INTEGER NOT NULL, qty TEXT NOT NULL, price TEXT NOT NULL,
        venue_id TEXT, exec_id TEXT, fee TEXT
    ) STRICT;";
const INSERT_EVENT: &str = "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
const SELECT_EVENTS: &str = "SELECT * FROM event ORDER BY seq";

/// Writes `events` into typed columns, in one transaction: how fast it is written is not the question here.
pub(crate) fn build_store(dir: &Path, events: EventStream) -> Result<(), BenchError> {
    write_events(&dir.join("events.db"), events).peer(ME, "write the events")
}

fn write_events(path: &Path, events: EventStream) -> Result<(), rusqlite::Error> {
    let mut connection = Connection::open(path)?;
    connection.execute_batch(CREATE_EVENTS)?;
    let transaction = connection.transaction()?;
    let mut insert = transaction.prepare(INSERT_EVENT)?;
    for event in events {
        insert_event(&mut insert, &event)?;
    }
    drop(insert);
    transaction.commit()
}

fn insert_event(insert: &mut rusqlite::Statement<'_>, event: &GenEvent) -> Result<(), rusqlite::Error> {
    insert
        .execute(params![
            event.seq.cast_signed(),
            event.at_ns,
            event.kind,
            event.order_key,
            event.client_id,
            event.symbol,
            event.side,
            event.qty,
            event.price,
            event.venue_id,
            event.exec_id,
            event.fee,
        ])
        .map(drop)
}

/// Reads every event back into the struct it came from.
pub(crate) fn replay_store(dir: &Path) -> Result<Digest, BenchError> {
    read_events(&dir.join("events.db")).peer(ME, "read the events")
}

fn read_events(path: &Path) -> Result<Digest, rusqlite::Error> {
    let connection = Connection::open(path)?;
    let mut select = connection.prepare(SELECT_EVENTS)?;
    let mut rows = select.query(params![])?;
    let mut digest = Digest::default();
    while let Some(row) = rows.next()? {
        digest.add(&decode(row)?);
    }
    Ok(digest)
}

fn decode(row: &Row<'_>) -> Result<GenEvent, rusqlite::Error> {
    Ok(GenEvent {
        seq: row.get::<_, i64>(0)?.cast_unsigned(),
        at_ns: row.get(1)?,
        kind: row.get(2)?,
        order_key: row.get(3)?,
        client_id: row.get(4)?,
        symbol: row.get(5)?,
        side: row.get(6)?,
        qty: row.get(7)?,
        price: row.get(8)?,
        venue_id: row.get(9)?,
        exec_id: row.get(10)?,
        fee: row.get(11)?,
    })
}

impl ToSql for GenKind {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        let code = match self {
            GenKind::New => 0_i64,
            GenKind::Ack => 1,
            GenKind::Fill => 2,
            GenKind::Closed => 3,
        };
        Ok(code.into())
    }
}

impl FromSql for GenKind {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(GenKind::New),
            1 => Ok(GenKind::Ack),
            2 => Ok(GenKind::Fill),
            3 => Ok(GenKind::Closed),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

impl ToSql for GenSide {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(i64::from(*self == GenSide::Sell).into())
    }
}

impl FromSql for GenSide {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_i64()? {
            0 => Ok(GenSide::Buy),
            1 => Ok(GenSide::Sell),
            other => Err(FromSqlError::OutOfRange(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::OrderCount;

    #[test]
    fn the_events_come_back_as_they_were_written() {
        let dir = tempfile::tempdir().unwrap();
        let events = EventStream::new(1, OrderCount(20));
        build_store(dir.path(), events.clone()).unwrap();
        let connection = Connection::open(dir.path().join("events.db")).unwrap();
        let mut select = connection.prepare(SELECT_EVENTS).unwrap();
        let read: Vec<_> = select.query_map([], decode).unwrap().map(Result::unwrap).collect();
        assert_eq!(read, events.collect::<Vec<_>>());
    }
}
