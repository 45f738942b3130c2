//! What a restore would do, found out by reading only. What is printed is what is done.

use super::extension::{self, Extension};
use super::local::{self, Local};
use crate::backup::error::BackupError;
use crate::backup::generation::{Generation, StoredFile, StoredSegment};
use crate::backup::names::GenerationId;
use crate::backup::shelf::Shelf;
use crate::backup::tail;
use crate::backup::verdict::Verdict;
use crate::backup::verify::checkpoint_of;
use crate::book::{OpenOptions, make_context};
use crate::crypt::KeySource;
use crate::journal::Context;
use crate::journal::load::{Loaded, Segment, check_page, decode_body, unpack};
use crate::journal::segment::parse_name;
use crate::manifest::{MANIFEST_FILE, Manifest};
use crate::world::World;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use truebook_core::hash::StateHash;
use truebook_core::id::{BookId, BookName, Seq};
use truebook_core::time::Utc;

/// To which point a book is put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// All of the newest verified generation.
    Latest,
    /// All of this generation.
    Generation(GenerationId),
    /// Up to this event.
    Seq(Seq),
    /// Up to the last event before the first one that was written later than this.
    Time(Utc),
}

/// Objects that are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    /// How many.
    pub objects: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// Files that make room.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Displaced {
    /// Their names within the directory.
    pub files: Vec<String>,
    /// How many bytes they have.
    pub bytes: u64,
}

/// What a restore will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Where the book is put back.
    pub directory: String,
    /// From where.
    pub source: String,
    /// The book.
    pub book: BookId,
    /// What people call it.
    pub name: BookName,
    /// What was asked for.
    pub point: Point,
    /// The generation that is used.
    pub generation: GenerationId,
    /// When it was made.
    pub made_at: Utc,
    /// When it was verified, if it was.
    pub verified_at: Option<Utc>,
    /// The last event that is kept.
    pub until: Seq,
    /// When that was written down.
    pub until_at: Utc,
    /// Hash of the state after it; `None` if the generation goes on after it, so that replaying tells.
    pub state_hash: Option<StateHash>,
    /// The highest sequence number that is known to have existed, if it is above the last that is kept.
    pub lost_to: Option<Seq>,
    /// From this event on, what is kept was shipped after the generation was made.
    pub shipped_from: Option<Seq>,
    /// What is fetched.
    pub fetch: Fetch,
    /// What stands there now, and is kept aside.
    pub displaced: Displaced,
    /// What somebody should read before saying yes.
    pub warnings: Vec<String>,
}

impl Plan {
    /// Sequence number of the event that will tell of the restore: none that existed is used again.
    pub fn recorded_as(&self) -> Seq {
        self.lost_to.unwrap_or(self.until).max(self.until).next()
    }

    /// Whether all of the generation is kept.
    pub fn is_whole(&self) -> bool {
        self.state_hash.is_some()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { directory, source, book, name, generation, until, until_at, fetch, displaced, .. } = self;
        writeln!(f, "restore   book {name} ({book}) into {directory}")?;
        let verified = match self.verified_at {
            Some(at) => format!("verified {at}"),
            None => "not verified".to_owned(),
        };
        writeln!(f, "from      generation {generation} of {}, {verified}, in {source}", self.made_at)?;
        let rest = match self.shipped_from {
            Some(from) => format!("from {from} on as shipped later"),
            None if self.is_whole() => "all of it".to_owned(),
            None => "cut there".to_owned(),
        };
        writeln!(f, "up to     event {until}, written {until_at} ({rest})")?;
        if let Some(hash) = self.state_hash {
            writeln!(f, "state     {hash}")?;
        }
        match self.lost_to {
            Some(lost) => writeln!(
                f,
                "without   events {} to {lost}; the next one gets number {}",
                until.next(),
                self.recorded_as()
            )?,
            None => writeln!(f, "without   none that is known of")?,
        }
        writeln!(f, "fetched   {} objects, {} bytes", fetch.objects, fetch.bytes)?;
        if displaced.files.is_empty() {
            write!(f, "displaced nothing: no book is there")?;
        } else {
            let (count, bytes) = (displaced.files.len(), displaced.bytes);
            write!(f, "displaced {count} files, {bytes} bytes: kept in {directory}/aside/restore-…")?;
        }
        self.warnings.iter().try_for_each(|warning| write!(f, "\n! {warning}"))
    }
}

