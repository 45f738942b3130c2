//! Joining what a backup holds of a segment with what its own file still says, and proving that the two are of
//! one history.
//!
//! A backup of the same book may be of another history: a copy of the directory that went its own way. So
//! nothing of it is used that does not fit what is known here: the hash chain before the segment, every event
//! that can still be read in it, and what the readable segments behind it say comes before them.

use super::local::{Local, Neighbours, Reached};
use super::supply::{Origin, Piece};
use crate::backup::Generation;
use crate::journal::Context;
use crate::journal::segment::{Chain, OpenInfo, SegmentIndex};
use crate::planted::{self, Bug};
use crate::recovery::report::SeqRange;
use truebook_core::hash::ChainHash;
use truebook_core::id::Seq;

/// A segment of which a contiguous run of events is known again.
pub(super) struct Joined {
    /// Its number.
    pub index: SegmentIndex,
    /// How it opens.
    pub open: OpenInfo,
    /// The JSON of its events, the first with sequence number `open.first`.
    pub events: Vec<Vec<u8>>,
    /// The hash chain after them.
    pub chain: ChainHash,
    /// Events of its own file behind a gap that remains.
    pub trailing: Vec<(Seq, u32, Vec<u8>)>,
    /// Events that only the backup has.
    pub given: Option<SeqRange>,
    /// The backup.
    pub origin: Option<Origin>,
    /// How far the events reach.
    pub reach: Reach,
}

/// How far the events of a joined segment reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To where the next segment begins, which has the fitting hash.
    Connects,
    /// Not to where the next readable segment begins.
    Short,
    /// No later segment can be read.
    Open,
}

impl Joined {
    /// Sequence number after its last event.
    pub(super) fn next(&self) -> Seq {
        Seq::new(self.open.first.get() + self.events.len() as u64)
    }
}

/// What a generation's own file says about a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kinship {
    /// Its segments come before those that can be read here.
    Same,
    /// It does not reach them.
    Unknown,
    /// It is another history.
    Foreign,
}

/// Compares what a generation says of later segments with what they say themselves: equal hashes before one of
/// them mean equal events up to there.
pub(super) fn kinship(generation: &Generation, index: SegmentIndex, neighbours: &Neighbours) -> Kinship {
    if planted::is(Bug::BackupChainNotCompared) {
        return Kinship::Unknown;
    }
    let mut kinship = Kinship::Unknown;
    let mut reached: Option<ChainHash> = None;
    for stored in generation.segments.iter().filter(|stored| stored.index >= index) {
        if reached.is_some_and(|chain| chain != stored.prev) {
            return Kinship::Foreign;
        }
        reached = Some(stored.chain);
        let Some((_, open)) = neighbours.after.iter().find(|(other, _)| *other == stored.index) else {
            continue;
        };
        if (open.first, open.prev) != (stored.first, stored.prev) {
            return Kinship::Foreign;
        }
        kinship = Kinship::Same;
    }
    kinship
}

/// Joins a segment's events and proves that they are of this book's history.
///
/// # Errors
/// Why the backup's piece cannot be used, in words.
pub(super) fn join(
    context: &Context,
    index: SegmentIndex,
    local: &Local,
    neighbours: &Neighbours,
    piece: Option<(&Piece, Kinship)>,
) -> Result<Joined, String> {
    let open = opening(local, neighbours, piece)?;
    let mut chain = Chain::begin(context.manifest.book, index, open.prev);
    let (mut events, mut given) = (Vec::new(), None);
    let mut seq = open.first;
    let stored = piece.map_or(&[][..], |(piece, _)| &piece.events);
    loop {
        let own = local.events.get(&seq).map(|event| &event.json);
        let backed_up = stored.get(events.len());
        let json = match (own, backed_up) {
            (Some(own), Some(backed_up)) if own != backed_up => {
                return Err(format!("event {seq} is another one there than here"));
            }
            (None, Some(backed_up)) => {
                given = Some(widened(given, seq));
                backed_up
            }
            (Some(own), _) => own,
            (None, None) => break,
        };
        chain.add(seq, json);
        events.push(json.clone());
        seq = seq.next();
    }
    let chain = chain.hash();
    let reach = reach(neighbours, seq, chain)?;
    let is_anchored = neighbours.before.is_some() || local.open.is_some();
    let is_kin = piece.is_some_and(|(_, kinship)| kinship == Kinship::Same);
    if !(is_anchored || is_kin || reach == Reach::Connects) {
        return Err("nothing here shows that it is of this history".to_owned());
    }
    let behind = local.events.range(seq..);
    let trailing = behind.map(|(seq, event)| (*seq, event.behind, event.json.clone())).collect();
    let origin = given.and(piece).map(|(piece, _)| piece.origin.clone());
    let joined = Joined { index, open, events, chain, trailing, given, origin, reach };
    assert_eq!(joined.next(), seq, "joined events have no gap");
    Ok(joined)
}

fn widened(given: Option<SeqRange>, seq: Seq) -> SeqRange {
    SeqRange { from: given.map_or(seq, |range| range.from), to: Some(seq) }
}

/// How the segment opens; it must follow on what is before it.
fn opening(
    local: &Local,
    neighbours: &Neighbours,
    piece: Option<(&Piece, Kinship)>,
) -> Result<OpenInfo, String> {
    let own = local.open.clone();
    let open = match (piece, &own, neighbours.before) {
        (Some((piece, _)), _, _) => piece.open.clone(),
        (None, Some(own), _) => own.clone(),
        (None, None, Some(before)) => OpenInfo { first: before.next, prev: before.chain, missing: None },
        (None, None, None) => return Err("nothing tells where it begins".to_owned()),
    };
    if planted::is(Bug::BackupChainNotCompared) {
        return Ok(open);
    }
    if neighbours.before.is_some_and(|before| !follows(&open, before)) {
        return Err("the hash chain does not connect it to the segment before".to_owned());
    }
    if own.is_some_and(|own| own != open) {
        return Err("it opens in another way than the one here".to_owned());
    }
    Ok(open)
}

/// Whether a segment that opens like this follows on what was reached, over a recorded gap at most.
pub(super) fn follows(open: &OpenInfo, before: Reached) -> bool {
    let begins = open.missing.map_or(open.first, |missing| missing.from);
    open.prev == before.chain && begins == before.next
}

/// Compares the end with the beginning of the next readable segment.
fn reach(neighbours: &Neighbours, next: Seq, chain: ChainHash) -> Result<Reach, String> {
    let Some((_, after)) = neighbours.after.first() else { return Ok(Reach::Open) };
    let begins = after.missing.map_or(after.first, |missing| missing.from);
    if next < begins {
        return Ok(Reach::Short);
    }
    let connects = next == begins && chain == after.prev;
    if connects || planted::is(Bug::BackupChainNotCompared) {
        Ok(Reach::Connects)
    } else {
        Err("the hash chain does not connect the segment behind to it".to_owned())
    }
}
