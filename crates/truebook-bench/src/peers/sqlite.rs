//! `SQLite` with a write-ahead log that is flushed at every commit.

use crate::engine::{Engine, EngineName};
use crate::error::{BenchError, DuringPeer};
use crate::records::Record;
use rusqlite::{Connection, params};
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
