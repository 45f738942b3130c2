//! What a venue is to the engine: one blocking trait, with errors that never mistake "unknown" for "failed".
//!
//! An adapter translates, and decides nothing. It sends a request once and never retries by itself; what a
//! reply proves is said by the kind of error, and what the engine may do next by [`Capabilities`].

pub mod contract;
mod error;
mod request;
pub mod words;

pub use error::{VenueError, VenueErrorKind};
pub use request::{Accepted, Change, LegReports, NewOrder, ReduceOnly, Target};

use core::time::Duration;
use std::sync::mpsc::Receiver;
use truebook_core::capability::{Capabilities, Rules};
use truebook_core::id::{Instrument, OrderId, VenueName, VenueOrderId};
use truebook_core::observation::{AccountReport, FillReport, Listing, OrderReport, PositionReport};
use truebook_core::time::Utc;

/// A place where orders are sent.
///
/// Every method blocks until the venue answered or the adapter's own time limit is over. A venue is shared by
/// threads.
pub trait Venue: Send + Sync {
    /// Its name, as books record it.
    fn name(&self) -> VenueName;

    /// What it promises.
    fn capabilities(&self) -> &Capabilities;

    /// Its clock.
    ///
    /// # Errors
    /// If it cannot be reached.
    fn now(&self) -> Result<Utc, VenueError>;

    /// Sends an order, once.
    ///
    /// # Errors
    /// [`VenueErrorKind::Refused`] only if the venue itself said so before it had an order;
    /// [`VenueErrorKind::Duplicate`] if it has an order of this id already; [`VenueErrorKind::NotSent`] only
    /// if no byte of the request left; everything else is [`VenueErrorKind::Unknown`].
    fn submit(&self, order: &NewOrder) -> Result<Accepted, VenueError>;

    /// Asks for a live order to be cancelled. `Ok` means that the venue took the request, not that the order
    /// is cancelled.
    ///
    /// # Errors
    /// [`VenueErrorKind::NotFound`] if the venue knows no such live order: it may have filled.
    fn cancel(&self, target: &Target) -> Result<(), VenueError>;

    /// Asks for a live order to be replaced.
    ///
    /// # Errors
    /// As [`Self::submit`].
    fn replace(&self, target: &Target, change: &Change) -> Result<Accepted, VenueError>;

    /// Looks for an order by its client order id. `None` if the venue says that it has none; where the venue
    /// keeps conditional orders in a list of their own, both are looked through.
    ///
    /// # Errors
    /// If nobody can tell.
    fn find(&self, id: OrderId, instrument: &Instrument) -> Result<Option<OrderReport>, VenueError>;

    /// Looks for an order by the venue's own id.
    ///
    /// # Errors
    /// If nobody can tell.
    fn find_venue_order(&self, id: &VenueOrderId) -> Result<Option<OrderReport>, VenueError>;

    /// All live orders, legs and conditional orders included, paged to the end.
    fn open_orders(&self) -> Listing<OrderReport>;

    /// Orders that closed, among those that the venue got since.
    fn closed_orders(&self, since: Utc) -> Listing<OrderReport>;

    /// Executions since, oldest first.
    fn fills(&self, since: Utc) -> Listing<FillReport>;

    /// All positions.
    fn positions(&self) -> Listing<PositionReport>;

    /// The account.
    ///
    /// # Errors
    /// If it cannot be read.
    fn account(&self) -> Result<AccountReport, VenueError>;

    /// What the venue demands of orders in an instrument; `None` if it does not trade it.
    ///
    /// # Errors
    /// If nobody can tell.
    fn rules(&self, instrument: &Instrument) -> Result<Option<Rules>, VenueError>;

    /// The latest price, for checks and strategies; `None` if the venue has none.
    ///
    /// # Errors
    /// If nobody can tell.
    fn last_price(&self, instrument: &Instrument) -> Result<Option<truebook_core::money::Price>, VenueError>;

    /// What happens to orders from here on. The channel is bounded; a reader that falls behind gets
    /// [`StreamEvent::Lost`], and reconciles.
    ///
    /// # Errors
    /// If the venue cannot be reached.
    fn stream(&self) -> Result<Receiver<StreamEvent>, VenueError>;
}

/// What a stream brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamEvent {
    /// An order changed.
    Order(Box<OrderReport>),
    /// An execution.
    Fill(Box<FillReport>),
    /// The stream was cut, and something may be missing.
    Lost(String),
    /// It works again: now reconcile.
    Restored,
}

/// How many events a stream holds for a reader that is busy.
pub const STREAM_EVENTS_MAX: usize = 65_536;

/// How long a request may take before its reply counts as lost.
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(10);
