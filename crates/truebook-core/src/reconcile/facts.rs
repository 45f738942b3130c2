//! From reports to facts: what the venue says of orders that are in the book.

use super::draft::Draft;
use super::steps::{Action, Inputs};
use crate::event::{Acked, BlockKind, Blocked, Closed, Event, OddStatus, ReplaceFailed};
use crate::id::{OrderId, VenueOrderId};
use crate::life::{Closing, Order, Replacement, Request};
use crate::observation::{FillReport, FillTerms, OrderReport, ReportStatus};
use crate::order::{Fee, Fill, TakenFrom};
use crate::seen::order_seen_id;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// The events by which a report about an order of the book is taken in: what is new in it.
pub fn book_facts(order: &Order, report: &OrderReport) -> Vec<Event> {
    let id = order.intent.id;
    let venue_order = &report.venue_order;
    let known = order.venue_orders.get(venue_order);
    let alias = report.order_id().filter(|alias| *alias != id && order.ids().any(|known| known == *alias));
    let mut events = Vec::new();
    let is_news = known.is_none() || alias.is_some_and(|alias| is_unanswered(order, alias));
    if is_news {
        let (status, venue_time) = (Some(report.word.clone()), report.submitted_at);
        events.push(Event::Ack(Acked { id, venue_order: venue_order.clone(), status, venue_time, alias }));
    }
    let odd = known.and_then(|known| known.odd.as_deref());
    let word = (report.status == ReportStatus::Odd).then_some(&*report.word);
    if odd != word {
        let word = word.map(Into::into);
        events.push(Event::Odd(OddStatus { id, venue_order: venue_order.clone(), word }));
    }
    let ended = known.and_then(|known| known.ended);
    let claimed = known.map_or(crate::money::Qty::ZERO, |known| known.claimed);
    if let Some(closing) = report.status.ended().filter(|_| ended.is_none() || report.filled > claimed) {
        events.push(Event::Closed(Closed {
            id,
            closing,
            why: report.why.clone(),
            venue_order: Some(venue_order.clone()),
            claimed: (!report.filled.is_zero()).then_some(report.filled),
        }));
    }
    events
}

fn is_unanswered(order: &Order, alias: OrderId) -> bool {
    order.replacements.iter().any(|known| known.alias == alias && known.answer != crate::life::Answer::Done)
}

/// The events by which an execution of an order of the book is taken in. `order` is `None` if it has left
/// the book; `base` is what the instrument's units are, for fees that are taken in them.
pub fn fill_facts(id: OrderId, order: Option<&Order>, report: &FillReport, terms: &FillTerms) -> Vec<Event> {
    let fee = report.fee.as_ref().map(|(amount, asset)| {
        let of_position = terms.base.as_ref() == Some(asset);
        let taken = if of_position { TakenFrom::Position } else { TakenFrom::Cash };
        Fee { amount: *amount, asset: asset.clone(), taken }
    });
    let fill = Fill {
        id,
        execution: report.execution.clone(),
        venue_order: Some(report.venue_order.clone()),
        instrument: report.instrument.clone(),
        side: report.side,
        quantity: report.quantity,
        price: report.price,
        fee,
        venue_time: Some(report.at),
        multiplier: terms.multiplier,
    };
    let mut events = alloc::vec![Event::Fill(fill.into())];
    events.extend(order.and_then(|order| overfill(order, report)));
    events
}

/// An order that fills beyond what was wanted is a fact, and somebody must look at it.
fn overfill(order: &Order, report: &FillReport) -> Option<Event> {
    let executed = order.reported.map_or(Ok(order.filled), |all| order.filled.minus(all.quantity)).ok()?;
    let total = executed.plus(report.quantity).ok()?;
    let wanted = order.quantity();
    (total > wanted).then(|| {
        let key = &order.intent.key;
        let why = format!("order {key} was filled {total} of {wanted}: more than was wanted");
        let instrument = order.intent.instrument.clone();
        Event::Blocked(Blocked { instrument, kind: BlockKind::Overfill, why })
    })
}

