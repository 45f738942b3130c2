//! Orders: what was wanted, and what is known of it.

use crate::id::{Asset, ExecutionId, Instrument, OrderId, OrderKey, VenueOrderId};
use crate::money::{Cash, MoneyError, Price, Qty};
use crate::time::Utc;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Direction of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Adds to the position.
    Buy,
    /// Takes from the position.
    Sell,
}

impl Side {
    /// Its name in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Buy => "buy",
            Self::Sell => "sell",
        }
    }
}

/// How an order is priced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderType {
    /// At the best price there is.
    Market,
    /// At `limit` or better.
    Limit,
    /// A market order once `stop` is touched.
    Stop,
    /// A limit order once `stop` is touched.
    StopLimit,
}

impl OrderType {
    /// Its name in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::StopLimit => "stop_limit",
        }
    }
}

/// How long an order works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeInForce {
    /// Until the end of the trading day.
    Day,
    /// Good till cancelled.
    Gtc,
    /// Immediate or cancel.
    Ioc,
    /// Fill or kill.
    Fok,
    /// Good till a date.
    Gtd,
}

impl TimeInForce {
    /// Its name in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Gtc => "gtc",
            Self::Ioc => "ioc",
            Self::Fok => "fok",
            Self::Gtd => "gtd",
        }
    }
}

/// What an order is for within its bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Opens or changes a position; the parent of a bracket.
    Entry,
    /// Protects a position against loss.
    StopLoss,
    /// Closes a position with profit.
    TakeProfit,
}

impl Role {
    /// The name that is hashed into the client order id.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entry => "entry",
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
        }
    }
}

/// An order as it was wanted. Durable before anything is sent to the venue (promise P2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Client order id.
    pub id: OrderId,
    /// The bot's key for it.
    pub key: OrderKey,
    /// What is traded.
    #[serde(rename = "sym")]
    pub instrument: Instrument,
    /// Buy or sell.
    pub side: Side,
    /// How it is priced.
    #[serde(rename = "type")]
    pub order_type: OrderType,
    /// How much, in units of the instrument.
    #[serde(rename = "qty")]
    pub quantity: Qty,
    /// Limit price, for limit and stop-limit orders.
    #[serde(rename = "px", default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Price>,
    /// Stop price, for stop and stop-limit orders.
    #[serde(rename = "stop", default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Price>,
    /// How long it works.
    #[serde(rename = "tif")]
    pub time_in_force: TimeInForce,
    /// What it is for.
    pub role: Role,
    /// Which attempt for this key and role, 0 the first.
    #[serde(rename = "n", default, skip_serializing_if = "is_zero")]
    pub attempt: u32,
    /// The entry order of its bracket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<OrderId>,
    /// The strategy that wanted it.
    #[serde(rename = "by", default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Box<str>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(attempt: &u32) -> bool {
    *attempt == 0
}

/// One execution, as the venue reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// The order it belongs to.
    pub id: OrderId,
    /// The venue's id of the execution: the same one is counted once.
    #[serde(rename = "exec")]
    pub execution: ExecutionId,
    /// The venue's id of the order.
    #[serde(rename = "vid", default, skip_serializing_if = "Option::is_none")]
    pub venue_order: Option<VenueOrderId>,
    /// What was traded.
    #[serde(rename = "sym")]
    pub instrument: Instrument,
    /// Buy or sell.
    pub side: Side,
    /// How much, more than zero.
    #[serde(rename = "qty")]
    pub quantity: Qty,
    /// At which price.
    #[serde(rename = "px")]
    pub price: Price,
    /// What the venue took for it; negative for a rebate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fee: Option<Fee>,
    /// When, by the venue's clock.
    #[serde(rename = "vat", default, skip_serializing_if = "Option::is_none")]
    pub venue_time: Option<Utc>,
}

/// A fee and what it was paid in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fee {
    /// How much.
    #[serde(rename = "amt")]
    pub amount: Cash,
    /// Of what.
    #[serde(rename = "in")]
    pub asset: Asset,
}

/// How an order ended without being filled whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Closing {
    /// Cancelled by us or by the venue.
    Cancelled,
    /// Refused by the venue.
    Rejected,
    /// Its time in force ran out.
    Expired,
}

