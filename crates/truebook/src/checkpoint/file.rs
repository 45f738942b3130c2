//! The checkpoint file: its name, its content, writing, finding and reading it.

use super::runs::{RunError, RunRef, load_all};
use crate::crypt::Purpose;
use crate::disk::{read_file, replace_file};
use crate::envelope::{self, EnvelopeError};
use crate::error::FileError;
use crate::journal::Context;
use crate::journal::segment::SegmentIndex;
use crate::manifest::FORMAT;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use std::io;
use truebook_core::hash::{StateHash, to_hex};
use truebook_core::id::{BookId, Seq};
use truebook_core::state::{Live, State};
use truebook_core::time::Utc;

/// The directory of checkpoints within the book.
pub const CHECKPOINT_DIR: &str = "checkpoints";

const ENVELOPE: &str = "checkpoint";
const CHECKPOINT_BYTES_MAX: u64 = 1 << 30;

/// A checkpoint's file name: `checkpoint-<seq>-<hash8>.json`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckpointName {
    /// Sequence number of the last event in it. The file exists only if that event is durable.
    pub seq: Seq,
    /// First 8 hexadecimal digits of the BLAKE3 hash of the file.
    pub hash8: String,
}

impl CheckpointName {
    /// Name of the file within the book.
    pub fn path(&self) -> String {
        format!("{CHECKPOINT_DIR}/checkpoint-{:012}-{}.json", self.seq.get(), self.hash8)
    }

    /// Reads a file name in the directory; `None` if it is no checkpoint's.
    pub fn parse(file: &str) -> Option<Self> {
        let inner = file.strip_prefix("checkpoint-")?.strip_suffix(".json")?;
        let (seq, hash8) = inner.split_once('-')?;
        let name = Self { seq: Seq::new(seq.parse().ok()?), hash8: hash8.to_owned() };
        let written_so = name.path() == format!("{CHECKPOINT_DIR}/{file}");
        (written_so && hash8.len() == 8 && name.seq <= Seq::MAX).then_some(name)
    }
}

/// What a checkpoint remembers of the readable copy that was written before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadableMark {
    /// Sequence number of the last event in it.
    pub seq: Seq,
    /// BLAKE3 of its bytes, in hexadecimal digits.
    pub blake3: String,
}

