//! What was shipped after a generation: restored with it, as far as the hash chain proves it.

use super::plan;
use crate::backup::error::BackupError;
use crate::backup::generation::Generation;
use crate::backup::join::{Joined, join};
use crate::backup::shelf::Shelf;
use crate::backup::tail;
use crate::journal::Context;
use crate::journal::load::Loaded;
use crate::journal::load::{Segment, decode_body};
use crate::journal::segment::{SegmentIndex, Storage};
use truebook_core::id::Seq;
use truebook_core::time::Utc;

/// A generation's last segment with what was shipped of it, and segments after it.
pub(super) struct Extension {
    /// The segments, the generation's last one first.
    pub joined: Vec<Joined>,
    /// Sequence number of the last event.
    pub last: Seq,
    /// How many pieces were read.
    pub pieces: u64,
}

/// Joins what was shipped after a generation to it. `None` if there is nothing more.
///
/// # Errors
/// The target's; [`BackupError::Locked`] if the pieces cannot be opened.
pub(super) fn extend(
    context: &Context,
    shelf: &Shelf,
    generation: &Generation,
) -> Result<Option<Extension>, BackupError> {
    let Some(last) = generation.segments.last().filter(|_| generation.suspicions.is_empty()) else {
        return Ok(None);
    };
    let pieces = tail::read_after(shelf, context, generation.last)?;
    if pieces.is_empty() {
        return Ok(None);
    }
    let count = pieces.len() as u64;
    let (bytes, _) = plan::unpacked(context, shelf, last)?;
    let joined = join(context, last.index, &bytes, pieces).map_err(|fault| BackupError::Damaged {
        object: shelf.describe(&last.file.object),
        what: fault.to_string(),
    })?;
    let reached = joined.last().map_or(Seq::ZERO, |joined| Seq::new(joined.cut.next.get() - 1));
    assert!(joined.is_empty() || joined[0].index == last.index, "the generation's last segment comes first");
    Ok((reached > generation.last).then_some(Extension { joined, last: reached, pieces: count }))
}

impl Extension {
    /// The segments that begin up to an event.
    pub(super) fn up_to(&self, until: Seq) -> impl Iterator<Item = &Joined> {
        self.joined.iter().filter(move |joined| joined.cut.open.first <= until)
    }

    /// The events after a generation with their times, in order.
    pub(super) fn times(&self, context: &Context, after: Seq) -> Result<Vec<(Seq, Utc)>, BackupError> {
        let mut times = Vec::new();
        for joined in &self.joined {
            let segment = decoded(context, joined.index, &joined.cut.sealed)?;
            let numbered = (segment.open.first.get()..).map(Seq::new).zip(segment.records.iter());
            times.extend(numbered.filter(|(seq, _)| *seq > after).map(|(seq, record)| (seq, record.at)));
        }
        Ok(times)
    }
}

fn decoded(context: &Context, index: SegmentIndex, sealed: &[u8]) -> Result<Segment, BackupError> {
    let damaged = |what: String| BackupError::Damaged { object: format!("shipped segment {index}"), what };
    match decode_body(context, index, Storage::Compressed, sealed) {
        Ok(Loaded::Events(segment)) => Ok(*segment),
        Ok(Loaded::Empty) => Err(damaged("it holds no event".to_owned())),
        Err(fault) => Err(damaged(fault.to_string())),
    }
}
