//! What a plan consists of, and what its parts look at.

use super::policy::Policy;
use crate::capability::Capabilities;
use crate::event::Event;
use crate::id::{Instrument, OrderId, VenueOrderId};
use crate::money::Qty;
use crate::observation::{FillTerms, Observation};
use crate::order::Intent;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use serde::Serialize;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// In this order.
    pub steps: Vec<Step>,
    /// What was looked at and left alone.
    pub held_back: Vec<HeldBack>,
    /// What a person should hear of.
    pub alarms: Vec<Alarm>,
    /// What it means for new risk.
    pub verdict: Verdict,
}

impl Plan {
    /// Whether book and venue agree already.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// What.
    #[serde(rename = "do")]
    pub action: Action,
    /// Why.
    pub why: String,
}

/// A thing to do that leaves nothing to choose.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Write this fact into the book.
    Record(Event),
    /// Send this order once more, the same body under the same id.
    Resend(OrderId),
    /// Ask the venue to cancel one of its orders.
    Cancel {
        /// Client order id.
        id: OrderId,
        /// The venue's id; `None` if it is not known.
        venue_order: Option<VenueOrderId>,
    },
    /// Ask the venue to change the size of a leg.
    Resize {
        /// Client order id.
        id: OrderId,
        /// New total quantity.
        quantity: Qty,
    },
    /// Intend this order and send it.
    Place(Box<Intent>),
}

/// Something that was not done, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HeldBack {
    /// The order, if it is about one.
    pub id: Option<OrderId>,
    /// The instrument.
    pub instrument: Option<Instrument>,
    /// Why nothing was done, and what would change that.
    pub why: String,
}

/// Something that a person should hear of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// The instrument, if it is about one.
    pub instrument: Option<Instrument>,
    /// What happened, and what to do.
    pub what: String,
}

/// What the plan means for new risk once it is carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Book and venue agree, instruments that are blocked excepted.
    Agreed,
    /// Not everything was seen: new risk stays refused.
    Incomplete(String),
    /// The book does not belong to what is live at the venue: nothing may be done.
    Refused(String),
}

/// What must be looked up singly before a plan can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// An order, by its client order id.
    Order(OrderId, Instrument),
    /// One of the venue's orders, by the venue's id.
    VenueOrder(VenueOrderId),
}

/// Everything that the parts of a plan look at.
pub(super) struct Inputs<'a> {
    pub(super) observation: &'a Observation,
    pub(super) policy: &'a Policy,
    pub(super) capabilities: &'a Capabilities,
}

impl Inputs<'_> {
    /// How long something that was sent may take until it shows. It was written down by our clock, which may be
    /// off the venue's by so much, and may be set in between.
    pub(super) fn settling_time(&self) -> core::time::Duration {
        let Capabilities { propagation, clock_skew_max, admission, .. } = self.capabilities;
        propagation.saturating_add(*clock_skew_max).saturating_add(admission.unwrap_or_default())
    }

    /// What the venue's rules say about fills in an instrument.
    pub(super) fn terms(&self, instrument: &Instrument) -> FillTerms {
        self.observation.terms.get(instrument).cloned().unwrap_or_default()
    }
}
