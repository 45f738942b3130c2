//! The auditor: knows what the venue really has, and holds the book against it.

use super::ids::ids_of;
use super::scene::{Scene, Wish};
use std::collections::{BTreeMap, BTreeSet};
use truebook::engine::Trader;
use truebook::paper::OrderRecord;
use truebook_core::capability::IdClass;
use truebook_core::event::BlockKind;
use truebook_core::id::{Instrument, OrderId, OrderKey};
use truebook_core::life::{Order, OrderState};
use truebook_core::money::Qty;
use truebook_core::order::{Role, Side};
use truebook_core::seen::order_seen_id;
use truebook_core::spec::OrderSpec;
use truebook_core::state::Live;

pub(super) struct Auditor;

type Audited = Result<(), String>;

impl Auditor {
    /// How often the venue got the order of this key.
    pub(super) fn received(scene: &Scene, trader: &Trader, key: &OrderKey) -> u64 {
        let Ok(live) = trader.book().live() else { return 0 };
        let ids = ids_of(&live, key, Role::Entry);
        scene.venue.audit(|exchange| ids.iter().map(|id| exchange.received(&id.to_string())).sum())
    }

    /// Every id of ours that the venue ever got, even if it has not come there yet.
    pub(super) fn sent(scene: &Scene, live: &Live) -> Vec<OrderId> {
        let ids = &mut *scene.ids.borrow_mut();
        for key in keys(scene) {
            ids.learn(live, key);
        }
        let all = ids.entries.keys().chain(&ids.others).copied();
        let there = ours(scene, live).iter().filter_map(id_of).collect::<Vec<_>>();
        let got = scene
            .venue
            .audit(|exchange| all.filter(|id| exchange.received(&id.to_string()) > 0).collect::<Vec<_>>());
        there.into_iter().chain(got).collect()
    }

    /// Whether an order would make the venue's position larger, or open one.
    pub(super) fn adds_risk(scene: &Scene, spec: &OrderSpec) -> bool {
        let held = scene.venue.audit(|exchange| exchange.position(&spec.instrument).quantity);
        let closes = match spec.side {
            Side::Buy => held.negated(),
            Side::Sell => held,
        };
        spec.quantity > closes
    }

    /// What must hold at any time.
    pub(super) fn glance(scene: &Scene, trader: &Trader) -> Audited {
        let Ok(live) = trader.book().live() else { return Ok(()) };
        let records = ours(scene, &live);
        one_order_a_key(scene, &live, &records)?;
        over_is_over(trader, &live, &records)?;
        nothing_invented(&live, &records)
    }

    /// What must hold right after the book was opened again.
    pub(super) fn after_opening(scene: &Scene, trader: &Trader) -> Audited {
        let Ok(live) = trader.book().live() else { return Ok(()) };
        for wish in scene.wishes.iter().filter(|wish| wish.acknowledged) {
            if !any_known(trader, &ids_of(&live, &wish.key, Role::Entry)) {
                return Err(format!("order {} was acknowledged and is lost", wish.key));
            }
        }
        let aliases = aliases(&live);
        for record in ours(scene, &live) {
            let id = id_of(&record);
            let is_known = |id| knows(trader, id) || aliases.contains(&id) || scene.lost.contains(&id);
            if !id.is_some_and(is_known) {
                let what = &record.client_id;
                return Err(format!("{what} came to the venue before it was durable in the book"));
            }
        }
        Ok(())
    }

    /// Whether the fate of some order is open, as far as the book knows.
    pub(super) fn has_uncertain(trader: &Trader) -> bool {
        let Ok(live) = trader.book().live() else { return true };
        live.orders.values().any(|order| order.state().is_uncertain())
    }

    /// What must hold once everything works, time has passed, and book and venue were reconciled.
    pub(super) fn finally(scene: &Scene, trader: &Trader) -> Audited {
        Self::glance(scene, trader)?;
        let live = trader.book().live().map_err(|failed| failed.to_string())?;
        positions_agree(scene, &live)?;
        live_orders_agree(scene, &live)?;
        fates_agree(scene, &live)?;
        for order in live.orders.values() {
            legs_in_order(order, &live)?;
        }
        Ok(())
    }
}

/// The orders at the venue that bear our tag.
fn ours(scene: &Scene, live: &Live) -> Vec<OrderRecord> {
    let tag = live.identity.installation.to_string();
    scene.venue.audit(|exchange| {
        let tagged = |record: &&OrderRecord| record.client_id.starts_with(&tag);
        exchange.all_orders().filter(tagged).cloned().collect()
    })
}

