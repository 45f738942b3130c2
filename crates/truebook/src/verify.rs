//! Verifying a book: every byte is read, every event replayed, every checkpoint compared with the replay.
//! Nothing is written, and a writer may go on meanwhile.

use crate::book::{Holder, OpenError, OpenOptions};
use crate::crypt::KeySource;
use crate::journal::segment::{SegmentIndex, Storage};
use crate::recovery::{Finding, Weight};
use crate::world::World;
use serde::Serialize;
use truebook_core::hash::StateHash;
use truebook_core::id::Seq;

mod walk;

pub(crate) use walk::replay_whole;

/// What verifying a book found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// Whether nothing is damaged or changed.
    pub ok: bool,
    /// Everything that is not as it should be.
    pub findings: Vec<Finding>,
    /// Sequence number of the last event.
    pub last: Seq,
    /// Hash of the state after it.
    pub state_hash: Option<StateHash>,
    /// How many events were replayed.
    pub events: u64,
    /// How many segments were read.
    pub segments: usize,
    /// Checkpoints whose state is the one that the journal gives.
    pub checkpoints_proved: Vec<Seq>,
    /// Who holds the book just now.
    pub holder: Option<Holder>,
}

/// How far a verification has come.
pub trait Progress {
    /// This many segments will be read.
    fn total(&mut self, segments: usize);
    /// One more was read.
    fn step(&mut self, index: SegmentIndex, storage: Storage);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn total(&mut self, _segments: usize) {}
    fn step(&mut self, _index: SegmentIndex, _storage: Storage) {}
}

/// Verifies a book.
///
/// # Errors
/// If there is none, or it cannot be read at all; damage is not an error but a finding.
pub fn verify(
    world: &World,
    key: Option<KeySource>,
    progress: &mut dyn Progress,
) -> Result<Verification, OpenError> {
    walk::verify(world, &OpenOptions { key, ..OpenOptions::default() }, progress)
}

impl Verification {
    pub(crate) fn conclude(mut self) -> Self {
        self.findings.sort_by(|one, other| (&one.file, one.offset).cmp(&(&other.file, other.offset)));
        self.findings.dedup();
        self.ok = self.findings.iter().all(|finding| finding.weight == Weight::Note);
        self
    }
}
