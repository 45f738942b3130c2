//! Whether a book goes on from its last generation, and what speaks against a new one.

use super::error::BackupError;
use super::generation::{Generation, StoredSegment};
use super::names::GenerationId;
use super::source::Source;
use crate::journal::cut;
use crate::journal::load;
use crate::journal::segment::SegmentIndex;
use truebook_core::event::{Event, Record, StateAfter};
use truebook_core::id::Seq;

/// How the book's journal relates to that of the last generation.
pub(super) struct History {
    /// Segments that are whole in both, and the same.
    pub shared: Vec<StoredSegment>,
    /// Where the two differ, if they do.
    pub differs: Option<Difference>,
}

/// Two histories differ from an event on.
pub(super) struct Difference {
    /// The first event that may differ.
    pub from: Seq,
    /// The event that tells of it: the book was restored, or opened over damage.
    pub explained_by: Option<&'static str>,
}

/// Compares the book's journal with that of the last generation. Equal hash chains at one event mean equal
/// events up to there, so one or two segments are read, not all.
pub(super) fn compare(source: &Source, previous: Option<&Generation>) -> Result<History, BackupError> {
    let Some(previous) = previous else { return Ok(History { shared: Vec::new(), differs: None }) };
    let Some((partial, whole)) = previous.segments.split_last() else {
        return Ok(History { shared: Vec::new(), differs: None });
    };
    let is_same = holds(source, partial)?;
    if is_same {
        return Ok(History { shared: whole.to_vec(), differs: None });
    }
    let mut shared = whole.to_vec();
    while let Some(last) = shared.last() {
        if holds(source, last)? {
            break;
        }
        shared.pop();
    }
    let from = shared.last().map_or(previous.first, |segment| segment.next);
    let begin = shared.last().map_or(SegmentIndex::FIRST, |segment| segment.index);
    // The last shared one is read again: it may go on here, and end there.
    shared.pop();
    let explained_by = explanation(source, begin)?;
    Ok(History { shared, differs: Some(Difference { from, explained_by }) })
}

/// Whether the book's journal holds a segment up to the same event with the same hash chain.
fn holds(source: &Source, segment: &StoredSegment) -> Result<bool, BackupError> {
    let Some(found) = source.reader.segment(segment.index)? else { return Ok(false) };
    let until = Seq::new(segment.next.get() - 1);
    let part = cut(&source.reader.context, segment.index, found.storage, &found.bytes, until)
        .map_err(|fault| source.reader.damaged(segment.index, found.storage, fault))?;
    Ok(part.is_some_and(|part| part.next == segment.next && part.chain == segment.chain))
}

/// The event from a segment on that says why the history is another one.
fn explanation(source: &Source, begin: SegmentIndex) -> Result<Option<&'static str>, BackupError> {
    let indices: Vec<_> =
        source.reader.inventory()?.segments.range(begin..).map(|(index, _)| *index).collect();
    for index in indices {
        let Some(found) = source.reader.segment(index)? else { continue };
        let (_, mut scan) = load::start(&source.reader.context, index, found.storage, &found.bytes)
            .map_err(|fault| source.reader.damaged(index, found.storage, fault))?;
        while let Some(event) = scan.next_event() {
            match Record::decode(&event.json).map(|record| record.ev) {
                // What was mended is as it was before: it explains no difference.
                Ok(Event::Recovered(recovered)) if recovered.state == StateAfter::Mended => {}
                Ok(Event::Recovered(_)) => return Ok(Some("it was opened over damage")),
                Ok(Event::Restored(_)) => return Ok(Some("it was restored")),
                _ => {}
            }
        }
    }
    Ok(None)
}

/// What speaks against the generation that is being made.
pub(super) fn suspicions(
    source: &Source,
    id: &GenerationId,
    previous: &Generation,
    history: &History,
) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(difference) = &history.differs {
        if difference.explained_by.is_some() {
            // What is less than before was lost, and that was told and accepted.
            return found;
        }
        found.push(format!(
            "the history differs from that of generation {id} from event {} on, and no event says why: two \
             machines use this book, or its files were replaced",
            difference.from
        ));
    }
    if source.reader.last < previous.last {
        found.push(format!(
            "the sequence went back from {} (generation {id}) to {}",
            previous.last, source.reader.last
        ));
    }
    let (before, now) = (&previous.holds, &source.holds);
    if now.seen < before.seen {
        found.push(format!(
            "the ledger shrank from {} (generation {id}) to {} entries",
            before.seen, now.seen
        ));
    }
    let was_filled = before.vars_bytes > EMPTY_BYTES || before.orders + before.positions > 0;
    let is_empty = now.vars_bytes <= EMPTY_BYTES && now.orders + now.positions == 0;
    if was_filled && is_empty {
        found.push(format!("the state is empty, and was not in generation {id}"));
    }
    found
}

/// Length of an empty object, `{}`.
const EMPTY_BYTES: u64 = 2;
