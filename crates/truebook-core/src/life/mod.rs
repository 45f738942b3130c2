//! The life of an order: what is known of it, and the state that follows from that.
//!
//! An [`Order`] holds facts, in whatever order they came: executions, the venue's orders that came of the
//! intent, how each of these ended. Its [`OrderState`] is derived from the facts, so two orders of the same
//! facts are in the same state. [`table`] says the same as a transition table, state by state and fact by
//! fact; a property test holds the two together.

pub mod table;

use crate::id::{Asset, OrderId, VenueOrderId};
use crate::money::{Cash, MoneyError, Price, Qty};
use crate::order::{Fee, Fill, Intent};
use crate::planted::{Bug, is};
use crate::time::Utc;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::{Deserialize, Serialize};

/// How an order, or one of the venue's orders that came of it, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Closing {
    /// Cancelled by us or by the venue.
    Cancelled,
    /// Refused by the venue.
    Rejected,
    /// Its time in force ran out.
    Expired,
    /// The venue put another order in its place: this one is over, the intent lives on in the other.
    Replaced,
    /// The venue says that it is filled whole; the executions may still be on their way.
    Filled,
    /// It never came to the venue, or is there no more: proved, with the proof in the event's `why`.
    Absent,
}

impl Closing {
    /// Its name in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Filled => "filled",
            Self::Absent => "absent",
        }
    }
}

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderState {
    /// Durable here; whether it was sent is known only to the process that wrote it.
    Intended,
    /// The venue has it and it is live.
    Working,
    /// A part is filled, the rest is live.
    PartiallyFilled,
    /// It was asked to be cancelled; it may still fill.
    PendingCancel,
    /// It was asked to be replaced; the old one may still fill.
    PendingReplace,
    /// A reply was lost or unreadable: only evidence from the venue settles it (promise P4).
    Unknown,
    /// The venue says that more of it is filled than there are executions for.
    AwaitingFills,
    /// All of it is filled.
    Filled,
    /// Cancelled, perhaps after a part was filled.
    Cancelled,
    /// Refused by the venue.
    Rejected,
    /// Ran out.
    Expired,
    /// Never came to the venue, which is proved.
    Absent,
}

impl OrderState {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Intended,
        Self::Working,
        Self::PartiallyFilled,
        Self::PendingCancel,
        Self::PendingReplace,
        Self::Unknown,
        Self::AwaitingFills,
        Self::Filled,
        Self::Cancelled,
        Self::Rejected,
        Self::Expired,
        Self::Absent,
    ];

    /// Whether nothing more can happen to it (a late fill excepted).
    pub const fn is_terminal(self) -> bool {
        matches!(self, Self::Filled | Self::Cancelled | Self::Rejected | Self::Expired | Self::Absent)
    }

    /// Whether its outcome is open, so that nobody can say what the position will be.
    pub const fn is_uncertain(self) -> bool {
        matches!(self, Self::Intended | Self::Unknown | Self::AwaitingFills)
    }

    /// The field's standard term.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Working => "working",
            Self::PartiallyFilled => "partially_filled",
            Self::PendingCancel => "pending_cancel",
            Self::PendingReplace => "pending_replace",
            Self::Unknown => "unknown",
            Self::AwaitingFills => "awaiting_fills",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Absent => "absent",
        }
    }
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One of the venue's orders that came of an intent. A replacement, or a reply that was lost, can make
/// more than one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueOrder {
    /// How it ended; `None` while it is live.
    #[serde(rename = "as", default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Closing>,
    /// How much of the intent was filled through it, as far as executions say.
    #[serde(default = "zero", skip_serializing_if = "is_zero_qty")]
    pub filled: Qty,
    /// How much the venue says was filled through it.
    #[serde(rename = "cum", default = "zero", skip_serializing_if = "is_zero_qty")]
    pub claimed: Qty,
    /// The venue's word for its status, if it is one that this program does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub odd: Option<Box<str>>,
}

fn zero() -> Qty {
    Qty::ZERO
}

