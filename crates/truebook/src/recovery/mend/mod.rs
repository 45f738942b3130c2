//! Mending a damaged journal from backups and from what its own files still say (promises P7, P9, P10).
//!
//! Planning reads only: a mended segment stands over the damaged one in memory, and the book is assessed
//! again with it, until nothing more can be mended. What remains lost is known before anything is written.

mod behind;
mod join;
mod local;
mod note;
mod patched;
mod supply;
mod write;

pub use note::{NOTE_FILE, Note};

use super::assess::{AssessError, Assessment, assess_knowing, walk_journal};
use super::inventory::{self, Inventory};
use super::report::{Finding, FindingKind, Mended, Report, SeqRange, Weight};
use super::walk::Walk;
use crate::backup::Fallback;
use crate::checkpoint;
use crate::error::FileError;
use crate::journal::Context;
use crate::journal::segment::SegmentIndex;
use join::{Joined, Kinship, Reach, join, kinship};
use local::{Local, Neighbours, Tail};
use patched::Patched;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::Arc;
use supply::{Piece, Supply};
use truebook_core::event::{Recovered, Restored, StateAfter};
use truebook_core::hash::StateHash;
use truebook_core::id::Seq;
use truebook_core::time::Utc;
use write::Patch;

/// A damaged stretch of more segments than this is looked at only in part.
const SUSPECTS_MAX: usize = 256;

/// More is not held in memory: a book that has lost so much is restored, not mended.
const MENDED_BYTES_MAX: u64 = 1 << 30;

/// What is to be put in place of damaged files.
pub struct Plan {
    patches: BTreeMap<SegmentIndex, Patch>,
    note: Note,
}

impl Plan {
    /// Whether there is nothing to be put in place.
    pub fn is_empty(&self) -> bool {
        self.patches.is_empty()
    }

    /// Puts the mended files in place. Doing it again after a crash in between comes to the same. What must be
    /// recorded of it is returned, also of a mending that a crash cut short; [`Note::remove`] follows then.
    ///
    /// # Errors
    /// The operating system's.
    pub fn apply(self, context: &Context, report: &mut Report, now: Utc) -> Result<Note, FileError> {
        if self.patches.is_empty() {
            return Ok(self.note);
        }
        self.note.write(context)?;
        context.create_dir(crate::journal::segment::JOURNAL_DIR)?;
        for patch in self.patches.values() {
            report.set_aside.extend(write::put(context, patch, now)?);
        }
        Ok(self.note)
    }
}

/// Assesses a book, and finds out what backups give back of what is damaged. The assessment is that of the
/// book with the plan applied.
///
/// # Errors
/// As assessing it. That a backup cannot be used is told in the report.
pub fn plan(context: &Context, places: &[Fallback]) -> Result<(Assessment, Plan), AssessError> {
    let earlier = Note::read(context)?;
    let known = earlier.as_ref().map_or(Seq::ZERO, |note| note.known);
    let mut assessment = assess_knowing(context, known)?;
    let mut planner = Planner::new(context, places, known);
    if let Some(once) = behind::durable_once(context, &mut planner.supply, &assessment) {
        assert!(once > assessment.last, "only what is missing is of interest");
        planner.known = once;
        assessment = assess_knowing(context, once)?;
    }
    let mut assessment = planner.mend_all(assessment)?;
    let mut note = planner.note(&assessment);
    // Entries after the mending: the first of them told of it.
    if let Some(earlier) = earlier.filter(|earlier| earlier.last >= assessment.last) {
        note.go_on_from(earlier);
    }
    planner.tell(&mut assessment.report);
    Ok((assessment, Plan { patches: planner.patches, note }))
}

/// The book's end, if it is a mended segment.
struct End {
    index: SegmentIndex,
    /// Its last event, and when that was written down.
    last: Option<(Seq, Utc)>,
    /// The backup that it is from; `None` if the book's own file shows that nothing followed.
    generation: Option<String>,
}

struct Planner<'a> {
    context: &'a Context,
    supply: Supply,
    known: Seq,
    patches: BTreeMap<SegmentIndex, Patch>,
    mended: Vec<Mended>,
    findings: Vec<Finding>,
    end: Option<End>,
    /// How many places are asked.
    asked: usize,
}

/// Something that could take the place of a segment.
struct Candidate {
    joined: Joined,
    patch: Patch,
}

impl<'a> Planner<'a> {
    fn new(context: &'a Context, places: &[Fallback], known: Seq) -> Self {
        let supply = Supply::new(context, places);
        let (patches, mended, findings) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { context, supply, known, patches, mended, findings, end: None, asked: usize::MAX }
    }

