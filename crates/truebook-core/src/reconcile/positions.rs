//! The book's positions against the venue's.

use super::draft::Draft;
use super::policy::Positions;
use super::steps::Inputs;
use crate::event::BlockKind;
use crate::id::Instrument;
use crate::money::Qty;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::vec::Vec;

/// Where they differ, new risk is refused, with the three numbers. Nothing is ever made equal by force.
pub(super) fn compare(inputs: &Inputs<'_>, draft: &mut Draft) {
    let observation = inputs.observation;
    if inputs.policy.positions == Positions::Ignore {
        return draft.hold_instrument(None, "positions are not compared, as the settings say");
    }
    // Without the fills a difference would only say that they are missing.
    if !observation.positions.is_complete() || !observation.fills.is_complete() {
        draft.leave_blocks(BlockKind::PositionDifference);
        return draft.hold_instrument(None, "positions and fills were not read whole: not compared");
    }
    let at_venue = observation.held();
    let instruments: BTreeSet<Instrument> =
        draft.live().positions.keys().chain(at_venue.keys()).cloned().collect();
    for instrument in instruments.into_iter().collect::<Vec<_>>() {
        let venue = at_venue.get(&instrument).copied().unwrap_or(Qty::ZERO);
        compare_one(&instrument, venue, draft);
    }
}

fn compare_one(instrument: &Instrument, venue: Qty, draft: &mut Draft) {
    let position = draft.live().positions.get(instrument);
    let book = position.map_or(Qty::ZERO, |position| position.quantity);
    if book == venue {
        return;
    }
    let fills = position.map_or(Qty::ZERO, crate::position::Position::filled);
    let why = format!(
        "position in {instrument}: the book holds {book}, its fills add up to {fills}, the venue holds {venue}; \
         find the missing fill, or enter a correction with `truebook correct`"
    );
    draft.alarm(Some(instrument), why.clone());
    draft.block(instrument, BlockKind::PositionDifference, why);
}
