//! Orders as they are wanted, and executions as they are reported. What is known of an order is in
//! [`crate::life`].

use crate::id::{Asset, ExecutionId, Instrument, OrderId, OrderKey, VenueOrderId};
use crate::money::{Cash, Price, Qty};
use crate::time::Utc;
use alloc::boxed::Box;
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
    /// The other direction.
    #[must_use]
    pub const fn opposite(self) -> Self {
        match self {
            Self::Buy => Self::Sell,
            Self::Sell => Self::Buy,
        }
    }

    /// A quantity with the sign of this direction: what a trade adds to the position.
    #[must_use]
    pub fn signed(self, quantity: Qty) -> Qty {
        match self {
            Self::Buy => quantity,
            Self::Sell => quantity.negated(),
        }
    }

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
    /// A stop order whose stop follows the best price at the distance `trail`.
    TrailingStop,
}

impl OrderType {
    /// Its name in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::StopLimit => "stop_limit",
            Self::TrailingStop => "trailing_stop",
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
    /// What most orders do without.
    #[serde(default, skip_serializing_if = "Terms::is_usual")]
    pub terms: Terms,
}

/// The less usual terms of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Distance of a trailing stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<Trail>,
    /// When a good-till-date order ends, by the venue's clock.
    #[serde(rename = "exp", default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Utc>,
    /// The legs that protect what this entry buys or sells short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bracket: Option<Bracket>,
    /// How it comes to the venue.
    #[serde(default, skip_serializing_if = "Placement::is_own")]
    pub via: Placement,
    /// The venue refuses it after this time, by the venue's clock.
    #[serde(rename = "until", default, skip_serializing_if = "Option::is_none")]
    pub admit_by: Option<Utc>,
}

impl Terms {
    /// Whether there is nothing unusual, so that nothing is written.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// Distance of a trailing stop from the best price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trail {
    /// In the quote currency.
    Amount(Price),
    /// In percent of the price.
    Percent(Qty),
}

/// How an order comes to the venue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// By a request of its own.
    #[default]
    Own,
    /// With its parent's request: the venue makes it, with an id of its own making.
    WithParent,
}

impl Placement {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_own(&self) -> bool {
        *self == Self::Own
    }
}

/// The protective legs of an entry: one cancels the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bracket {
    /// Closes the position against a loss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_loss: Option<StopLeg>,
    /// Closes the position with a profit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_profit: Option<ProfitLeg>,
    /// Who makes the legs.
    #[serde(default, skip_serializing_if = "Placement::is_own")]
    pub legs: Placement,
}

/// The stop-loss leg of a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopLeg {
    /// Stop price.
    pub stop: Price,
    /// Limit price, for a stop-limit order.
    #[serde(rename = "px", default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Price>,
}

/// The take-profit leg of a bracket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfitLeg {
    /// Limit price.
    #[serde(rename = "px")]
    pub limit: Price,
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
    /// How much of the quote currency one unit at price 1 is worth; 1 unless it is a contract.
    #[serde(rename = "mult", default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<Qty>,
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
    /// What it is taken from.
    #[serde(rename = "of", default, skip_serializing_if = "TakenFrom::is_cash")]
    pub taken: TakenFrom,
}

/// What a fee is taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakenFrom {
    /// The cash of the account, or a coin other than the one that was traded.
    #[default]
    Cash,
    /// The very thing that was traded: the position is smaller by the fee.
    Position,
}

impl TakenFrom {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_cash(&self) -> bool {
        *self == Self::Cash
    }
}
