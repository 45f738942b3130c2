//! What queries show: not always all there is, and not always at once.

use super::Exchange;
use super::time::earlier;
use crate::paper::record::{FillRecord, OrderRecord};
use crate::paper::request::{Direction, ListFilter, OrderFilter, StatusFilter};
use core::time::Duration;
use truebook_core::capability::{ConditionalList, Lookup};
use truebook_core::id::VenueOrderId;
use truebook_core::money::Qty;
use truebook_core::time::Utc;

impl Exchange {
    /// The order of this id, whether queries show it or not.
    pub fn order(&self, id: &VenueOrderId) -> Option<&OrderRecord> {
        self.orders.get(id)
    }

    /// The order of this id, if queries show it.
    pub fn find(&self, id: &VenueOrderId, now: Utc) -> Option<&OrderRecord> {
        self.orders.get(id).filter(|record| self.shows(record, now))
    }

    /// The latest order of this client order id that queries show.
    pub fn find_client(&self, client_id: &str, now: Utc) -> Option<&OrderRecord> {
        let ids = self.by_client.get(client_id)?;
        ids.iter().rev().find_map(|id| self.find(id, now))
    }

    /// The live order of this client order id, or the latest; whether queries show it or not.
    pub fn target(&self, client_id: &str) -> Option<&OrderRecord> {
        let ids = self.by_client.get(client_id)?;
        ids.iter().rev().find_map(|id| self.live(id)).or_else(|| self.orders.get(ids.last()?))
    }

    /// Whether orders can be looked up by client order id.
    pub const fn has_lookup(&self) -> bool {
        matches!(self.settings.capabilities.lookup, Lookup::ById)
    }

    /// The orders that a list shows.
    pub fn list(&self, filter: &OrderFilter, now: Utc) -> Vec<&OrderRecord> {
        let mut rows = match filter.status {
            StatusFilter::Open => self.open_rows(),
            StatusFilter::All | StatusFilter::Closed => self.orders.values().collect(),
        };
        if filter.direction == Direction::Descending {
            rows.reverse();
        }
        let rows =
            rows.into_iter().filter(|record| self.shows(record, now) && self.fits(record, filter, now));
        match filter.limit {
            Some(limit) => rows.take(limit).collect(),
            None => rows.collect(),
        }
    }

    /// Executions since, oldest first.
    pub fn fills(&self, since: Utc, now: Utc) -> Vec<&FillRecord> {
        let from = window_start(self.settings.capabilities.fills_window, now).max(since);
        let first = self.fills.partition_point(|fill| fill.at < from);
        self.fills[first..].iter().filter(|fill| fill.visible_from <= now).collect()
    }

    fn open_rows(&self) -> Vec<&OrderRecord> {
        let mut ids: Vec<&VenueOrderId> = self.open.values().flatten().collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.orders.get(id)).collect()
    }

    /// Whether queries show an order: it has come through, and is not forgotten.
    fn shows(&self, record: &OrderRecord, now: Utc) -> bool {
        let forgotten = match (record.ended_at(), self.settings.capabilities.unfilled_visible) {
            (Some(ended), Some(kept)) => record.filled == Qty::ZERO && ended < earlier(now, kept),
            _ => false,
        };
        record.visible_from <= now && !forgotten
    }

    fn fits(&self, record: &OrderRecord, filter: &OrderFilter, now: Utc) -> bool {
        let status = match filter.status {
            StatusFilter::All => true,
            StatusFilter::Open => record.status.is_live(),
            StatusFilter::Closed => !record.status.is_live() && record.submitted_at >= self.closed_since(now),
        };
        let past = filter.past.as_ref().is_none_or(|past| match filter.direction {
            Direction::Ascending => record.id > *past,
            Direction::Descending => record.id < *past,
        });
        status
            && past
            && self.in_list(record, filter.list)
            && (filter.instruments.is_empty() || filter.instruments.contains(&record.instrument))
            && filter.side.is_none_or(|side| side == record.side)
            && filter.since.is_none_or(|since| record.submitted_at >= since)
            && filter.until.is_none_or(|until| record.submitted_at < until)
    }

    fn in_list(&self, record: &OrderRecord, list: ListFilter) -> bool {
        let apart = self.settings.capabilities.conditional == ConditionalList::Apart;
        let conditional = apart && record.is_conditional();
        match list {
            ListFilter::Both => true,
            ListFilter::Plain => !conditional,
            ListFilter::Conditional => conditional,
        }
    }

    /// From when on ended orders are listed.
    pub fn closed_since(&self, now: Utc) -> Utc {
        window_start(self.settings.capabilities.closed_window, now)
    }

    /// From when on executions are listed.
    pub fn fills_since(&self, now: Utc) -> Utc {
        window_start(self.settings.capabilities.fills_window, now)
    }
}

fn window_start(window: Option<Duration>, now: Utc) -> Utc {
    window.map_or(Utc::from_nanos(0), |window| earlier(now, window))
}
