//! What a venue was seen to say: plain records, filled in by adapters and by bots with a client of their own.

use crate::id::{Asset, ExecutionId, Instrument, OrderId, VenueOrderId};
use crate::life::Closing;
use crate::money::{Cash, Price, Qty};
use crate::order::{OrderType, Role, Side, TimeInForce};
use crate::time::Utc;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What the venue says of one of its orders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReport {
    /// Client order id, in the spelling of [`OrderId`] where it is one of ours.
    pub client_id: Option<Box<str>>,
    /// The venue's own id.
    pub venue_order: VenueOrderId,
    /// What is traded.
    pub instrument: Instrument,
    /// Buy or sell.
    pub side: Side,
    /// How it is priced; `None` if this program has no word for it.
    pub order_type: Option<OrderType>,
    /// How long it works; `None` if this program has no word for it.
    pub time_in_force: Option<TimeInForce>,
    /// How much is wanted in all; `None` for an order by amount of money.
    pub quantity: Option<Qty>,
    /// How much is filled in all.
    pub filled: Qty,
    /// Average price of what is filled.
    pub average_price: Option<Price>,
    /// Limit price.
    pub limit: Option<Price>,
    /// Stop price.
    pub stop: Option<Price>,
    /// Where it stands.
    pub status: ReportStatus,
    /// The venue's own word for that.
    pub word: Box<str>,
    /// The order it is a leg of.
    pub parent: Option<VenueOrderId>,
    /// What it is for in that bracket.
    pub role: Option<Role>,
    /// The order it was put in the place of.
    pub replaces: Option<VenueOrderId>,
    /// The order that was put in its place.
    pub replaced_by: Option<VenueOrderId>,
    /// When the venue got it, by its clock.
    pub submitted_at: Option<Utc>,
    /// When the venue last changed it, by its clock.
    pub updated_at: Option<Utc>,
    /// Why it ended, in the venue's words.
    pub why: Option<Box<str>>,
}

impl OrderReport {
    /// The client order id, if it has the form of one of truebook's.
    pub fn order_id(&self) -> Option<OrderId> {
        OrderId::from_hex(self.client_id.as_deref()?)
    }
}

/// Where a venue's order stands, in terms that mean the same everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// Live, or going to be: new, accepted, partly filled, held until its parent fills, suspended.
    Live,
    /// Live, to be cancelled.
    PendingCancel,
    /// Live, to be replaced.
    PendingReplace,
    /// Over.
    Ended(Closing),
    /// A word that this program does not know.
    Odd,
}

impl ReportStatus {
    /// How it ended; `None` while it is live, or while nobody knows.
    pub const fn ended(self) -> Option<Closing> {
        match self {
            Self::Ended(closing) => Some(closing),
            _ => None,
        }
    }

    /// Whether it is certainly live.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Live | Self::PendingCancel | Self::PendingReplace)
    }
}

/// One execution, as the venue tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillReport {
    /// The venue's id of the execution.
    pub execution: ExecutionId,
    /// The venue's id of the order.
    pub venue_order: VenueOrderId,
    /// Client order id, if the venue tells it with fills.
    pub client_id: Option<Box<str>>,
    /// What was traded.
    pub instrument: Instrument,
    /// Buy or sell.
    pub side: Side,
    /// How much.
    pub quantity: Qty,
    /// At which price.
    pub price: Price,
    /// What the venue took for it, and in what.
    pub fee: Option<(Cash, Asset)>,
    /// When, by the venue's clock.
    pub at: Utc,
}

/// A position as the venue has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionReport {
    /// What is held.
    pub instrument: Instrument,
    /// How much; negative when short.
    pub quantity: Qty,
    /// At which average price, if the venue says.
    pub average_price: Option<Price>,
}

/// The account as the venue has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountReport {
    /// The venue's name for it.
    pub account: Box<str>,
    /// Cash, in the account's currency.
    pub cash: Cash,
    /// Whether the venue lets it trade.
    pub trading: Trading,
}

/// Whether an account may trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trading {
    /// Yes.
    Allowed,
    /// No.
    Blocked,
}

/// How much of a list was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// All of it.
    Complete,
    /// Only a part: what is not in it proves nothing.
    Partial(String),
    /// Nothing.
    Failed(String),
}

