//! The steps of a verification.

use super::{Progress, Verification};
use crate::book::OpenError;
use crate::book::OpenOptions;
use crate::book::readable;
use crate::checkpoint::{self, Checkpoint, CheckpointError, CheckpointName};
use crate::journal::Context;
use crate::journal::load::load;
use crate::journal::scan::first_nonzero;
use crate::journal::segment::{JOURNAL_DIR, SegmentIndex, Storage, segment_name};
use crate::recovery::inventory::{self, Inventory};
use crate::recovery::pipeline;
use crate::recovery::{Finding, FindingKind, Walk, Weight, checkpoint_finding};
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use truebook_core::hash::StateHash;
use truebook_core::id::Seq;
use truebook_core::state::State;

/// A writer moves files while they are read; a verification that found damage is done again this often
/// before it is believed.
const TRIES_BESIDE_WRITER: u32 = 8;

pub(super) fn verify(
    world: &World,
    options: &OpenOptions,
    progress: &mut dyn Progress,
) -> Result<Verification, OpenError> {
    let path = world.disk.describe("");
    let found = crate::book::find_manifest(world)?.ok_or(OpenError::NoBook { path })?;
    let context = crate::book::make_context(world, &found.manifest, options)?;
    for _ in 1..TRIES_BESIDE_WRITER {
        match verify_beside(world, &context, &found.findings, progress) {
            Ok(verification) if verification.ok || verification.holder.is_none() => return Ok(verification),
            Err(OpenError::File(failed)) if failed.source.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed.into());
            }
            // A file was moved between two looks, or so it seems.
            _ => {}
        }
    }
    verify_beside(world, &context, &found.findings, progress)
}

fn verify_beside(
    world: &World,
    context: &Context,
    findings: &[Finding],
    progress: &mut dyn Progress,
) -> Result<Verification, OpenError> {
    let holder = crate::book::find_holder(world)?;
    let mut verification = verify_once(context, progress)?;
    crate::backup::restore::refuse_pending(&*world.disk)?;
    verification.holder = holder;
    verification.findings.extend(findings.iter().cloned());
    Ok(verification.conclude())
}

fn verify_once(context: &Context, progress: &mut dyn Progress) -> Result<Verification, OpenError> {
    let inventory = inventory::take(context)?;
    let mut findings = Vec::new();
    let checkpoints = read_checkpoints(context, &inventory, &mut findings)?;
    let replay = replay(context, &inventory, &checkpoints, &BTreeSet::new(), progress, &mut findings)?;
    check_twins(context, &inventory, &mut findings);
    check_readable(context, &checkpoints, &mut findings)?;
    check_leftovers(context, &inventory, &mut findings);
    check_reserve(context, &mut findings)?;
    let Replay { last, state, events, proved, .. } = replay;
    Ok(Verification {
        ok: false,
        findings,
        last,
        state_hash: state.as_ref().map(State::hash),
        events,
        segments: inventory.segments.len(),
        checkpoints_proved: proved,
        holder: None,
    })
}

type Checkpoints = BTreeMap<Seq, (CheckpointName, Checkpoint)>;

fn read_checkpoints(
    context: &Context,
    inventory: &Inventory,
    findings: &mut Vec<Finding>,
) -> Result<Checkpoints, OpenError> {
    let mut valid = Checkpoints::new();
    for name in &inventory.checkpoints {
        match checkpoint::read(context, name) {
            Ok((checkpoint, _state)) => {
                valid.insert(checkpoint.seq, (name.clone(), checkpoint));
            }
            // A writer replaces old checkpoints; the newer ones are looked at all the same.
            Err(CheckpointError::File(failed)) if failed.source.kind() == std::io::ErrorKind::NotFound => {}
            Err(CheckpointError::File(failed)) => return Err(failed.into()),
            Err(failed) => findings.push(checkpoint_finding(context, name, &failed)),
        }
    }
    Ok(valid)
}

/// What replaying a whole journal gave.
pub(crate) struct Replay {
    /// The state after the last event.
    pub state: Option<State>,
    /// Sequence number of the last event.
    pub last: Seq,
    /// How many events were replayed.
    pub events: u64,
    /// Hashes of the state at the events that were asked for.
    pub watched: BTreeMap<Seq, StateHash>,
    /// Checkpoints whose state is the one that the journal gives.
    proved: Vec<Seq>,
}

/// Replays a book that nobody writes to from the first event, and compares every checkpoint on the way.
/// Gives the state's hash at each event of `watch`, and everything that is not as it should be.
///
/// # Errors
/// If the files cannot be read at all; damage is a finding.
pub(crate) fn replay_whole(
    context: &Context,
    watch: &BTreeSet<Seq>,
    progress: &mut dyn Progress,
) -> Result<(Replay, Vec<Finding>), OpenError> {
    let inventory = inventory::take(context)?;
    let mut findings = Vec::new();
    let checkpoints = read_checkpoints(context, &inventory, &mut findings)?;
    let replay = replay(context, &inventory, &checkpoints, watch, progress, &mut findings)?;
    Ok((replay, findings))
}

