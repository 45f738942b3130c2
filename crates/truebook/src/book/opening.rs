//! Opening a book: lock, manifest, key, recovery, identity, settings.

use super::checkpointing::{CheckpointDone, Checkpoints};
use super::holder::{Holder, LOCK_FILE};
use super::options::{OnChangedSettings, OnDamage, OnLoss, OpenOptions};
use super::readable::{self, Condition};
use super::upkeep::{Bell, Worker};
use super::{Book, Core, OpenError, Owner, Shared, Upkeep, fallback, lock};
use crate::backup::restore;
use crate::checkpoint::CheckpointName;
use crate::crypt::{Key, KeyError, KeySource};
use crate::disk::{Access, DiskLock, LockFailure, Medium, read_exact_at, read_file, replace_file};
use crate::error::FileError;
use crate::journal::segment::{JOURNAL_DIR, PAGE_BYTES, PageError, parse_name, parse_page};
use crate::journal::{Context, Journal, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
use crate::manifest::{MANIFEST_BYTES_MAX, MANIFEST_FILE, Manifest, ManifestError};
use crate::recovery::{Assessment, Finding, FindingKind, Weight, mend, settle};
use crate::world::World;
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};
use truebook_core::event::{Event, Reason, SettingsAccepted};
use truebook_core::id::Seq;
use truebook_core::settings::{Change, Settings};
use truebook_core::state::State;
use truebook_core::time::Utc;

impl Book {
    /// Opens a book: one path after a crash and after a clean stop.
    ///
    /// # Errors
    /// See [`OpenError`]; nothing was changed then, but for damaged files that may have been set aside.
    pub fn open(world: World, options: OpenOptions) -> Result<Self, OpenError> {
        check_medium(&world)?;
        check_journal_options(&options)?;
        let path = describe_root(&world);
        let gone = |failed| fallback::restorable(failed, &path, &options.backups);
        // Where there is no book, no lock file is made.
        if !restore::is_pending(&*world.disk)? {
            existing_manifest(&world).map_err(gone)?;
        }
        let (held, holder) = take_lock(&world)?;
        restore::finish_or_clear(&*world.disk)?;
        let found = existing_manifest(&world).map_err(gone)?;
        let context = make_context(&world, &found.manifest, &options)?;
        let (mut assessment, plan) = mend::plan(&context, &options.backups)?;
        assessment.report.findings.extend(found.findings.iter().cloned());
        if options.on_damage == OnDamage::Ask && !plan.is_empty() {
            return Err(fallback::ask(&path, assessment.report));
        }
        let state = judge(&context, &world, &options, &mut assessment).map_err(gone)?;
        if !found.findings.is_empty() {
            restore_manifest(&context, &world)?;
        }
        let mended = plan.apply(&context, &mut assessment.report, world.clock.now())?;
        let settled = settle::settle(&context, &mut assessment, world.clock.now())?;
        let opened = Opened { world, context, options, assessment, mended, settled, state, held, holder };
        opened.finish()
    }
}

struct Opened {
    world: World,
    context: Context,
    options: OpenOptions,
    assessment: Assessment,
    mended: mend::Note,
    settled: settle::Settled,
    state: State,
    held: Box<dyn DiskLock>,
    holder: Holder,
}

