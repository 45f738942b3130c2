//! The gate: when new risk is refused, and what would open it again. What provably makes a position smaller
//! passes, unless the disk cannot even write it down.

use crate::capability::{IdClass, Rules};
use crate::event::BlockKind;
use crate::id::Instrument;
use crate::life::OrderState;
use crate::money::Qty;
use crate::order::Side;
use crate::reconcile::gap;
use crate::state::{Live, State};
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use serde::Serialize;

/// What the engine knows besides the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// Whether book and venue were brought to agreement since the program started and the stream was up.
    pub reconciled: Reconciled,
    /// Whether the disk takes new events.
    pub disk: Disk,
    /// Whether the settings in force are the recorded ones.
    pub settings: SettingsState,
    /// What the venue does with an id that it has seen before.
    pub class: IdClass,
    /// The venue's positions, as last seen.
    pub venue_positions: BTreeMap<Instrument, Qty>,
}

/// Whether book and venue agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reconciled {
    /// They do.
    Yes,
    /// They do not, or nobody looked.
    No {
        /// Why not.
        why: String,
    },
}

/// Whether the disk takes new events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disk {
    /// It does.
    Healthy,
    /// Only the space kept in reserve is left.
    Full,
}

/// Whether changed settings were accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SettingsState {
    /// They are the recorded ones.
    Accepted,
    /// They differ, and nobody accepted that.
    Changed,
}

/// New risk is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("new risk in {instrument} is refused: {why}; to open the gate: {opens}")]
pub struct Refusal {
    /// In which instrument.
    pub instrument: Instrument,
    /// Why.
    pub why: String,
    /// What would open the gate.
    pub opens: String,
}

/// What is asked of the gate.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The instrument.
    pub instrument: &'a Instrument,
    /// Buy or sell.
    pub side: Side,
    /// How much.
    pub quantity: Qty,
}

/// Why an order passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Nothing speaks against new risk.
    Open,
    /// It provably only makes a position smaller.
    Reduces,
}

/// Lets an order pass, or says what would.
///
/// # Errors
/// [`Refusal`] with the first reason, unless the order provably only reduces a position.
pub fn check(state: &State, conditions: &Conditions, request: Request<'_>) -> Result<Pass, Refusal> {
    match reason(state, conditions, request.instrument) {
        None => Ok(Pass::Open),
        Some(_) if may_repeat(state.live(), conditions) && reduces(state.live(), conditions, request) => {
            Ok(Pass::Reduces)
        }
        Some((why, opens)) => {
            Err(Refusal { instrument: request.instrument.clone(), why, opens: opens.to_string() })
        }
    }
}

/// Whether an order may leave although its key may have been used in the time that the book does not know.
fn may_repeat(live: &Live, conditions: &Conditions) -> bool {
    gap(live).is_none() || conditions.class == IdClass::A
}

/// Why nothing may leave a book that was put back; `None` once it is known what happened since.
pub fn in_gap(live: &Live) -> Option<(String, &'static str)> {
    let why = format!("the book was {}, and what happened since is not known", gap(live)?);
    let opens =
        "a reconciliation that covers everything since then, or `truebook restore --accept-gap REASON`";
    Some((why, opens))
}

/// Why new risk in an instrument is refused, and what would change that.
pub fn reason(
    state: &State,
    conditions: &Conditions,
    instrument: &Instrument,
) -> Option<(String, &'static str)> {
    let live = state.live();
    if let Some(reason) = in_gap(live) {
        return Some(reason);
    }
    if let Some(why) = &live.halted {
        return Some((format!("the book is halted: {why}"), "`truebook resume`, once the reason is gone"));
    }
    if conditions.disk == Disk::Full {
        return Some(("the disk is full".into(), "make room, then open the book again"));
    }
    if conditions.settings == SettingsState::Changed {
        return Some((
            "the settings changed and nobody accepted that".into(),
            "`truebook settings check`, then `truebook settings accept`",
        ));
    }
    if let Reconciled::No { why } = &conditions.reconciled {
        return Some((
            format!("book and venue are not reconciled: {why}"),
            "a complete reconciliation: `truebook reconcile --plan` shows what is missing",
        ));
    }
    if let Some((kind, why)) = live.blocked.get(instrument).and_then(|kinds| kinds.first_key_value()) {
        return Some((why.clone(), opens(*kind)));
    }
    let mut unsettled = state.unsettled();
    let uncertain = unsettled
        .find(|order| order.intent.instrument == *instrument && order.state() == OrderState::Unknown);
    uncertain.map(|order| {
        let why = format!("the fate of order {} is unknown", order.intent.key);
        (why, "a reconciliation that finds the order, or proves that it never came")
    })
}

const fn opens(kind: BlockKind) -> &'static str {
    match kind {
        BlockKind::PositionDifference => "the missing fill, or `truebook correct` with a reason",
        BlockKind::Overfill => "`truebook unblock` once somebody looked at the overfill",
        BlockKind::ForeignOrder => "cancel that order, or set reconcile.others",
        BlockKind::Unprotected => "a stop for the position, or closing it",
        BlockKind::Unexplained => "a reconciliation that explains the order",
        BlockKind::Operator => "`truebook unblock`",
    }
}

/// What is wrong with selling more of an asset than is held: it cannot be sold short, and fees that were taken
/// in it are gone. `None` if nothing is wrong, or the instrument is no asset.
pub fn oversold(state: &State, rules: &Rules, request: Request<'_>) -> Option<String> {
    let asset = rules.base.as_ref().filter(|_| request.side == Side::Sell)?;
    let held = state.live().positions.get(request.instrument).map_or(Qty::ZERO, |position| position.quantity);
    let coming = state.unsettled().filter(|order| {
        let told = order.state() == OrderState::AwaitingFills && order.intent.side == Side::Buy;
        told && order.intent.instrument == *request.instrument
    });
    // The venue says that these are filled already; its executions are on their way.
    let most = coming.fold(held, |sum, order| sum.plus(order.remaining_at_most()).unwrap_or(sum));
    (request.quantity > most).then(|| {
        let instrument = request.instrument;
        format!(
            "quantity: {} of {instrument} are held ({asset} after fees), {} cannot be sold",
            most.normalized(),
            request.quantity
        )
    })
}

/// Whether the order can only make the position smaller, whatever becomes of every other live order: by the
/// book's number and by the venue's.
fn reduces(live: &Live, conditions: &Conditions, request: Request<'_>) -> bool {
    let book = live.positions.get(request.instrument).map_or(Qty::ZERO, |position| position.quantity);
    // Without the venue's number nothing is proved about what it holds.
    let Some(venue) = conditions.venue_positions.get(request.instrument).copied() else { return false };
    let same_side = live
        .orders
        .values()
        .filter(|order| order.intent.instrument == *request.instrument && order.intent.side == request.side);
    // Of two legs of a bracket only one fills; counting both errs on the safe side.
    let mut others = Qty::ZERO;
    for order in same_side {
        let Ok(sum) = others.plus(order.remaining_at_most()) else { return false };
        others = sum;
    }
    let Ok(most) = others.plus(request.quantity) else { return false };
    [book, venue].into_iter().all(|held| {
        let closes = match request.side {
            Side::Buy => held.negated(),
            Side::Sell => held,
        };
        !closes.is_negative() && most <= closes
    })
}
