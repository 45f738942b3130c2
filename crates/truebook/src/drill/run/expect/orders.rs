//! Expectations about orders, here and at the venue.

use super::super::super::script::{Expected, OrderRef, Standing};
use super::super::names::name;
use super::super::{Done, Runner, Stop};
use super::{equal, failed};
use std::collections::BTreeSet;
use truebook_core::event::Event;
use truebook_core::life::{Order, OrderState};
use truebook_core::order::{Role, Side};

pub(super) fn check(runner: &Runner<'_>, expected: &Expected) -> Done {
    match expected {
        Expected::Order(of, state) => order(runner, of, *state),
        Expected::OddWord(of, word) => odd_word(runner, of, word),
        Expected::Sent(None, count) => {
            equal("requests to place an order that left", count, &runner.writing().sent.values().sum())
        }
        Expected::Sent(Some(of), count) => {
            let ids = runner.client_ids(of)?;
            let found =
                runner.writing().sent.iter().filter(|(id, _)| ids.contains(*id)).map(|(_, n)| n).sum();
            equal(&format!("requests to place {} that left", name(of)), count, &found)
        }
        Expected::SentOnlyDurable => sent_only_durable(runner),
        Expected::Received(of, count) => {
            let ids = runner.client_ids(of)?;
            let found = runner.paper.audit(|exchange| ids.iter().map(|id| exchange.received(id)).sum());
            equal(&format!("requests to place {} that the venue got", name(of)), count, &found)
        }
        Expected::AtVenue(of, standing, count) => at_venue(runner, of, *standing, *count),
        Expected::Filled(of, quantity) => equal(
            &format!("filled of {}", name(of)),
            &quantity.normalized(),
            &runner.filled(of)?.normalized(),
        ),
        Expected::Fills(of, count) => {
            equal(&format!("executions of {} in the book", name(of)), count, &runner.fills_of(of)?.len())
        }
        Expected::Leg(of, side) => leg(runner, of, *side),
        _ => Ok(()),
    }
}

/// No request leaves before its intent is durable.
fn sent_only_durable(runner: &Runner<'_>) -> Done {
    let journal = runner.journal()?;
    let intents: BTreeSet<String> = journal
        .iter()
        .filter_map(|entry| match &entry.record.ev {
            Event::Intent(intent) => Some(intent.id.to_string()),
            _ => None,
        })
        .collect();
    match runner.writing().sent.keys().find(|id| !intents.contains(*id)) {
        None => Ok(()),
        Some(id) => failed("only orders sent whose intent is durable", format!("{id} was sent without")),
    }
}

fn order(runner: &Runner<'_>, of: &OrderRef, expected: Option<OrderState>) -> Done {
    let found = match runner.latest_id(of)? {
        None => None,
        Some(id) => runner.process()?.trader.status(id).ok().map(|submitted| submitted.state),
    };
    let told = |state: Option<OrderState>| state.map_or("none", OrderState::name).to_owned();
    equal(&format!("order {}", name(of)), &told(expected), &told(found))
}

fn live(runner: &Runner<'_>, of: &OrderRef) -> Result<Option<Order>, Stop> {
    let Some(id) = runner.latest_id(of)? else { return Ok(None) };
    let live = runner.process()?.book.live().map_err(|failed| Stop::CannotRun(failed.to_string()))?;
    Ok(live.orders.get(&id).map(|order| (**order).clone()))
}

fn odd_word(runner: &Runner<'_>, of: &OrderRef, word: &str) -> Done {
    let order = live(runner, of)?;
    let words = order.iter().flat_map(|order| order.venue_orders.values());
    let found: Vec<&str> = words.filter_map(|venue| venue.odd.as_deref()).collect();
    let expected = format!("the odd word {word:?} kept for {}", name(of));
    if found.contains(&word) { Ok(()) } else { failed(expected, format!("{found:?}")) }
}

fn at_venue(runner: &Runner<'_>, of: &OrderRef, standing: Standing, count: usize) -> Done {
    let counts = |live| standing == Standing::Any || live;
    let records = runner.records(of)?;
    let found = records.iter().filter(|record| counts(record.status.is_live())).count();
    let which = if standing == Standing::Live { "live orders" } else { "orders" };
    equal(&format!("{which} of {} at the venue", name(of)), &count, &found)
}

/// A leg that is in the book, belongs to its entry and closes what that opens.
fn leg(runner: &Runner<'_>, of: &OrderRef, side: Side) -> Done {
    let expected = format!("{} as a {} leg of its entry", name(of), side.name());
    let Some(leg) = live(runner, of)? else { return failed(expected, "no such live order in the book") };
    let entry = OrderRef { role: Role::Entry, attempt: None, number: None, ..of.clone() };
    let parents = runner.ids(&entry)?;
    let linked = leg.intent.parent.is_some_and(|parent| parents.contains(&parent));
    if linked && leg.intent.side == side {
        return Ok(());
    }
    failed(expected, format!("side {}, parent {:?}", leg.intent.side.name(), leg.intent.parent))
}
