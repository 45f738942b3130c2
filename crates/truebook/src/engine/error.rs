//! Why a trade was not made, and what can be done about it.

use crate::book::WriteError;
use crate::venue::VenueError;
use truebook_core::gate::Refusal;
use truebook_core::id::{OrderId, OrderKey, VenueName};
use truebook_core::reconcile::CheckFailure;
use truebook_core::spec::SpecError;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum TradeError {
    /// The book did not take it.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The venue did not answer, or said no.
    #[error(transparent)]
    Venue(#[from] VenueError),
    /// The book was made for another venue.
    #[error("the book is for the venue {book}, this is {venue}")]
    OtherVenue {
        /// The book's.
        book: VenueName,
        /// The one given.
        venue: VenueName,
    },
    /// The settings under `reconcile` are wrong.
    #[error("settings under \"reconcile\": {0}")]
    Policy(String),
    /// A plan did not pass its own audit. Nothing of it was carried out.
    #[error(transparent)]
    Check(#[from] CheckFailure),
    /// No such live order.
    #[error("no live order has the key {key}")]
    NoOrder {
        /// The key.
        key: OrderKey,
    },
    /// No live order of this id.
    #[error("no order {id} is in the book")]
    NoId {
        /// The client order id.
        id: OrderId,
    },
    /// The venue cannot replace orders.
    #[error("this venue cannot replace orders: cancel, then submit under a new key")]
    NoReplace,
    /// The replacement asks for something impossible.
    #[error("the replacement is wrong: {0}")]
    Replacement(String),
    /// Nothing new may leave just now.
    #[error(transparent)]
    Gate(Refusal),
    /// The order that would close it was not submitted.
    #[error(transparent)]
    Submit(Box<SubmitError>),
    /// There is no position to close.
    #[error("there is no position in {0}")]
    NoPosition(truebook_core::id::Instrument),
    /// Legs could not be cancelled in time, so closing could sell twice.
    #[error("orders in {0} could not be cancelled yet: call again once they are over")]
    StillWorking(truebook_core::id::Instrument),
}

/// Why an order was not submitted. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is wrong in itself, or by the venue's rules.
    #[error("the order is wrong: {0}")]
    Invalid(#[from] SpecError),
    /// The venue does not trade this.
    #[error("the venue does not trade {0}")]
    UnknownInstrument(truebook_core::id::Instrument),
    /// The key was used for another order.
    #[error("the key {key} was used for a different order ({id}); a key is one order for ever")]
    KeyReused {
        /// The key.
        key: OrderKey,
        /// The client order id of the first.
        id: OrderId,
    },
    /// New risk is refused just now.
    #[error(transparent)]
    Gate(#[from] Refusal),
    /// Our clock and the venue's are too far apart.
    #[error("this machine's clock is {off_s} s off the venue's, {max_s} s are allowed: set the clock")]
    Clock {
        /// Seconds off.
        off_s: u64,
        /// Seconds allowed.
        max_s: u64,
    },
    /// The venue's rules could not be read.
    #[error(transparent)]
    Venue(#[from] VenueError),
    /// The book did not take it.
    #[error(transparent)]
    Write(#[from] WriteError),
}
