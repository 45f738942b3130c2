//! Making checkpoints while the bot goes on: the state is copied in a moment (it is shared until changed),
//! everything else happens beside the writers.

use super::readable::{self, Condition};
use super::{Shared, WriteError, lock};
use crate::aside::move_aside;
use crate::checkpoint::{self, Checkpoint, CheckpointName, ReadableMark, RunError, RunRef, save_runs};
use crate::error::FileError;
use crate::journal::segment::SegmentIndex;
use crate::recovery::SetAside;
use serde::Serialize;
use std::collections::BTreeSet;
use truebook_core::hash::StateHash;
use truebook_core::id::Seq;
use truebook_core::seen::SeenEntry;
use truebook_core::state::Live;
use truebook_core::time::Utc;

/// What is known of the checkpoints on disk.
pub(super) struct Checkpoints {
    /// The newest.
    pub last: Option<CheckpointDone>,
    /// The readable copy last written.
    pub readable: Option<ReadableMark>,
    /// Run files that hold all saved entries.
    pub runs: Vec<RunRef>,
    /// The kept ones, oldest first, with the run files each needs.
    pub kept: Vec<(CheckpointName, BTreeSet<String>)>,
    /// When the next one is due.
    pub due: Utc,
    /// Readable copies that were set aside before they were replaced.
    pub set_aside: Vec<SetAside>,
}

/// A checkpoint on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckpointDone {
    /// Sequence number of the last event in it.
    pub seq: Seq,
    /// When it was made.
    pub at: Utc,
    /// Hash of the state in it.
    pub state_hash: StateHash,
    /// Its file.
    pub file: String,
}

struct Snapshot {
    seq: Seq,
    live: Live,
    unsaved: Vec<SeenEntry>,
    segment: SegmentIndex,
}

impl super::Book {
    /// Makes a checkpoint and rewrites the readable copy now. If nothing changed since the last one, that
    /// one is returned.
    ///
    /// # Errors
    /// What failed; the journal has then stopped (promise P12).
    pub fn checkpoint(&self) -> Result<CheckpointDone, WriteError> {
        self.0.shared.checkpoint()
    }
}

impl Shared {
    pub(super) fn checkpoint(&self) -> Result<CheckpointDone, WriteError> {
        let mut checkpoints = lock(&self.checkpoints);
        if let Some(stop) = self.journal.stopped() {
            return Err(stop.into());
        }
        let snapshot = self.snapshot();
        checkpoints.due = self.due_after(self.world.clock.now());
        if let Some(last) = checkpoints.last.as_ref().filter(|last| last.seq == snapshot.seq) {
            let last = last.clone();
            self.refresh_readable(&mut checkpoints, &snapshot.live, last.seq, last.state_hash)
                .map_err(|failed| self.journal.stop(failed))?;
            return Ok(last);
        }
        self.journal.flush_to(snapshot.seq)?;
        self.write_checkpoint(&mut checkpoints, &snapshot).map_err(|failed| self.journal.stop(failed).into())
    }

    fn snapshot(&self) -> Snapshot {
        // Read before the state is: this segment, or one after it, holds its last event and all later ones.
        let segment = self.journal.segment_of_last();
        let core = lock(&self.core);
        let unsaved = core.state.seen().unsaved().to_vec();
        Snapshot { seq: core.last, live: core.state.live().clone(), unsaved, segment }
    }

    fn write_checkpoint(
        &self,
        checkpoints: &mut Checkpoints,
        snapshot: &Snapshot,
    ) -> Result<CheckpointDone, FileError> {
        assert!(self.journal.durable() >= snapshot.seq, "a checkpoint proves that its last event is durable");
        let Snapshot { seq, live, unsaved, segment } = snapshot;
        let (seq, state_hash, at) = (*seq, live.hash(), self.world.clock.now());
        self.refresh_readable(checkpoints, live, seq, state_hash)?;
        let runs = self.save_seen(&checkpoints.runs, unsaved)?;
        let readable = checkpoints.readable.clone();
        let written = Checkpoint { seq, at, segment: *segment, state_hash, runs: runs.clone(), readable };
        let name = checkpoint::write(&self.context, &written, live)?;
        let file = self.context.disk.describe(&name.path());
        let needed: BTreeSet<String> = runs.iter().map(|run| run.file.clone()).collect();
        checkpoints.runs = runs;
        checkpoints.kept.push((name, needed));
        lock(&self.core).state.mark_seen_saved(unsaved.len());
        let done = CheckpointDone { seq, at, state_hash, file };
        checkpoints.last = Some(done.clone());
        self.remove_old(checkpoints)?;
        Ok(done)
    }

