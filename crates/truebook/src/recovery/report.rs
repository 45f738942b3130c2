//! What opening a book found and did: part of the answer, never only a log line.

use crate::journal::segment::SegmentIndex;
use serde::Serialize;
use std::fmt;
use truebook_core::id::Seq;

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What kind of thing.
    pub kind: FindingKind,
    /// How much it weighs.
    pub weight: Weight,
    /// The file, as people know it.
    pub file: String,
    /// Where in the file (in the unpacked segment, for a compressed one), in bytes from its beginning.
    pub offset: Option<u64>,
    /// What is wrong, in words.
    pub what: String,
    /// What to do about it; empty if nothing need be done.
    pub action: String,
}

/// Kinds of findings; the names are part of the JSON contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The manifest is damaged or missing.
    Manifest,
    /// A journal segment is damaged.
    Segment,
    /// A journal segment was cut short: nobody can tell what stood behind the cut.
    SegmentShort,
    /// A journal segment is missing.
    SegmentMissing,
    /// The hash chain does not connect two segments.
    Chain,
    /// An event does not fit the state before it.
    Event,
    /// The last commit was cut off by a crash before anybody was told of it.
    TornTail,
    /// Events are missing, which an earlier opening recorded.
    KnownGap,
    /// A checkpoint is damaged.
    Checkpoint,
    /// A checkpoint does not hold the state that the journal gives.
    CheckpointState,
    /// The journal ends before what a checkpoint proves.
    JournalBehind,
    /// The readable copy is damaged.
    ReadableDamaged,
    /// The readable copy was edited by hand.
    ReadableEdited,
    /// The readable copy is an older one that was put back.
    ReadableOlder,
    /// A file that nobody needs any more.
    Leftover,
    /// A backup could not be used to mend damage.
    Backup,
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Worth knowing; the book is sound.
    Note,
    /// Something is damaged or was changed.
    Damage,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(offset) = self.offset {
            write!(f, " at offset {offset}")?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Sequence numbers from one to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SeqRange {
    /// The first.
    pub from: Seq,
    /// The last; `None` if nobody can tell.
    pub to: Option<Seq>,
}

impl fmt::Display for SeqRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) => write!(f, "{} to {to}", self.from),
            None => write!(f, "{} and on", self.from),
        }
    }
}

/// Bytes of a torn tail that were cut off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// The segment file.
    pub file: String,
    /// Where it was cut.
    pub offset: u64,
    /// How many bytes were cut.
    pub bytes: u64,
    /// Where they are kept, if there was room.
    pub kept_in: Option<String>,
}

/// A file that was moved out of the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// Where it was.
    pub file: String,
    /// Where it is.
    pub kept_in: String,
    /// Why.
    pub why: String,
}

/// A journal segment that was made whole again, or more whole than it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mended {
    /// The file.
    pub file: String,
    /// The segment.
    pub segment: SegmentIndex,
    /// Its events now.
    pub events: SeqRange,
    /// Those of them that only the backup had; `None` if all could be read in the damaged file.
    pub given: Option<SeqRange>,
    /// The generation that they are from.
    pub generation: Option<String>,
    /// The target that holds it.
    pub place: Option<String>,
}

impl fmt::Display for Mended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: events {} are whole again", self.file, self.events)?;
        match (&self.given, &self.generation, &self.place) {
            (Some(given), Some(generation), Some(place)) => {
                write!(f, ", events {given} from generation {generation} in {place}")
            }
            _ => write!(f, ", from what could still be read"),
        }
    }
}

/// What opening a book found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Sequence number of the checkpoint that the state was begun with; `None` if the whole journal was
    /// replayed.
    pub checkpoint: Option<Seq>,
    /// Segments that were read.
    pub segments_read: Vec<SegmentIndex>,
    /// How many events were replayed.
    pub events_replayed: u64,
    /// Sequence number of the last event.
    pub last: Option<Seq>,
    /// The torn tail that was cut off, if there was one.
    pub cut: Option<Cut>,
    /// Files that were moved out of the way.
    pub set_aside: Vec<SetAside>,
    /// Checkpoints that could not be used, newest first: an older one or the journal stood in.
    pub fallbacks: Vec<String>,
    /// Segments that were mended from a backup. If the book was not opened all the same, nothing was done:
    /// then this is what a backup can give back.
    pub mended: Vec<Mended>,
    /// Events missing from the journal after this opening.
    pub missing: Option<SeqRange>,
    /// Events whose effect on the state is lost.
    pub lost: Option<SeqRange>,
    /// Everything that is not as it should be.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether anything but notes was found.
    pub fn has_damage(&self) -> bool {
        self.findings.iter().any(|finding| finding.weight == Weight::Damage)
    }
}
