//! Whether what a bracket's entry opened was ever without a stop, by what the venue really has.

use super::super::script::OrderRef;
use super::{Runner, Stop};
use crate::paper::OrderRecord;
use crate::world::Clock;
use core::time::Duration;
use std::collections::BTreeMap;
use truebook_core::id::OrderKey;
use truebook_core::money::Qty;
use truebook_core::order::{OrderType, Role};
use truebook_core::time::Utc;

/// What was seen so far.
#[derive(Default)]
pub(super) struct Protection {
    brackets: Vec<OrderKey>,
    since: BTreeMap<OrderKey, Utc>,
    /// The longest time without a stop; `None` if there was none.
    pub(super) longest: Option<Duration>,
}

impl Protection {
    pub(super) fn watch(&mut self, key: &OrderKey) {
        if !self.brackets.contains(key) {
            self.brackets.push(key.clone());
        }
    }
}

impl Runner<'_> {
    /// Looks after every statement: nothing moves between two of them.
    pub(super) fn watch_protection(&mut self) {
        let now = self.clock.now();
        for key in self.protection.brackets.clone() {
            if matches!(self.lacks_stop(&key), Ok(Some(()))) {
                let since = *self.protection.since.entry(key).or_insert(now);
                let longest = self.protection.longest.unwrap_or_default().max(now.since(since));
                self.protection.longest = Some(longest);
            } else if let Some(since) = self.protection.since.remove(&key) {
                let longest = self.protection.longest.unwrap_or_default().max(now.since(since));
                self.protection.longest = Some(longest);
            }
        }
    }

    fn lacks_stop(&self, key: &OrderKey) -> Result<Option<()>, Stop> {
        let of = |role| OrderRef { key: key.clone(), role, attempt: None, number: None };
        let [entry, stop, profit] =
            [Role::Entry, Role::StopLoss, Role::TakeProfit].map(|role| self.records(&of(role)));
        let (entry, stop, profit) = (entry?, stop?, profit?);
        let (opened, closed) = (filled(&entry), sum([filled(&stop), filled(&profit)]));
        let mut exposure = opened.minus(closed).unwrap_or(Qty::ZERO);
        if let Some(entry) = entry.first() {
            let held = self.paper.audit(|exchange| {
                let mut positions = exchange.positions();
                positions
                    .find(|(of, _)| **of == entry.instrument)
                    .map_or(Qty::ZERO, |(_, held)| held.quantity)
            });
            exposure = exposure.min(held.abs());
        }
        let covers = |record: &&OrderRecord| {
            let works = record.stop.is_some() || record.order_type == OrderType::Market;
            record.status.is_live() && works
        };
        let covered = sum(stop.iter().filter(covers).map(OrderRecord::remaining));
        Ok((covered < exposure).then_some(()))
    }
}

fn filled(records: &[OrderRecord]) -> Qty {
    sum(records.iter().map(|record| record.filled))
}

fn sum(quantities: impl IntoIterator<Item = Qty>) -> Qty {
    quantities.into_iter().fold(Qty::ZERO, |sum, quantity| sum.plus(quantity).unwrap_or(sum))
}
