//! Staging: the files of a generation are laid down beside the old book, the event that tells of the restore
//! is added, and the whole is proved where it lies, by the code that opens and verifies books.

use super::extension;
use super::plan::{self, Plan};
use super::swap::{self, STAGING_DIR};
use super::{BOOK_DIRS, Done, Options, Phase, Progress, Proof};
use crate::backup::error::BackupError;
use crate::backup::generation::{Generation, StoredSegment};
use crate::backup::shelf::Shelf;
use crate::book::{OpenError, OpenOptions, make_context};
use crate::checkpoint::{self, Checkpoint, RunError, save_runs};
use crate::disk::{Below, Told};
use crate::error::FileError;
use crate::journal::segment::{Missing, OpenInfo, SegmentIndex, Storage, segment_name};
use crate::journal::{Context, cut, pack};
use crate::manifest::MANIFEST_FILE;
use crate::recovery::settle::write_following;
use crate::recovery::{Assessment, Weight, assess_watching};
use crate::verify::{self, replay_whole};
use crate::world::World;
use std::collections::BTreeSet;
use std::sync::Arc;
use truebook_core::event::{Event, Record, Restored};
use truebook_core::hash::{ChainHash, StateHash};
use truebook_core::id::Seq;
use truebook_core::seen::SeenEntry;
use truebook_core::state::State;

/// A book that lies ready.
pub(super) struct Staged {
    /// Its files.
    pub files: Vec<String>,
    /// What was proved of it.
    pub done: Done,
}

/// Where the journal that was laid down ends.
struct End {
    index: SegmentIndex,
    next: Seq,
    chain: ChainHash,
}

