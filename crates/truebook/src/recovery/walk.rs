//! The walk over the journal that opening, reading and verifying share: from a checkpoint or from the first
//! event, segment by segment, folding events and judging what is wrong.

use super::report::{Finding, FindingKind, Report, SeqRange, Weight};
use crate::checkpoint::{self, CheckpointName};
use crate::journal::load::{Fault, Loaded, Segment};
use crate::journal::scan::{Broken, End, Problem, Proof};
use crate::journal::segment::{Chain, Missing, PAGE_BYTES, PageError, SegmentIndex, Storage, segment_name};
use crate::journal::{Context, Retired};
use crate::planted::{self, Bug};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use truebook_core::event::Record;
use truebook_core::hash::{ChainHash, StateHash};
use truebook_core::id::Seq;
use truebook_core::state::State;

/// A walk over the journal.
pub struct Walk<'a> {
    context: &'a Context,
    /// Events up to here are in the state already, or must not be applied.
    from: Seq,
    /// The state so far.
    pub state: Option<State>,
    /// Sequence number of the next event in the journal; `None` before the first segment.
    pub next: Option<Seq>,
    chain: Option<ChainHash>,
    /// The last segment with events.
    pub last: Option<LastSegment>,
    /// An end that is a torn tail unless something later proves otherwise.
    doubtful: Option<Doubtful>,
    /// Raw segments that are full and wait to be sealed.
    pub retired: Vec<Retired>,
    /// The empty segment made ahead of time.
    pub spare: Option<SegmentIndex>,
    /// A segment whose first commit was torn: it holds nothing.
    pub torn_opening: Option<SegmentIndex>,
    /// What makes it impossible to go on.
    pub damage: Option<Damage>,
    /// A fault that is no damage: the file vanished, cannot be read, or is of a newer format.
    pub fatal: Option<Fault>,
    /// What was found and read.
    pub report: Report,
    watch: BTreeSet<Seq>,
    /// Hashes of the state at the sequence numbers that were asked for, as they were passed.
    pub watched: Vec<(Seq, StateHash)>,
    stand_ins: Vec<CheckpointName>,
}

/// The last segment with events, as far as they are valid.
#[derive(Clone, Debug)]
pub struct LastSegment {
    /// Its index.
    pub index: SegmentIndex,
    /// How it is stored.
    pub storage: Storage,
    /// Where the valid frames end.
    pub valid_bytes: u64,
    /// Its length.
    pub file_bytes: u64,
    /// Sequence number after its last valid event.
    pub next: Seq,
    /// The hash before it.
    pub prev: ChainHash,
    /// The hash chain after its last valid event.
    pub chain: Chain,
    /// How its events end.
    pub end: End,
}

#[derive(Clone, Debug)]
struct Doubtful {
    index: SegmentIndex,
    storage: Storage,
    broken: Broken,
}

/// Damage that the journal cannot be followed over.
#[derive(Clone, Debug)]
pub struct Damage {
    /// The segment.
    pub index: SegmentIndex,
    /// First sequence number that is missing because of it.
    pub from: Seq,
    /// A sequence number at or above which something was durable.
    pub known_to: Seq,
    /// What to tell.
    pub finding: Finding,
}

impl<'a> Walk<'a> {
    /// Begins before the first event.
    pub fn from_genesis(context: &'a Context) -> Self {
        let mut walk = Self::new(context, Seq::ZERO, None);
        walk.next = Some(Seq::new(1));
        walk.chain = Some(Chain::genesis(context.manifest.book));
        walk
    }

    /// Begins with a checkpoint's state; the first segment may begin before it.
    pub fn from_checkpoint(context: &'a Context, seq: Seq, state: State) -> Self {
        Self::new(context, seq, Some(state))
    }

    fn new(context: &'a Context, from: Seq, state: Option<State>) -> Self {
        let report = Report { checkpoint: (from > Seq::ZERO).then_some(from), ..Report::default() };
        Self {
            context,
            from,
            state,
            next: None,
            chain: None,
            last: None,
            doubtful: None,
            retired: Vec::new(),
            spare: None,
            torn_opening: None,
            damage: None,
            fatal: None,
            report,
            watch: BTreeSet::new(),
            watched: Vec::new(),
            stand_ins: Vec::new(),
        }
    }