impl Opened {
    fn finish(mut self) -> Result<Book, OpenError> {
        self.apply_following()?;
        let changes = compare_settings(&self.context, &self.options, &self.state)?;
        let now = self.world.clock.now();
        let checkpoints = self.known_checkpoints(now)?;
        let Self { world, context, options, assessment, mended, settled, state, held, holder } = self;
        let journal = Journal::new(context.clone(), settled.active, settled.retired);
        if let Some(spare) = settled.spare {
            journal.adopt_spare(spare);
        }
        let unaccepted = if options.on_changed_settings == OnChangedSettings::Accept {
            Vec::new()
        } else {
            changes.1.clone()
        };
        let shared = Arc::new(Shared {
            world,
            context,
            journal,
            core: Mutex::new(Core { state, last: assessment.last, scratch: Vec::new() }),
            checkpoints: Mutex::new(checkpoints),
            schedule: options.checkpoints,
            upkeep: options.upkeep,
            report: assessment.report,
            unaccepted,
            bell: Bell::default(),
            holder,
            _lock: held,
        });
        let book = Book(Arc::new(Owner { shared, worker: Mutex::new(None) }));
        let over_damage =
            mended.events().into_iter().chain(settled.recovered.map(Event::Recovered)).collect();
        book.record_opening(over_damage, changes, &options)?;
        book.start_upkeep()?;
        Ok(book)
    }

    /// Events behind damage that follow on the checkpoint's state.
    fn apply_following(&mut self) -> Result<(), OpenError> {
        let following = std::mem::take(&mut self.settled.following);
        let first = self.assessment.last.get() + 1 - following.len() as u64;
        for (seq, record) in (first..).map(Seq::new).zip(following) {
            self.state.apply(seq, &record).map_err(super::WriteError::Refused)?;
        }
        Ok(())
    }

    fn known_checkpoints(&mut self, now: Utc) -> Result<Checkpoints, OpenError> {
        let interval = i64::try_from(self.options.checkpoints.interval.as_nanos()).unwrap_or(i64::MAX);
        let due = Utc::from_nanos(now.nanos().saturating_add(interval));
        let mut known = Checkpoints {
            last: None,
            readable: None,
            runs: Vec::new(),
            kept: Vec::new(),
            due,
            set_aside: Vec::new(),
        };
        if let Some((name, checkpoint)) = self.assessment.checkpoint.take() {
            let needed: BTreeSet<String> = checkpoint.runs.iter().map(|run| run.file.clone()).collect();
            known.last = Some(CheckpointDone {
                seq: checkpoint.seq,
                at: checkpoint.at,
                state_hash: checkpoint.state_hash,
                file: self.context.disk.describe(&name.path()),
            });
            known.kept = self.older_checkpoints(&name);
            known.kept.push((name, needed));
            known.runs = checkpoint.runs;
            known.readable = checkpoint.readable;
        }
        self.look_at_readable(&mut known, now)?;
        Ok(known)
    }

    /// Checkpoints before the one in use, as far as they can be read, with the run files they need.
    fn older_checkpoints(&self, used: &CheckpointName) -> Vec<(CheckpointName, BTreeSet<String>)> {
        let names = self.assessment.inventory.checkpoints.iter().rev();
        let older = names.filter(|name| *name < used && !self.assessment.unusable.contains(name));
        older
            .filter_map(|name| {
                let (checkpoint, _) = crate::checkpoint::read_file_alone(&self.context, name).ok()?;
                let needed = checkpoint.runs.into_iter().map(|run| run.file).collect();
                Some((name.clone(), needed))
            })
            .collect()
    }

    /// A readable copy that is not as it was written is set aside and told of; it is written anew with the
    /// next checkpoint.
    fn look_at_readable(&mut self, known: &mut Checkpoints, now: Utc) -> Result<(), OpenError> {
        let condition = readable::inspect(&self.context, known.readable.as_ref())?;
        if condition == Condition::Missing {
            // A restored book has none, and somebody may have removed it: written anew even if no event comes.
            known.readable = None;
            return Ok(());
        }
        let Some(mut finding) = readable_finding(&self.context, &condition) else { return Ok(()) };
        let moved = crate::aside::move_aside(&self.context, readable::READABLE_FILE, &finding.what, now)?;
        if !matches!(condition, Condition::Damaged { .. }) {
            finding.action =
                format!("to use its content instead of the book's: truebook state adopt {}", moved.kept_in);
        }
        self.assessment.report.set_aside.push(moved);
        self.assessment.report.findings.push(finding);
        // Written anew even if no event comes.
        known.readable = None;
        Ok(())
    }
}

