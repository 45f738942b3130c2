//! What the paper venue keeps of an order, an execution and a position: every field that a venue's own
//! interface shows.

use serde::{Deserialize, Serialize};
use truebook_core::id::{Asset, ExecutionId, Instrument, VenueOrderId};
use truebook_core::money::{Cash, Price, Qty};
use truebook_core::order::{OrderType, Role, Side, TimeInForce, Trail};
use truebook_core::time::Utc;

/// An order as the venue has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// The venue's id.
    pub id: VenueOrderId,
    /// Client order id: the client's, or one that the venue made.
    pub client_id: Box<str>,
    /// What is traded.
    pub instrument: Instrument,
    /// Buy or sell.
    pub side: Side,
    /// How it is priced.
    pub order_type: OrderType,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// Whether it came alone or with others.
    pub class: OrderClass,
    /// What it is for in its group.
    pub role: Role,
    /// How much is wanted in all. Falls when another leg of its group fills in part.
    pub quantity: Qty,
    /// How much is filled.
    pub filled: Qty,
    /// What the filled part cost: sum of quantity times price.
    pub cost: Cash,
    /// Limit price.
    pub limit: Option<Price>,
    /// Stop price; of a trailing stop, where it stands now.
    pub stop: Option<Price>,
    /// Distance of a trailing stop.
    pub trail: Option<Trail>,
    /// The best price that a trailing stop has seen.
    pub water_mark: Option<Price>,
    /// Whether its stop was touched.
    pub trigger: Trigger,
    /// Where it stands.
    pub status: OrderStatus,
    /// Why it ended, in words.
    pub why: Option<Box<str>>,
    /// The order whose leg it is.
    pub parent: Option<VenueOrderId>,
    /// Its own legs.
    pub legs: Vec<VenueOrderId>,
    /// The order that it was put in the place of.
    pub replaces: Option<VenueOrderId>,
    /// The order that was put in its place.
    pub replaced_by: Option<VenueOrderId>,
    /// When it ends by itself.
    pub expires_at: Option<Utc>,
    /// When the venue made its record.
    pub created_at: Utc,
    /// When the venue got it.
    pub submitted_at: Utc,
    /// When it last changed.
    pub updated_at: Utc,
    /// When it was filled whole.
    pub filled_at: Option<Utc>,
    /// When it expired.
    pub expired_at: Option<Utc>,
    /// When it was cancelled.
    pub canceled_at: Option<Utc>,
    /// When it was refused after it had been accepted.
    pub failed_at: Option<Utc>,
    /// When it gave way to another.
    pub replaced_at: Option<Utc>,
    /// From when on queries show it.
    pub visible_from: Utc,
    /// When a cancellation that was taken takes effect.
    pub cancels_at: Option<Utc>,
    /// When it takes the place of the order that it replaces.
    pub takes_over: Option<TakeOver>,
    /// How the venue executes it.
    pub handling: Handling,
}

impl OrderRecord {
    /// What may still be filled.
    pub fn remaining(&self) -> Qty {
        let left = self.quantity.minus(self.filled).unwrap_or(Qty::ZERO);
        if left.is_negative() || !self.status.is_live() { Qty::ZERO } else { left }
    }

    /// Average price of what is filled.
    pub fn average_price(&self) -> Option<Price> {
        if self.filled.is_zero() { None } else { self.cost.per(self.filled).ok() }
    }

    /// When it ended; `None` while it is live.
    pub fn ended_at(&self) -> Option<Utc> {
        let ends = [self.filled_at, self.expired_at, self.canceled_at, self.failed_at, self.replaced_at];
        ends.into_iter().flatten().next()
    }

    /// When something happens to it by itself.
    pub(super) fn due(&self) -> impl Iterator<Item = Utc> + use<> {
        let takes_over = self.takes_over.map(|takes_over| takes_over.at);
        [self.expires_at, self.cancels_at, takes_over].into_iter().flatten()
    }

    /// Whether it waits for its stop to be touched.
    pub fn is_conditional(&self) -> bool {
        let stop =
            matches!(self.order_type, OrderType::Stop | OrderType::StopLimit | OrderType::TrailingStop);
        stop && self.trigger == Trigger::Waiting
    }
}

/// When an order takes the place of the one that it replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    /// When.
    pub at: Utc,
    /// The quantity that was asked for; `None` for what is left of the old order then.
    pub quantity: Option<Qty>,
}

/// How the venue executes an order: what faults change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handling {
    /// In how many more pieces it is filled, one a tick; 0 and 1 are a whole fill.
    pub pieces: u32,
    /// How much later than they happen its executions are told, in nanoseconds.
    pub fills_late_nanos: i64,
}