/// Takes in everything that the observation says about orders of the book.
pub(super) fn take_in(inputs: &Inputs<'_>, draft: &mut Draft) {
    let reports = best_reports(inputs);
    for report in reports.values() {
        if let Some(id) = owner_of(report, draft) {
            draft.own(&report.venue_order, id);
        }
    }
    acknowledge(&reports, draft);
    take_in_fills(inputs, &reports, draft);
    for report in reports.values() {
        take_in_report(report, draft);
    }
    for report in reports.values() {
        answer_requests(inputs, report, &reports, draft);
    }
}

/// One report a venue order: of several, the one that knows most.
pub(super) fn best_reports<'a>(inputs: &Inputs<'a>) -> BTreeMap<&'a VenueOrderId, &'a OrderReport> {
    let mut best: BTreeMap<&VenueOrderId, &OrderReport> = BTreeMap::new();
    let knows = |report: &OrderReport| (report.status.ended().is_some(), report.filled, report.updated_at);
    for report in inputs.observation.reports() {
        let place = best.entry(&report.venue_order).or_insert(report);
        if knows(report) > knows(place) {
            *place = report;
        }
    }
    best
}

/// The order of the book that a report is about.
pub(super) fn owner_of(report: &OrderReport, draft: &Draft) -> Option<OrderId> {
    let by_id = report.order_id().and_then(|id| draft.owner(id));
    let by_venue_id = || draft.venue_owner(&report.venue_order);
    // Somebody may have replaced it without telling us: it is still the same intent's.
    let by_chain = || report.replaces.as_ref().and_then(|before| draft.venue_owner(before));
    by_id.or_else(by_venue_id).or_else(|| leg_of(report, draft)).or_else(by_chain)
}

/// The leg of one of our brackets that the venue made with its parent.
fn leg_of(report: &OrderReport, draft: &Draft) -> Option<OrderId> {
    let parent = draft.venue_owner(report.parent.as_ref()?)?;
    draft.live().native_leg(parent, report.role?)
}

fn acknowledge(reports: &BTreeMap<&VenueOrderId, &OrderReport>, draft: &mut Draft) {
    // Parents first, so that their legs are recognised; then once more for the legs.
    for _ in 0..2 {
        for report in reports.values() {
            let Some(id) = owner_of(report, draft) else { continue };
            draft.own(&report.venue_order, id);
            let Some(order) = draft.order(id) else { continue };
            let acks = book_facts(order, report).into_iter().filter(|event| matches!(event, Event::Ack(_)));
            for ack in acks.collect::<Vec<_>>() {
                draft.record(ack, format!("the venue has it: {}", report.word));
            }
        }
    }
}

fn take_in_fills(inputs: &Inputs<'_>, reports: &BTreeMap<&VenueOrderId, &OrderReport>, draft: &mut Draft) {
    let mut fills: Vec<&FillReport> = inputs.observation.fills.rows.iter().collect();
    fills.sort_by(|one, other| (one.at, &one.execution).cmp(&(other.at, &other.execution)));
    for fill in fills {
        let known = crate::seen::execution_seen_id(&fill.instrument, &fill.execution);
        if draft.state().seen().get(known).is_some() {
            continue;
        }
        let Some(id) = owner_of_fill(fill, reports, draft) else {
            draft.unaccounted.push((fill.instrument.clone(), fill.execution.clone(), fill.at));
            continue;
        };
        let terms = inputs.terms(&fill.instrument);
        for event in fill_facts(id, draft.order(id), fill, &terms) {
            let why = format!("execution {} of {} at {}", fill.execution, fill.quantity, fill.price);
            draft.record(event, why);
        }
    }
}

