//! What a venue really promises: the facts on which it depends how a lost reply is settled, whether
//! something that is not listed is gone, and what may be sent at all.

use crate::id::Asset;
use crate::money::{Cash, Price, Qty};
use alloc::string::String;
use core::time::Duration;
use serde::{Deserialize, Serialize};

/// What the venue does with a client order id that it has seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdClass {
    /// Unique for ever, or idempotent: the same body and id can be sent again without a second order.
    A,
    /// Unique among open orders only: once the first is closed, a second copy is accepted.
    B,
    /// A label that the venue does not look at.
    C,
}

/// Who makes the legs of a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Brackets {
    /// The venue, from one request.
    Native,
    /// Nobody but us: legs are placed when the entry fills, and one cancels the other by our hand.
    Emulated,
}

/// What the quantity in a request to replace means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplaceQuantity {
    /// All of the order, what is filled included.
    Total,
    /// What is still to be filled.
    Remaining,
    /// Orders cannot be replaced.
    Unsupported,
}

/// How a client order id must be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdRule {
    /// The most bytes.
    pub bytes_max: usize,
    /// The characters allowed besides letters and digits.
    pub punctuation: String,
}

impl IdRule {
    /// Whether an id can be sent as it is.
    pub fn allows(&self, id: &str) -> bool {
        let allowed = |c: char| c.is_ascii_alphanumeric() || self.punctuation.contains(c);
        !id.is_empty() && id.len() <= self.bytes_max && id.chars().all(allowed)
    }
}

/// What a venue declares. Durations are lengths of its own clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// What becomes of an id that comes again.
    pub class: IdClass,
    /// How ids are written.
    pub client_id: IdRule,
    /// An order can be refused by the venue if it comes later than this after it was sent; `None` if a
    /// request may be admitted at any time.
    pub admission: Option<Duration>,
    /// How late an order that was accepted may show in answers to queries.
    pub propagation: Duration,
    /// How long an order that closed unfilled stays visible; `None` for ever.
    pub unfilled_visible: Option<Duration>,
    /// How far back closed orders are listed; `None` without limit.
    pub closed_window: Option<Duration>,
    /// How far back fills are listed; `None` without limit.
    pub fills_window: Option<Duration>,
    /// Whether an order can be looked up by its client order id.
    pub lookup: Lookup,
    /// Who makes bracket legs.
    pub brackets: Brackets,
    /// Whether conditional orders stand in a list of their own.
    pub conditional: ConditionalList,
    /// What a replacing quantity means.
    pub replace: ReplaceQuantity,
    /// The most requests a minute; `None` if there is no limit.
    pub requests_per_minute: Option<u32>,
    /// How far our clock may be off the venue's before orders are refused.
    pub clock_skew_max: Duration,
}

/// Whether an order can be looked up by its client order id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lookup {
    /// Yes.
    ById,
    /// No: it must be found in the lists.
    ListsOnly,
}

/// Where conditional orders are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionalList {
    /// With the others.
    Together,
    /// In a list of their own: an observation is complete only with both.
    Apart,
}

/// What the venue demands of orders in an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Prices are multiples of this; zero if anything goes.
    pub tick: Price,
    /// Quantities are multiples of this; zero if anything goes.
    pub lot: Qty,
    /// Quantity times price must reach this; zero if anything goes.
    pub notional_min: Cash,
    /// How much of the quote currency one unit at price 1 is worth; `None` is 1.
    pub multiplier: Option<Qty>,
    /// What is bought, if it is an asset in which fees can be taken.
    pub base: Option<Asset>,
}

impl Rules {
    /// Rules that allow everything.
    pub const fn none() -> Self {
        Self { tick: Price::ZERO, lot: Qty::ZERO, notional_min: Cash::ZERO, multiplier: None, base: None }
    }
}
