//! What a client asks of the paper venue.

use super::record::OrderClass;
use crate::venue::{Change, NewOrder, ReduceOnly};
use serde::{Deserialize, Serialize};
use truebook_core::id::{Instrument, VenueOrderId};
use truebook_core::money::{Cash, Price, Qty};
use truebook_core::order::{OrderType, Placement, ProfitLeg, Role, Side, StopLeg, TimeInForce, Trail};
use truebook_core::time::Utc;

/// An order to be placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRequest {
    /// The client's id; the venue makes one if there is none.
    pub client_id: Option<Box<str>>,
    /// What is traded.
    pub instrument: Instrument,
    /// Buy or sell.
    pub side: Side,
    /// How it is priced.
    pub order_type: OrderType,
    /// How much.
    pub quantity: Option<Qty>,
    /// For how much money: always refused.
    pub notional: Option<Cash>,
    /// Limit price.
    pub limit: Option<Price>,
    /// Stop price.
    pub stop: Option<Price>,
    /// Distance of a trailing stop.
    pub trail: Option<Trail>,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// When a good-till-date order ends.
    pub expires: Option<Utc>,
    /// Whether it comes alone or with others.
    pub class: OrderClass,
    /// What it is for.
    pub role: Role,
    /// Its stop-loss leg. Of an OCO, the other order.
    pub stop_loss: Option<StopLeg>,
    /// Its take-profit leg. Of an OCO, the order itself: the limit price.
    pub take_profit: Option<ProfitLeg>,
    /// After this time it is refused.
    pub admit_by: Option<Utc>,
    /// Whether it may only make a position smaller.
    pub reduce_only: ReduceOnly,
}

impl OrderRequest {
    /// A simple market order that works for the day.
    pub const fn market(instrument: Instrument, side: Side, quantity: Qty) -> Self {
        Self {
            client_id: None,
            instrument,
            side,
            order_type: OrderType::Market,
            quantity: Some(quantity),
            notional: None,
            limit: None,
            stop: None,
            trail: None,
            time_in_force: TimeInForce::Day,
            expires: None,
            class: OrderClass::Simple,
            role: Role::Entry,
            stop_loss: None,
            take_profit: None,
            admit_by: None,
            reduce_only: ReduceOnly::No,
        }
    }
}

impl From<&NewOrder> for OrderRequest {
    fn from(order: &NewOrder) -> Self {
        let intent = &order.intent;
        let native = intent.terms.bracket.as_ref().filter(|bracket| bracket.legs == Placement::WithParent);
        let (stop_loss, mut take_profit) =
            native.map_or((None, None), |bracket| (bracket.stop_loss, bracket.take_profit));
        let class = class_of(intent.role, stop_loss, take_profit);
        if class == OrderClass::Oco {
            take_profit = take_profit.or(intent.limit.map(|limit| ProfitLeg { limit }));
        }
        Self {
            client_id: Some(intent.id.to_string().into()),
            order_type: intent.order_type,
            quantity: Some(intent.quantity),
            limit: intent.limit,
            stop: intent.stop,
            trail: intent.terms.trail,
            time_in_force: intent.time_in_force,
            expires: intent.terms.expires,
            class,
            role: intent.role,
            stop_loss,
            take_profit,
            admit_by: intent.terms.admit_by,
            reduce_only: order.reduce_only,
            ..Self::market(intent.instrument.clone(), intent.side, intent.quantity)
        }
    }
}

/// An order that closes a position cannot have legs; what comes with it is its alternative.
const fn class_of(role: Role, stop_loss: Option<StopLeg>, take_profit: Option<ProfitLeg>) -> OrderClass {
    match (role, stop_loss, take_profit) {
        (_, None, None) => OrderClass::Simple,
        (Role::Entry, Some(_), Some(_)) => OrderClass::Bracket,
        (Role::Entry, _, _) => OrderClass::Oto,
        (Role::TakeProfit | Role::StopLoss, _, _) => OrderClass::Oco,
    }
}

/// How a live order is to be changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReplaceRequest {
    /// Client order id of the replacement; the venue makes one if there is none.
    pub client_id: Option<Box<str>>,
    /// New quantity, in the sense that the venue declares.
    pub quantity: Option<Qty>,
    /// New limit price.
    pub limit: Option<Price>,
    /// New stop price.
    pub stop: Option<Price>,
    /// New distance of a trailing stop.
    pub trail: Option<Trail>,
    /// New time in force.
    pub time_in_force: Option<TimeInForce>,
}

impl From<&Change> for ReplaceRequest {
    fn from(change: &Change) -> Self {
        Self {
            client_id: Some(change.alias.to_string().into()),
            quantity: change.quantity,
            limit: change.limit,
            stop: change.stop,
            trail: None,
            time_in_force: None,
        }
    }
}

/// Which orders a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Live ones, ended ones, or all.
    pub status: StatusFilter,
    /// Ordinary ones, conditional ones, or both.
    pub list: ListFilter,
    /// Only these instruments; empty for all.
    pub instruments: Vec<Instrument>,
    /// Only this side.
    pub side: Option<Side>,
    /// Only those that the venue got at this time or later.
    pub since: Option<Utc>,
    /// Only those that the venue got before this time.
    pub until: Option<Utc>,
    /// Only those that come after this one in the list's direction: a page's cursor.
    pub past: Option<VenueOrderId>,
    /// Which come first.
    pub direction: Direction,
    /// The most that are shown; `None` for all.
    pub limit: Option<usize>,
}

/// Live orders, ended ones, or all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusFilter {
    /// All.
    #[default]
    All,
    /// Live.
    Open,
    /// Ended.
    Closed,
}

/// Which of the venue's lists is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListFilter {
    /// Both.
    #[default]
    Both,
    /// Orders that do not wait for a stop.
    Plain,
    /// Orders that wait for a stop.
    Conditional,
}

/// Which orders come first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// The oldest.
    #[default]
    Ascending,
    /// The newest.
    Descending,
}