/// What to tell of a readable copy; `None` if it is as it was written, or missing.
pub(crate) fn readable_finding(context: &Context, condition: &Condition) -> Option<Finding> {
    let adopt = "to use its content instead of the book's: truebook state adopt";
    let (kind, what, action) = match condition {
        Condition::Missing | Condition::Intact { .. } => return None,
        Condition::Damaged { why } => (
            FindingKind::ReadableDamaged,
            format!("the readable copy is damaged ({why}); the book itself is not read from it"),
            "nothing: it is set aside and written again",
        ),
        Condition::Edited { .. } => (
            FindingKind::ReadableEdited,
            "the readable copy was edited by hand; the book still has its own state".to_owned(),
            adopt,
        ),
        Condition::Older { seq, written_at, .. } => (
            FindingKind::ReadableOlder,
            format!(
                "the readable copy is the one of event {seq}, written {written_at}: an older one was put back; the book still has its newer state"
            ),
            adopt,
        ),
    };
    let file = context.disk.describe(readable::READABLE_FILE);
    Some(Finding { kind, weight: Weight::Damage, file, offset: Some(0), what, action: action.to_owned() })
}

impl Book {
    fn record_opening(
        &self,
        over_damage: Vec<Event>,
        (given, changes): (Option<Settings>, Vec<Change>),
        options: &OpenOptions,
    ) -> Result<(), OpenError> {
        let is_over_damage = !over_damage.is_empty();
        for event in over_damage {
            self.record(event)?;
        }
        mend::Note::remove(&self.0.shared.context)?;
        if let (Some(settings), false, OnChangedSettings::Accept) =
            (given, changes.is_empty(), options.on_changed_settings)
        {
            self.record(Event::Settings(Box::new(SettingsAccepted { settings, changes })))?;
        }
        let rewrite = lock(&self.0.shared.checkpoints).readable.is_none();
        if is_over_damage || rewrite {
            // After damage the next opening must not depend on the gap; a lost readable copy is made again.
            self.checkpoint()?;
        }
        Ok(())
    }

    fn start_upkeep(&self) -> Result<(), OpenError> {
        if self.0.shared.upkeep == Upkeep::Thread {
            let started = Worker::start(&self.0.shared);
            let worker = started
                .map_err(|source| FileError::new("start the upkeep thread of", self.path(), source))?;
            *lock(&self.0.worker) = Some(worker);
            self.0.shared.after_record();
        }
        Ok(())
    }

    /// The book's directory, as people know it.
    pub fn path(&self) -> String {
        describe_root(&self.0.shared.world)
    }

    /// Records that new risk is refused from now on.
    ///
    /// # Errors
    /// The journal's; a full disk is no reason.
    pub fn halt(&self, why: &str) -> Result<super::Recorded, super::WriteError> {
        self.record(Event::Halt(Reason { why: why.to_owned() }))
    }
}

/// Decides whether the book may be opened as it was found, and gives its state.
fn judge(
    context: &Context,
    world: &World,
    options: &OpenOptions,
    assessment: &mut Assessment,
) -> Result<State, OpenError> {
    let lost = assessment.report.lost.is_some();
    if lost && options.on_loss == OnLoss::Refuse {
        return Err(OpenError::Lost(Box::new(assessment.report.clone())));
    }
    let Some(state) = assessment.state.take() else {
        let what = "no event and no checkpoint can be read".to_owned();
        return Err(OpenError::LostState { path: describe_root(world), what });
    };
    let mismatches = state.live().identity.mismatches(&options.expected);
    if !mismatches.is_empty() {
        return Err(OpenError::Identity(mismatches));
    }
    let (_, changes) = compare_settings(context, options, &state)?;
    if !changes.is_empty() && options.on_changed_settings == OnChangedSettings::Refuse {
        return Err(OpenError::Settings(changes));
    }
    Ok(state)
}