/// Replays the whole journal from the first event, and compares every checkpoint on the way.
fn replay(
    context: &Context,
    inventory: &Inventory,
    checkpoints: &Checkpoints,
    asked: &BTreeSet<Seq>,
    progress: &mut dyn Progress,
    findings: &mut Vec<Finding>,
) -> Result<Replay, OpenError> {
    let watch_for = checkpoints.keys().chain(asked).copied().collect();
    let mut walk = Walk::from_genesis(context).watching(&watch_for);
    let (mut proved, mut watched) = (Vec::new(), BTreeMap::new());
    let mut watch = |seq: Seq, hash: StateHash| {
        match checkpoints.get(&seq) {
            Some((_, checkpoint)) if checkpoint.state_hash == hash => proved.push(seq),
            Some((name, _)) => findings.push(state_finding(context, name)),
            None => {}
        }
        if asked.contains(&seq) {
            watched.insert(seq, hash);
        }
    };
    walk.allow_stand_ins(checkpoints.values().map(|(name, _)| name.clone()).collect());
    progress.total(inventory.segments.len());
    let segments: Vec<_> = inventory
        .segments
        .keys()
        .map(|index| (*index, inventory.storage(*index).unwrap_or(Storage::Raw)))
        .collect();
    pipeline::loading(context, &segments, |loaded| {
        for ((index, outcome), (_, storage)) in loaded.zip(&segments) {
            progress.step(index, *storage);
            let go_on = walk.take(index, outcome);
            for (seq, hash) in walk.watched.drain(..) {
                watch(seq, hash);
            }
            if go_on.is_break() {
                break;
            }
        }
    });
    walk.finish(inventory.durable_mark());
    if let Some(fault) = walk.fatal.take() {
        return Err(crate::recovery::fatal(context, fault).into());
    }
    findings.append(&mut walk.report.findings);
    if let Some(damage) = walk.damage.take() {
        findings.push(damage.finding);
        findings.append(&mut after_damage(context, inventory, damage.index));
    }
    let (last, events) = (walk.state_seq(), walk.report.events_replayed);
    Ok(Replay { state: walk.state, last, events, watched, proved })
}

fn state_finding(context: &Context, name: &CheckpointName) -> Finding {
    Finding {
        kind: FindingKind::CheckpointState,
        weight: Weight::Damage,
        file: context.disk.describe(&name.path()),
        offset: Some(0),
        what: "its state is not the one that the journal gives".to_owned(),
        action: "keep a copy of the whole directory and report it: this should never happen".to_owned(),
    }
}

/// The segments behind damage cannot be replayed, but each can still be checked by itself.
fn after_damage(context: &Context, inventory: &Inventory, damaged: SegmentIndex) -> Vec<Finding> {
    let mut findings = Vec::new();
    for index in inventory.segments.range(damaged.next()..).map(|(index, _)| *index) {
        let storage = inventory.storage(index).unwrap_or(Storage::Raw);
        if let Err(fault) = load(context, index, storage) {
            findings.push(Finding {
                kind: FindingKind::Segment,
                weight: Weight::Damage,
                file: context.disk.describe(&segment_name(index, storage)),
                offset: Some(fault.offset()),
                what: fault.to_string(),
                action: "restore the segment from a backup".to_owned(),
            });
        }
    }
    findings
}

/// A segment may stand there raw and sealed, if a crash came in between; the raw one counts.
fn check_twins(context: &Context, inventory: &Inventory, findings: &mut Vec<Finding>) {
    for (index, forms) in inventory.segments.iter().filter(|(_, forms)| forms.len() > 1) {
        let file = context.disk.describe(&segment_name(*index, *forms.last().unwrap_or(&Storage::Raw)));
        findings.push(note(
            file,
            "the raw segment is still there too and is used instead; sealing goes on when the book is opened",
        ));
    }
}

fn check_readable(
    context: &Context,
    checkpoints: &Checkpoints,
    findings: &mut Vec<Finding>,
) -> Result<(), OpenError> {
    let mark = checkpoints.values().next_back().and_then(|(_, checkpoint)| checkpoint.readable.as_ref());
    let condition = readable::inspect(context, mark)?;
    findings.extend(crate::book::readable_finding(context, &condition));
    Ok(())
}

fn check_leftovers(context: &Context, inventory: &Inventory, findings: &mut Vec<Finding>) {
    for file in &inventory.leftovers {
        let file = context.disk.describe(&format!("{JOURNAL_DIR}/{file}"));
        findings.push(note(file, "no part of the book; a half-made file is removed when the book is opened"));
    }
}

/// The reserve must be all zeros: it becomes a segment one day.
fn check_reserve(context: &Context, findings: &mut Vec<Finding>) -> Result<(), OpenError> {
    let name = crate::journal::RESERVE_NAME;
    let bytes = match crate::disk::read_file(&*context.disk, name, crate::journal::load::FILE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(context.failed("read", name, source).into()),
    };
    if let Some(offset) = first_nonzero(&bytes, 0) {
        findings.push(Finding {
            kind: FindingKind::Leftover,
            weight: Weight::Damage,
            file: context.disk.describe(name),
            offset: Some(offset as u64),
            what: "the reserve must be all zeros".to_owned(),
            action: "remove it while the book is closed; it is made again".to_owned(),
        });
    }
    Ok(())
}

fn note(file: String, what: &str) -> Finding {
    Finding {
        kind: FindingKind::Leftover,
        weight: Weight::Note,
        file,
        offset: None,
        what: what.to_owned(),
        action: String::new(),
    }
}
