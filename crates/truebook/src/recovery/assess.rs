//! What state a book is in, found out by reading only.
//!
//! One path for a crash, a clean start and a reader beside a writer: the newest checkpoint that is valid,
//! then the journal after it. Nothing here writes; what must be done about what is found is decided here
//! and done in `settle`.

use super::inventory::{self, Inventory};
use super::pipeline;
use super::report::{Finding, FindingKind, Report, SeqRange, Weight};
use super::salvage::{self, Salvage};
use super::walk::{Damage, LastSegment, Walk};
use crate::checkpoint::{self, Checkpoint, CheckpointError, CheckpointName, RunError};
use crate::error::FileError;
use crate::journal::load::Fault;
use crate::journal::segment::{SegmentIndex, Storage};
use crate::journal::{Context, Retired};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use truebook_core::hash::StateHash;
use truebook_core::id::Seq;
use truebook_core::state::State;

/// What reading a book's files gave.
pub struct Assessment {
    /// The state, as far as it could be brought back.
    pub state: Option<State>,
    /// Sequence number of the last event in it.
    pub last: Seq,
    /// The checkpoint that it was begun with.
    pub checkpoint: Option<(CheckpointName, Checkpoint)>,
    /// Hashes of the state at the events that were asked for.
    pub watched: BTreeMap<Seq, StateHash>,
    /// Checkpoints that cannot be used.
    pub unusable: Vec<CheckpointName>,
    /// The last segment with events.
    pub last_segment: Option<LastSegment>,
    /// Raw segments that are full and wait to be sealed.
    pub retired: Vec<Retired>,
    /// The empty segment made ahead of time.
    pub spare: Option<SegmentIndex>,
    /// A segment whose first commit was torn.
    pub torn_opening: Option<SegmentIndex>,
    /// Damage, and what can be saved of what comes after it.
    pub broken: Option<Broken>,
    /// The files.
    pub inventory: Inventory,
    /// What was found.
    pub report: Report,
}

/// A journal that cannot be followed to its end.
pub struct Broken {
    /// Where and why.
    pub damage: Damage,
    /// Events after it that can still be read.
    pub salvage: Salvage,
}

/// Why a book's files could not be assessed at all.
#[derive(Debug, thiserror::Error)]
pub enum AssessError {
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
    /// A newer program wrote some of it.
    #[error("{file}: {what}")]
    Newer {
        /// The file.
        file: String,
        /// What it says.
        what: String,
    },
}

/// Reads the book and finds out what state it is in.
pub fn assess(context: &Context) -> Result<Assessment, AssessError> {
    assess_knowing(context, Seq::ZERO)
}

/// As [`assess`], if all events up to `known` are known to have been durable once.
pub fn assess_knowing(context: &Context, known: Seq) -> Result<Assessment, AssessError> {
    assess_asking(context, known, &BTreeSet::new())
}

/// As [`assess`], and gives the state's hash at each event of `watch` that is not before the checkpoint.
pub fn assess_watching(context: &Context, watch: &BTreeSet<Seq>) -> Result<Assessment, AssessError> {
    assess_asking(context, Seq::ZERO, watch)
}

fn assess_asking(context: &Context, known: Seq, watch: &BTreeSet<Seq>) -> Result<Assessment, AssessError> {
    let inventory = inventory::take(context)?;
    let mark = inventory.durable_mark().max(known);
    let Choice { chosen, mut walk, unusable, findings } = walk_from_newest(context, &inventory, watch)?;
    walk.finish(mark);
    if let Some(fault) = walk.fatal.take() {
        return Err(fatal(context, fault));
    }
    walk.report.fallbacks = unusable.iter().map(|name| context.disk.describe(&name.path())).collect();
    walk.report.findings.extend(findings);
    Ok(conclude(context, walk, inventory, chosen, unusable, mark))
}

struct Choice<'a> {
    chosen: Option<(CheckpointName, Checkpoint)>,
    walk: Walk<'a>,
    unusable: Vec<CheckpointName>,
    findings: Vec<Finding>,
}

/// Walks the journal from the newest checkpoint that is valid, or from the first event.
fn walk_from_newest<'a>(
    context: &'a Context,
    inventory: &Inventory,
    watch: &BTreeSet<Seq>,
) -> Result<Choice<'a>, AssessError> {
    let (mut unusable, mut findings) = (Vec::new(), Vec::new());
    for name in &inventory.checkpoints {
        match walk_from(context, inventory, name, watch) {
            Ok((checkpoint, walk)) => {
                let chosen = Some((name.clone(), checkpoint));
                return Ok(Choice { chosen, walk, unusable, findings });
            }
            Err(CheckpointError::File(failed)) => return Err(failed.into()),
            Err(failed @ CheckpointError::Newer(_)) => {
                let file = context.disk.describe(&name.path());
                return Err(AssessError::Newer { file, what: failed.to_string() });
            }
            Err(failed) => {
                findings.push(checkpoint_finding(context, name, &failed));
                unusable.push(name.clone());
            }
        }
    }
    let Ok(walk) = walk_journal(context, inventory, SegmentIndex::FIRST, || {
        Ok::<_, Infallible>(Walk::from_genesis(context).watching(watch))
    });
    Ok(Choice { chosen: None, walk, unusable, findings })
}