    /// Mends one stretch after another, assessing the book anew after each. Each round mends a segment that no
    /// round has mended before, so there is an end.
    fn mend_all(&mut self, mut assessment: Assessment) -> Result<Assessment, AssessError> {
        if self.supply.places() == 0 {
            return Ok(assessment);
        }
        loop {
            let before = self.patches.len();
            // After an ordinary crash the nearest backup is asked only: nobody should wait for a distant one then.
            self.asked = if is_crash(&assessment) { 1 } else { usize::MAX };
            for index in suspects(&assessment) {
                if self.mend(index)? {
                    self.mend_following(index)?;
                    break;
                }
            }
            if self.patches.len() == before {
                return Ok(assessment);
            }
            assert!(self.patches.len() > before, "a round mends what none has mended");
            self.findings.extend(damage_in(assessment));
            assessment = assess_knowing(&self.view(None), self.known)?;
        }
    }

    /// Segments that are gone behind a mended one.
    fn mend_following(&mut self, index: SegmentIndex) -> Result<(), AssessError> {
        let mut next = index.next();
        // Bounded: a generation has as many segments as it names.
        while self.mend_missing(next)? {
            next = next.next();
        }
        Ok(())
    }

    fn mend_missing(&mut self, index: SegmentIndex) -> Result<bool, AssessError> {
        let view = self.view(None);
        let inventory = inventory::take(&view)?;
        let storage = inventory.storage(index);
        let is_gone = storage.is_none_or(|storage| local::is_unwritten(&view, index, storage));
        if is_gone { self.mend(index) } else { Ok(false) }
    }

    /// The book with what was mended so far, and perhaps one thing more.
    fn view(&self, more: Option<&Patch>) -> Context {
        let patches = || self.patches.values().chain(more);
        let files = patches().map(|patch| (patch.name.clone(), Arc::clone(&patch.bytes))).collect();
        let removed: BTreeSet<String> = patches().flat_map(|patch| patch.removed.iter().cloned()).collect();
        let disk = Patched::new(Arc::clone(&self.context.disk), files, removed);
        Context { disk: Arc::new(disk), ..self.context.clone() }
    }

    /// Mends one segment, if that brings anything back.
    fn mend(&mut self, index: SegmentIndex) -> Result<bool, AssessError> {
        if self.patches.contains_key(&index) || self.held_bytes() > MENDED_BYTES_MAX {
            return Ok(false);
        }
        let view = self.view(None);
        let inventory = inventory::take(&view)?;
        let mut local = Local::read(&view, &inventory, index)?;
        let neighbours = Neighbours::of(&view, &inventory, index)?;
        let is_foreign = |open| neighbours.before.is_some_and(|before| !join::follows(open, before));
        if local.open.as_ref().is_some_and(is_foreign) {
            local.distrust();
        }
        let at = At { view, inventory, index, local, neighbours };
        let Some(Candidate { joined, patch }) = self.best(&at)? else { return Ok(false) };
        self.known = self.known.max(at.local.known());
        self.take(&at, &joined, patch);
        Ok(true)
    }

    fn held_bytes(&self) -> u64 {
        self.patches.values().map(|patch| patch.bytes.len() as u64).sum()
    }

    /// The candidate that reaches furthest; of those that reach as far the first one.
    fn best(&mut self, at: &At) -> Result<Option<Candidate>, AssessError> {
        let mut best = self.candidate(at, None)?.ok().flatten();
        for place in 0..self.supply.places().min(self.asked) {
            for nth in 0.. {
                if best.as_ref().is_some_and(|best| best.joined.reach == Reach::Connects) {
                    return Ok(best);
                }
                let Some(stocked) = self.supply.generation(place, nth) else { break };
                let id = stocked.id.clone();
                let kinship = kinship(&stocked.generation, at.index, &at.neighbours);
                let stored = stocked.generation.segments.iter().find(|stored| stored.index == at.index);
                let stored = stored.cloned();
                if kinship == Kinship::Foreign {
                    self.supply.refuse(place, &id, at.index, FOREIGN);
                    continue;
                }
                // What an older generation holds of it is no more.
                let reached = best.as_ref().map(|best: &Candidate| best.joined.next());
                if nth > 0 && stored.as_ref().is_none_or(|stored| Some(stored.next) <= reached) {
                    break;
                }
                let piece = stored.and_then(|stored| self.supply.fetch(&at.view, place, &id, &stored));
                // Only the newest generation is continued by what was shipped.
                let piece =
                    if nth == 0 { self.supply.extended(&at.view, place, at.index, piece) } else { piece };
                let Some(piece) = piece else { continue };
                match self.candidate(at, Some((&piece, kinship)))? {
                    Ok(Some(better)) if best.as_ref().is_none_or(|best| better.is_beyond(best)) => {
                        best = Some(better);
                    }
                    Ok(_) => {}
                    Err(why) => self.supply.refuse(place, &id, at.index, &why),
                }
            }
        }
        Ok(best)
    }

