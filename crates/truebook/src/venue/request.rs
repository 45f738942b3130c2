//! What is asked of a venue.

use serde::{Deserialize, Serialize};
use truebook_core::id::{Instrument, OrderId, VenueOrderId};
use truebook_core::money::{Price, Qty};
use truebook_core::observation::OrderReport;
use truebook_core::order::Intent;

/// An order to be sent: the intent as it is in the book. With `terms.bracket` whose legs come with the parent,
/// one request makes them all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// The intent, durable in the book.
    pub intent: Intent,
    /// Whether it may only make a position smaller, where the venue can promise that.
    pub reduce_only: ReduceOnly,
}

/// Whether an order may only make a position smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReduceOnly {
    /// Yes.
    Yes,
    /// It need not.
    No,
}

/// A live order at the venue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The client order id under which it was sent.
    pub id: OrderId,
    /// The venue's id, if it is known.
    pub venue_order: Option<VenueOrderId>,
    /// The instrument.
    pub instrument: Instrument,
}

/// How a live order is to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Client order id of the replacement.
    pub alias: OrderId,
    /// New quantity, in the sense that the venue declares: total, or remaining.
    pub quantity: Option<Qty>,
    /// New limit price.
    pub limit: Option<Price>,
    /// New stop price.
    pub stop: Option<Price>,
}

/// The venue has an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What it says of it.
    pub report: OrderReport,
    /// What it says of the legs that it made with it.
    pub legs: LegReports,
}

/// Reports of the legs of a bracket.
pub type LegReports = Vec<OrderReport>;