/// Walks the journal from a checkpoint. Its run files are read while the journal's end is being loaded; no
/// event is applied before they proved to be good.
fn walk_from<'a>(
    context: &'a Context,
    inventory: &Inventory,
    name: &CheckpointName,
    watch: &BTreeSet<Seq>,
) -> Result<(Checkpoint, Walk<'a>), CheckpointError> {
    let (checkpoint, live) = checkpoint::read_file_alone(context, name)?;
    let walk = walk_journal(context, inventory, checkpoint.segment, || {
        let state = checkpoint::restore(context, &checkpoint, live)?;
        Ok::<_, CheckpointError>(Walk::from_checkpoint(context, checkpoint.seq, state).watching(watch))
    })?;
    Ok((checkpoint, walk))
}

/// What is wrong with a checkpoint, for people.
pub fn checkpoint_finding(context: &Context, name: &CheckpointName, failed: &CheckpointError) -> Finding {
    let offset = match failed {
        CheckpointError::Damaged(crate::envelope::EnvelopeError::Shape { offset }) => Some(*offset),
        _ => Some(0),
    };
    // A damaged run file makes the checkpoint unusable, but it is the run file that is damaged.
    let file = match failed {
        CheckpointError::Run(RunError::Damaged { path }) => path.clone(),
        _ => context.disk.describe(&name.path()),
    };
    Finding {
        kind: FindingKind::Checkpoint,
        weight: Weight::Damage,
        file,
        offset,
        what: failed.to_string(),
        action: "nothing: an older checkpoint or the journal stands in, and the file is set aside when the book is opened"
            .to_owned(),
    }
}

/// Walks from a segment to the last. That none is missing between them is told by sequence numbers and the
/// hash chain, not by their indices: an opening over damage may leave some out. `begin` makes the walk, while
/// segments are loaded already.
pub(super) fn walk_journal<'a, E>(
    context: &Context,
    inventory: &Inventory,
    start: SegmentIndex,
    begin: impl FnOnce() -> Result<Walk<'a>, E>,
) -> Result<Walk<'a>, E> {
    let run: Vec<_> = inventory
        .segments
        .range(start..)
        .map(|(index, forms)| (*index, forms.first().copied().unwrap_or(Storage::Raw)))
        .collect();
    let mut walk = pipeline::loading(context, &run, |segments| {
        let mut walk = begin()?;
        for (index, outcome) in segments {
            if walk.take(index, outcome).is_break() {
                break;
            }
        }
        Ok(walk)
    })?;
    let stopped = walk.damage.is_some() || walk.fatal.is_some();
    if !stopped && walk.last.is_none() && !inventory.is_empty() {
        walk.break_at(start, FindingKind::SegmentMissing, 0, "the segment file is missing".to_owned(), None);
    }
    Ok(walk)
}

/// The error that a fault is which is no damage.
pub fn fatal(context: &Context, fault: Fault) -> AssessError {
    match fault {
        Fault::File(failed) => AssessError::File(failed),
        newer => AssessError::Newer { file: context.disk.describe("journal"), what: newer.to_string() },
    }
}

fn conclude(
    context: &Context,
    mut walk: Walk<'_>,
    inventory: Inventory,
    chosen: Option<(CheckpointName, Checkpoint)>,
    unusable: Vec<CheckpointName>,
    mark: Seq,
) -> Assessment {
    let last = walk.state_seq();
    let mut watched: BTreeMap<_, _> = walk.watched.drain(..).collect();
    watched.extend(chosen.iter().map(|(_, checkpoint)| (checkpoint.seq, checkpoint.state_hash)));
    let broken =
        walk.damage.take().map(|damage| judge_damage(context, &inventory, &mut walk, damage, (last, mark)));
    Assessment {
        state: walk.state,
        last,
        checkpoint: chosen,
        watched,
        unusable,
        last_segment: walk.last,
        retired: walk.retired,
        spare: walk.spare,
        torn_opening: walk.torn_opening,
        broken,
        inventory,
        report: walk.report,
    }
}

/// Finds out what can be saved behind damage, and what is lost for the state.
fn judge_damage(
    context: &Context,
    inventory: &Inventory,
    walk: &mut Walk<'_>,
    mut damage: Damage,
    (last, mark): (Seq, Seq),
) -> Broken {
    walk.report.findings.insert(0, damage.finding.clone());
    let salvage = salvage::salvage(context, inventory, damage.index, last);
    if let Some(lowest) = salvage.lowest.filter(|_| walk.last.is_none()) {
        // Nothing was read before the damage: the frames behind it tell where it begins and ends.
        damage.from = damage.from.min(lowest);
        damage.known_to = Seq::ZERO;
    }
    damage.known_to = damage.known_to.max(mark).max(salvage.highest);
    if damage.finding.kind == FindingKind::SegmentShort {
        damage.known_to = damage.known_to.max(salvage.highest.next());
    }
    if damage.from <= damage.known_to {
        walk.report.missing = Some(SeqRange { from: damage.from, to: Some(damage.known_to) });
    }
    if !salvage.completes(last, damage.known_to) {
        let from = damage.from.max(last.next());
        walk.report.lost = Some(SeqRange { from, to: Some(damage.known_to.max(from)) });
    }
    Broken { damage, salvage }
}