    /// What a piece and the book's own file give together; `None` if that is no more than can be read already.
    fn candidate(
        &self,
        at: &At,
        piece: Option<(&Piece, Kinship)>,
    ) -> Result<Result<Option<Candidate>, String>, AssessError> {
        let joined = match join(&at.view, at.index, &at.local, &at.neighbours, piece) {
            Ok(joined) => joined,
            Err(why) => return Ok(Err(why)),
        };
        let readable = at.local.read_to.unwrap_or(joined.open.first);
        if joined.next() <= readable || joined.events.is_empty() {
            return Ok(Ok(None));
        }
        let patch = write::patch(&at.view, &at.inventory, &joined, piece.map(|(piece, _)| piece))?;
        let is_proven = joined.reach == Reach::Connects || joined.given.is_none();
        if !is_proven && !self.agrees(&joined, &patch)? {
            return Ok(Err("replaying it does not give the state of a checkpoint here".to_owned()));
        }
        Ok(Ok(Some(Candidate { joined, patch })))
    }

    /// Whether no checkpoint of the book speaks against a segment behind which nothing can be read.
    fn agrees(&self, joined: &Joined, patch: &Patch) -> Result<bool, AssessError> {
        let view = self.view(Some(patch));
        let inventory = inventory::take(&view)?;
        let mut wanted: BTreeMap<Seq, StateHash> = BTreeMap::new();
        let mut base = None;
        for name in &inventory.checkpoints {
            if name.seq < joined.open.first {
                base = base.or_else(|| checkpoint::read(&view, name).ok());
            } else if let Ok((checkpoint, _)) = checkpoint::read_file_alone(&view, name) {
                wanted.insert(checkpoint.seq, checkpoint.state_hash);
            }
        }
        if !wanted.keys().any(|seq| *seq < joined.next()) {
            return Ok(true);
        }
        let start = base.as_ref().map_or(SegmentIndex::FIRST, |(checkpoint, _)| checkpoint.segment);
        let Ok(walk) = walk_journal(&view, &inventory, start, || {
            let walk = match base {
                Some((checkpoint, state)) => Walk::from_checkpoint(&view, checkpoint.seq, state),
                None => Walk::from_genesis(&view),
            };
            Ok::<_, Infallible>(walk.watching(&wanted.keys().copied().collect()))
        });
        Ok(walk.watched.iter().all(|(seq, hash)| wanted.get(seq) == Some(hash)))
    }

    fn take(&mut self, at: &At, joined: &Joined, patch: Patch) {
        let Joined { index, open, given, origin, reach, .. } = joined;
        let last = Seq::new(joined.next().get() - 1);
        let is_end_known = at.local.tail == Tail::Whole && at.local.highest() >= Some(last);
        if *reach == Reach::Open {
            let generation = origin.as_ref().map(|origin| origin.generation.to_string());
            let generation = generation.filter(|_| !is_end_known);
            self.end = Some(End { index: *index, last: write::last_written(joined), generation });
        }
        self.mended.push(Mended {
            file: self.context.disk.describe(&patch.name),
            segment: *index,
            events: SeqRange { from: open.first, to: Some(last) },
            given: *given,
            generation: origin.as_ref().map(|origin| origin.generation.to_string()),
            place: origin.as_ref().map(|origin| origin.place.clone()),
        });
        self.patches.insert(*index, patch);
    }

    /// What must be recorded of the plan.
    fn note(&self, assessment: &Assessment) -> Note {
        let known_to = assessment.broken.as_ref().map_or(Seq::ZERO, |broken| broken.damage.known_to);
        let last = assessment.last.max(known_to);
        let mut note = Note { known: self.known, last, recovered: None, restored: None };
        if self.mended.is_empty() {
            return note;
        }
        let ranges = self.mended.iter().map(|mended| mended.given.unwrap_or(mended.events));
        let from = ranges.clone().map(|range| range.from).min().unwrap_or(Seq::ZERO);
        let to = ranges.filter_map(|range| range.to).max().unwrap_or(from);
        let why: Vec<String> = self.mended.iter().map(ToString::to_string).collect();
        note.recovered = Some(Recovered {
            missing_from: from,
            missing_to: to,
            state_at: assessment.last,
            state: StateAfter::Mended,
            why: note::shortened(&why.join("; ")),
        });
        note.restored = self.restored(assessment, last);
        note
    }

