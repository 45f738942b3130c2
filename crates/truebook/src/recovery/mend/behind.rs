//! A book that ends before its own backup: its directory was put back from an older copy, or its last segments
//! vanished with every checkpoint that could tell. Nothing in the directory shows that.

use super::supply::{Piece, Supply, chain_of};
use crate::journal::Context;
use crate::recovery::Assessment;
use crate::recovery::walk::LastSegment;
use truebook_core::hash::ChainHash;
use truebook_core::id::Seq;

/// The last event of a generation nearby that goes on exactly from where the book ends; `None` if there is none.
/// Distant places are not asked: nobody should wait for them to open a sound book.
pub(super) fn durable_once(context: &Context, supply: &mut Supply, assessment: &Assessment) -> Option<Seq> {
    let last = assessment.last_segment.as_ref().filter(|_| assessment.broken.is_none())?;
    let mut furthest = None;
    for place in supply.near_places() {
        let Some(newest) = supply.generation(place, 0) else { continue };
        let reached = newest.generation.last;
        if reached <= assessment.last || Some(reached) <= furthest {
            continue;
        }
        let (id, stored) = (newest.id.clone(), newest.generation.segments.clone());
        let Some(stored) = stored.into_iter().find(|stored| stored.index == last.index) else { continue };
        if (stored.prev, stored.next >= last.next) != (last.prev, true) {
            continue;
        }
        let piece = supply.fetch(context, place, &id, &stored);
        if piece.is_some_and(|piece| chain_before(context, last, &piece) == Some(last.chain.hash())) {
            furthest = Some(reached);
        }
    }
    furthest
}

/// The hash chain of a stored segment before the event with which the book would go on.
fn chain_before(context: &Context, last: &LastSegment, piece: &Piece) -> Option<ChainHash> {
    let count = usize::try_from(last.next.get().checked_sub(piece.open.first.get())?).ok()?;
    Some(chain_of(context, last.index, &piece.open, piece.events.get(..count)?))
}
