//! Requests about orders.

use super::answer::Answer;
use super::ask::Ask;
use super::shared::Shared;
use super::{read, render};
use serde_json::{Value, json};
use std::collections::HashSet;
use truebook::paper::{Direction, Fault, OrderFilter, OrderRecord, RequestKind, StatusFilter};
use truebook::venue::{Venue, VenueError};
use truebook_core::id::VenueOrderId;
use truebook_core::time::Utc;

const LIST_USUAL: usize = 50;
const LIST_MOST: usize = 500;

/// What went wrong at the venue.
pub(crate) fn failed(shared: &Shared, error: &VenueError) -> Answer {
    Answer::of(error, shared.venue.now().unwrap_or(Utc::from_nanos(0)))
}

pub(crate) fn place(shared: &Shared, ask: &Ask) -> Result<Answer, Answer> {
    let request = read::order(&ask.json()?)?;
    let record = shared.venue.place(&request).map_err(|error| failed(shared, &error))?;
    Ok(Answer::ok(&shared.venue.audit(|exchange| render::nested(&record, exchange))))
}

pub(crate) fn replace(shared: &Shared, ask: &Ask, id: &str) -> Result<Answer, Answer> {
    let (id, change) = (venue_id(id)?, read::change(&ask.json()?)?);
    let replaced = shared.venue.replace_order(&id, &change);
    let record = replaced.map_err(|error| failed(shared, &error))?;
    Ok(Answer::ok(&shared.venue.audit(|exchange| render::nested(&record, exchange))))
}

pub(crate) fn cancel(shared: &Shared, id: &str) -> Result<Answer, Answer> {
    let cancelled = shared.venue.cancel_order(&venue_id(id)?);
    cancelled.map(|_| Answer::Empty(204)).map_err(|error| failed(shared, &error))
}

/// Cancels all that is live, each with a status of its own.
pub(crate) fn cancel_all(shared: &Shared) -> Result<Answer, Answer> {
    let filter = OrderFilter { status: StatusFilter::Open, ..OrderFilter::default() };
    let listed = shared.venue.orders(RequestKind::OpenOrders, &filter);
    let ids = listed.map_err(|error| failed(shared, &error))?.into_iter().map(|record| record.id);
    let statuses: Vec<Value> = ids.map(|id| json!({ "id": id, "status": cancelled(shared, &id) })).collect();
    Ok(Answer::json(207, &statuses))
}

/// One that went with another of its group is cancelled just as well.
fn cancelled(shared: &Shared, id: &VenueOrderId) -> u16 {
    let gone = |shared: &Shared| {
        shared.venue.audit(|exchange| exchange.order(id).is_none_or(|it| !it.status.is_live()))
    };
    match shared.venue.cancel_order(id) {
        Err(_) if !gone(shared) => 500,
        _ => 200,
    }
}

pub(crate) fn by_id(shared: &Shared, ask: &Ask, id: &str) -> Result<Answer, Answer> {
    let found = shared.venue.order(&venue_id(id)?).map_err(|error| failed(shared, &error))?;
    found.map(|record| shown(shared, ask, &record)).ok_or_else(|| not_found(id))
}

pub(crate) fn by_client_id(shared: &Shared, ask: &Ask) -> Result<Answer, Answer> {
    let id =
        ask.parameter("client_order_id").ok_or_else(|| Answer::invalid("client_order_id is required"))?;
    let found = shared.venue.order_by_client_id(id).map_err(|error| failed(shared, &error))?;
    found.map(|record| shown(shared, ask, &record)).ok_or_else(|| not_found(id))
}

fn shown(shared: &Shared, ask: &Ask, record: &OrderRecord) -> Answer {
    if ask.is_set("nested") {
        return Answer::ok(&shared.venue.audit(|exchange| render::nested(record, exchange)));
    }
    Answer::ok(&render::order(record))
}

fn not_found(id: &str) -> Answer {
    Answer::not_found(&format!("order not found for {id}"))
}

fn venue_id(id: &str) -> Result<VenueOrderId, Answer> {
    VenueOrderId::new(id).map_err(|_| read::bad("order_id", id))
}

pub(crate) fn list(shared: &Shared, ask: &Ask) -> Result<Answer, Answer> {
    let (filter, limit) = (filter(ask)?, read::number(ask, "limit", LIST_USUAL, LIST_MOST)?);
    let bounds = (read::moment(ask, "after")?, read::moment(ask, "until")?);
    let page = shared.venue.page(ask.list_kind(), &filter);
    let (mut rows, fault) = page.map_err(|error| failed(shared, &error))?;
    // The contract leaves both bounds out.
    rows.retain(|row| bounds.0.is_none_or(|after| row.submitted_at > after));
    rows.retain(|row| bounds.1.is_none_or(|until| row.submitted_at < until));
    let mut rows = if ask.is_set("nested") { roll_up(shared, &rows, limit) } else { flat(&rows, limit) };
    if let (Some(Fault::OddWord(word)), Some(row)) = (&fault, rows.first_mut()) {
        row["status"] = json!(word);
    }
    match fault {
        Some(Fault::FirstRows(_)) => Ok(Answer::broken(&Value::Array(rows))),
        _ => Ok(Answer::ok(&rows)),
    }
}

fn filter(ask: &Ask) -> Result<OrderFilter, Answer> {
    let status = match ask.parameter("status") {
        None | Some("open") => StatusFilter::Open,
        Some("closed") => StatusFilter::Closed,
        Some("all") => StatusFilter::All,
        Some(other) => return Err(read::bad("status", other)),
    };
    let symbols = ask.parameter("symbols").unwrap_or_default();
    let symbols = symbols.split(',').filter(|symbol| !symbol.is_empty());
    let (before, after) = (ask.parameter("before_order_id"), ask.parameter("after_order_id"));
    let direction = direction(ask, before, after)?;
    Ok(OrderFilter {
        status,
        instruments: symbols.map(read::instrument).collect::<Result<_, _>>()?,
        side: read::side(ask)?,
        past: before.or(after).map(venue_id).transpose()?,
        direction,
        ..OrderFilter::default()
    })
}

/// A cursor goes in its own direction.
fn direction(ask: &Ask, before: Option<&str>, after: Option<&str>) -> Result<Direction, Answer> {
    match (before, after, ask.parameter("direction")) {
        (Some(_), Some(_), _) => {
            Err(Answer::invalid("before_order_id and after_order_id exclude each other"))
        }
        (None, Some(_), _) | (None, None, Some("asc")) => Ok(Direction::Ascending),
        (Some(_), None, _) | (None, None, None | Some("desc")) => Ok(Direction::Descending),
        (None, None, Some(other)) => Err(read::bad("direction", other)),
    }
}

fn flat(rows: &[OrderRecord], limit: usize) -> Vec<Value> {
    rows.iter().take(limit).map(|row| json!(render::order(row))).collect()
}

/// Legs below their parent where it is in the list itself.
fn roll_up(shared: &Shared, rows: &[OrderRecord], limit: usize) -> Vec<Value> {
    let listed: HashSet<&VenueOrderId> = rows.iter().map(|row| &row.id).collect();
    let below = |row: &&OrderRecord| row.parent.as_ref().is_some_and(|parent| listed.contains(parent));
    let top = rows.iter().filter(|row| !below(row)).take(limit);
    shared.venue.audit(|exchange| top.map(|row| json!(render::nested(row, exchange))).collect())
}
