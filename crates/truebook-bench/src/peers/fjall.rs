//! fjall, one batch a commit, flushed with fdatasync.

use crate::engine::{Engine, EngineName};
use crate::error::{BenchError, DuringPeer};
use crate::records::Record;
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use std::path::Path;
use std::sync::Arc;

const ME: EngineName = EngineName::Fjall;

pub(crate) struct Fjall {
    database: Database,
    journal: Keyspace,
    seq: u64,
}

impl Fjall {
    pub(crate) fn create(dir: &Path) -> Result<Self, BenchError> {
        let database = Database::builder(dir).open().peer(ME, "open")?;
        let journal =
            database.keyspace("journal", KeyspaceCreateOptions::default).peer(ME, "create the keyspace")?;
        Ok(Self { database, journal, seq: 0 })
    }

    /// Its keys are ordered as bytes: the most significant one first.
    fn next_key(&mut self) -> [u8; 8] {
        self.seq += 1;
        let mut key = self.seq.to_le_bytes();
        key.reverse();
        key
    }
}

impl Engine for Fjall {
    fn commit(&mut self, records: &[Arc<Record>]) -> Result<(), BenchError> {
        // The file's length is set beforehand, so what fdatasync leaves out is not needed to read it back.
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncData));
        for record in records {
            let key = self.next_key();
            batch.insert(&self.journal, key, record.json.as_slice());
        }
        batch.commit().peer(ME, "commit")
    }
}
