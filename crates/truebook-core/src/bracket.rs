//! The legs that a venue makes with an entry. They follow from the entry's intent alone, so that a crash can
//! never leave an entry in the book without its legs.

use crate::id::OrderId;
use crate::identity::Identity;
use crate::money::Price;
use crate::order::{Intent, OrderType, Placement, Role, Terms, TimeInForce};
use alloc::vec::Vec;

/// The legs that come with this entry, if the venue makes them: the stop loss, then the take profit.
pub fn native_legs(identity: &Identity, entry: &Intent) -> Vec<Intent> {
    let Some(bracket) = entry.terms.bracket.as_ref().filter(|all| all.legs == Placement::WithParent) else {
        return Vec::new();
    };
    let stop = bracket.stop_loss.map(|stop| {
        let kind = if stop.limit.is_some() { OrderType::StopLimit } else { OrderType::Stop };
        leg(identity, entry, Role::StopLoss, (kind, stop.limit, Some(stop.stop)))
    });
    let profit = bracket
        .take_profit
        .map(|profit| leg(identity, entry, Role::TakeProfit, (OrderType::Limit, Some(profit.limit), None)));
    stop.into_iter().chain(profit).collect()
}

fn leg(
    identity: &Identity,
    entry: &Intent,
    role: Role,
    (order_type, limit, stop): (OrderType, Option<Price>, Option<Price>),
) -> Intent {
    Intent {
        id: OrderId::derive(identity.installation, identity.book, &entry.key, role.name(), entry.attempt),
        key: entry.key.clone(),
        instrument: entry.instrument.clone(),
        side: entry.side.opposite(),
        order_type,
        quantity: entry.quantity,
        limit,
        stop,
        time_in_force: match entry.time_in_force {
            TimeInForce::Day => TimeInForce::Day,
            _ => TimeInForce::Gtc,
        },
        role,
        attempt: entry.attempt,
        parent: Some(entry.id),
        strategy: entry.strategy.clone(),
        terms: Terms { via: Placement::WithParent, ..Terms::default() },
    }
}
