//! Orders at the venue that are not in the book.

use super::draft::Draft;
use super::gap;
use super::policy::{Lost, Others};
use super::steps::Inputs;
use crate::event::{Adopted, BlockKind, Event};
use crate::id::{OrderId, OrderKey};
use crate::observation::{Observation, OrderReport};
use crate::order::{Intent, OrderType, Placement, Role, Terms, TimeInForce};
use crate::seen::order_seen_id;
use crate::state::Live;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Whether the book is new while orders of a truebook are live at the venue: then it is not a first run, the
/// state was lost. Says so, with the way out.
pub(super) fn lost_state(live: &Live, observation: &Observation) -> Option<String> {
    let is_new =
        live.restorations == 0 && live.orders.is_empty() && live.seen_count == 0 && live.positions.is_empty();
    let open = observation.open.rows.iter().filter(|report| report.status.ended().is_none());
    let ids: Vec<_> = open.filter_map(OrderReport::order_id).collect();
    let first = ids.first()?;
    is_new.then(|| {
        let (count, tag) = (ids.len(), first.tag());
        format!(
            "this book is new, and {count} live orders at the venue were made by a truebook (installation \
             {tag}, first {first}): if they are yours, its state was lost; restore the book, or make it with \
             `truebook init --installation {tag}` and take them in with `truebook reconcile --apply \
             --adopt-lost`; if another book trades in this account, set reconcile.others to \"ignore\" and \
             record a first order"
        )
    })
}

/// Looks at every live order that is nobody's.
pub(super) fn look_at(inputs: &Inputs<'_>, draft: &mut Draft) {
    if !inputs.observation.open.is_complete() {
        draft.leave_blocks(BlockKind::ForeignOrder);
    }
    let ours = draft.live().identity.installation;
    let mut looked_at = BTreeSet::new();
    for report in inputs.observation.reports() {
        let is_live = report.status.ended().is_none();
        let is_known = draft.venue_owner(&report.venue_order).is_some();
        if !is_live || is_known || ended_elsewhere(inputs, report) || !looked_at.insert(&report.venue_order) {
            continue;
        }
        if gap::waits(inputs, report, draft) {
            let what = format!(
                "order {} is not taken back yet: what belongs to it may not show",
                report.venue_order
            );
            draft.hold_instrument(Some(&report.instrument), what);
            continue;
        }
        match report.order_id() {
            Some(id) if id.tag() == ours => adopt_ours(report, id, draft),
            Some(id) if inputs.policy.lost == Lost::Adopt => adopt(report, id, after_loss(report), draft),
            None if inputs.policy.lost == Lost::Adopt && is_leg_of_truebook(inputs, report) => {
                let id = foreign_id(report, draft);
                adopt(report, id, after_loss(report), draft);
            }
            _ => meet_foreign(inputs, report, draft),
        }
    }
}

/// Whether it is over all the same: another row of the same observation knows, or all of it is filled and only
/// the word is behind.
fn ended_elsewhere(inputs: &Inputs<'_>, report: &OrderReport) -> bool {
    let is_filled = report.quantity.is_some_and(|wanted| !wanted.is_zero() && report.filled >= wanted);
    let mut same = inputs.observation.reports().filter(|other| other.venue_order == report.venue_order);
    is_filled || same.any(|other| other.status.ended().is_some())
}

fn after_loss(report: &OrderReport) -> String {
    format!("order {} was made by a truebook whose state was lost: taken in", report.venue_order)
}

/// Legs that the venue makes bear ids of the venue's making: their parent tells whose they are.
fn is_leg_of_truebook(inputs: &Inputs<'_>, report: &OrderReport) -> bool {
    let Some(parent) = &report.parent else { return false };
    let mut parents = inputs.observation.reports().filter(|other| other.venue_order == *parent);
    parents.any(|parent| parent.order_id().is_some())
}

/// An order that this installation made: it is taken back by its id, so that its key gets it and not a second
/// one.
fn adopt_ours(report: &OrderReport, id: OrderId, draft: &mut Draft) {
    let was_over = draft.state().seen().get(order_seen_id(id)).is_some();
    let why = if was_over {
        format!("order {id} is live at the venue, though the book counts it as over")
    } else {
        format!(
            "order {id} is live at the venue and bears our tag, but the book does not have it: the journal is behind the world"
        )
    };
    draft.alarm(Some(&report.instrument), why.clone());
    adopt(report, id, why, draft);
}

fn meet_foreign(inputs: &Inputs<'_>, report: &OrderReport, draft: &mut Draft) {
    let whose = report.client_id.as_deref().unwrap_or("no client order id");
    let what =
        format!("order {} ({whose}) of somebody else is live in {}", report.venue_order, report.instrument);
    match inputs.policy.others {
        Others::Ignore => {
            draft.hold_instrument(Some(&report.instrument), format!("{what}: ignored, as the settings say"));
        }
        Others::Adopt => {
            let id = foreign_id(report, draft);
            adopt(report, id, format!("{what}: adopted, as the settings say"), draft);
        }
        Others::Alarm => {
            let way_out = "cancel it, or set reconcile.others to \"ignore\" or \"adopt\"";
            draft.alarm(Some(&report.instrument), format!("{what}: {way_out}"));
            draft.block(&report.instrument, BlockKind::ForeignOrder, format!("{what}: {way_out}"));
        }
    }
}

/// The id that an adopted order gets in this book: a function of the venue's id, never used for sending.
fn foreign_id(report: &OrderReport, draft: &Draft) -> OrderId {
    let identity = &draft.live().identity;
    let key = adopted_key(report);
    OrderId::derive(identity.installation, identity.book, &key, "adopted", 0)
}

fn adopted_key(report: &OrderReport) -> OrderKey {
    let text = format!("{}{}", OrderKey::ADOPTED, report.venue_order);
    // A venue's id may be as long as a key.
    let cut = text.char_indices().nth(OrderKey::BYTES_MAX / 4).map_or(text.len(), |(at, _)| at);
    let short = if text.len() <= OrderKey::BYTES_MAX { &text } else { &text[..cut] };
    OrderKey::new(short).unwrap_or_else(|_| unreachable!("a venue order id has no control characters"))
}

fn adopt(report: &OrderReport, id: OrderId, why: String, draft: &mut Draft) {
    let Some(intent) = adopted_intent(report, id) else {
        let what = format!("order {} has no quantity and cannot be adopted: {why}", report.venue_order);
        draft.block(&report.instrument, BlockKind::ForeignOrder, what.clone());
        return draft.alarm(Some(&report.instrument), what);
    };
    let adopted = Adopted { intent, venue_order: report.venue_order.clone(), why: why.clone() };
    draft.record(Event::Adopted(adopted.into()), why);
    draft.own(&report.venue_order, id);
}

/// An order in this book's terms, as far as the venue tells; `None` if it has no quantity.
pub(super) fn adopted_intent(report: &OrderReport, id: OrderId) -> Option<Intent> {
    let quantity = report.quantity.filter(|quantity| !quantity.is_zero() && !quantity.is_negative())?;
    Some(Intent {
        id,
        key: adopted_key(report),
        instrument: report.instrument.clone(),
        side: report.side,
        order_type: report.order_type.unwrap_or(OrderType::Market),
        quantity,
        limit: report.limit,
        stop: report.stop,
        time_in_force: report.time_in_force.unwrap_or(TimeInForce::Gtc),
        role: report.role.unwrap_or(Role::Entry),
        attempt: 0,
        parent: None,
        strategy: None,
        terms: Terms { via: Placement::Own, ..Terms::default() },
    })
}