/// Finds out what a restore would do.
///
/// # Errors
/// [`BackupError::Asked`] if there is no such point, or no generation may be used without being named; the
/// target's own errors.
pub fn plan(
    world: &World,
    shelf: &Shelf,
    point: Point,
    key: Option<&KeySource>,
) -> Result<Plan, BackupError> {
    let local = local::look(world, key)?;
    refuse_other_book(world, shelf, &local)?;
    let mut chooser = Chooser::read(shelf)?;
    let generation = chooser.choose(&point)?;
    let id = generation.id();
    let (_, context) = context_of(world, shelf, &generation, key)?;
    let extension = match point {
        Point::Generation(_) => None,
        _ => extension::extend(&context, shelf, &generation)?,
    };
    let located = locate(&context, shelf, &generation, extension.as_ref(), &point);
    let (until, until_at) = located.map_err(|failed| chooser.explain(&point, failed))?;
    let end = extension.as_ref().map_or(generation.last, |extension| extension.last);
    assert!(until <= end, "nothing is kept that neither the generation nor what was shipped has");
    let is_whole = until == generation.last;
    let known = chooser.highest.max(local.highest);
    let verdict = chooser.verdicts.get(&id);
    let mut warnings = chooser.warnings;
    warnings.extend(warnings_of(&generation, verdict));
    warnings.extend(local.warnings);
    Ok(Plan {
        directory: world.disk.describe(""),
        source: shelf.describe(""),
        book: generation.book,
        name: generation.name.clone(),
        point,
        made_at: generation.created_at,
        verified_at: verdict.filter(|verdict| verdict.is_verified()).map(|verdict| verdict.at),
        until,
        until_at,
        state_hash: is_whole.then_some(generation.state_hash),
        lost_to: known.filter(|known| *known > until),
        shipped_from: (until > generation.last).then(|| generation.last.next()),
        fetch: fetch(&generation, until, extension.as_ref()),
        displaced: local.displaced,
        warnings,
        generation: id,
    })
}

fn refuse_other_book(world: &World, shelf: &Shelf, local: &Local) -> Result<(), BackupError> {
    match local.book.filter(|book| *book != shelf.book()) {
        None => Ok(()),
        Some(found) => Err(BackupError::Asked(format!(
            "{} holds book {found}, not {}: restore into another directory with --data DIR, or name the right \
             book with --book",
            world.disk.describe(""),
            shelf.book()
        ))),
    }
}

/// The generations of a target, newest first, and what is known of them.
struct Chooser<'a> {
    shelf: &'a Shelf,
    newest_first: Vec<Generation>,
    verdicts: BTreeMap<GenerationId, Verdict>,
    /// The highest sequence number that any of them has.
    highest: Option<Seq>,
    warnings: Vec<String>,
}

impl<'a> Chooser<'a> {
    fn read(shelf: &'a Shelf) -> Result<Self, BackupError> {
        let (mut newest_first, mut warnings) = (Vec::new(), Vec::new());
        for id in shelf.generations()?.iter().rev() {
            match shelf.read(id) {
                Ok(generation) => newest_first.push(generation),
                Err(failed) if failed.is_damage() => warnings.push(failed.to_string()),
                Err(failed) => return Err(failed),
            }
        }
        let generations = newest_first.iter().map(|generation| generation.last).max();
        // What was shipped and cannot be joined to a generation existed all the same.
        let highest = generations.max(tail::highest(shelf)?);
        Ok(Self { shelf, newest_first, verdicts: shelf.verdicts()?, highest, warnings })
    }

    fn is_verified(&self, generation: &Generation) -> bool {
        self.verdicts.get(&generation.id()).is_some_and(Verdict::is_verified)
    }

