//! `export sqlite`: a database for queries. It is never read back.

use super::rows::{self, Counts, Sink};
use super::tables::{Cell, TABLES, Table};
use super::target::Target;
use crate::errors::Failure;
use crate::needs::Needs;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, ToSql, Transaction, params_from_iter};
use std::path::Path;
use truebook::book::Peek;

pub(super) fn export(needs: &Needs, peek: &Peek, out: &Path) -> Result<Counts, Failure> {
    let target = Target::new(out)?;
    drop(target.create_file()?);
    let mut connection = Connection::open(target.partial()).map_err(|error| failed(&error))?;
    let transaction = connection.transaction().map_err(|error| failed(&error))?;
    let counts = fill(needs, peek, &transaction)?;
    transaction.commit().map_err(|error| failed(&error))?;
    connection.close().map_err(|(_, error)| failed(&error))?;
    target.finish()?;
    Ok(counts)
}

fn failed(error: &rusqlite::Error) -> Failure {
    Failure::new("write the database").with_cause(error)
}

fn fill(needs: &Needs, peek: &Peek, transaction: &Transaction<'_>) -> Result<Counts, Failure> {
    transaction.execute_batch(&schema()).map_err(|error| failed(&error))?;
    write_meta(peek, transaction)?;
    rows::write(needs, peek, &mut Database(transaction))
}

fn schema() -> String {
    let meta = "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;".to_owned();
    TABLES.into_iter().map(create_table).chain([meta]).collect::<Vec<_>>().join("\n")
}

fn create_table(table: Table) -> String {
    let key = if table.is_numbered() { "INTEGER PRIMARY KEY" } else { "TEXT PRIMARY KEY" };
    let kinds = std::iter::once(key).chain(std::iter::repeat("TEXT"));
    let columns = table.columns().iter().zip(kinds).map(|(column, kind)| format!("\"{column}\" {kind}"));
    format!("CREATE TABLE {} ({}) STRICT;", table.name(), columns.collect::<Vec<_>>().join(", "))
}

fn write_meta(peek: &Peek, transaction: &Transaction<'_>) -> Result<(), Failure> {
    let status = peek.status();
    let settings = peek.state.live().settings.doc.to_compact();
    let facts = [
        ("truebook_export", "1".to_owned()),
        ("name", status.name.to_string()),
        ("book", status.book.to_string()),
        ("installation", status.installation.to_string()),
        ("venue", status.venue.to_string()),
        ("account", status.account.to_string()),
        ("mode", status.mode.to_string()),
        ("seq", status.seq.to_string()),
        ("state_hash", status.state_hash.to_string()),
        ("settings_hash", status.settings_hash.to_string()),
        ("settings", settings),
        ("halted", status.halted.unwrap_or_default()),
    ];
    for fact in &facts {
        transaction
            .execute("INSERT INTO meta VALUES (?1, ?2)", (fact.0, &fact.1))
            .map_err(|error| failed(&error))?;
    }
    Ok(())
}

struct Database<'a>(&'a Transaction<'a>);

impl Sink for Database<'_> {
    fn row(&mut self, table: Table, cells: &[Cell<'_>]) -> Result<(), Failure> {
        let places = vec!["?"; cells.len()].join(", ");
        let insert = format!("INSERT INTO {} VALUES ({places})", table.name());
        let mut statement = self.0.prepare_cached(&insert).map_err(|error| failed(&error))?;
        statement.execute(params_from_iter(cells)).map(drop).map_err(|error| failed(&error))
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            // Sequence numbers stay below 2^63 for as long as anybody will run this.
            Self::Number(number) => {
                ToSqlOutput::Owned(Value::Integer(i64::try_from(*number).unwrap_or(i64::MAX)))
            }
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}