/// The given settings as the book stores them, and what differs from those recorded.
fn compare_settings(
    context: &Context,
    options: &OpenOptions,
    state: &State,
) -> Result<(Option<Settings>, Vec<Change>), OpenError> {
    let Some(given) = &options.settings else { return Ok((None, Vec::new())) };
    if given.as_object().is_none() {
        return Err(OpenError::SettingsKind(given.kind_name()));
    }
    let given = Settings::new(given, &context.manifest.salt_bytes());
    let changes = state.live().settings.changes(&given);
    Ok((Some(given), changes))
}

pub(crate) struct FoundManifest {
    pub manifest: Manifest,
    pub findings: Vec<Finding>,
}

/// The manifest of a book that is there.
fn existing_manifest(world: &World) -> Result<FoundManifest, OpenError> {
    find_manifest(world)?.ok_or_else(|| OpenError::NoBook { path: describe_root(world) })
}

/// The manifest; from a segment header if the file is damaged or missing. `None` if there is no book.
///
/// # Errors
/// [`OpenError::Unfinished`] while a restore is: nothing that is there may be read as a book then.
pub(crate) fn find_manifest(world: &World) -> Result<Option<FoundManifest>, OpenError> {
    restore::refuse_pending(&*world.disk)?;
    read_manifest(world)
}

/// As [`find_manifest`], whether or not a restore is unfinished.
pub(crate) fn read_manifest(world: &World) -> Result<Option<FoundManifest>, OpenError> {
    let path = world.disk.describe(MANIFEST_FILE);
    let damaged = match read_file(&*world.disk, MANIFEST_FILE, MANIFEST_BYTES_MAX) {
        Ok(bytes) => match Manifest::from_file(&bytes) {
            Ok(manifest) => return Ok(Some(FoundManifest { manifest, findings: Vec::new() })),
            Err(source @ ManifestError::Newer { .. }) => return Err(OpenError::Manifest { path, source }),
            Err(source) => Some(source),
        },
        Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            None
        }
        Err(source) => return Err(FileError::new("read", path, source).into()),
    };
    let Some(manifest) = manifest_from_segments(world)? else {
        return match damaged {
            Some(source) => Err(OpenError::Manifest { path, source }),
            None => Ok(None),
        };
    };
    let what = damaged.map_or_else(|| "the manifest is missing".to_owned(), |source| source.to_string());
    let action = "nothing: it is written again from a journal segment when the book is opened".to_owned();
    let finding = Finding {
        kind: FindingKind::Manifest,
        weight: Weight::Damage,
        file: path,
        offset: Some(0),
        what,
        action,
    };
    Ok(Some(FoundManifest { manifest, findings: vec![finding] }))
}

fn manifest_from_segments(world: &World) -> Result<Option<Manifest>, OpenError> {
    let files = match world.disk.list(JOURNAL_DIR) {
        Ok(files) => files,
        Err(source) if matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(source) => return Err(FileError::new("list", world.disk.describe(JOURNAL_DIR), source).into()),
    };
    // A single segment and nothing else is what a crash while making a book leaves behind.
    let made = files.iter().filter(|file| parse_name(file).is_some() || *file == "RESERVE").count() > 1;
    let checkpointed =
        world.disk.list(crate::checkpoint::CHECKPOINT_DIR).is_ok_and(|files| !files.is_empty());
    let has_events = made || checkpointed;
    for file in files.iter().rev().filter(|file| parse_name(file).is_some()) {
        let name = format!("{JOURNAL_DIR}/{file}");
        let page =
            world.disk.open(&name, Access::Read).and_then(|file| read_exact_at(&*file, 0, PAGE_BYTES as u64));
        match page.map(|page| parse_page(&page)) {
            Ok(Ok(page)) if has_events => return Ok(Some(page.manifest)),
            Ok(Err(PageError::Manifest(source @ ManifestError::Newer { .. }))) => {
                return Err(OpenError::Manifest { path: world.disk.describe(&name), source });
            }
            _ => {}
        }
    }
    Ok(None)
}