    fn is_trusted(&self, generation: &Generation) -> bool {
        generation.suspicions.is_empty() && self.is_verified(generation)
    }

    /// The generation for a point; newer ones that are passed over are told of.
    fn choose(&mut self, point: &Point) -> Result<Generation, BackupError> {
        if let Point::Generation(id) = point {
            return self.shelf.read(id);
        }
        let (mut passed_over, mut is_newest) = (Vec::new(), true);
        for generation in &self.newest_first {
            let trusted = self.is_trusted(generation);
            let holds = match point {
                // What is above the newest may have been shipped after it.
                Point::Seq(seq) if *seq > generation.last => trusted && is_newest,
                Point::Seq(seq) => segment_with(generation, *seq).is_some(),
                _ => true,
            };
            if trusted && holds {
                self.warnings.extend(passed_over);
                return Ok(generation.clone());
            }
            is_newest &= !trusted;
            if !trusted {
                passed_over.push(format!(
                    "generation {} is newer (up to event {}) and is passed over: {}; to use it all the same: \
                     --generation {}",
                    generation.id(),
                    generation.last,
                    self.why_not(generation),
                    generation.id()
                ));
            }
        }
        Err(self.no_choice(point))
    }

    fn why_not(&self, generation: &Generation) -> String {
        if let Some(suspicion) = generation.suspicions.first() {
            return format!("it is suspicious ({suspicion})");
        }
        match self.verdicts.get(&generation.id()) {
            Some(verdict) => {
                let first = verdict.findings.first().map_or("", String::as_str);
                format!("verifying it failed ({first})")
            }
            None => "it was not verified yet (truebook backup verify)".to_owned(),
        }
    }

    /// An event that is not where it was looked for may be one that newer generations skip, or that only an
    /// unverified one has.
    fn explain(&self, point: &Point, failed: BackupError) -> BackupError {
        let trusted = self.newest_first.iter().find(|generation| self.is_trusted(generation));
        let newest = self.newest_first.iter().max_by_key(|generation| generation.last);
        match (point, failed, trusted, newest) {
            (Point::Seq(seq), BackupError::Asked(_), Some(trusted), Some(newest)) if newest.last >= *seq => {
                BackupError::Asked(no_such_event(*seq, trusted, newest))
            }
            (_, failed, _, _) => failed,
        }
    }

    fn no_choice(&self, point: &Point) -> BackupError {
        let place = self.shelf.describe("");
        let Some(newest) = self.newest_first.first() else {
            return BackupError::Asked(format!(
                "there is no generation of book {} in {place}; `truebook restore --list` shows what is there",
                self.shelf.book()
            ));
        };
        let trusted = self.newest_first.iter().find(|generation| self.is_trusted(generation));
        BackupError::Asked(match (point, trusted) {
            (Point::Seq(seq), Some(trusted)) => no_such_event(*seq, trusted, newest),
            _ => format!(
                "no generation in {place} is verified; the newest is {}: {}; to use it all the same: \
                 --generation {}",
                newest.id(),
                self.why_not(newest),
                newest.id()
            ),
        })
    }
}

/// Why no verified generation holds an event.
fn no_such_event(seq: Seq, trusted: &Generation, newest: &Generation) -> String {
    let (id, first, last) = (trusted.id(), trusted.first, trusted.last);
    if seq < first {
        return format!("there is no event {seq}: the first one in generation {id} is {first}");
    }
    if seq <= last {
        return format!(
            "no event has number {seq}: generation {id} skips it, as numbers of lost events are never used again"
        );
    }
    let elsewhere = if newest.last >= seq {
        format!("; generation {} has it, but is not verified: --generation {0}", newest.id())
    } else {
        String::new()
    };
    format!(
        "event {seq} is beyond the end: the newest verified generation, {id}, ends with event {last}{elsewhere}"
    )
}