fn id_of(record: &OrderRecord) -> Option<OrderId> {
    OrderId::from_hex(&record.client_id)
}

fn keys(scene: &Scene) -> Vec<OrderKey> {
    let closes = (0..=scene.closes).filter_map(|number| OrderKey::new(&format!("close/{number}")).ok());
    scene.wishes.iter().map(|Wish { key, .. }| key.clone()).chain(closes).collect()
}

/// Promise P3: one key is at most one order, whatever happened; and nobody sent anything under another id.
fn one_order_a_key(scene: &Scene, live: &Live, records: &[OrderRecord]) -> Audited {
    let mut counts: BTreeMap<OrderId, usize> = BTreeMap::new();
    for record in records.iter().filter(|record| record.replaces.is_none()) {
        if let Some(id) = id_of(record) {
            *counts.entry(id).or_insert(0) += 1;
        }
    }
    if let Some((id, count)) = counts.iter().find(|(_, count)| **count > 1) {
        return Err(format!("{count} orders of the id {id} are at the venue"));
    }
    let ids = &mut *scene.ids.borrow_mut();
    for key in keys(scene) {
        ids.learn(live, key);
    }
    let mut of_keys: BTreeMap<&OrderKey, OrderId> = BTreeMap::new();
    for id in counts.keys() {
        let Some(key) = ids.entries.get(id) else { continue };
        if of_keys.insert(key, *id).is_some() {
            return Err(format!("more than one order of the key {key} is at the venue"));
        }
    }
    let mut at_venue = records.iter().filter_map(id_of);
    let stray = at_venue.find(|id| !ids.entries.contains_key(id) && !ids.others.contains(id));
    stray.map_or(Ok(()), |id| Err(format!("order {id} at the venue follows from no key")))
}

fn knows(trader: &Trader, id: OrderId) -> bool {
    trader.status(id).is_ok()
}

fn any_known(trader: &Trader, ids: &[OrderId]) -> bool {
    ids.iter().any(|id| knows(trader, *id))
}

fn aliases(live: &Live) -> BTreeSet<OrderId> {
    live.orders.values().flat_map(|order| order.ids().collect::<Vec<_>>()).collect()
}

/// Promise P4: what the book calls over is not live at the venue.
fn over_is_over(trader: &Trader, live: &Live, records: &[OrderRecord]) -> Audited {
    let aliases = aliases(live);
    for record in records.iter().filter(|record| record.status.is_live()) {
        let Some(id) = id_of(record) else { continue };
        let state = match live.orders.get(&id) {
            Some(order) => Some(order.state()),
            None if aliases.contains(&id) => None,
            None => trader
                .book()
                .with_state(|state| state.seen().get(order_seen_id(id)).and_then(|entry| entry.kind.state()))
                .ok()
                .flatten(),
        };
        if state.is_some_and(OrderState::is_terminal) {
            let state = state.map_or("", OrderState::name);
            return Err(format!("order {id} is live at the venue and {state} in the book"));
        }
    }
    Ok(())
}

/// Promise P6: no order of the book is filled more than the venue says.
fn nothing_invented(live: &Live, records: &[OrderRecord]) -> Audited {
    for order in live.orders.values() {
        let of_it = records.iter().filter(|record| order.venue_orders.contains_key(&record.id));
        let of_ids =
            records.iter().filter(|record| id_of(record).is_some_and(|id| order.ids().any(|own| own == id)));
        let mut at_venue = BTreeMap::new();
        at_venue.extend(of_it.chain(of_ids).map(|record| (record.id.clone(), record.filled)));
        let filled = at_venue.values().try_fold(Qty::ZERO, |sum, part| sum.plus(*part));
        let is_native_leg = order.venue_orders.keys().any(|id| !at_venue.contains_key(id));
        if filled.is_ok_and(|filled| order.filled > filled) && !is_native_leg {
            return Err(format!(
                "order {} is filled {} in the book, less at the venue",
                order.intent.key, order.filled
            ));
        }
    }
    Ok(())
}

fn positions_agree(scene: &Scene, live: &Live) -> Audited {
    for (instrument, _) in &scene.prices {
        let venue = scene.venue.audit(|exchange| exchange.position(instrument).quantity);
        let book = live.positions.get(instrument).map_or(Qty::ZERO, |position| position.quantity);
        if venue != book {
            return Err(format!("position in {instrument}: {book} in the book, {venue} at the venue"));
        }
    }
    Ok(())
}