/// Whether an order came alone or with others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderClass {
    /// Alone.
    #[default]
    Simple,
    /// An entry with a stop-loss and a take-profit leg.
    Bracket,
    /// A take-profit and a stop-loss, of which one cancels the other.
    Oco,
    /// An entry with one leg.
    Oto,
}

impl OrderClass {
    /// Its name in venues' interfaces.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Simple => "simple",
            Self::Bracket => "bracket",
            Self::Oco => "oco",
            Self::Oto => "oto",
        }
    }
}

/// Whether the stop of an order was touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Not yet, or it has none.
    #[default]
    Waiting,
    /// It was.
    Touched,
}

/// Where an order stands at the paper venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Live, nothing filled.
    New,
    /// Live, a part is filled.
    PartiallyFilled,
    /// Waits for its parent to be filled whole.
    Held,
    /// Waits to take the place of the order that it replaces.
    PendingNew,
    /// Another order is to take its place, and has not yet; it may still fill.
    PendingReplace,
    /// A cancellation was taken and has not taken effect; it may still fill.
    PendingCancel,
    /// Filled whole.
    Filled,
    /// Cancelled, perhaps after a part was filled.
    Canceled,
    /// Ran out.
    Expired,
    /// Another order is in its place.
    Replaced,
    /// Refused after it had been accepted.
    Rejected,
}

impl OrderStatus {
    /// The venue's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::PartiallyFilled => "partially_filled",
            Self::Held => "held",
            Self::PendingNew => "pending_new",
            Self::PendingReplace => "pending_replace",
            Self::PendingCancel => "pending_cancel",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Rejected => "rejected",
        }
    }

    /// Whether something can still happen to it.
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            Self::New
                | Self::PartiallyFilled
                | Self::Held
                | Self::PendingNew
                | Self::PendingReplace
                | Self::PendingCancel
        )
    }
}

/// An execution as the venue has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillRecord {
    /// Its id.
    pub execution: ExecutionId,
    /// The order it is of.
    pub order: VenueOrderId,
    /// Client order id of that order.
    pub client_id: Box<str>,
    /// What was traded.
    pub instrument: Instrument,
    /// Buy or sell.
    pub side: Side,
    /// How much.
    pub quantity: Qty,
    /// At which price.
    pub price: Price,
    /// What was taken for it, and in what.
    pub fee: Option<(Cash, Asset)>,
    /// When.
    pub at: Utc,
    /// From when on it is told.
    pub visible_from: Utc,
    /// How much of the order was filled then in all.
    pub order_filled: Qty,
    /// The position after it.
    pub position: Qty,
}

/// A position as the venue has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PositionRecord {
    /// How much; negative when short.
    pub quantity: Qty,
    /// What it cost; negative when short.
    pub cost: Cash,
}

impl PositionRecord {
    /// Nothing held.
    pub const EMPTY: Self = Self { quantity: Qty::ZERO, cost: Cash::ZERO };

    /// Average price; `None` if nothing is held.
    pub fn average_price(&self) -> Option<Price> {
        if self.quantity.is_zero() { None } else { self.cost.per(self.quantity).ok() }
    }
}

/// Something that happened to an order, as the venue's stream tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TradeUpdate {
    /// What happened.
    pub what: UpdateKind,
    /// The order as it was then.
    pub order: OrderRecord,
    /// The execution, if it was one.
    pub fill: Option<FillRecord>,
    /// When.
    pub at: Utc,
}

/// What happened to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateKind {
    /// It is live.
    New,
    /// It waits for its parent.
    Held,
    /// A part was filled.
    PartialFill,
    /// It was filled whole.
    Fill,
    /// A cancellation was taken.
    PendingCancel,
    /// It was cancelled.
    Canceled,
    /// It ran out.
    Expired,
    /// Another order is to take its place.
    PendingReplace,
    /// Another order took its place.
    Replaced,
    /// The order that was to take its place did not.
    ReplaceRejected,
    /// It was refused.
    Rejected,
    /// The venue changed its quantity, because another leg filled in part.
    Restated,
}

impl UpdateKind {
    /// The venue's word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Held => "held",
            Self::PartialFill => "partial_fill",
            Self::Fill => "fill",
            Self::PendingCancel => "pending_cancel",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::PendingReplace => "pending_replace",
            Self::Replaced => "replaced",
            Self::ReplaceRejected => "order_replace_rejected",
            Self::Rejected => "rejected",
            Self::Restated => "restated",
        }
    }
}