/// Lays a book down, adds the event that tells of the restore, and proves the whole. At most one segment is
/// in memory.
pub(super) fn stage(
    world: &World,
    shelf: &Shelf,
    plan: &Plan,
    generation: &Generation,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Staged, BackupError> {
    let context = begin(world, shelf, generation, options)?;
    progress.begin(Phase::Fetching, plan.fetch.objects);
    for file in plan::state_files(generation, plan.until) {
        context.told().write_new(&file.path, &shelf.fetch(file)?)?;
        progress.step();
    }
    let mut end = None;
    let stored = plan::segments(generation, plan.until).count();
    // What was shipped later stands in the place of the generation's last segment.
    let extended = plan.until > generation.last;
    for segment in plan::segments(generation, plan.until).take(stored - usize::from(extended)) {
        end = Some(lay_down(&context, shelf, segment, plan.until)?);
        progress.step();
    }
    if extended {
        end = lay_extension(&context, shelf, generation, plan.until)?;
    }
    let damaged =
        |what: &str| BackupError::Damaged { object: plan.generation.to_string(), what: what.to_owned() };
    let end = end.ok_or_else(|| damaged("it has no segment"))?;
    if end.next != plan.until.next() {
        return Err(damaged("its segments do not end with the event that the plan names"));
    }
    record(&context, world, plan, options, &end)?;
    sync(world, &context)?;
    let done = match options.proof {
        Proof::Trust if plan.verified_at.is_some() && plan::has_checkpoint(generation, plan.until) => {
            prove_by_checkpoint(&context, plan)?
        }
        Proof::Trust | Proof::Replay => prove_by_replay(world, &context, plan, end.index, progress)?,
    };
    let files = files(&context)?;
    sync(world, &context)?;
    Ok(Staged { files, done })
}

/// A fresh directory, and the context of the book in it.
fn begin(
    world: &World,
    shelf: &Shelf,
    generation: &Generation,
    options: &Options,
) -> Result<Context, BackupError> {
    swap::clear_staging(&*world.disk)?;
    Told(&*world.disk).create_dir(STAGING_DIR)?;
    let disk = Arc::new(Below::new(Arc::clone(&world.disk), STAGING_DIR));
    let staging = World { disk, ..world.clone() };
    let (manifest, _) = plan::context_of(world, shelf, generation, options.key.as_ref())?;
    let open = OpenOptions { key: options.key.clone(), journal: options.journal, ..OpenOptions::default() };
    let context = make_context(&staging, &manifest, &open)?;
    for dir in BOOK_DIRS.iter().filter(|dir| !dir.is_empty()) {
        context.create_dir(dir)?;
    }
    Ok(context)
}

/// Lays one segment down, cut after an event if it goes on after that.
fn lay_down(
    context: &Context,
    shelf: &Shelf,
    stored: &StoredSegment,
    until: Seq,
) -> Result<End, BackupError> {
    let damaged = |what: String| BackupError::Damaged { object: shelf.describe(&stored.file.object), what };
    if stored.next.get() <= until.get() + 1 {
        context.told().write_new(&stored.file.path, &shelf.fetch(&stored.file)?)?;
        return Ok(End { index: stored.index, next: stored.next, chain: stored.chain });
    }
    let (bytes, storage) = plan::unpacked(context, shelf, stored)?;
    let part = cut(context, stored.index, storage, &bytes, until)
        .map_err(|fault| damaged(fault.to_string()))?
        .ok_or_else(|| damaged(format!("it has no event up to {until}")))?;
    let (_, packed) = pack(context, stored.index, &part.sealed)
        .map_err(|source| context.failed("compress", &stored.file.path, source))?;
    context.told().write_new(&stored.file.path, &packed)?;
    Ok(End { index: stored.index, next: part.next, chain: part.chain })
}

/// Lays down a generation's last segment with what was shipped after it, up to an event.
fn lay_extension(
    context: &Context,
    shelf: &Shelf,
    generation: &Generation,
    until: Seq,
) -> Result<Option<End>, BackupError> {
    let mut end = None;
    let Some(extension) = extension::extend(context, shelf, generation)? else { return Ok(end) };
    for joined in extension.up_to(until) {
        let index = joined.index;
        let damaged =
            |what: String| BackupError::Damaged { object: format!("shipped segment {index}"), what };
        let part = cut(context, index, Storage::Compressed, &joined.cut.sealed, until)
            .map_err(|fault| damaged(fault.to_string()))?
            .ok_or_else(|| damaged(format!("it has no event up to {until}")))?;
        let (storage, packed) = pack(context, index, &part.sealed)
            .map_err(|source| context.failed("compress", &segment_name(index, Storage::Raw), source))?;
        context.told().write_new(&segment_name(index, storage), &packed)?;
        end = Some(End { index, next: part.next, chain: part.chain });
    }
    Ok(end)
}

/// Begins the next segment with the event that tells of the restore. No sequence number that is known to have
/// existed is used again.
fn record(
    context: &Context,
    world: &World,
    plan: &Plan,
    options: &Options,
    end: &End,
) -> Result<(), FileError> {
    let first = plan.recorded_as();
    assert!(first >= end.next, "the journal goes on after what was kept");
    let to = Seq::new(first.get() - 1);
    let missing = (first > end.next).then_some(Missing { from: end.next, to, state_at: plan.until });
    let event = Event::Restored(Box::new(Restored {
        generation: plan.generation.to_string(),
        seq: plan.until,
        since: plan.until_at,
        lost_to: plan.lost_to,
        why: options.why.clone(),
    }));
    let record = Record::new(world.clock.now(), event);
    let open = OpenInfo { first, prev: end.chain, missing };
    let active = write_following(context, end.index.next(), &open, &[record])?;
    assert_eq!(active.next, first.next(), "one event was written");
    Ok(())
}

fn sync(world: &World, context: &Context) -> Result<(), FileError> {
    BOOK_DIRS.iter().rev().try_for_each(|dir| context.sync_dir(dir))?;
    Told(&*world.disk).sync_dir("")
}

/// The files that lie ready, the manifest last.
fn files(context: &Context) -> Result<Vec<String>, FileError> {
    let mut files = Vec::new();
    for dir in BOOK_DIRS.iter().rev() {
        let names = context.told().list(dir)?;
        files.extend(names.into_iter().map(|file| match *dir {
            "" => file,
            dir => format!("{dir}/{file}"),
        }));
    }
    assert_eq!(files.last().map(String::as_str), Some(MANIFEST_FILE), "a book has a manifest");
    Ok(files)
}

/// Passes a replay's steps on.
struct Steps<'a>(&'a mut dyn Progress);

impl verify::Progress for Steps<'_> {
    fn total(&mut self, segments: usize) {
        self.0.begin(Phase::Proving, segments as u64);
    }

    fn step(&mut self, _index: SegmentIndex, _storage: Storage) {
        self.0.step();
    }
}