impl Closing {
    /// Its name in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Durable here; nothing is known to have been sent.
    Intended,
    /// The venue has it and it is live.
    Working,
    /// A part is filled, the rest is live.
    PartiallyFilled,
    /// A reply was lost or unreadable: only evidence from the venue settles it (promise P4).
    Unknown,
    /// All of it is filled.
    Filled,
    /// Cancelled, perhaps after a part was filled.
    Cancelled,
    /// Refused by the venue.
    Rejected,
    /// Ran out.
    Expired,
}

impl OrderState {
    /// Whether nothing more can happen to it (a late fill excepted).
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired)
    }

    /// The field's standard term.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Working => "working",
            Self::PartiallyFilled => "partially_filled",
            Self::Unknown => "unknown",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An order in the book: the intent and the facts that came in since, in whatever order they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// What was wanted.
    pub intent: Intent,
    /// When it was wanted.
    pub intended_at: Utc,
    /// When the latest fact came in.
    pub updated_at: Utc,
    /// Every venue order that came of this intent.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub venue_orders: BTreeSet<VenueOrderId>,
    /// How much is filled.
    pub filled: Qty,
    /// What the filled part cost: sum of quantity times price.
    pub cost: Cash,
    /// Fees paid, by asset.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fees: BTreeMap<Asset, Cash>,
    /// Why its fate is unknown, while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// How it ended, if not by being filled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
}

impl Order {
    /// A new order, of which nothing is known but that it is wanted.
    pub fn new(intent: Intent, at: Utc) -> Self {
        Self {
            intent,
            intended_at: at,
            updated_at: at,
            venue_orders: BTreeSet::new(),
            filled: Qty::ZERO,
            cost: Cash::ZERO,
            fees: BTreeMap::new(),
            unknown: None,
            closing: None,
        }
    }

    /// Where it stands, derived from the facts.
    pub fn state(&self) -> OrderState {
        if self.filled >= self.intent.quantity {
            return OrderState::Filled;
        }
        if let Some(closing) = self.closing {
            return match closing {
                Closing::Cancelled => OrderState::Cancelled,
                Closing::Rejected => OrderState::Rejected,
                Closing::Expired => OrderState::Expired,
            };
        }
        if self.unknown.is_some() {
            return OrderState::Unknown;
        }
        match (self.filled.is_zero(), self.venue_orders.is_empty()) {
            (false, _) => OrderState::PartiallyFilled,
            (true, false) => OrderState::Working,
            (true, true) => OrderState::Intended,
        }
    }

    /// Average price of the filled part; `None` if nothing is filled.
    pub fn average_price(&self) -> Option<Price> {
        if self.filled.is_zero() { None } else { self.cost.per(self.filled).ok() }
    }

    /// Counts an execution in. The caller has made sure that it is a new one.
    pub fn add_fill(&mut self, fill: &Fill) -> Result<(), MoneyError> {
        assert!(!fill.quantity.is_negative(), "a fill's quantity has no sign, its side says the direction");
        let filled = self.filled.plus(fill.quantity)?;
        let cost = self.cost.plus(fill.quantity.times(fill.price)?)?;
        if let Some(fee) = &fill.fee {
            let (asset, paid) = fee_after(&self.fees, fee)?;
            set_fee(&mut self.fees, asset, paid);
        }
        (self.filled, self.cost) = (filled.normalized(), cost.normalized());
        assert!(self.filled >= fill.quantity, "the filled quantity never falls");
        Ok(())
    }
}

/// What was paid in a fee's asset once the fee is added.
pub(crate) fn fee_after<'a>(
    fees: &BTreeMap<Asset, Cash>,
    fee: &'a Fee,
) -> Result<(&'a Asset, Cash), MoneyError> {
    let paid = fees.get(&fee.asset).copied().unwrap_or(Cash::ZERO);
    Ok((&fee.asset, paid.plus(fee.amount)?.normalized()))
}

pub(crate) fn set_fee(fees: &mut BTreeMap<Asset, Cash>, asset: &Asset, paid: Cash) {
    match fees.get_mut(asset) {
        Some(place) => *place = paid,
        None => drop(fees.insert(asset.clone(), paid)),
    }
}