    fn save_seen(&self, runs: &[RunRef], unsaved: &[SeenEntry]) -> Result<Vec<RunRef>, FileError> {
        match save_runs(&self.context, runs, unsaved) {
            Ok(runs) => Ok(runs),
            Err(RunError::File(failed)) => Err(failed),
            Err(RunError::Damaged { .. }) => {
                // Everything is in memory too: write it all anew instead of building on a damaged file.
                let all: Vec<SeenEntry> = lock(&self.core).state.seen().iter().collect();
                save_runs(&self.context, &[], &all).map_err(|failed| match failed {
                    RunError::File(failed) => failed,
                    RunError::Damaged { path } => {
                        FileError::new("save", path, std::io::ErrorKind::InvalidData.into())
                    }
                })
            }
        }
    }

    fn remove_old(&self, checkpoints: &mut Checkpoints) -> Result<(), FileError> {
        let kept = self.schedule.kept.max(2);
        let surplus = checkpoints.kept.len().saturating_sub(kept);
        checkpoints.kept.drain(..surplus);
        let names: Vec<_> = checkpoints.kept.iter().map(|(name, _)| name.clone()).collect();
        let runs = checkpoints.kept.iter().flat_map(|(_, runs)| runs.iter().cloned()).collect();
        checkpoint::remove_except(&self.context, &names, &runs)
    }

    /// Replaces the readable copy, after a look at what would be replaced.
    fn refresh_readable(
        &self,
        checkpoints: &mut Checkpoints,
        live: &Live,
        seq: Seq,
        hash: StateHash,
    ) -> Result<(), FileError> {
        let now = self.world.clock.now();
        let condition = readable::inspect(&self.context, checkpoints.readable.as_ref())?;
        let (why, missing) = match &condition {
            Condition::Intact { seq: found } if *found == seq => return Ok(()),
            Condition::Intact { .. } => (None, false),
            Condition::Missing => (None, true),
            Condition::Edited { .. } => (Some("it was edited by hand"), false),
            Condition::Older { .. } => (Some("it is an older copy that was put back"), false),
            Condition::Damaged { .. } => (Some("it is damaged"), false),
        };
        if let Some(why) = why {
            let moved = move_aside(&self.context, readable::READABLE_FILE, why, now)?;
            checkpoints.set_aside.push(moved);
        }
        let Some((bytes, mark)) = readable::build(&self.context, live, seq, hash, now) else {
            return Ok(());
        };
        assert!(
            missing || why.is_some() || checkpoints.readable.as_ref() != Some(&mark),
            "a copy is not written twice"
        );
        readable::write(&self.context, &bytes)?;
        checkpoints.readable = Some(mark);
        Ok(())
    }

    pub(super) fn due_after(&self, now: Utc) -> Utc {
        let interval = i64::try_from(self.schedule.interval.as_nanos()).unwrap_or(i64::MAX);
        Utc::from_nanos(now.nanos().saturating_add(interval))
    }

    /// Whether a checkpoint is due: the time has come, or many events have been recorded since the last.
    pub(super) fn is_checkpoint_due(&self) -> bool {
        // Somebody is making one just now.
        let Ok(checkpoints) = self.checkpoints.try_lock() else { return false };
        let last = lock(&self.core).last;
        let covered = checkpoints.last.as_ref().map_or(Seq::ZERO, |done| done.seq);
        let many = last.get() - covered.get() >= self.schedule.events;
        last > covered && (many || self.world.clock.now() >= checkpoints.due)
    }
}