fn restore_manifest(context: &Context, world: &World) -> Result<(), OpenError> {
    if world.disk.exists(MANIFEST_FILE).is_ok_and(|there| there) {
        crate::aside::move_aside(context, MANIFEST_FILE, "it is damaged", world.clock.now())?;
    }
    replace_file(&*world.disk, MANIFEST_FILE, &context.manifest.to_file()).map_err(FileError::from)?;
    Ok(())
}

/// The key of a book, checked.
pub(super) fn find_key(manifest: &Manifest, source: Option<&KeySource>) -> Result<Option<Key>, KeyError> {
    match (&manifest.cipher, source) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(KeyError::NotEncrypted),
        (Some(_), None) => Err(KeyError::Missing),
        (Some(spec), Some(source)) => {
            let key = source.key(&spec.key)?;
            if spec.accepts(&key, manifest.book) {
                Ok(Some(key))
            } else {
                Err(KeyError::Wrong { given: source.kind() })
            }
        }
    }
}

pub(crate) fn make_context(
    world: &World,
    manifest: &Manifest,
    options: &OpenOptions,
) -> Result<Context, OpenError> {
    let key = find_key(manifest, options.key.as_ref())?;
    Ok(Context::new(world, manifest.clone(), key.as_ref(), options.journal)?)
}

pub(super) fn describe_root(world: &World) -> String {
    world.disk.describe("")
}

pub(crate) fn check_medium(world: &World) -> Result<(), OpenError> {
    match world.disk.medium() {
        Ok(Medium::Network(kind)) => Err(OpenError::Network { path: describe_root(world), kind }),
        // A directory that is not there yet is made on whatever holds its parent; opening looks again.
        _ => Ok(()),
    }
}

pub(super) fn check_journal_options(options: &OpenOptions) -> Result<(), OpenError> {
    let bounds = |what, min: u64, max: u64, given: u64| {
        if (min..=max).contains(&given) { Ok(()) } else { Err(OpenError::Option { what, min, max, given }) }
    };
    let segment = u64::from(options.journal.segment_bytes);
    bounds("the segment size in bytes", u64::from(SEGMENT_BYTES_MIN), u64::from(SEGMENT_BYTES_MAX), segment)?;
    let level = u64::try_from(options.journal.compression_level).unwrap_or(0);
    bounds("the compression level", 1, 19, level)?;
    bounds("the number of checkpoints kept", 2, 1000, options.checkpoints.kept as u64)
}

/// A reader that looks whether the lock is free has it for a moment; so a refusal is believed only after
/// these tries.
const LOCK_TRIES: u32 = 4;
const LOCK_PAUSE: std::time::Duration = std::time::Duration::from_millis(40);

pub(crate) fn take_lock(world: &World) -> Result<(Box<dyn DiskLock>, Holder), OpenError> {
    let holder = Holder::this_process(world.clock.now());
    let mut outcome = world.disk.lock(LOCK_FILE, &holder.to_bytes());
    for _ in 1..LOCK_TRIES {
        if !matches!(outcome, Err(LockFailure::Held(_))) {
            break;
        }
        std::thread::sleep(LOCK_PAUSE);
        outcome = world.disk.lock(LOCK_FILE, &holder.to_bytes());
    }
    match outcome {
        Ok(held) => Ok((held, holder)),
        Err(LockFailure::Held(bytes)) => {
            Err(OpenError::Held { path: describe_root(world), holder: Holder::from_bytes(&bytes) })
        }
        Err(LockFailure::Io(source)) => {
            Err(FileError::new("lock", world.disk.describe(LOCK_FILE), source).into())
        }
    }
}
