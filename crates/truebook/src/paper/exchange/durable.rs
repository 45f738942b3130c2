//! The exchange as a JSON document, and what changed of it as a merge patch.

use super::{Exchange, Late, Totals};
use crate::paper::record::{FillRecord, OrderRecord, PositionRecord};
use crate::paper::settings::PaperSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use truebook_core::id::{Instrument, VenueOrderId};
use truebook_core::money::Price;

/// A document that is no exchange's, or an exchange that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the paper venue's document: {0}")]
pub struct DurableError(#[from] serde_json::Error);

/// What changed since it was asked last.
#[derive(Clone, Debug)]
pub(super) struct Changed {
    pub(super) orders: BTreeSet<VenueOrderId>,
    pub(super) positions: BTreeSet<Instrument>,
    pub(super) prices: BTreeSet<Instrument>,
    pub(super) late: BTreeSet<u64>,
    pub(super) received: BTreeSet<Box<str>>,
    fills: usize,
}

impl Changed {
    pub(super) const fn new() -> Self {
        Self {
            orders: BTreeSet::new(),
            positions: BTreeSet::new(),
            prices: BTreeSet::new(),
            late: BTreeSet::new(),
            received: BTreeSet::new(),
            fills: 0,
        }
    }

    /// A price alone is not worth a write: it comes again.
    fn is_worth_writing(&self, fills: usize) -> bool {
        let sets = [self.orders.is_empty(), self.positions.is_empty(), self.late.is_empty()];
        sets.contains(&false) || !self.received.is_empty() || self.fills < fills
    }
}

/// The whole document.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    orders: BTreeMap<VenueOrderId, OrderRecord>,
    #[serde(default)]
    fills: BTreeMap<Box<str>, FillRecord>,
    #[serde(default)]
    positions: BTreeMap<Instrument, PositionRecord>,
    #[serde(default)]
    prices: BTreeMap<Instrument, Price>,
    #[serde(default)]
    late: BTreeMap<Box<str>, Late>,
    #[serde(default)]
    received: BTreeMap<Box<str>, u64>,
    totals: Option<Totals>,
}

impl Exchange {
    /// What changed since this was asked last, as a JSON merge patch (RFC 7396); `None` if that is nothing
    /// but prices. All patches in their order, merged into an empty object, are the whole exchange.
    ///
    /// # Errors
    /// If it cannot be written as JSON.
    pub fn take_patch(&mut self) -> Result<Option<String>, DurableError> {
        if !self.changed.is_worth_writing(self.fills.len()) {
            return Ok(None);
        }
        let changed = &self.changed;
        let mut patch = Map::new();
        let fills = self.fills[changed.fills..].iter().map(|fill| (fill.execution.to_string(), Some(fill)));
        let orders = changed.orders.iter().map(|id| (id.to_string(), self.orders.get(id)));
        let positions = changed.positions.iter().map(|of| (of.to_string(), self.positions.get(of)));
        let prices = changed.prices.iter().map(|of| (of.to_string(), self.prices.get(of)));
        let late = changed.late.iter().map(|number| (late_key(*number), self.late.get(number)));
        let received = changed.received.iter().map(|id| (id.to_string(), self.received.get(id)));
        patch.insert("orders".to_owned(), members(orders)?);
        patch.insert("fills".to_owned(), members(fills)?);
        patch.insert("positions".to_owned(), members(positions)?);
        patch.insert("prices".to_owned(), members(prices)?);
        patch.insert("late".to_owned(), members(late)?);
        patch.insert("received".to_owned(), members(received)?);
        patch.insert("totals".to_owned(), serde_json::to_value(&self.totals)?);
        self.changed = Changed { fills: self.fills.len(), ..Changed::new() };
        Ok(Some(serde_json::to_string(&Value::Object(patch))?))
    }

    /// The exchange of this document; an empty one has an account in which nothing has happened.
    ///
    /// # Errors
    /// If the document is no exchange's.
    pub fn from_json(settings: PaperSettings, json: &str) -> Result<Self, DurableError> {
        let document: Document = serde_json::from_str(json)?;
        let mut exchange = Self::new(settings);
        if let Some(totals) = document.totals {
            exchange.totals = totals;
        }
        for (key, late) in document.late {
            let number = key.parse().unwrap_or(exchange.totals.late);
            exchange.late.insert(number, late);
        }
        exchange.fills = document.fills.into_values().collect();
        (exchange.positions, exchange.prices) = (document.positions, document.prices);
        exchange.received = document.received;
        for record in document.orders.values() {
            exchange.index(record);
        }
        exchange.orders = document.orders;
        exchange.changed.fills = exchange.fills.len();
        Ok(exchange)
    }
}

fn late_key(number: u64) -> String {
    format!("{number:020}")
}

/// An object whose missing members are to be removed.
fn members<'a, T: Serialize + 'a>(
    entries: impl Iterator<Item = (String, Option<&'a T>)>,
) -> Result<Value, serde_json::Error> {
    let mut members = Map::new();
    for (key, value) in entries {
        members.insert(key, serde_json::to_value(value)?);
    }
    Ok(Value::Object(members))
}
