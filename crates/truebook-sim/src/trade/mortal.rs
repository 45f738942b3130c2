//! A venue as a process sees it that may die before a request leaves, or before its reply is read.

use crate::SimDisk;
use crate::disk::{FaultPlan, OpNumber};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use truebook::paper::PaperVenue;
use truebook::venue::{Accepted, Change, NewOrder, StreamEvent, Target, Venue, VenueError, VenueErrorKind};
use truebook_core::capability::{Capabilities, Rules};
use truebook_core::id::{Instrument, OrderId, VenueName, VenueOrderId};
use truebook_core::money::Price;
use truebook_core::observation::{AccountReport, FillReport, Listing, OrderReport, PositionReport};
use truebook_core::time::Utc;

/// How long a process lives.
pub(super) struct Life {
    /// How many more edges of requests it sees: each request has one before it leaves and one before its reply.
    edges_left: AtomicU64,
    dead: AtomicBool,
    disk: SimDisk,
}

impl Life {
    pub(super) fn new(edges: u64, disk: SimDisk) -> Arc<Self> {
        Arc::new(Self { edges_left: AtomicU64::new(edges), dead: AtomicBool::new(false), disk })
    }

    pub(super) fn is_over(&self) -> bool {
        self.dead.load(Ordering::SeqCst) || self.disk.is_off()
    }

    /// One edge of a request; the process may die at it.
    fn edge(&self) -> Result<(), VenueError> {
        let left = self.edges_left.load(Ordering::SeqCst);
        if left == 0 && !self.is_over() {
            self.dead.store(true, Ordering::SeqCst);
            // A dead process writes nothing more.
            let next = OpNumber(self.disk.ops_done().0 + 1);
            self.disk.set_faults(FaultPlan::default().stop_at(next));
        }
        self.edges_left.store(left.saturating_sub(1), Ordering::SeqCst);
        if self.is_over() {
            return Err(VenueError::new(VenueErrorKind::Unknown, "this process is dead"));
        }
        Ok(())
    }
}

/// The venue, as seen from one life.
pub(super) struct MortalVenue {
    pub(super) inner: PaperVenue,
    pub(super) life: Arc<Life>,
}

impl MortalVenue {
    fn ask<T>(&self, request: impl FnOnce(&PaperVenue) -> Result<T, VenueError>) -> Result<T, VenueError> {
        self.life.edge()?;
        let answer = request(&self.inner);
        self.life.edge()?;
        answer
    }

    fn list<T>(&self, request: impl FnOnce(&PaperVenue) -> Listing<T>) -> Listing<T> {
        match self.ask(|venue| Ok(request(venue))) {
            Ok(listing) => listing,
            Err(failed) => Listing::failed(failed.to_string()),
        }
    }
}

impl Venue for MortalVenue {
    fn name(&self) -> VenueName {
        self.inner.name()
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn now(&self) -> Result<Utc, VenueError> {
        self.ask(Venue::now)
    }

    fn submit(&self, order: &NewOrder) -> Result<Accepted, VenueError> {
        self.ask(|venue| venue.submit(order))
    }

    fn cancel(&self, target: &Target) -> Result<(), VenueError> {
        self.ask(|venue| venue.cancel(target))
    }

    fn replace(&self, target: &Target, change: &Change) -> Result<Accepted, VenueError> {
        self.ask(|venue| venue.replace(target, change))
    }

    fn find(&self, id: OrderId, instrument: &Instrument) -> Result<Option<OrderReport>, VenueError> {
        self.ask(|venue| venue.find(id, instrument))
    }

    fn find_venue_order(&self, id: &VenueOrderId) -> Result<Option<OrderReport>, VenueError> {
        self.ask(|venue| venue.find_venue_order(id))
    }

    fn open_orders(&self) -> Listing<OrderReport> {
        self.list(Venue::open_orders)
    }

    fn closed_orders(&self, since: Utc) -> Listing<OrderReport> {
        self.list(|venue| venue.closed_orders(since))
    }

    fn fills(&self, since: Utc) -> Listing<FillReport> {
        self.list(|venue| venue.fills(since))
    }

    fn positions(&self) -> Listing<PositionReport> {
        self.list(Venue::positions)
    }

    fn account(&self) -> Result<AccountReport, VenueError> {
        self.ask(Venue::account)
    }

    fn rules(&self, instrument: &Instrument) -> Result<Option<Rules>, VenueError> {
        self.ask(|venue| venue.rules(instrument))
    }

    fn last_price(&self, instrument: &Instrument) -> Result<Option<Price>, VenueError> {
        self.ask(|venue| venue.last_price(instrument))
    }

    fn stream(&self) -> Result<Receiver<StreamEvent>, VenueError> {
        self.ask(Venue::stream)
    }
}