fn warnings_of(generation: &Generation, verdict: Option<&Verdict>) -> Vec<String> {
    let mut warnings: Vec<String> =
        generation.suspicions.iter().map(|what| format!("the generation is suspicious: {what}")).collect();
    match verdict {
        Some(verdict) if verdict.is_verified() => {}
        Some(verdict) => warnings.push(format!(
            "verifying the generation failed on {}: {}",
            verdict.at,
            verdict.findings.join("; ")
        )),
        None => warnings.push(
            "the generation was never verified; it is proved now, before anything is displaced".to_owned(),
        ),
    }
    warnings
}

/// The segment with an event.
fn segment_with(generation: &Generation, seq: Seq) -> Option<&StoredSegment> {
    generation.segments.iter().find(|segment| segment.first <= seq && seq < segment.next)
}

/// The generation's manifest, and a context that reads its files.
pub(super) fn context_of(
    world: &World,
    shelf: &Shelf,
    generation: &Generation,
    key: Option<&KeySource>,
) -> Result<(Manifest, Context), BackupError> {
    let file = generation.state.iter().find(|file| file.path == MANIFEST_FILE);
    let damaged = |what: String| BackupError::Damaged { object: generation.id().to_string(), what };
    let file = file.ok_or_else(|| damaged(format!("it has no {MANIFEST_FILE}")))?;
    let manifest = Manifest::from_file(&shelf.fetch(file)?)
        .map_err(|failed| damaged(format!("its {MANIFEST_FILE} cannot be used: {failed}")))?;
    if manifest.book != generation.book {
        return Err(damaged(format!("its {MANIFEST_FILE} belongs to book {}", manifest.book)));
    }
    let options = OpenOptions { key: key.cloned(), ..OpenOptions::default() };
    let context = make_context(world, &manifest, &options)?;
    Ok((manifest, context))
}

/// Fetches a segment and unpacks it; its header page is checked.
pub(super) fn unpacked(
    context: &Context,
    shelf: &Shelf,
    stored: &StoredSegment,
) -> Result<(Vec<u8>, crate::journal::segment::Storage), BackupError> {
    let damaged = |what: String| BackupError::Damaged { object: shelf.describe(&stored.file.object), what };
    let name = stored.file.path.rsplit('/').next().and_then(parse_name);
    let (index, storage) = name.ok_or_else(|| damaged("it is no segment".to_owned()))?;
    if index != stored.index {
        return Err(damaged(format!("it is segment {index}, not {}", stored.index)));
    }
    let bytes = unpack(context, index, storage, shelf.fetch(&stored.file)?)
        .map_err(|fault| damaged(fault.to_string()))?;
    check_page(&bytes, index, context.manifest.book).map_err(|failed| damaged(failed.to_string()))?;
    Ok((bytes, storage))
}

/// Fetches a segment and decodes its events, which must be those that the generation names.
fn events(context: &Context, shelf: &Shelf, stored: &StoredSegment) -> Result<Segment, BackupError> {
    let damaged = |what: String| BackupError::Damaged { object: shelf.describe(&stored.file.object), what };
    let (bytes, storage) = unpacked(context, shelf, stored)?;
    let segment = match decode_body(context, stored.index, storage, &bytes) {
        Ok(Loaded::Events(segment)) => *segment,
        Ok(Loaded::Empty) => return Err(damaged("it holds no event".to_owned())),
        Err(fault) => return Err(damaged(fault.to_string())),
    };
    let is_named = segment.open.first == stored.first
        && segment.next() == stored.next
        && segment.chain.hash() == stored.chain;
    if is_named {
        Ok(segment)
    } else {
        Err(damaged("its events are not those that the generation names".to_owned()))
    }
}