/// What a checkpoint holds besides the state.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// Sequence number of the last event in the state.
    pub seq: Seq,
    /// When it was written.
    pub at: Utc,
    /// No event after `seq` is in a segment before this one.
    pub segment: SegmentIndex,
    /// Hash of the state.
    pub state_hash: StateHash,
    /// Run files with everything that was ever used.
    pub runs: Vec<RunRef>,
    /// The readable copy written before it.
    pub readable: Option<ReadableMark>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'a> {
    format: u32,
    book: BookId,
    seq: Seq,
    at: Utc,
    segment: SegmentIndex,
    state_hash: StateHash,
    runs: Vec<RunRef>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    readable: Option<ReadableMark>,
    #[serde(borrow)]
    state: &'a RawValue,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    sealed: String,
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is damaged.
    #[error(transparent)]
    Damaged(#[from] EnvelopeError),
    /// The file's name does not fit its content.
    #[error("its name does not fit its content")]
    Name,
    /// It was encrypted with another key, or changed.
    #[error("its encrypted content is not authentic")]
    NotAuthentic,
    /// The content is not what a checkpoint holds.
    #[error("its content is not a checkpoint: {0}")]
    Content(String),
    /// It belongs to another book.
    #[error("it belongs to book {0}")]
    OtherBook(BookId),
    /// A newer program wrote it.
    #[error("it has format {0}, this program reads up to {FORMAT}: use a newer truebook")]
    Newer(u32),
    /// A run file that it needs is unusable.
    #[error(transparent)]
    Run(#[from] RunError),
    /// State and hash do not belong together.
    #[error("its state does not have the hash stored with it")]
    StateHash,
}

/// Writes a checkpoint. The event with its sequence number must be durable, and its runs saved.
pub fn write(context: &Context, checkpoint: &Checkpoint, live: &Live) -> Result<CheckpointName, FileError> {
    let file = encode(context, checkpoint, live)?;
    let name = CheckpointName { seq: checkpoint.seq, hash8: hash8(&file) };
    replace_file(&*context.disk, &name.path(), &file)?;
    Ok(name)
}

/// A checkpoint's bytes.
pub(crate) fn encode(context: &Context, checkpoint: &Checkpoint, live: &Live) -> Result<Vec<u8>, FileError> {
    let canonical = live.canonical();
    assert_eq!(
        StateHash::of(&canonical),
        checkpoint.state_hash,
        "the hash is that of the state being written"
    );
    let encode = |failed: serde_json::Error| context.failed("encode", CHECKPOINT_DIR, failed.into());
    let state = String::from_utf8(canonical).map_err(|_| encode(serde::ser::Error::custom("not UTF-8")))?;
    let state = RawValue::from_string(state).map_err(encode)?;
    let body = Body {
        format: FORMAT,
        book: context.manifest.book,
        seq: checkpoint.seq,
        at: checkpoint.at,
        segment: checkpoint.segment,
        state_hash: checkpoint.state_hash,
        runs: checkpoint.runs.clone(),
        readable: checkpoint.readable.clone(),
        state: &state,
    };
    let mut body = serde_json::to_vec(&body).map_err(encode)?;
    if let Some(cipher) = &context.cipher {
        let sealed = BASE64.encode(cipher.seal(Purpose::Checkpoint(checkpoint.seq.get()), &body));
        body = serde_json::to_vec(&Sealed { sealed }).map_err(encode)?;
    }
    Ok(envelope::wrap(ENVELOPE, &body))
}

fn hash8(file: &[u8]) -> String {
    to_hex(&blake3::hash(file).as_bytes()[..4])
}

/// Names of all checkpoints, newest first.
pub fn list(context: &Context) -> Result<Vec<CheckpointName>, FileError> {
    let files = match context.disk.list(CHECKPOINT_DIR) {
        Ok(files) => files,
        Err(source) if source.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(context.failed("list", CHECKPOINT_DIR, source)),
    };
    let mut names: Vec<_> = files.iter().filter_map(|file| CheckpointName::parse(file)).collect();
    names.sort_by(|one, other| other.cmp(one));
    Ok(names)
}

/// Reads a checkpoint and the state in it, and checks both.
pub fn read(context: &Context, name: &CheckpointName) -> Result<(Checkpoint, State), CheckpointError> {
    let (checkpoint, live) = read_file_alone(context, name)?;
    let state = restore(context, &checkpoint, live)?;
    Ok((checkpoint, state))
}

/// Reads the run files that a checkpoint needs, and makes the state of them and what it holds itself.
pub fn restore(context: &Context, checkpoint: &Checkpoint, live: Live) -> Result<State, CheckpointError> {
    let seen = load_all(context, &checkpoint.runs)?;
    State::restore(live, seen).ok_or(CheckpointError::StateHash)
}

/// Reads a checkpoint without the run files that it needs: enough to know which they are.
pub fn read_file_alone(
    context: &Context,
    name: &CheckpointName,
) -> Result<(Checkpoint, Live), CheckpointError> {
    let path = name.path();
    let file = read_file(&*context.disk, &path, CHECKPOINT_BYTES_MAX)
        .map_err(|source| context.failed("read", &path, source))?;
    let (checkpoint, live) = decode(context, &file, name.seq)?;
    if checkpoint.seq != name.seq || hash8(&file) != name.hash8 {
        return Err(CheckpointError::Name);
    }
    Ok((checkpoint, live))
}

/// Reads a checkpoint's bytes; the seen part of the state is not looked at.
pub(crate) fn decode(
    context: &Context,
    file: &[u8],
    seq: Seq,
) -> Result<(Checkpoint, Live), CheckpointError> {
    let content = |failed: serde_json::Error| CheckpointError::Content(failed.to_string());
    let body = envelope::unwrap(ENVELOPE, file)?;
    let opened = match &context.cipher {
        None => None,
        Some(cipher) => {
            let Sealed { sealed } = serde_json::from_slice(body).map_err(content)?;
            let sealed = BASE64.decode(sealed).map_err(|_| CheckpointError::NotAuthentic)?;
            let purpose = Purpose::Checkpoint(seq.get());
            Some(cipher.open(purpose, &sealed).map_err(|_| CheckpointError::NotAuthentic)?)
        }
    };
    let body = opened.as_deref().unwrap_or(body);
    let body: Body<'_> = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(failed) => return Err(newer(body).unwrap_or_else(|| content(failed))),
    };
    if body.format > FORMAT {
        return Err(CheckpointError::Newer(body.format));
    }
    if body.book != context.manifest.book {
        return Err(CheckpointError::OtherBook(body.book));
    }
    if StateHash::of(body.state.get().as_bytes()) != body.state_hash {
        return Err(CheckpointError::StateHash);
    }
    let live: Live = serde_json::from_str(body.state.get()).map_err(content)?;
    let checkpoint = Checkpoint {
        seq: body.seq,
        at: body.at,
        segment: body.segment,
        state_hash: body.state_hash,
        runs: body.runs,
        readable: body.readable,
    };
    Ok((checkpoint, live))
}

fn newer(body: &[u8]) -> Option<CheckpointError> {
    #[derive(Deserialize)]
    struct FormatOnly {
        format: u32,
    }
    let FormatOnly { format } = serde_json::from_slice(body).ok()?;
    (format > FORMAT).then_some(CheckpointError::Newer(format))
}

/// Removes checkpoints and run files that none of the kept checkpoints needs.
pub fn remove_except(
    context: &Context,
    kept: &[CheckpointName],
    runs: &BTreeSet<String>,
) -> Result<(), FileError> {
    assert!(!kept.is_empty(), "the last checkpoint is never removed");
    let mut removed = 0;
    for name in list(context)? {
        if !kept.contains(&name) {
            context.remove_if_there(&name.path())?;
            removed += 1;
        }
    }
    if removed > 0 {
        context.sync_dir(CHECKPOINT_DIR)?;
    }
    let files =
        context.disk.list(super::RUN_DIR).map_err(|source| context.failed("list", super::RUN_DIR, source))?;
    for file in files.iter().filter(|file| file.starts_with("run-") && !runs.contains(*file)) {
        context.remove_if_there(&format!("{}/{file}", super::RUN_DIR))?;
    }
    Ok(())
}
