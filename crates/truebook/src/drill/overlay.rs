//! The paper venue behind a script: it counts what is sent, says odd words, hides rows, shows rows that the
//! drill wrote out, and kills the process in the middle of a request.

mod rows;

use super::disk::Power;
use super::script::{List, When, Word};
use crate::paper::{PaperVenue, RequestKind};
use crate::venue::{Accepted, Change, NewOrder, StreamEvent, Target, Venue, VenueError, VenueErrorKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use truebook_core::capability::{Capabilities, Rules};
use truebook_core::id::{Instrument, OrderId, VenueName, VenueOrderId};
use truebook_core::money::{Price, Qty};
use truebook_core::observation::{AccountReport, FillReport, Listing, OrderReport, PositionReport};
use truebook_core::time::Utc;

/// What the drill wrote over the venue; it outlives processes.
#[derive(Default)]
pub(super) struct Writing {
    /// Requests to place an order that left this machine, by client order id.
    pub(super) sent: BTreeMap<String, u64>,
    pub(super) crash: Option<When>,
    pub(super) words: BTreeMap<VenueOrderId, Word>,
    pub(super) hidden: Vec<Hidden>,
    pub(super) orders: BTreeMap<VenueOrderId, OrderReport>,
    pub(super) fills: Vec<FillReport>,
    pub(super) holdings: BTreeMap<Instrument, Qty>,
}

/// Rows that answers leave out.
pub(super) struct Hidden {
    pub(super) client_ids: BTreeSet<String>,
    pub(super) venue_orders: BTreeSet<VenueOrderId>,
    pub(super) list: List,
    /// In how many answers more; `None` for all.
    pub(super) left: Option<u32>,
}

/// The venue as one process sees it.
pub(super) struct Overlay {
    paper: PaperVenue,
    writing: Arc<Mutex<Writing>>,
    power: Arc<Power>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Overlay {
    pub(super) const fn new(paper: PaperVenue, writing: Arc<Mutex<Writing>>, power: Arc<Power>) -> Self {
        Self { paper, writing, power }
    }

    /// A request, unless the process is killed before it leaves; its reply, unless it is killed before that
    /// is read.
    fn request<T>(
        &self,
        kind: RequestKind,
        act: impl FnOnce() -> Result<T, VenueError>,
    ) -> Result<T, VenueError> {
        self.die_at(When::Before(kind))?;
        let reply = act();
        self.die_at(When::After(kind))?;
        reply
    }

    fn die_at(&self, when: When) -> Result<(), VenueError> {
        let mut writing = lock(&self.writing);
        if writing.crash == Some(when) {
            writing.crash = None;
            self.power.kill();
        }
        if self.power.is_killed() {
            return Err(VenueError::new(VenueErrorKind::Unknown, "the process was killed"));
        }
        Ok(())
    }

    fn listing<T>(&self, kind: RequestKind, act: impl FnOnce() -> Listing<T>) -> Listing<T> {
        self.request(kind, || Ok(act())).unwrap_or_else(|failed| Listing::failed(failed.to_string()))
    }

    fn accepted(&self, accepted: Accepted) -> Accepted {
        let writing = lock(&self.writing);
        let legs = accepted.legs.into_iter().map(|leg| writing.worded(leg)).collect();
        Accepted { report: writing.worded(accepted.report), legs }
    }
}

impl Venue for Overlay {
    fn name(&self) -> VenueName {
        self.paper.name()
    }

    fn capabilities(&self) -> &Capabilities {
        self.paper.capabilities()
    }

    fn now(&self) -> Result<Utc, VenueError> {
        self.paper.now()
    }

    fn submit(&self, order: &NewOrder) -> Result<Accepted, VenueError> {
        self.request(RequestKind::Submit, || {
            *lock(&self.writing).sent.entry(order.intent.id.to_string()).or_insert(0) += 1;
            self.paper.submit(order).map(|accepted| self.accepted(accepted))
        })
    }

    fn cancel(&self, target: &Target) -> Result<(), VenueError> {
        self.request(RequestKind::Cancel, || self.paper.cancel(target))
    }

    fn replace(&self, target: &Target, change: &Change) -> Result<Accepted, VenueError> {
        self.request(RequestKind::Replace, || {
            self.paper.replace(target, change).map(|accepted| self.accepted(accepted))
        })
    }

    fn find(&self, id: OrderId, instrument: &Instrument) -> Result<Option<OrderReport>, VenueError> {
        self.request(RequestKind::Find, || {
            let found = self.paper.find(id, instrument)?;
            let client_id = id.to_string();
            let mut writing = lock(&self.writing);
            let shown =
                writing.orders.values().rev().find(|row| row.client_id.as_deref() == Some(&client_id));
            let found = shown.cloned().or(found);
            Ok(writing.found(found))
        })
    }

    fn find_venue_order(&self, id: &VenueOrderId) -> Result<Option<OrderReport>, VenueError> {
        self.request(RequestKind::Find, || {
            let found = self.paper.find_venue_order(id)?;
            let mut writing = lock(&self.writing);
            let found = writing.orders.get(id).cloned().or(found);
            Ok(writing.found(found))
        })
    }

    fn open_orders(&self) -> Listing<OrderReport> {
        self.listing(RequestKind::OpenOrders, || {
            let listing = self.paper.open_orders();
            lock(&self.writing).open(listing)
        })
    }

    fn closed_orders(&self, since: Utc) -> Listing<OrderReport> {
        self.listing(RequestKind::ClosedOrders, || {
            let listing = self.paper.closed_orders(since);
            lock(&self.writing).closed(listing)
        })
    }

    fn fills(&self, since: Utc) -> Listing<FillReport> {
        self.listing(RequestKind::Fills, || {
            let listing = self.paper.fills(since);
            lock(&self.writing).fills(listing)
        })
    }

    fn positions(&self) -> Listing<PositionReport> {
        self.listing(RequestKind::Positions, || {
            let listing = self.paper.positions();
            lock(&self.writing).positions(listing)
        })
    }

    fn account(&self) -> Result<AccountReport, VenueError> {
        self.request(RequestKind::Account, || self.paper.account())
    }

    fn rules(&self, instrument: &Instrument) -> Result<Option<Rules>, VenueError> {
        self.paper.rules(instrument)
    }

    fn last_price(&self, instrument: &Instrument) -> Result<Option<Price>, VenueError> {
        self.paper.last_price(instrument)
    }

    fn stream(&self) -> Result<Receiver<StreamEvent>, VenueError> {
        self.request(RequestKind::Connect, || self.paper.stream())
    }
}
