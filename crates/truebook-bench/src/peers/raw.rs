//! The limit: one positioned write and one flush into a file whose every block is written already.

use crate::engine::{Engine, EngineName};
use crate::error::{BenchError, DuringIo, DuringPeer};
use crate::records::Record;
use std::fs::File;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

const FILE_BYTES: u64 = 64 * 1024 * 1024;
static ZEROS: [u8; 1024 * 1024] = [0; 1024 * 1024];

pub(crate) struct Raw {
    file: File,
    offset: u64,
    batch: Vec<u8>,
}

impl Raw {
    pub(crate) fn create(dir: &Path) -> Result<Self, BenchError> {
        let path = dir.join("raw");
        Ok(Self {
            file: zero_filled(&path).during(|| format!("create {}", path.display()))?,
            offset: 0,
            batch: Vec::new(),
        })
    }

    /// Begins again at the start when full: the blocks are written either way, so it costs the same.
    fn place(&mut self, len: u64) -> u64 {
        if self.offset + len > FILE_BYTES {
            self.offset = 0;
        }
        let place = self.offset;
        self.offset += len;
        place
    }
}

/// Zeros really written: a block only reserved still costs a change of metadata at its first write.
fn zero_filled(path: &Path) -> Result<File, std::io::Error> {
    let mut file = File::create_new(path)?;
    for _ in 0..FILE_BYTES / ZEROS.len() as u64 {
        file.write_all(&ZEROS)?;
    }
    file.sync_all()?;
    Ok(file)
}

impl Engine for Raw {
    fn commit(&mut self, records: &[Arc<Record>]) -> Result<(), BenchError> {
        self.batch.clear();
        for record in records {
            self.batch.extend_from_slice(&record.json);
        }
        let place = self.place(self.batch.len() as u64);
        self.file.write_all_at(&self.batch, place).peer(EngineName::Raw, "write")?;
        self.file.sync_data().peer(EngineName::Raw, "flush")
    }
}
