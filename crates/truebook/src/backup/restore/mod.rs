//! Putting a book back from a target: planned by reading only, staged beside the old book and proved there,
//! and only then swapped in as a whole (promise P9). What it displaces is kept aside, and the restore is an
//! event in the book (promise P10).

mod extension;
mod local;
mod plan;
mod stage;
mod swap;

pub use plan::{Displaced, Fetch, Plan, Point, plan};
pub use swap::{MARKER_FILE, STAGING_DIR, is_pending};

pub(crate) use swap::refuse_pending;

use super::error::BackupError;
use super::shelf::Shelf;
use crate::book::{OpenError, check_medium, read_manifest, take_lock};
use crate::crypt::KeySource;
use crate::disk::{Disk, Told};
use crate::journal::JournalOptions;
use crate::world::World;
use serde::Serialize;
use truebook_core::hash::StateHash;
use truebook_core::id::{BookId, Seq};

/// The directories of a book; the root is the empty name.
const BOOK_DIRS: [&str; 4] =
    ["", crate::journal::segment::JOURNAL_DIR, crate::checkpoint::CHECKPOINT_DIR, crate::checkpoint::RUN_DIR];

/// How a book is put back.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Key of an encrypted book.
    pub key: Option<KeySource>,
    /// How the journal is written.
    pub journal: JournalOptions,
    /// The operator's reason; recorded in the book.
    pub why: String,
    /// How what is laid down is proved.
    pub proof: Proof,
}

/// How a restored book is proved before it is put in place. The hashes of every object are compared in any
/// case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// A generation that was verified is replayed from its checkpoint on, any other from its first event.
    #[default]
    Trust,
    /// Everything is replayed from the first event.
    Replay,
}

/// Part of a restore that takes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Objects are fetched and laid down.
    Fetching,
    /// Segments are replayed.
    Proving,
}

/// How far a restore has come.
pub trait Progress {
    /// A phase of so many steps begins.
    fn begin(&mut self, phase: Phase, steps: u64);
    /// One more step is done.
    fn step(&mut self);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _phase: Phase, _steps: u64) {}
    fn step(&mut self) {}
}

/// A book that was put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Done {
    /// Sequence number of the last event that was kept.
    pub until: Seq,
    /// Hash of the state after it, as replaying gave it.
    pub state_hash: StateHash,
    /// Sequence number of the event that tells of the restore.
    pub recorded_as: Seq,
    /// How many events were replayed to prove it.
    pub events_replayed: u64,
    /// After which event replaying began: that of the verified generation's checkpoint, or none.
    pub replayed_after: Seq,
    /// Where the files that stood there are kept; `None` if there were none.
    pub kept_in: Option<String>,
}

/// Does what a plan says. The book is locked meanwhile, and until the very last step it is as it was.
///
/// # Errors
/// [`OpenError::Held`] if somebody holds the book; [`BackupError::Asked`] if the directory is not as it was
/// when the plan was made; [`BackupError::Damaged`] if what is staged is not what the generation says. After
/// an error [`is_pending`] tells whether the restore is decided all the same: then the next opening finishes
/// it.
pub fn restore(
    world: &World,
    shelf: &Shelf,
    plan: &Plan,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Done, BackupError> {
    check_medium(world)?;
    let disk = &*world.disk;
    Told(disk).create_dir("")?;
    let (held, _holder) = take_lock(world)?;
    refuse_changed(world, plan, options)?;
    let generation = shelf.read(&plan.generation)?;
    let outcome = stage::stage(world, shelf, plan, &generation, options, progress).and_then(|staged| {
        let now = world.clock.now();
        let kept_in = swap::free_place(disk, now)?;
        let (out, into) = (plan.displaced.files.clone(), staged.files);
        let marker =
            swap::Marker::new(plan.generation.to_string(), plan.until, now, kept_in.clone(), out, into);
        swap::swap(disk, &marker)?;
        let kept_in = (!plan.displaced.files.is_empty()).then(|| disk.describe(&kept_in));
        Ok(Done { kept_in, ..staged.done })
    });
    if outcome.is_err() && !is_pending(disk).unwrap_or(true) {
        // What counts is the failure; a left-over is removed when the book is opened.
        let _ = swap::clear_staging(disk);
    }
    drop(held);
    outcome
}

/// Under the lock, before anything is written: whatever was decided earlier comes first, and the plan must
/// still be what would be planned.
fn refuse_changed(world: &World, plan: &Plan, options: &Options) -> Result<(), BackupError> {
    let changed = |what: &str| {
        let next = "nothing was changed; plan the restore again: truebook restore";
        BackupError::Asked(format!("{}: {what} since the plan was made: {next}", plan.directory))
    };
    match finish_or_clear(&*world.disk) {
        // A marker that cannot be read is displaced with all the rest; what is staged are copies.
        Ok(()) | Err(OpenError::Marker { .. }) => {}
        Err(failed) => return Err(failed.into()),
    }
    let local = local::look(world, options.key.as_ref())?;
    if local.displaced != plan.displaced {
        return Err(changed("files were changed"));
    }
    if local.highest.filter(|highest| *highest > plan.until) > plan.lost_to {
        return Err(changed("events were written"));
    }
    Ok(())
}

/// Finishes a restore that was decided and interrupted, or removes what one that was not has staged. Only
/// under the book's lock.
///
/// # Errors
/// The disk's; [`OpenError::Marker`] if nobody can tell what was decided.
pub(crate) fn finish_or_clear(disk: &dyn Disk) -> Result<(), OpenError> {
    match swap::finish(disk)? {
        Some(_finished) => Ok(()),
        None => Ok(swap::clear_staging(disk)?),
    }
}

/// The book that stands in a directory, if it can be told.
pub fn book_in(world: &World) -> Option<BookId> {
    // Whatever is wrong with it is no obstacle to a restore, and is told of in the plan.
    read_manifest(world).ok().flatten().map(|found| found.manifest.book)
}

/// Finishes a restore that was decided and interrupted, and tells where what it displaced is kept. `None` if
/// there is none, or its file cannot be used: then a new restore displaces what is there.
///
/// # Errors
/// [`OpenError::Held`] if somebody holds the book; the disk's.
pub fn finish(world: &World) -> Result<Option<String>, OpenError> {
    if !is_pending(&*world.disk)? {
        return Ok(None);
    }
    let (held, _holder) = take_lock(world)?;
    let finished = match swap::finish(&*world.disk) {
        Err(OpenError::Marker { .. }) => Ok(None),
        outcome => outcome,
    };
    drop(held);
    Ok(finished?.map(|marker| world.disk.describe(&marker.kept_in)))
}
