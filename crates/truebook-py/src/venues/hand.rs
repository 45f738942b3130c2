//! No venue: the book keeps variables, and what the bot tells of its own orders.
//!
//! Nothing is ever sent from here, and nothing can be asked, so no list is complete and the gate stays shut.

use std::sync::mpsc::Receiver;
use truebook::core::capability::{
    Brackets, Capabilities, ConditionalList, IdClass, IdRule, Lookup, ReplaceQuantity, Rules,
};
use truebook::core::id::{Instrument, OrderId, VenueName, VenueOrderId};
use truebook::core::money::Price;
use truebook::core::observation::{AccountReport, FillReport, Listing, OrderReport, PositionReport};
use truebook::core::time::Utc;
use truebook::venue::{Accepted, Change, NewOrder, StreamEvent, Target, Venue, VenueError, VenueErrorKind};
use truebook::world::{Clock, SystemClock};

const WHY: &str = "the book was opened without a venue: truebook.open(…, venue=…)";

/// A venue that nobody can reach.
pub(crate) struct ByHand {
    name: VenueName,
    capabilities: Capabilities,
}

impl ByHand {
    /// In the place of the venue of this name.
    pub(crate) fn new(name: VenueName) -> Self {
        let capabilities = Capabilities {
            class: IdClass::C,
            client_id: IdRule { bytes_max: 36, punctuation: "-_".into() },
            admission: None,
            propagation: core::time::Duration::from_secs(5),
            unfilled_visible: None,
            closed_window: None,
            fills_window: None,
            lookup: Lookup::ListsOnly,
            brackets: Brackets::Emulated,
            conditional: ConditionalList::Together,
            replace: ReplaceQuantity::Unsupported,
            requests_per_minute: None,
            clock_skew_max: core::time::Duration::from_secs(30),
        };
        Self { name, capabilities }
    }
}

fn not_sent<T>() -> Result<T, VenueError> {
    Err(VenueError::new(VenueErrorKind::NotSent, WHY))
}

fn unread<T>() -> Listing<T> {
    Listing::failed(WHY.to_owned())
}

impl Venue for ByHand {
    fn name(&self) -> VenueName {
        self.name.clone()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Result<Utc, VenueError> {
        Ok(SystemClock.now())
    }

    fn submit(&self, _: &NewOrder) -> Result<Accepted, VenueError> {
        not_sent()
    }

    fn cancel(&self, _: &Target) -> Result<(), VenueError> {
        not_sent()
    }

    fn replace(&self, _: &Target, _: &Change) -> Result<Accepted, VenueError> {
        not_sent()
    }

    fn find(&self, _: OrderId, _: &Instrument) -> Result<Option<OrderReport>, VenueError> {
        not_sent()
    }

    fn find_venue_order(&self, _: &VenueOrderId) -> Result<Option<OrderReport>, VenueError> {
        not_sent()
    }

    fn open_orders(&self) -> Listing<OrderReport> {
        unread()
    }

    fn closed_orders(&self, _: Utc) -> Listing<OrderReport> {
        unread()
    }

    fn fills(&self, _: Utc) -> Listing<FillReport> {
        unread()
    }

    fn positions(&self) -> Listing<PositionReport> {
        unread()
    }

    fn account(&self) -> Result<AccountReport, VenueError> {
        not_sent()
    }

    fn rules(&self, _: &Instrument) -> Result<Option<Rules>, VenueError> {
        Ok(Some(Rules::none()))
    }

    fn last_price(&self, _: &Instrument) -> Result<Option<Price>, VenueError> {
        Ok(None)
    }

    fn stream(&self) -> Result<Receiver<StreamEvent>, VenueError> {
        not_sent()
    }
}
