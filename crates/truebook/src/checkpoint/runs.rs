//! Run files: seen keys and executions that no longer change, 33 bytes each, shared by checkpoints.
//!
//! A run is `TBSEEN01`, the number of entries, then the entries; its BLAKE3 hash stands in every checkpoint
//! that needs it. Small runs are merged, large ones are left alone, so that a key is written a few times
//! in its life and a checkpoint never rewrites the whole history.

use crate::crypt::Purpose;
use crate::disk::{read_file, replace_file};
use crate::error::FileError;
use crate::journal::Context;
use serde::{Deserialize, Serialize};
use std::io;
use truebook_core::hash::to_hex;
use truebook_core::id::{SeenId, Seq};
use truebook_core::seen::{Seen, SeenEntry, SeenKind};

/// The directory of run files within the book.
pub const RUN_DIR: &str = "seen";

const MAGIC: &[u8; 8] = b"TBSEEN01";
const ENTRY_BYTES: usize = 33;
/// A run with at least this many entries is never merged again.
const FULL_ENTRIES: u64 = 65_536;
/// This many small runs are merged into one.
const SMALL_RUNS_MAX: usize = 8;
const RUN_BYTES_MAX: u64 = 1 << 30;

/// A run file as a checkpoint names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunRef {
    /// Name within the directory.
    pub file: String,
    /// How many entries it has.
    pub entries: u64,
    /// BLAKE3 of the file's bytes, in hexadecimal digits.
    pub blake3: String,
}

/// Why a run file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// It is not the file that the checkpoint names.
    #[error("the run file {path} is damaged")]
    Damaged {
        /// The file.
        path: String,
    },
}

/// Saves new entries: a new run, with small runs merged in when there are many. Returns the runs that
/// together hold everything.
pub fn save(context: &Context, runs: &[RunRef], fresh: &[SeenEntry]) -> Result<Vec<RunRef>, RunError> {
    if fresh.is_empty() {
        return Ok(runs.to_vec());
    }
    let (small, full): (Vec<_>, Vec<_>) = runs.iter().cloned().partition(|run| run.entries < FULL_ENTRIES);
    let merge = small.len() >= SMALL_RUNS_MAX;
    let (mut kept, merged) = if merge { (full, small) } else { (runs.to_vec(), Vec::new()) };
    let mut entries = Vec::new();
    for run in &merged {
        entries.extend(load(context, run)?);
    }
    entries.extend_from_slice(fresh);
    kept.push(write(context, &entries)?);
    let total = kept.iter().fold(0_u64, |total, run| total.saturating_add(run.entries));
    assert!(total >= fresh.len() as u64, "nothing gets lost in a merge");
    Ok(kept)
}

/// A run's bytes.
pub(crate) fn encode(entries: &[SeenEntry]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(16 + entries.len() * ENTRY_BYTES);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&(entries.len() as u64).to_le_bytes());
    for entry in entries {
        bytes.extend_from_slice(entry.id.as_bytes());
        bytes.push(entry.kind as u8);
        bytes.extend_from_slice(&entry.fingerprint.to_le_bytes());
        bytes.extend_from_slice(&entry.seq.get().to_le_bytes());
    }
    bytes
}

fn write(context: &Context, entries: &[SeenEntry]) -> Result<RunRef, RunError> {
    let mut bytes = encode(entries);
    let plain_hash = to_hex(&blake3::hash(&bytes).as_bytes()[..8]);
    let file = format!("run-{plain_hash}.bin");
    if let Some(cipher) = &context.cipher {
        bytes = cipher.seal(Purpose::Run(&file), &bytes);
    }
    replace_file(&*context.disk, &path(&file), &bytes).map_err(FileError::from)?;
    Ok(RunRef { file, entries: entries.len() as u64, blake3: to_hex(blake3::hash(&bytes).as_bytes()) })
}

fn path(file: &str) -> String {
    format!("{RUN_DIR}/{file}")
}

/// The entries of one run.
fn load(context: &Context, run: &RunRef) -> Result<Vec<SeenEntry>, RunError> {
    let name = path(&run.file);
    let damaged = || RunError::Damaged { path: context.disk.describe(&name) };
    let bytes = read_file(&*context.disk, &name, RUN_BYTES_MAX).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => damaged(),
        _ => RunError::File(context.failed("read", &name, source)),
    })?;
    if to_hex(blake3::hash(&bytes).as_bytes()) != run.blake3 {
        return Err(damaged());
    }
    let plain = match &context.cipher {
        Some(cipher) => cipher.open(Purpose::Run(&run.file), &bytes).map_err(|_| damaged())?,
        None => bytes,
    };
    decode(&plain).filter(|entries| entries.len() as u64 == run.entries).ok_or_else(damaged)
}

/// Reads a run's bytes; `None` if they are no run.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<SeenEntry>> {
    let entries = bytes.strip_prefix(MAGIC)?;
    let (count, entries) = entries.split_first_chunk::<8>()?;
    let whole = entries.len().is_multiple_of(ENTRY_BYTES);
    let counted = u64::from_le_bytes(*count) == (entries.len() / ENTRY_BYTES) as u64;
    if !whole || !counted {
        return None;
    }
    let mut decoded = Vec::with_capacity(entries.len() / ENTRY_BYTES);
    for entry in entries.chunks_exact(ENTRY_BYTES) {
        decoded.push(decode_entry(entry)?);
    }
    Some(decoded)
}

fn decode_entry(bytes: &[u8]) -> Option<SeenEntry> {
    let (id, rest) = bytes.split_first_chunk::<16>()?;
    let (kind, rest) = rest.split_first()?;
    let (fingerprint, rest) = rest.split_first_chunk::<8>()?;
    let seq = rest.first_chunk::<8>()?;
    Some(SeenEntry {
        id: SeenId::from_bytes(*id),
        kind: SeenKind::from_byte(*kind)?,
        fingerprint: u64::from_le_bytes(*fingerprint),
        seq: Seq::new(u64::from_le_bytes(*seq)),
    })
}

/// Everything that the runs hold.
pub fn load_all(context: &Context, runs: &[RunRef]) -> Result<Seen, RunError> {
    let mut seen = Seen::default();
    for run in runs {
        if !seen.restore(load(context, run)?) {
            return Err(RunError::Damaged { path: context.disk.describe(&path(&run.file)) });
        }
    }
    Ok(seen)
}
