//! The matching simulator: orders, executions, positions and cash of one account, by rules that anybody can
//! follow. Pure: the time comes with each call, and nothing is read or written.
//!
//! A tick sets an instrument's price. What can be executed at that price is executed at it, whole, oldest
//! order first; what cannot waits for the next tick.

mod admit;
mod cancel;
mod check;
mod durable;
mod funds;
mod group;
mod matching;
mod money;
mod query;
mod replace;
mod time;

pub use durable::DurableError;
pub(in crate::paper) use time::later;

use super::record::{FillRecord, Handling, OrderRecord, PositionRecord, TradeUpdate, UpdateKind};
use super::refusal::Refusal;
use super::request::OrderRequest;
use super::settings::PaperSettings;
use durable::Changed;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use truebook_core::capability::Rules;
use truebook_core::id::{ExecutionId, Instrument, VenueOrderId};
use truebook_core::money::{Cash, Price};
use truebook_core::time::Utc;

/// One account at a venue that exists only here.
#[derive(Clone, Debug)]
pub struct Exchange {
    settings: PaperSettings,
    orders: BTreeMap<VenueOrderId, OrderRecord>,
    fills: Vec<FillRecord>,
    positions: BTreeMap<Instrument, PositionRecord>,
    prices: BTreeMap<Instrument, Price>,
    late: BTreeMap<u64, Late>,
    received: BTreeMap<Box<str>, u64>,
    totals: Totals,
    by_client: BTreeMap<Box<str>, Vec<VenueOrderId>>,
    open: BTreeMap<Instrument, BTreeSet<VenueOrderId>>,
    due: BTreeSet<(Utc, VenueOrderId)>,
    updates: Vec<TradeUpdate>,
    changed: Changed,
}

/// What is counted in all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Totals {
    cash: Cash,
    orders: u64,
    executions: u64,
    late: u64,
    latest: Utc,
}

/// A request that comes later than its sender thinks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Late {
    due: Utc,
    request: OrderRequest,
    handling: Handling,
}

impl Exchange {
    /// An account in which nothing has happened.
    pub const fn new(settings: PaperSettings) -> Self {
        let totals =
            Totals { cash: settings.cash, orders: 0, executions: 0, late: 0, latest: Utc::from_nanos(0) };
        Self {
            settings,
            orders: BTreeMap::new(),
            fills: Vec::new(),
            positions: BTreeMap::new(),
            prices: BTreeMap::new(),
            late: BTreeMap::new(),
            received: BTreeMap::new(),
            totals,
            by_client: BTreeMap::new(),
            open: BTreeMap::new(),
            due: BTreeSet::new(),
            updates: Vec::new(),
            changed: Changed::new(),
        }
    }

    /// How it behaves.
    pub const fn settings(&self) -> &PaperSettings {
        &self.settings
    }

    /// What happened since this was asked last, in order.
    pub fn take_updates(&mut self) -> Vec<TradeUpdate> {
        std::mem::take(&mut self.updates)
    }

    /// Every order that was ever accepted, oldest first, whatever queries show.
    pub fn all_orders(&self) -> impl Iterator<Item = &OrderRecord> {
        self.orders.values()
    }

    /// Every execution there ever was, oldest first, whatever queries show.
    pub fn all_fills(&self) -> &[FillRecord] {
        &self.fills
    }

    /// How many requests to place an order came with this client order id, refused ones included.
    pub fn received(&self, client_id: &str) -> u64 {
        self.received.get(client_id).copied().unwrap_or(0)
    }

    /// How many requests to place an order came with each client order id.
    pub const fn all_received(&self) -> &BTreeMap<Box<str>, u64> {
        &self.received
    }

    /// Counts a request to place an order, before anything else becomes of it.
    pub fn receive(&mut self, client_id: &str) {
        let count = self.received.entry(client_id.into()).or_insert(0);
        *count += 1;
        self.changed.received.insert(client_id.into());
    }

    /// Cash.
    pub const fn cash(&self) -> Cash {
        self.totals.cash
    }

    /// The latest price of an instrument.
    pub fn price(&self, instrument: &Instrument) -> Option<Price> {
        self.prices.get(instrument).copied()
    }

    fn rules(&self, instrument: &Instrument) -> Result<&Rules, Refusal> {
        let rules = self.settings.instruments.get(instrument);
        rules.ok_or_else(|| Refusal::invalid(format!("asset \"{instrument}\" not found")))
    }

    /// Time never runs backwards here, so that lists are in order.
    fn moment(&mut self, now: Utc) -> Utc {
        let latest = self.totals.latest.max(now);
        self.totals.latest = latest;
        latest
    }

    fn next_order_id(&mut self) -> Result<VenueOrderId, Refusal> {
        self.totals.orders += 1;
        let text = uuid(self.settings.ids, 0, self.totals.orders);
        VenueOrderId::new(&text).map_err(|error| Refusal::invalid(error.to_string()))
    }

    fn next_execution_id(&mut self) -> Option<ExecutionId> {
        self.totals.executions += 1;
        ExecutionId::new(&uuid(self.settings.ids, 1, self.totals.executions)).ok()
    }

    /// Puts a new order where it belongs.
    fn insert(&mut self, record: OrderRecord) {
        let id = record.id.clone();
        self.index(&record);
        self.changed.orders.insert(id.clone());
        let before = self.orders.insert(id, record);
        assert!(before.is_none(), "an order's id is used once");
    }

    fn index(&mut self, record: &OrderRecord) {
        self.by_client.entry(record.client_id.clone()).or_default().push(record.id.clone());
        if !record.status.is_live() {
            return;
        }
        self.open.entry(record.instrument.clone()).or_default().insert(record.id.clone());
        for at in record.due() {
            self.due.insert((at, record.id.clone()));
        }
    }

    /// Changes an order that exists.
    fn edit(&mut self, id: &VenueOrderId, now: Utc, change: impl FnOnce(&mut OrderRecord)) {
        let Some(record) = self.orders.get_mut(id) else { return };
        change(record);
        record.updated_at = now;
        self.changed.orders.insert(id.clone());
    }

    fn tell(&mut self, what: UpdateKind, id: &VenueOrderId, fill: Option<FillRecord>, at: Utc) {
        if let Some(order) = self.orders.get(id).cloned() {
            self.updates.push(TradeUpdate { what, order, fill, at });
        }
    }

    fn live(&self, id: &VenueOrderId) -> Option<&OrderRecord> {
        self.orders.get(id).filter(|record| record.status.is_live())
    }
}

/// A number in the form of a UUID, as clients expect it; greater numbers sort later.
fn uuid(salt: u32, kind: u16, number: u64) -> String {
    format!("{salt:08x}-{kind:04x}-4000-8000-{number:012x}")
}

#[cfg(test)]
mod tests;