    /// Asks for the state's hash at these sequence numbers.
    #[must_use]
    pub fn watching(mut self, seqs: &BTreeSet<Seq>) -> Self {
        self.watch.clone_from(seqs);
        self
    }

    /// Allows these checkpoints, oldest first, to stand in for the state where a known gap makes it
    /// impossible to replay.
    pub fn allow_stand_ins(&mut self, names: Vec<CheckpointName>) {
        self.stand_ins = names;
    }

    /// Sequence number of the last event in the state.
    pub fn state_seq(&self) -> Seq {
        let read = self.next.map_or(Seq::ZERO, |next| Seq::new(next.get() - 1));
        self.from.max(read)
    }

    /// Takes the next segment in.
    pub fn take(&mut self, index: SegmentIndex, outcome: Result<Loaded, Fault>) -> ControlFlow<()> {
        self.report.segments_read.push(index);
        match outcome {
            Ok(Loaded::Events(segment)) => self.take_events(*segment),
            Ok(Loaded::Empty) => self.take_empty(index),
            Err(fault) => self.take_fault(index, fault),
        }
        if self.damage.is_some() || self.fatal.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn take_empty(&mut self, index: SegmentIndex) {
        self.spare.get_or_insert(index);
    }

    fn take_fault(&mut self, index: SegmentIndex, fault: Fault) {
        if fault.is_newer() || matches!(fault, Fault::File(_)) {
            self.fatal = Some(fault);
            return;
        }
        if let Fault::Beginning(broken) = &fault {
            self.doubtful = Some(Doubtful { index, storage: Storage::Raw, broken: *broken });
            self.torn_opening = Some(index);
            return;
        }
        if matches!(fault, Fault::Page(_)) && self.is_blank_after_page(index) {
            self.note(
                FindingKind::Segment,
                index,
                Storage::Raw,
                0,
                "the header page of an empty segment is damaged",
            );
            self.torn_opening = Some(index);
            return;
        }
        let (kind, offset) = match fault {
            Fault::Page(PageError::Short { found, .. }) => (FindingKind::SegmentShort, found),
            _ => (FindingKind::Segment, fault.offset()),
        };
        self.break_at(index, kind, offset, fault.to_string(), None);
    }

    fn is_blank_after_page(&self, index: SegmentIndex) -> bool {
        let name = segment_name(index, Storage::Raw);
        let bytes = crate::disk::read_file(&*self.context.disk, &name, crate::journal::load::FILE_BYTES_MAX);
        // A file that was cut short is no empty segment: those are whole from the beginning.
        bytes.is_ok_and(|bytes| {
            bytes.len() > PAGE_BYTES && crate::journal::scan::first_nonzero(&bytes, PAGE_BYTES).is_none()
        })
    }

    fn take_events(&mut self, segment: Segment) {
        if !self.connects(&segment) {
            return;
        }
        let after = segment.next();
        let Segment { index, storage, open, records, end, chain, valid_bytes, file_bytes } = segment;
        self.apply(index, storage, open.first, &records);
        if self.damage.is_some() {
            return;
        }
        if let Some(previous) = self.last.take() {
            self.retire(&previous);
        }
        self.chain = Some(chain.hash());
        let prev = open.prev;
        self.last =
            Some(LastSegment { index, storage, valid_bytes, file_bytes, next: after, prev, chain, end });
        self.spare = None;
        if let End::Invalid(broken) = end {
            self.doubtful = Some(Doubtful { index, storage, broken });
        }
    }

    fn retire(&mut self, previous: &LastSegment) {
        if previous.storage == Storage::Raw {
            self.retired.push(Retired {
                index: previous.index,
                next: previous.next,
                chain: previous.chain.hash(),
            });
        }
    }

    /// Whether a segment follows what was read before it.
    fn connects(&mut self, segment: &Segment) -> bool {
        if let Some((kind, what)) = self.misfit(segment) {
            self.break_at(segment.index, kind, PAGE_BYTES as u64, what, Some(segment.next()));
            return false;
        }
        self.settle_doubt(segment.open.first);
        self.damage.is_none()
    }

    /// Why a segment does not follow what was read before it.
    fn misfit(&mut self, segment: &Segment) -> Option<(FindingKind, String)> {
        let first = segment.open.first;
        let begun = self.next.is_some();
        let expected = *self.next.get_or_insert(first);
        if first != expected && !self.is_known_gap(segment, expected) {
            let what = format!("it begins with event {first}, the one before ends before event {expected}");
            return Some((FindingKind::SegmentMissing, what));
        }
        if !begun && first > self.from.next() {
            self.next = Some(self.from.next());
            let what = format!("it begins with event {first}, the checkpoint ends with event {}", self.from);
            return Some((FindingKind::SegmentMissing, what));
        }
        let empty_between = self.spare.is_some() || self.torn_opening.is_some();
        let chained = self.chain.is_none_or(|chain| chain == segment.open.prev);
        if empty_between || !(chained || planted::is(Bug::ChainNotChecked)) {
            let what = "the hash chain does not connect it to the segment before".to_owned();
            return Some((FindingKind::Chain, what));
        }
        None
    }

    /// A later segment follows on: what is behind the last event of the one before is no lost event.
    fn settle_doubt(&mut self, first: Seq) {
        let Some(doubtful) = self.doubtful.take() else { return };
        let Doubtful { index, storage, broken } = doubtful;
        assert!(Some(first) >= self.next, "the segments were found to connect");
        let what = format!("{}, but no event is missing", broken.problem.words());
        self.note(FindingKind::Segment, index, storage, broken.offset, &what);
        if let Some(noted) = self.report.findings.last_mut() {
            noted.weight = Weight::Damage;
            "the segment is sealed without them when the book is next opened".clone_into(&mut noted.action);
        }
    }

    fn is_known_gap(&mut self, segment: &Segment, expected: Seq) -> bool {
        let Some(Missing { from, to, state_at }) = segment.open.missing else { return false };
        let explains = from == expected && to.next() == segment.open.first;
        let covered = self.from >= to || self.state_seq() == state_at;
        if !explains || !(covered || self.stand_in(to)) {
            return false;
        }
        self.report.missing = Some(SeqRange { from, to: Some(to) });
        let what = format!("events {from} to {to} are missing; an earlier opening over damage recorded that");
        self.note(FindingKind::KnownGap, segment.index, segment.storage, PAGE_BYTES as u64, &what);
        self.next = Some(segment.open.first);
        true
    }

    /// Takes the state of a checkpoint behind a gap: the events up to there are in it already.
    fn stand_in(&mut self, to: Seq) -> bool {
        let mut names = self.stand_ins.iter().filter(|name| name.seq >= to);
        let found = names.find_map(|name| checkpoint::read(self.context, name).ok());
        let Some((checkpoint, state)) = found else { return false };
        (self.from, self.state) = (checkpoint.seq, Some(state));
        true
    }

    fn apply(&mut self, index: SegmentIndex, storage: Storage, first: Seq, records: &[Record]) {
        let mut seq = first;
        for record in records {
            if seq > self.from && !self.apply_one(index, storage, seq, record) {
                return;
            }
            seq = seq.next();
            self.next = Some(seq);
        }
    }

    fn apply_one(&mut self, index: SegmentIndex, storage: Storage, seq: Seq, record: &Record) -> bool {
        let applied = match &mut self.state {
            Some(state) => state.apply(seq, record).map(drop),
            None => State::begin(record).map(|state| self.state = Some(state)),
        };
        self.report.events_replayed += 1;
        if let Err(failed) = applied {
            self.next = Some(seq);
            let finding =
                self.finding(FindingKind::Event, index, storage, None, format!("event {seq}: {failed}"));
            self.damage = Some(Damage { index, from: seq, known_to: seq, finding });
        } else if self.watch.contains(&seq) {
            self.watched.extend(self.state.as_ref().map(|state| (seq, state.hash())));
        }
        self.damage.is_none()
    }

    /// The end of the walk: `mark` is a sequence number that was durable for certain.
    pub fn finish(&mut self, mark: Seq) {
        if self.damage.is_some() || self.fatal.is_some() {
            return;
        }
        let next = self.next.unwrap_or(Seq::new(1));
        if let Some(Doubtful { index, storage, broken }) = self.doubtful.take() {
            self.judge(index, storage, broken, next, mark);
        }
        if self.damage.is_none() && next <= mark {
            let last = self.last.as_ref().map_or(SegmentIndex::FIRST, |last| last.index);
            // An empty segment behind the last one with events is where the missing ones should be.
            let (index, offset) =
                self.spare.map_or((last, self.end_offset()), |empty| (empty, PAGE_BYTES as u64));
            let what =
                format!("the journal ends with event {}, but event {mark} was durable once", next.get() - 1);
            self.break_at(index, FindingKind::JournalBehind, offset, what, Some(mark.next()));
        }
        self.report.last = Some(self.state_seq());
    }

    fn end_offset(&self) -> u64 {
        self.last.as_ref().map_or(0, |last| last.valid_bytes)
    }

    fn judge(&mut self, index: SegmentIndex, storage: Storage, broken: Broken, next: Seq, mark: Seq) {
        let could_be_torn = matches!(broken.problem, Problem::Frame | Problem::Trailing | Problem::NotOpened);
        // For a segment whose beginning is gone, the scan could not know which number is missing.
        let proof = broken.proof.filter(|proof| proof.commit_first > next);
        let torn = could_be_torn && storage == Storage::Raw && proof.is_none() && next > mark;
        if torn || planted::is(Bug::WrongTailRule) {
            let what = "the last commit was cut off by a crash; nobody was told that it was durable";
            self.note(FindingKind::TornTail, index, storage, broken.offset, what);
            return;
        }
        self.torn_opening = None;
        let told = proof.map_or_else(String::new, |Proof { offset, seq, .. }| {
            format!("; event {seq} at offset {offset} proves that event {next} was durable")
        });
        let what = format!("{}{told}", broken.problem.words());
        let known = proof.or(broken.proof).map(|proof| proof.seq.next());
        self.break_at(index, FindingKind::Segment, broken.offset, what, known);
    }

    /// Records damage: events from the next one on are missing, up to before `known_next` at least.
    pub fn break_at(
        &mut self,
        index: SegmentIndex,
        kind: FindingKind,
        offset: u64,
        what: String,
        known_next: Option<Seq>,
    ) {
        let from = self.next.unwrap_or(self.from.next());
        let known_to = known_next.map_or(from, |next| Seq::new(next.get() - 1)).max(from);
        let storage = Storage::Raw;
        let finding = self.finding(kind, index, storage, Some(offset), what);
        self.damage = Some(Damage { index, from, known_to, finding });
    }

    fn finding(
        &self,
        kind: FindingKind,
        index: SegmentIndex,
        storage: Storage,
        offset: Option<u64>,
        what: String,
    ) -> Finding {
        let stored = [storage, Storage::Raw, Storage::Compressed, Storage::Encrypted]
            .map(|storage| segment_name(index, storage))
            .into_iter()
            .find(|name| self.context.disk.exists(name).unwrap_or(false));
        let file = stored.unwrap_or_else(|| segment_name(index, storage));
        let action = "restore the segment from a backup, or run `truebook recover` to see what can be saved without it";
        let file = self.context.disk.describe(&file);
        Finding { kind, weight: Weight::Damage, file, offset, what, action: action.to_owned() }
    }

    fn note(&mut self, kind: FindingKind, index: SegmentIndex, storage: Storage, offset: u64, what: &str) {
        let mut finding = self.finding(kind, index, storage, Some(offset), what.to_owned());
        finding.weight = Weight::Note;
        finding.action.clear();
        self.report.findings.push(finding);
    }
}
