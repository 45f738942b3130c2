//! Run files: seen keys and executions that no longer change, 33 bytes each, shared by checkpoints.
//!
//! A run is `TBSEEN01`, the number of entries, then the entries; its BLAKE3 hash stands in every checkpoint
//! that needs it. Small runs are merged, large ones are left alone, so that a key is written a few times
//! in its life and a checkpoint never rewrites the whole history.

use crate::crypt::Purpose;
use crate::disk::{DiskFile, open_limited, read_exact_at, read_pieces, replace_file};
use crate::error::FileError;
use crate::journal::Context;
use serde::{Deserialize, Serialize};
use std::io;
use std::ops::ControlFlow;
use truebook_core::hash::to_hex;
use truebook_core::id::{SeenId, Seq};
use truebook_core::seen::{Seen, SeenEntry, SeenKind};

/// The directory of run files within the book.
pub const RUN_DIR: &str = "seen";

const MAGIC: &[u8; 8] = b"TBSEEN01";
const HEAD_BYTES: usize = 16;
const ENTRY_BYTES: usize = 33;
/// A run is read in pieces of so many bytes: whole entries, and whole chunks of the hash.
const PIECE_BYTES: usize = ENTRY_BYTES * 32 * 1024;
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
    let mut bytes = Vec::with_capacity(HEAD_BYTES + entries.len() * ENTRY_BYTES);
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

/// A run file's name within the book.
pub(crate) fn path(file: &str) -> String {
    format!("{RUN_DIR}/{file}")
}

/// The entries of one run.
fn load(context: &Context, run: &RunRef) -> Result<Vec<SeenEntry>, RunError> {
    let name = path(&run.file);
    let damaged = || RunError::Damaged { path: context.disk.describe(&name) };
    let read = open_limited(&*context.disk, &name, RUN_BYTES_MAX).and_then(|(file, length)| {
        if context.cipher.is_some() {
            read_sealed(context, run, &*file, length)
        } else {
            read_plain(run, &*file, length)
        }
    });
    let entries = read.map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => damaged(),
        _ => RunError::File(context.failed("read", &name, source)),
    })?;
    entries.filter(|entries| entries.len() as u64 == run.entries).ok_or_else(damaged)
}

/// The entries of an encrypted run, which can be opened only as a whole; `None` if it is not the one named.
fn read_sealed(
    context: &Context,
    run: &RunRef,
    file: &dyn DiskFile,
    length: u64,
) -> io::Result<Option<Vec<SeenEntry>>> {
    let bytes = read_exact_at(file, 0, length)?;
    if to_hex(blake3::hash(&bytes).as_bytes()) != run.blake3 {
        return Ok(None);
    }
    let cipher = context.cipher.as_ref();
    let plain = cipher.and_then(|cipher| cipher.open(Purpose::Run(&run.file), &bytes).ok());
    Ok(plain.and_then(|plain| decode(&plain)))
}

/// The entries of a run, hashed and decoded as they are read; `None` if it is not the one named. Nothing of
/// them is believed before the hash of the whole was compared.
fn read_plain(run: &RunRef, file: &dyn DiskFile, length: u64) -> io::Result<Option<Vec<SeenEntry>>> {
    let head = read_exact_at(file, 0, HEAD_BYTES as u64)?;
    let Some(count) = decode_head(&head, length) else { return Ok(None) };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head);
    let mut entries = Vec::with_capacity(count);
    read_pieces(file, HEAD_BYTES as u64..length, PIECE_BYTES, |piece| {
        hasher.update(piece);
        decode_entries(piece, &mut entries)
    })?;
    let is_named = to_hex(hasher.finalize().as_bytes()) == run.blake3 && entries.len() == count;
    Ok(is_named.then_some(entries))
}

/// Reads a run's bytes; `None` if they are no run.
pub(crate) fn decode(bytes: &[u8]) -> Option<Vec<SeenEntry>> {
    let (head, entries) = bytes.split_at_checked(HEAD_BYTES)?;
    let mut decoded = Vec::with_capacity(decode_head(head, bytes.len() as u64)?);
    decode_entries(entries, &mut decoded).is_continue().then_some(decoded)
}

/// How many entries a run of this length has; `None` if its head does not say the same.
fn decode_head(head: &[u8], length: u64) -> Option<usize> {
    let count = u64::from_le_bytes(*head.strip_prefix(MAGIC)?.first_chunk::<8>()?);
    let entries_bytes = length.checked_sub(HEAD_BYTES as u64)?;
    let fits = count.checked_mul(ENTRY_BYTES as u64) == Some(entries_bytes);
    usize::try_from(count).ok().filter(|_| fits)
}

/// Breaks at the first that is no entry.
fn decode_entries(bytes: &[u8], decoded: &mut Vec<SeenEntry>) -> ControlFlow<()> {
    let entries = bytes.chunks_exact(ENTRY_BYTES);
    let whole = entries.remainder().is_empty();
    for entry in entries {
        let Some(entry) = decode_entry(entry) else { return ControlFlow::Break(()) };
        decoded.push(entry);
    }
    if whole { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::RealDisk;

    /// More than one piece.
    const ENTRIES: u64 = 40_000;

    fn entries() -> Vec<SeenEntry> {
        let entry = |n: u64| {
            let id = SeenId::from_bytes(u128::from(n).to_le_bytes());
            SeenEntry { id, kind: SeenKind::Execution, fingerprint: n * 7, seq: Seq::new(n) }
        };
        (1..=ENTRIES).map(entry).collect()
    }

    fn named(bytes: &[u8]) -> RunRef {
        let blake3 = to_hex(blake3::hash(bytes).as_bytes());
        RunRef { file: "run.bin".to_owned(), entries: ENTRIES, blake3 }
    }

    fn read_back(run: &RunRef, bytes: &[u8]) -> Option<Vec<SeenEntry>> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(&run.file), bytes).unwrap();
        let (file, length) = open_limited(&RealDisk::new(dir.path()), &run.file, RUN_BYTES_MAX).unwrap();
        read_plain(run, &*file, length).unwrap()
    }

    #[test]
    fn a_run_that_is_read_in_pieces_is_whole() {
        let bytes = encode(&entries());
        assert!(bytes.len() > PIECE_BYTES);
        assert_eq!(read_back(&named(&bytes), &bytes), Some(entries()));
    }

    #[test]
    fn p7_damage_in_any_piece_of_a_run_makes_it_unusable() {
        let bytes = encode(&entries());
        let run = named(&bytes);
        let last_id = bytes.len() - ENTRY_BYTES;
        for at in [0, 8, HEAD_BYTES, HEAD_BYTES + 16, PIECE_BYTES, HEAD_BYTES + PIECE_BYTES, last_id] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(read_back(&run, &damaged), None, "byte {at}");
        }
        for length in [0, 7, HEAD_BYTES, PIECE_BYTES, bytes.len() - ENTRY_BYTES, bytes.len() - 1] {
            assert_eq!(read_back(&run, &bytes[..length]), None, "{length} bytes");
        }
        assert_eq!(read_back(&run, &[&bytes[..], &[0; ENTRY_BYTES]].concat()), None);
    }
}