fn live_orders_agree(scene: &Scene, live: &Live) -> Audited {
    let at_venue: Vec<OrderRecord> = scene
        .venue
        .audit(|exchange| exchange.all_orders().filter(|record| record.status.is_live()).cloned().collect());
    for record in &at_venue {
        let mut owners = live.orders.values().filter(|order| order.venue_orders.contains_key(&record.id));
        if owners.next().is_none() {
            let what = &record.client_id;
            return Err(format!("order {what} is live at the venue and not in the book"));
        }
    }
    for order in live.orders.values() {
        for id in order.live_venue_orders() {
            if !order.state().is_terminal() && !at_venue.iter().any(|record| record.id == *id) {
                return Err(format!(
                    "order {} is {} in the book and over at the venue",
                    order.intent.key,
                    order.state()
                ));
            }
        }
    }
    Ok(())
}

/// Every order ends known; where the venue can prove nothing, it may stay unknown as long as it is not there.
fn fates_agree(scene: &Scene, live: &Live) -> Audited {
    for order in live.orders.values().filter(|order| order.state().is_uncertain()) {
        let ids: Vec<_> = order.ids().map(|id| id.to_string()).collect();
        let is_there = scene.venue.audit(|exchange| {
            let mut all = exchange.all_orders();
            all.any(|record| ids.iter().any(|own| **own == *record.client_id))
        });
        if is_there || scene.scope.class == IdClass::B {
            return Err(format!("order {} is still {}", order.intent.key, order.state()));
        }
    }
    Ok(())
}

/// Promise P5: what a bracket opened is protected, and its legs do not outlive it.
fn legs_in_order(entry: &Order, live: &Live) -> Audited {
    let legs: Vec<&Order> = live
        .orders
        .values()
        .filter(|order| order.intent.parent == Some(entry.intent.id))
        .map(|order| &**order)
        .collect();
    if entry.intent.parent.is_some_and(|parent| !live.orders.contains_key(&parent))
        && !entry.state().is_terminal()
    {
        return Err(format!("a leg of {} outlived its entry", entry.intent.key));
    }
    if entry.intent.terms.bracket.is_none() || !entry.state().is_terminal() {
        return Ok(());
    }
    let working = |role: Role| {
        let of_role = legs.iter().filter(|leg| leg.intent.role == role && !leg.state().is_terminal());
        // What nobody knows protects nothing, and is not at the venue: that is looked at elsewhere.
        let of_role = of_role.filter(|leg| !leg.state().is_uncertain());
        of_role.fold(Qty::ZERO, |sum, leg| sum.plus(leg.remaining()).unwrap_or(sum))
    };
    let exposure = exposure(entry, &legs, live);
    let (stops, profits) = (working(Role::StopLoss), working(Role::TakeProfit));
    let key = &entry.intent.key;
    let promises_stop = entry.intent.terms.bracket.as_ref().is_some_and(|all| all.stop_loss.is_some());
    // Whose key the book does not know is protected by nobody, but not unnoticed.
    let blocked = live.blocked.get(&entry.intent.instrument);
    let noticed = entry.intent.key.is_adopted()
        && blocked.is_some_and(|kinds| kinds.contains_key(&BlockKind::Unprotected));
    if stops < exposure && promises_stop && !noticed {
        return Err(format!("{exposure} opened by {key} is protected for {stops}"));
    }
    if exposure.is_zero() && !(stops.is_zero() && profits.is_zero()) {
        return Err(format!("{key} is closed and its legs work for {stops} and {profits}"));
    }
    Ok(())
}

fn exposure(entry: &Order, legs: &[&Order], live: &Live) -> Qty {
    let closed = legs.iter().fold(Qty::ZERO, |sum, leg| sum.plus(leg.filled).unwrap_or(sum));
    let open = entry.filled.minus(closed).unwrap_or(Qty::ZERO);
    let Order { intent, .. } = entry;
    let held = live.positions.get(&intent.instrument).map_or(Qty::ZERO, |position| position.quantity);
    let held = if intent.side == Side::Buy { held } else { held.negated() };
    let exposure = open.min(held);
    let exposure = if exposure.is_negative() { Qty::ZERO } else { exposure };
    exposure.floored_to(lot(&intent.instrument))
}

fn lot(instrument: &Instrument) -> Qty {
    super::scene::qty(if instrument.as_str() == "X" { "1" } else { "0.001" })
}