/// Opens the whole by reading, as the next opening will. Of a verified generation the state at its checkpoint was
/// proved by replaying, and every object has the hashes that it had then.
fn prove_by_checkpoint(context: &Context, plan: &Plan) -> Result<Done, BackupError> {
    let assessment = assess_watching(context, &BTreeSet::from([plan.until])).map_err(OpenError::from)?;
    refuse_unsound(&assessment, plan)?;
    let state_hash = compare_state(plan, assessment.watched.get(&plan.until))?;
    let events_replayed = assessment.report.events_replayed;
    let checkpoint = assessment.checkpoint.map(|(name, _)| name.seq);
    Ok(Done {
        until: plan.until,
        state_hash,
        recorded_as: assessment.last,
        events_replayed,
        replayed_after: checkpoint.unwrap_or(Seq::ZERO),
        kept_in: None,
    })
}

/// The hash of the state at the last event that is kept, which must be the one that was stored.
fn compare_state(plan: &Plan, found: Option<&StateHash>) -> Result<StateHash, BackupError> {
    let damaged = |what: String| BackupError::Damaged { object: plan.generation.to_string(), what };
    let found =
        *found.ok_or_else(|| damaged(format!("replaying it does not come to event {}", plan.until)))?;
    if plan.state_hash.is_some_and(|wanted| wanted != found) {
        return Err(damaged(format!("replaying it gives the state {found}, which is not the one stored")));
    }
    Ok(found)
}

/// Replays every event, adds a checkpoint of what that gave, and opens the whole by reading.
fn prove_by_replay(
    world: &World,
    context: &Context,
    plan: &Plan,
    last_kept: SegmentIndex,
    progress: &mut dyn Progress,
) -> Result<Done, BackupError> {
    let damaged = |what: String| BackupError::Damaged { object: plan.generation.to_string(), what };
    let (replay, findings) = replay_whole(context, &BTreeSet::from([plan.until]), &mut Steps(progress))?;
    if let Some(finding) = findings.iter().find(|finding| finding.weight == Weight::Damage) {
        return Err(damaged(format!("what it restores is damaged: {finding}")));
    }
    let state_hash = compare_state(plan, replay.watched.get(&plan.until))?;
    let Some(state) = replay.state.filter(|_| replay.last == plan.recorded_as()) else {
        return Err(damaged(format!("replaying it ends with event {}", replay.last)));
    };
    keep_checkpoint(world, context, &state, replay.last, last_kept.next())?;
    let assessment = assess_watching(context, &BTreeSet::new()).map_err(OpenError::from)?;
    refuse_unsound(&assessment, plan)?;
    if assessment.state.as_ref().map(State::hash) != Some(state.hash()) {
        return Err(damaged("opening what it restores gives another state than replaying it".to_owned()));
    }
    Ok(Done {
        until: plan.until,
        state_hash,
        recorded_as: replay.last,
        events_replayed: replay.events,
        replayed_after: Seq::ZERO,
        kept_in: None,
    })
}

/// A checkpoint after the restore, so that opening the book does not replay everything once more.
fn keep_checkpoint(
    world: &World,
    context: &Context,
    state: &State,
    seq: Seq,
    segment: SegmentIndex,
) -> Result<(), FileError> {
    let seen: Vec<SeenEntry> = state.seen().iter().collect();
    let runs = save_runs(context, &[], &seen).map_err(|failed| match failed {
        RunError::File(failed) => failed,
        RunError::Damaged { path } => FileError::new("save", path, std::io::ErrorKind::InvalidData.into()),
    })?;
    let state_hash = state.hash();
    let at = world.clock.now();
    // No readable copy belongs to it: the next opening writes one.
    let written = Checkpoint { seq, at, segment, state_hash, runs, readable: None };
    checkpoint::write(context, &written, state.live()).map(drop)
}

/// The staged book, read the way an opening reads it, must come to the event that tells of the restore.
fn refuse_unsound(assessment: &Assessment, plan: &Plan) -> Result<(), BackupError> {
    let sound = assessment.broken.is_none() && assessment.unusable.is_empty() && assessment.state.is_some();
    if sound && assessment.last == plan.recorded_as() {
        return Ok(());
    }
    let first = assessment.report.findings.first();
    let what = format!(
        "opening what it restores comes to event {}, not {}{}",
        assessment.last,
        plan.recorded_as(),
        first.map_or_else(String::new, |finding| format!(": {finding}"))
    );
    Err(BackupError::Damaged { object: plan.generation.to_string(), what })
}