fn is_zero_qty(quantity: &Qty) -> bool {
    quantity.is_zero()
}

/// A request about a live order that the venue has not answered for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// To cancel it.
    Cancel,
    /// To replace it: the number of the replacement, 1 the first.
    Replace(u32),
}

/// A replacement that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// Client order id of the replacement.
    pub alias: OrderId,
    /// Its number, 1 the first.
    #[serde(rename = "n")]
    pub number: u32,
    /// New total quantity.
    #[serde(rename = "qty", default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Qty>,
    /// New limit price.
    #[serde(rename = "px", default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Price>,
    /// New stop price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Price>,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Answer::is_open")]
    pub answer: Answer,
}

/// What became of a replacement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing is known.
    #[default]
    Open,
    /// The venue has it in place of the order before.
    Done,
    /// The venue refused it, or it never came there.
    Failed,
}

impl Answer {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_open(&self) -> bool {
        *self == Self::Open
    }
}

/// A filled quantity that the venue reports and whose executions cannot be had. It gives way to the real
/// ones when they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    /// How much, beyond the executions that are known.
    #[serde(rename = "qty")]
    pub quantity: Qty,
    /// At which price, as far as it can be told.
    #[serde(rename = "px")]
    pub price: Price,
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
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub venue_orders: BTreeMap<VenueOrderId, VenueOrder>,
    /// How much is filled, reports without executions included.
    pub filled: Qty,
    /// What the filled part cost: sum of quantity times price.
    pub cost: Cash,
    /// Fees paid, by asset.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fees: BTreeMap<Asset, Cash>,
    /// The part of `filled` for which there is no execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
    /// What was seen instead of a reply to the order. Says nothing any more once the venue has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// The latest request about it, while the venue has not refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<Request>,
    /// Every replacement that was asked for, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replacements: Vec<Replacement>,
    /// How often it was sent beyond the first time.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resent: u32,
    /// How it ended as a whole, for a report that names no venue order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Order {
    /// A new order, of which nothing is known but that it is wanted.
    pub fn new(intent: Intent, at: Utc) -> Self {
        Self {
            intent,
            intended_at: at,
            updated_at: at,
            venue_orders: BTreeMap::new(),
            filled: Qty::ZERO,
            cost: Cash::ZERO,
            fees: BTreeMap::new(),
            reported: None,
            unknown: None,
            pending: None,
            replacements: Vec::new(),
            resent: 0,
            closing: None,
        }
    }

    /// The quantity that is wanted now: the intent's, or that of the last replacement that took place.
    pub fn quantity(&self) -> Qty {
        let mut done =
            self.replacements.iter().rev().filter(|replacement| replacement.answer == Answer::Done);
        done.find_map(|replacement| replacement.quantity).unwrap_or(self.intent.quantity)
    }

    /// What may still be filled.
    pub fn remaining(&self) -> Qty {
        let left = self.quantity().minus(self.filled).unwrap_or(Qty::ZERO);
        if left.is_negative() || self.state().is_terminal() { Qty::ZERO } else { left }
    }

    /// The most that may still be filled, for a position that must not be surprised: every open replacement
    /// counts.
    pub fn remaining_at_most(&self) -> Qty {
        let open = self.replacements.iter().filter(|replacement| replacement.answer == Answer::Open);
        let asked = open.filter_map(|replacement| replacement.quantity);
        let most = asked.fold(self.quantity(), Qty::max);
        let left = most.minus(self.filled).unwrap_or(Qty::ZERO);
        if left.is_negative() || self.state().is_terminal() { Qty::ZERO } else { left }
    }

    /// Whether more was filled than was wanted.
    pub fn is_overfilled(&self) -> bool {
        self.filled > self.quantity()
    }

    /// The limit price that is wanted now.
    pub fn limit(&self) -> Option<Price> {
        self.replaced(|replacement| replacement.limit).or(self.intent.limit)
    }

    /// The stop price that is wanted now.
    pub fn stop(&self) -> Option<Price> {
        self.replaced(|replacement| replacement.stop).or(self.intent.stop)
    }

    fn replaced(&self, of: impl Fn(&Replacement) -> Option<Price>) -> Option<Price> {
        let mut done =
            self.replacements.iter().rev().filter(|replacement| replacement.answer == Answer::Done);
        done.find_map(of)
    }

    /// Every client order id under which the venue may know it.
    pub fn ids(&self) -> impl Iterator<Item = OrderId> {
        core::iter::once(self.intent.id).chain(self.replacements.iter().map(|replacement| replacement.alias))
    }

    /// The venue's orders that are live as far as is known.
    pub fn live_venue_orders(&self) -> impl Iterator<Item = &VenueOrderId> {
        let whole = self.closing.is_some();
        self.venue_orders.iter().filter(move |(_, venue)| !whole && venue.ended.is_none()).map(|(id, _)| id)
    }

    /// The replacement that nobody has answered.
    pub fn open_replacement(&self) -> Option<&Replacement> {
        self.replacements.iter().rev().find(|replacement| replacement.answer == Answer::Open)
    }

    /// Where it stands.
    pub fn state(&self) -> OrderState {
        if self.is_over() {
            return self.ended_as();
        }
        if self.venue_orders.is_empty() {
            return self.before_the_venue();
        }
        if self.venue_orders.values().any(|venue| venue.odd.is_some() && venue.ended.is_none()) {
            return OrderState::Unknown;
        }
        if self.live_venue_orders().next().is_none() {
            // All known ones are over, and yet it is not: executions or a successor are to come.
            return self.between_incarnations();
        }
        match self.pending {
            Some(Request::Replace(_)) if self.open_replacement().is_some() => OrderState::PendingReplace,
            Some(Request::Cancel) => OrderState::PendingCancel,
            _ if self.filled.is_zero() => OrderState::Working,
            _ => OrderState::PartiallyFilled,
        }
    }

    fn between_incarnations(&self) -> OrderState {
        if self.lacks_executions() {
            return OrderState::AwaitingFills;
        }
        if self.open_replacement().is_some() { OrderState::PendingReplace } else { OrderState::Unknown }
    }

    fn before_the_venue(&self) -> OrderState {
        match (self.filled.is_zero(), &self.unknown) {
            (false, _) => OrderState::PartiallyFilled,
            (true, Some(_)) => OrderState::Unknown,
            (true, None) => OrderState::Intended,
        }
    }

    /// Whether nothing more can come of it: each of the venue's orders is over, their executions are all
    /// here, and no successor is on its way.
    fn is_over(&self) -> bool {
        if is(Bug::OneIncarnationEndsAll) && self.venue_orders.values().any(|venue| venue.ended.is_some()) {
            return true;
        }
        if self.lacks_executions() {
            return false;
        }
        if self.closing.is_some() {
            return true;
        }
        if self.open_replacement().is_some() {
            return false;
        }
        match self.venue_orders.len() {
            0 => self.filled >= self.quantity(),
            1 if self.filled >= self.quantity() => true,
            _ => {
                let mut ends = self.venue_orders.values().map(|venue| venue.ended);
                ends.all(|end| end.is_some()) && self.last_end().is_some()
            }
        }
    }

    fn lacks_executions(&self) -> bool {
        self.filled_at_least() > self.filled
    }

    /// How much is filled by executions or by what the venue says of its orders that are over, whichever is
    /// more: the executions of the rest are on their way.
    pub fn filled_at_least(&self) -> Qty {
        let claimed = self.venue_orders.values().try_fold(Qty::ZERO, |sum, venue| {
            // Without the venue order's id an execution is counted for the order alone.
            sum.plus(venue.claimed.max(venue.filled))
        });
        claimed.map_or(self.filled, |claimed| claimed.max(self.filled))
    }

    /// How the last incarnation ended; `None` if each gave way to another, which is then still to be seen.
    fn last_end(&self) -> Option<Closing> {
        let ends = self.venue_orders.values().filter_map(|venue| venue.ended);
        ends.chain(self.closing).filter(|end| *end != Closing::Replaced).min()
    }

    fn ended_as(&self) -> OrderState {
        if self.filled >= self.quantity() {
            return OrderState::Filled;
        }
        match self.last_end() {
            Some(Closing::Rejected) => OrderState::Rejected,
            Some(Closing::Expired) => OrderState::Expired,
            Some(Closing::Filled) => OrderState::Filled,
            Some(Closing::Absent) => OrderState::Absent,
            Some(Closing::Cancelled | Closing::Replaced) | None => OrderState::Cancelled,
        }
    }

    /// Average price of the filled part; `None` if nothing is filled.
    pub fn average_price(&self) -> Option<Price> {
        if self.filled.is_zero() { None } else { self.cost.per(self.filled).ok() }
    }

    /// Counts an execution in. The caller has made sure that it is a new one. On an error nothing changed.
    pub fn add_fill(&mut self, fill: &Fill) -> Result<(), MoneyError> {
        assert!(!fill.quantity.is_negative(), "a fill's quantity has no sign, its side says the direction");
        let (reported, given_way) = self.after_execution(fill.quantity)?;
        let filled = self.filled.plus(fill.quantity.minus(given_way)?)?;
        let gone = self.reported.map_or(Ok(Cash::ZERO), |before| given_way.times(before.price))?;
        let cost = self.cost.minus(gone)?.plus(fill.quantity.times(fill.price)?)?;
        let through = fill.venue_order.as_ref().map(|id| {
            let before = self.venue_orders.get(id).map_or(Qty::ZERO, |venue| venue.filled);
            before.plus(fill.quantity).map(|through| (id, through))
        });
        let through = through.transpose()?;
        if let Some(fee) = &fill.fee {
            let (asset, paid) = fee_after(&self.fees, fee)?;
            set_fee(&mut self.fees, asset, paid);
        }
        if let Some((id, through)) = through {
            self.venue_order(id).filled = through.normalized();
        }
        self.reported = reported;
        (self.filled, self.cost) = (filled.normalized(), cost.normalized());
        assert!(self.filled >= fill.quantity, "the filled quantity never falls");
        Ok(())
    }

    /// What is left of the reported quantity once this much comes as an execution, and how much gave way.
    pub(crate) fn after_execution(&self, quantity: Qty) -> Result<(Option<Reported>, Qty), MoneyError> {
        let Some(reported) = self.reported else { return Ok((None, Qty::ZERO)) };
        let given_way = reported.quantity.min(quantity);
        let left = reported.quantity.minus(given_way)?.normalized();
        Ok(((!left.is_zero()).then_some(Reported { quantity: left, ..reported }), given_way))
    }

    /// Counts a reported quantity in for which there are no executions: `added` more than is known.
    pub(crate) fn add_reported(&mut self, added: Qty, price: Price) -> Result<(), MoneyError> {
        let before = self.reported.map_or(Qty::ZERO, |reported| reported.quantity);
        let before_cost = self.reported.map_or(Ok(Cash::ZERO), |all| all.quantity.times(all.price))?;
        let quantity = before.plus(added)?.normalized();
        let cost = added.times(price)?;
        let price = before_cost.plus(cost)?.per(quantity)?;
        let (filled, all) = (self.filled.plus(added)?, self.cost.plus(cost)?);
        self.reported = Some(Reported { quantity, price });
        (self.filled, self.cost) = (filled.normalized(), all.normalized());
        Ok(())
    }

    /// The venue's order of this id, which is known from here on.
    pub fn venue_order(&mut self, id: &VenueOrderId) -> &mut VenueOrder {
        self.venue_orders.entry(id.clone()).or_default()
    }
}

impl Default for VenueOrder {
    fn default() -> Self {
        Self::new()
    }
}

impl VenueOrder {
    /// A live one of which nothing else is known.
    pub const fn new() -> Self {
        Self { ended: None, filled: Qty::ZERO, claimed: Qty::ZERO, odd: None }
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
