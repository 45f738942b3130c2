//! What is said between a venue in Python and the engine, as JSON: the names are those of `truebook.venue`.

use serde::Deserialize;
use serde_json::{Value, json};
use truebook::core::id::VenueOrderId;
use truebook::core::observation::{FillReport, Listing, OrderReport};
use truebook::core::order::Trail;
use truebook::core::time::Utc;
use truebook::venue::{
    Accepted, Change, NewOrder, ReduceOnly, StreamEvent, Target, VenueError, VenueErrorKind,
};

/// An order that is to be sent.
pub(super) fn new_order(order: &NewOrder) -> Value {
    let intent = &order.intent;
    let terms = &intent.terms;
    let (amount, percent) = match terms.trail {
        None => (None, None),
        Some(Trail::Amount(amount)) => (Some(amount), None),
        Some(Trail::Percent(percent)) => (None, Some(percent)),
    };
    // Legs that the venue is not to make are orders of their own.
    let bracket =
        terms.bracket.as_ref().filter(|bracket| bracket.legs == truebook::core::order::Placement::WithParent);
    let stop_loss = bracket.and_then(|bracket| bracket.stop_loss);
    let take_profit = bracket.and_then(|bracket| bracket.take_profit);
    json!({
        "client_id": intent.id,
        "key": intent.key,
        "instrument": intent.instrument,
        "side": intent.side,
        "order_type": intent.order_type,
        "quantity": intent.quantity,
        "time_in_force": intent.time_in_force,
        "limit": intent.limit,
        "stop": intent.stop,
        "trail_amount": amount,
        "trail_percent": percent,
        "expires": terms.expires,
        "admit_by": terms.admit_by,
        "reduce_only": order.reduce_only == ReduceOnly::Yes,
        "role": intent.role,
        "parent": intent.parent,
        "stop_loss": stop_loss.map(|leg| json!({ "stop": leg.stop, "limit": leg.limit })),
        "take_profit": take_profit.map(|leg| json!({ "limit": leg.limit })),
    })
}

/// A live order that is meant.
pub(super) fn target(target: &Target) -> Value {
    json!({ "client_id": target.id, "venue_order": target.venue_order, "instrument": target.instrument })
}

/// What is to be changed in it.
pub(super) fn change(change: &Change) -> Value {
    json!({
        "client_id": change.alias,
        "quantity": change.quantity,
        "limit": change.limit,
        "stop": change.stop,
    })
}

/// A venue's yes.
#[derive(Deserialize)]
pub(super) struct AcceptedText {
    order: OrderReport,
    legs: Vec<OrderReport>,
}

impl From<AcceptedText> for Accepted {
    fn from(text: AcceptedText) -> Self {
        Self { report: text.order, legs: text.legs }
    }
}

/// A failed call.
#[derive(Deserialize)]
pub(super) struct FailedText {
    message: String,
    code: Option<String>,
    until: Option<Utc>,
}

impl FailedText {
    /// As an error of this kind; what is not known is unknown.
    pub(super) fn into_error(self, kind: &str) -> VenueError {
        let kind = match kind {
            "refused" => VenueErrorKind::Refused,
            "duplicate" => VenueErrorKind::Duplicate,
            "not_sent" => VenueErrorKind::NotSent,
            "rate_limited" => VenueErrorKind::RateLimited(self.until),
            "maintenance" => VenueErrorKind::Maintenance,
            "not_found" => VenueErrorKind::NotFound,
            "unauthorized" => VenueErrorKind::Unauthorized,
            _ => VenueErrorKind::Unknown,
        };
        VenueError { kind, code: self.code, message: self.message }
    }
}

/// What a stream brings.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EventText {
    /// An order changed.
    Order(Box<OrderReport>),
    /// An execution.
    Fill(Box<FillReport>),
    /// It was cut.
    Lost(String),
    /// It works again.
    Restored,
}

impl From<EventText> for StreamEvent {
    fn from(text: EventText) -> Self {
        match text {
            EventText::Order(report) => Self::Order(report),
            EventText::Fill(report) => Self::Fill(report),
            EventText::Lost(why) => Self::Lost(why),
            EventText::Restored => Self::Restored,
        }
    }
}

/// A list that a reply holds, or why it cannot be read.
pub(super) fn listing<T>(reply: Result<Listing<T>, VenueError>) -> Listing<T> {
    reply.unwrap_or_else(|failed| Listing::failed(failed.to_string()))
}

/// The venue's id as it is asked for.
pub(super) fn venue_order(id: &VenueOrderId) -> Value {
    json!({ "venue_order": id })
}