/// The order that an execution belongs to, whether it is live or was once.
fn owner_of_fill(
    fill: &FillReport,
    reports: &BTreeMap<&VenueOrderId, &OrderReport>,
    draft: &Draft,
) -> Option<OrderId> {
    if let Some(id) = draft.venue_owner(&fill.venue_order) {
        return Some(id);
    }
    let of_report = reports.get(&fill.venue_order).and_then(|report| report.order_id());
    let id = of_report.or_else(|| OrderId::from_hex(fill.client_id.as_deref()?))?;
    draft.owner(id).or_else(|| draft.state().seen().get(order_seen_id(id)).map(|_| id))
}

fn take_in_report(report: &OrderReport, draft: &mut Draft) {
    let Some(id) = draft.venue_owner(&report.venue_order) else { return };
    let Some(order) = draft.order(id) else { return };
    let says = match report.status {
        ReportStatus::Odd => format!("the venue calls it {:?}, which nobody here knows", report.word),
        _ => format!("the venue says {}, {} filled", report.word, report.filled),
    };
    for event in book_facts(order, report) {
        draft.record(event, says.clone());
    }
}

/// What a report proves about a request that was not answered.
fn answer_requests(
    inputs: &Inputs<'_>,
    report: &OrderReport,
    reports: &BTreeMap<&VenueOrderId, &OrderReport>,
    draft: &mut Draft,
) {
    let Some(id) = draft.venue_owner(&report.venue_order) else { return };
    let Some(order) = draft.order(id) else { return };
    if order.state().is_terminal() {
        return;
    }
    let asked_at = order.updated_at;
    let is_settled = inputs.observation.venue_now > asked_at.plus(inputs.settling_time());
    match order.pending {
        Some(Request::Cancel) if report.status == ReportStatus::Live && is_settled => {
            let venue_order = Some(report.venue_order.clone());
            draft.act(Action::Cancel { id, venue_order }, "it was to be cancelled and is still live");
        }
        _ => {}
    }
    // Also one that a request to cancel came after.
    answer_replacement(inputs, report, reports, id, draft);
}

fn answer_replacement(
    inputs: &Inputs<'_>,
    report: &OrderReport,
    reports: &BTreeMap<&VenueOrderId, &OrderReport>,
    id: OrderId,
    draft: &mut Draft,
) {
    let Some(order) = draft.order(id) else { return };
    let Some(open) = order.open_replacement() else { return };
    let alias = open.alias;
    if reports.values().any(|other| other.order_id() == Some(alias)) {
        return;
    }
    if shows_replacement(open, report) {
        let (venue_order, status) = (report.venue_order.clone(), Some(report.word.clone()));
        let ack = Acked { id, venue_order, status, venue_time: report.updated_at, alias: Some(alias) };
        return draft.record(Event::Ack(ack), "the venue shows the order as it was to be");
    }
    let not_found = inputs.observation.looked_up.get(&alias) == Some(&crate::observation::Found::Nothing);
    let is_settled = inputs.observation.venue_now > order.updated_at.plus(inputs.settling_time());
    let ended = report.status.ended().filter(|ended| *ended != Closing::Replaced);
    let why = match (ended, report.status) {
        (Some(_), _) if order.live_venue_orders().next().is_none() => {
            format!("the order ended as {} before it could be replaced", report.word)
        }
        (None, ReportStatus::Live) if not_found && is_settled => {
            String::from("the venue has no such replacement, and the order before it is live")
        }
        _ => return,
    };
    draft.record(Event::ReplaceFailed(ReplaceFailed { id, alias, why: why.clone() }), why);
}

/// Whether the order itself has the terms that were asked for: a venue that changes orders in place.
fn shows_replacement(asked: &Replacement, report: &OrderReport) -> bool {
    let quantity = asked.quantity.is_none_or(|quantity| report.quantity == Some(quantity));
    let limit = asked.limit.is_none_or(|limit| report.limit == Some(limit));
    let stop = asked.stop.is_none_or(|stop| report.stop == Some(stop));
    quantity && limit && stop && report.status.ended().is_none()
}