    /// Set if the book now ends where a backup does: what came after it, nobody can tell.
    fn restored(&self, assessment: &Assessment, known: Seq) -> Option<Restored> {
        let End { index, last, generation } = self.end.as_ref()?;
        let (generation, (seq, since)) = generation.clone().zip(*last)?;
        let is_end = assessment.last_segment.as_ref().is_some_and(|last| last.index == *index);
        let is_covered = assessment.inventory.durable_mark() >= seq;
        if !is_end || is_covered {
            return None;
        }
        let why = format!("the journal was lost from some event on and ends with event {seq} of the backup");
        let lost_to = (known > seq).then_some(known);
        Some(Restored { generation, seq, since, lost_to, why })
    }

    /// Tells what was found damaged, what of it is mended, and which backups could not be used.
    fn tell(&mut self, report: &mut Report) {
        for finding in &mut self.findings {
            "nothing: it is mended from a backup and from what can still be read, and the damaged file is kept aside"
                .clone_into(&mut finding.action);
        }
        if self.held_bytes() > MENDED_BYTES_MAX {
            self.findings.push(too_much(self.context));
        }
        self.findings.retain(|finding| !report.findings.contains(finding));
        report.findings.splice(0..0, self.findings.drain(..));
        report.findings.append(&mut self.supply.notes);
        report.mended = std::mem::take(&mut self.mended);
    }
}

/// Why a generation is passed over.
const FOREIGN: &str = "its hash chain is not that of this book: it is a backup of another history";

fn too_much(context: &Context) -> Finding {
    Finding {
        kind: FindingKind::Backup,
        weight: Weight::Damage,
        file: context.disk.describe(""),
        offset: None,
        what: format!("more than {MENDED_BYTES_MAX} bytes of the journal must be taken from a backup"),
        action: "restore the whole book: truebook restore --from TARGET".to_owned(),
    }
}

/// A segment and all that is known of it.
struct At {
    view: Context,
    inventory: Inventory,
    index: SegmentIndex,
    local: Local,
    neighbours: Neighbours,
}

impl Candidate {
    fn is_beyond(&self, other: &Self) -> bool {
        let rank = |it: &Self| (it.joined.reach == Reach::Connects, it.joined.next());
        rank(self) > rank(other)
    }
}

/// Whether the journal merely seems to end with a torn commit.
fn is_crash(assessment: &Assessment) -> bool {
    let mut findings = assessment.report.findings.iter();
    assessment.broken.is_none() && findings.any(|finding| finding.kind == FindingKind::TornTail)
}

/// Whether the journal's end looks like nothing that was ever acknowledged: a backup may know better.
fn is_doubtful(assessment: &Assessment) -> bool {
    is_crash(assessment) || assessment.torn_opening.is_some()
}

/// What a mended segment shows to have been damage.
fn damage_in(assessment: Assessment) -> Vec<Finding> {
    if let Some(broken) = assessment.broken {
        return vec![broken.damage.finding];
    }
    let is_end = |finding: &Finding| matches!(finding.kind, FindingKind::TornTail | FindingKind::Segment);
    let mut findings: Vec<_> = assessment.report.findings.into_iter().filter(is_end).collect();
    for finding in &mut findings {
        finding.weight = Weight::Damage;
        finding.what.push_str("; but a backup has events that stood there");
    }
    findings
}

/// The segments that may be what keeps a book from being whole, the likeliest first.
fn suspects(assessment: &Assessment) -> Vec<SegmentIndex> {
    let last = assessment.last_segment.as_ref().map(|last| last.index);
    let Some(broken) = &assessment.broken else {
        if assessment.state.is_none() {
            return vec![SegmentIndex::FIRST];
        }
        let end = last.into_iter().chain(assessment.torn_opening);
        return if is_doubtful(assessment) { end.collect() } else { Vec::new() };
    };
    let checkpoint = assessment.checkpoint.as_ref();
    let begin = checkpoint.map_or(SegmentIndex::FIRST, |(_, checkpoint)| checkpoint.segment);
    let damaged = broken.damage.index;
    let low = last.unwrap_or(begin).min(damaged);
    let high = match broken.damage.finding.kind {
        // What is missing should be there, or in segments that are gone.
        FindingKind::JournalBehind => damaged.max(low.next()),
        _ => damaged,
    };
    let between = (low.get()..=high.get()).map(SegmentIndex::new).take(SUSPECTS_MAX);
    match broken.damage.finding.kind {
        FindingKind::SegmentMissing | FindingKind::JournalBehind => between.collect(),
        _ => std::iter::once(damaged).chain(between.filter(|index| *index != damaged)).collect(),
    }
}