/// The last event that is kept, and when it was written.
fn locate(
    context: &Context,
    shelf: &Shelf,
    generation: &Generation,
    extension: Option<&Extension>,
    point: &Point,
) -> Result<(Seq, Utc), BackupError> {
    let shipped = match extension {
        Some(extension) => extension.times(context, generation.last)?,
        None => Vec::new(),
    };
    let until = match point {
        Point::Time(time) => return locate_time(context, shelf, generation, &shipped, *time),
        Point::Seq(seq) => *seq,
        Point::Latest => shipped.last().map_or(generation.last, |(seq, _)| *seq),
        Point::Generation(_) => generation.last,
    };
    if until > generation.last {
        let found = shipped.iter().find(|(seq, _)| *seq == until).copied();
        let end = shipped.last().map_or(generation.last, |(seq, _)| *seq);
        return found.ok_or_else(|| beyond_the_end(until, generation, end));
    }
    let damaged = || BackupError::Damaged {
        object: generation.id().to_string(),
        what: format!("no segment of it has event {until}"),
    };
    let stored = segment_with(generation, until).ok_or_else(damaged)?;
    let segment = events(context, shelf, stored)?;
    let at = usize::try_from(until.get() - stored.first.get()).unwrap_or(usize::MAX);
    Ok((until, segment.records.get(at).ok_or_else(damaged)?.at))
}

fn locate_time(
    context: &Context,
    shelf: &Shelf,
    generation: &Generation,
    shipped: &[(Seq, Utc)],
    time: Utc,
) -> Result<(Seq, Utc), BackupError> {
    let (id, made) = (generation.id(), generation.created_at);
    let mut kept: Option<(Seq, Utc)> = None;
    // Clocks may have been put back, so no event can be left out.
    for stored in &generation.segments {
        let segment = events(context, shelf, stored)?;
        for (number, record) in (stored.first.get()..).zip(segment.records.iter()) {
            if record.at > time {
                return kept.ok_or_else(|| {
                    BackupError::Asked(format!(
                        "{time} is before the first event, which was written {}",
                        record.at
                    ))
                });
            }
            kept = Some((Seq::new(number), record.at));
        }
    }
    for (seq, at) in shipped {
        if *at > time {
            return kept.ok_or_else(|| BackupError::Asked(format!("{time} is before the first event")));
        }
        kept = Some((*seq, *at));
    }
    if time > made && shipped.is_empty() {
        return Err(BackupError::Asked(format!(
            "{time} is beyond the end: generation {id} was made {made} and knows nothing later; --latest \
             restores all of it"
        )));
    }
    kept.ok_or_else(|| BackupError::Asked(format!("generation {id} holds no event")))
}

/// The files of a generation that a book up to an event is made of.
pub(super) fn state_files(generation: &Generation, until: Seq) -> impl Iterator<Item = &StoredFile> {
    // Run files are nothing without the checkpoint.
    let with_checkpoint = has_checkpoint(generation, until);
    generation.state.iter().filter(move |file| with_checkpoint || file.path == MANIFEST_FILE)
}

/// Whether a book up to an event has the generation's checkpoint: that must not tell of later events than are
/// kept.
pub(super) fn has_checkpoint(generation: &Generation, until: Seq) -> bool {
    checkpoint_of(generation).is_some_and(|checkpoint| checkpoint <= until)
}

/// The segments of a generation that a book up to an event is made of.
pub(super) fn segments(generation: &Generation, until: Seq) -> impl Iterator<Item = &StoredSegment> {
    generation.segments.iter().filter(move |segment| segment.first <= until)
}

/// Why an event cannot be restored that is above all that is there.
fn beyond_the_end(seq: Seq, generation: &Generation, end: Seq) -> BackupError {
    let id = generation.id();
    BackupError::Asked(format!(
        "event {seq} is beyond the end: the newest verified generation, {id}, with what was shipped since, ends \
         with event {end}"
    ))
}

fn fetch(generation: &Generation, until: Seq, extension: Option<&Extension>) -> Fetch {
    let segments = segments(generation, until).map(|segment| &segment.file);
    let mut fetch = Fetch::default();
    for file in state_files(generation, until).chain(segments) {
        fetch.objects += 1;
        fetch.bytes = fetch.bytes.saturating_add(file.bytes);
    }
    if let Some(extension) = extension.filter(|_| until > generation.last) {
        fetch.objects += extension.pieces;
    }
    fetch
}