/// A list as it was read from the venue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing<T> {
    /// Its rows, in the venue's order.
    pub rows: Vec<T>,
    /// How much of it they are.
    pub completeness: Completeness,
    /// From when on, by the venue's clock; `None` if it has no beginning.
    pub since: Option<Utc>,
}

impl<T> Listing<T> {
    /// All rows there are.
    pub const fn complete(rows: Vec<T>) -> Self {
        Self { rows, completeness: Completeness::Complete, since: None }
    }

    /// All rows there are from some time on.
    pub const fn complete_since(rows: Vec<T>, since: Utc) -> Self {
        Self { rows, completeness: Completeness::Complete, since: Some(since) }
    }

    /// A list that could not be read.
    pub const fn failed(why: String) -> Self {
        Self { rows: Vec::new(), completeness: Completeness::Failed(why), since: None }
    }

    /// Whether what is not in it is not there.
    pub fn is_complete(&self) -> bool {
        self.completeness == Completeness::Complete
    }

    /// Whether it is complete and reaches back to this time.
    pub fn covers(&self, from: Utc) -> bool {
        self.is_complete() && self.since.is_none_or(|since| since <= from)
    }
}

/// What came of looking for one order by its client order id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The venue has it.
    Order(Box<OrderReport>),
    /// The venue says that it does not have it. That proves nothing by itself.
    Nothing,
    /// Nobody could tell.
    Failed(String),
}

/// All that was seen of a venue in one look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The venue's clock when the look was over.
    pub venue_now: Utc,
    /// Our clock then.
    pub our_now: Utc,
    /// Live orders, conditional ones included.
    pub open: Listing<OrderReport>,
    /// Orders that closed.
    pub closed: Listing<OrderReport>,
    /// Executions, read before and after the open orders.
    pub fills: Listing<FillReport>,
    /// Positions.
    pub positions: Listing<PositionReport>,
    /// What came of looking for single orders.
    pub looked_up: BTreeMap<OrderId, Found>,
    /// What came of looking for single venue orders.
    pub looked_up_venue: BTreeMap<VenueOrderId, Found>,
    /// Orders that this very process is sending: what is not seen of them says nothing.
    pub in_flight: BTreeSet<OrderId>,
    /// What the venue's rules say about fills, by instrument.
    pub terms: BTreeMap<Instrument, FillTerms>,
}

/// What the venue's rules say about fills in an instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillTerms {
    /// What is bought, if fees can be taken in it.
    pub base: Option<Asset>,
    /// How much of the quote currency one unit at price 1 is worth; `None` is 1.
    pub multiplier: Option<Qty>,
    /// Quantities of orders are multiples of this; `None` if anything goes.
    pub lot: Option<Qty>,
}

impl Observation {
    /// Every report of an order in it: open, closed, looked up.
    pub fn reports(&self) -> impl Iterator<Item = &OrderReport> {
        let found = self.looked_up.values().chain(self.looked_up_venue.values());
        let found = found.filter_map(|found| match found {
            Found::Order(report) => Some(&**report),
            Found::Nothing | Found::Failed(_) => None,
        });
        self.open.rows.iter().chain(&self.closed.rows).chain(found)
    }

    /// What the venue holds of each instrument; several rows of one, as for hedged positions, add up.
    pub fn held(&self) -> BTreeMap<Instrument, Qty> {
        let mut held: BTreeMap<Instrument, Qty> = BTreeMap::new();
        for row in &self.positions.rows {
            let sum = held.entry(row.instrument.clone()).or_insert(Qty::ZERO);
            *sum = sum.plus(row.quantity).unwrap_or(row.quantity);
        }
        held
    }

    /// Whether every list was read whole and nobody failed to tell of a single order: only then can a plan be
    /// complete.
    pub fn is_complete(&self) -> bool {
        self.open.is_complete()
            && self.closed.is_complete()
            && self.fills.is_complete()
            && self.positions.is_complete()
            && self.failed_look_ups().next().is_none()
    }

    /// Why single orders could not be looked up.
    pub fn failed_look_ups(&self) -> impl Iterator<Item = &str> {
        let found = self.looked_up.values().chain(self.looked_up_venue.values());
        found.filter_map(|found| match found {
            Found::Failed(why) => Some(why.as_str()),
            Found::Order(_) | Found::Nothing => None,
        })
    }
}
