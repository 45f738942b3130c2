//! redb, one write transaction a commit.

use crate::engine::{Engine, EngineName};
use crate::error::{BenchError, DuringPeer};
use crate::records::Record;
use redb::{Database, Durability, TableDefinition};
use std::path::Path;
use std::sync::Arc;

const ME: EngineName = EngineName::Redb;
const JOURNAL: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("journal");

pub(crate) struct Redb {
    database: Database,
    seq: u64,
}

impl Redb {
    pub(crate) fn create(dir: &Path) -> Result<Self, BenchError> {
        let database = Database::create(dir.join("journal.redb")).peer(ME, "create")?;
        Ok(Self { database, seq: 0 })
    }

    fn insert_all(&mut self, records: &[Arc<Record>]) -> Result<(), redb::Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        let mut table = transaction.open_table(JOURNAL)?;
        for record in records {
            self.seq += 1;
            table.insert(self.seq, record.json.as_slice())?;
        }
        drop(table);
        Ok(transaction.commit()?)
    }
}

impl Engine for Redb {
    fn commit(&mut self, records: &[Arc<Record>]) -> Result<(), BenchError> {
        self.insert_all(records).peer(ME, "commit")
    }
}
