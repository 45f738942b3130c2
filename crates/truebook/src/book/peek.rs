//! Looking into a book without holding it: works beside the process that does.

use super::holder::{Holder, LOCK_FILE};
use super::opening::{describe_root, find_manifest, make_context};
use super::readable::{self, Condition};
use super::{OpenError, OpenOptions};
use crate::backup::restore;
use crate::crypt::KeySource;
use crate::disk::{LockFailure, read_file};
use crate::error::FileError;
use crate::journal::Context;
use crate::recovery::{AssessError, Assessment, Finding, Report, assess};
use crate::world::World;
use truebook_core::id::Seq;
use truebook_core::state::State;

/// A writer moves files while a reader reads them; after this many collisions the reader gives up.
const TRIES_MAX: u32 = 20;

/// A book as a reader found it.
pub struct Peek {
    /// Its state.
    pub state: State,
    /// Sequence number of the last event in it.
    pub last: Seq,
    /// What was found; nothing was changed.
    pub report: Report,
    /// The newest usable checkpoint.
    pub checkpoint: Option<super::CheckpointDone>,
    /// Who holds the book just now.
    pub holder: Option<Holder>,
    /// The readable copy.
    pub readable: Condition,
    pub(crate) context: Context,
}

impl Peek {
    /// Reads a book.
    ///
    /// # Errors
    /// As opening it, but a holder is no obstacle and damage is in the report as long as there is a state.
    pub fn read(world: &World, key: Option<KeySource>) -> Result<Self, OpenError> {
        let path = describe_root(world);
        let found = find_manifest(world)?.ok_or_else(|| OpenError::NoBook { path: path.clone() })?;
        let context = make_context(world, &found.manifest, &OpenOptions { key, ..OpenOptions::default() })?;
        let holder = holder(world)?;
        let mut assessment = assess_beside_writer(&context)?;
        // What was read while a restore moved files is no book.
        restore::refuse_pending(&*world.disk)?;
        assessment.report.findings.extend(found.findings);
        let Some(state) = assessment.state else {
            let what = "no event and no checkpoint can be read".to_owned();
            return Err(OpenError::LostState { path, what });
        };
        let mark = assessment.checkpoint.as_ref().and_then(|(_, checkpoint)| checkpoint.readable.as_ref());
        let readable = readable::inspect(&context, mark)?;
        let checkpoint = assessment.checkpoint.map(|(name, checkpoint)| super::CheckpointDone {
            seq: checkpoint.seq,
            at: checkpoint.at,
            state_hash: checkpoint.state_hash,
            file: context.disk.describe(&name.path()),
        });
        let mut report = assessment.report;
        report.findings.extend(super::opening::readable_finding(&context, &readable));
        Ok(Self { state, last: assessment.last, report, checkpoint, holder, readable, context })
    }

    /// Everything that is not as it should be.
    pub fn findings(&self) -> &[Finding] {
        &self.report.findings
    }

    /// Where the book's files are, and how to read them.
    pub const fn context(&self) -> &Context {
        &self.context
    }
}

/// Reads the book; again if a file vanished meanwhile, because a writer sealed or replaced it.
pub(crate) fn assess_beside_writer(context: &Context) -> Result<Assessment, OpenError> {
    let mut tries = 0;
    loop {
        tries += 1;
        let moved = match assess(context) {
            Ok(assessment) if assessment.broken.is_none() && assessment.unusable.is_empty() => {
                return Ok(assessment);
            }
            // What looks broken may be a file that was replaced between two reads.
            Ok(assessment) if tries > 2 => return Ok(assessment),
            Ok(_) => true,
            Err(AssessError::File(failed)) => {
                failed.source.kind() == std::io::ErrorKind::NotFound && tries < TRIES_MAX
            }
            Err(AssessError::Newer { file, what }) => return Err(OpenError::Newer { file, what }),
        };
        if !moved {
            return assess(context).map_err(OpenError::from);
        }
    }
}

/// Who holds the book just now: whoever has the lock. Looking takes the lock for a moment if it is free.
pub(crate) fn holder(world: &World) -> Result<Option<Holder>, OpenError> {
    // Taking the lock would write into the file; reading first keeps a dead holder's name out of the way.
    let there = world.disk.exists(LOCK_FILE).map_err(|source| lock_error(world, source))?;
    if !there {
        return Ok(None);
    }
    let bytes = read_file(&*world.disk, LOCK_FILE, 64 * 1024).unwrap_or_default();
    match world.disk.lock(LOCK_FILE, &bytes) {
        Ok(_free) => Ok(None),
        Err(LockFailure::Held(bytes)) => Ok(Some(Holder::from_bytes(&bytes).unwrap_or_else(unnamed))),
        // Without permission to write, nobody can tell; reading works all the same.
        Err(LockFailure::Io(_)) => Ok(None),
    }
}

fn unnamed() -> Holder {
    let since = truebook_core::time::Utc::from_nanos(0);
    Holder { pid: 0, host: String::new(), boot: String::new(), since, program: "another process".to_owned() }
}

fn lock_error(world: &World, source: std::io::Error) -> FileError {
    FileError::new("look for", world.disk.describe(LOCK_FILE), source)
}
