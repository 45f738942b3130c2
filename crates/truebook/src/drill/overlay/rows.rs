//! What the drill does to the rows of an answer.

use super::super::script::List;
use super::{Hidden, Writing};
use crate::venue::words;
use truebook_core::id::VenueOrderId;
use truebook_core::observation::{FillReport, Listing, OrderReport, PositionReport};

impl Writing {
    /// A report with the venue's word as the drill has it.
    pub(in super::super) fn worded(&self, mut report: OrderReport) -> OrderReport {
        if let Some(word) = self.words.get(&report.venue_order) {
            report.status = words::meaning(&word.word, word.why_held.as_deref());
            report.word = word.word.clone();
        }
        report
    }

    pub(super) fn found(&mut self, found: Option<OrderReport>) -> Option<OrderReport> {
        let report = self.worded(found?);
        let shown = self.shown(List::Find, vec![report], Hidden::hides);
        shown.into_iter().next()
    }

    pub(super) fn open(&mut self, listing: Listing<OrderReport>) -> Listing<OrderReport> {
        let live = self.orders.values().filter(|row| row.status.ended().is_none()).cloned();
        let rows = self.written_over(listing.rows, live.collect());
        Listing { rows: self.shown(List::Open, rows, Hidden::hides), ..listing }
    }

    pub(super) fn closed(&mut self, listing: Listing<OrderReport>) -> Listing<OrderReport> {
        let ended = self.orders.values().filter(|row| row.status.ended().is_some()).cloned();
        let rows = self.written_over(listing.rows, ended.collect());
        Listing { rows: self.shown(List::Closed, rows, Hidden::hides), ..listing }
    }

    fn written_over(&self, rows: Vec<OrderReport>, written: Vec<OrderReport>) -> Vec<OrderReport> {
        let own = rows.into_iter().filter(|row| !self.orders.contains_key(&row.venue_order));
        own.map(|row| self.worded(row)).chain(written).collect()
    }

    pub(super) fn fills(&mut self, mut listing: Listing<FillReport>) -> Listing<FillReport> {
        listing.rows.extend(self.fills.iter().cloned());
        Listing { rows: self.shown(List::Fills, listing.rows, Hidden::hides_fill), ..listing }
    }

    pub(super) fn positions(&self, mut listing: Listing<PositionReport>) -> Listing<PositionReport> {
        listing.rows.retain(|row| !self.holdings.contains_key(&row.instrument));
        let held = self.holdings.iter().filter(|(_, quantity)| !quantity.is_zero());
        listing.rows.extend(held.map(|(instrument, quantity)| PositionReport {
            instrument: instrument.clone(),
            quantity: *quantity,
            average_price: None,
        }));
        listing
    }

    /// The rows that are not hidden from this answer, which then counts as one in which they were.
    fn shown<T>(&mut self, list: List, rows: Vec<T>, hides: fn(&Hidden, &T) -> Option<()>) -> Vec<T> {
        let here = |hidden: &Hidden| hidden.list == list || hidden.list == List::Everywhere;
        let is_hidden = |row: &T, all: &[Hidden]| {
            all.iter().any(|hidden| here(hidden) && hidden.left != Some(0) && hides(hidden, row).is_some())
        };
        let (gone, shown): (Vec<T>, Vec<T>) = rows.into_iter().partition(|row| is_hidden(row, &self.hidden));
        for hidden in self.hidden.iter_mut().filter(|hidden| here(hidden)) {
            let had_work = gone.iter().any(|row| hides(hidden, row).is_some());
            hidden.left = hidden.left.map(|left| if had_work { left.saturating_sub(1) } else { left });
        }
        shown
    }
}

impl Hidden {
    fn hides(&self, row: &OrderReport) -> Option<()> {
        self.hides_either(row.client_id.as_deref(), &row.venue_order)
    }

    fn hides_fill(&self, row: &FillReport) -> Option<()> {
        self.hides_either(row.client_id.as_deref(), &row.venue_order)
    }

    fn hides_either(&self, client_id: Option<&str>, venue_order: &VenueOrderId) -> Option<()> {
        let by_client = client_id.is_some_and(|id| self.client_ids.contains(id));
        (by_client || self.venue_orders.contains(venue_order)).then_some(())
    }
}
