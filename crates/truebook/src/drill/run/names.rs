//! From a drill's names of orders to the ids that book and venue have for them.

use super::super::script::OrderRef;
use super::{Runner, Stop, cannot};
use crate::paper::OrderRecord;
use std::collections::BTreeSet;
use truebook_core::id::OrderId;
use truebook_core::order::Role;

/// How many attempts, and replacements of each, a drill can have.
const ATTEMPTS_MAX: u32 = 12;

impl Runner<'_> {
    pub(super) fn id(&self, of: &OrderRef, attempt: u32) -> Result<OrderId, Stop> {
        let Some((installation, book)) = self.identity else { return cannot("no book was made yet") };
        Ok(OrderId::derive(installation, book, &of.key, of.role.name(), attempt))
    }

    fn attempts(of: &OrderRef) -> core::ops::Range<u32> {
        of.attempt.map_or(0..ATTEMPTS_MAX, |attempt| attempt..attempt + 1)
    }

    /// The ids that it can have in the book, one an attempt.
    pub(super) fn ids(&self, of: &OrderRef) -> Result<Vec<OrderId>, Stop> {
        Self::attempts(of).map(|attempt| self.id(of, attempt)).collect()
    }

    /// The latest attempt that the book knows.
    pub(super) fn latest_id(&self, of: &OrderRef) -> Result<Option<OrderId>, Stop> {
        let trader = &self.process()?.trader;
        let ids = self.ids(of)?;
        Ok(ids.into_iter().rev().find(|id| trader.status(*id).is_ok()))
    }

    /// Every client order id under which the venue may have it.
    pub(super) fn client_ids(&self, of: &OrderRef) -> Result<BTreeSet<String>, Stop> {
        if self.foreign.contains(of.key.as_str()) {
            return Ok(BTreeSet::from([of.key.as_str().to_owned()]));
        }
        let Some((installation, book)) = self.identity else { return cannot("no book was made yet") };
        let mut ids = BTreeSet::new();
        for attempt in Self::attempts(of) {
            ids.insert(self.id(of, attempt)?.to_string());
            let what = format!("{}/{attempt}/replace", of.role.name());
            let aliases =
                (1..=ATTEMPTS_MAX).map(|number| OrderId::derive(installation, book, &of.key, &what, number));
            ids.extend(aliases.map(|id| id.to_string()));
        }
        Ok(ids)
    }

    /// The venue's orders that are meant, oldest first.
    pub(super) fn records(&self, of: &OrderRef) -> Result<Vec<OrderRecord>, Stop> {
        let own = self.client_ids(of)?;
        let entry = OrderRef { role: Role::Entry, ..of.clone() };
        let parents = if of.role == Role::Entry { BTreeSet::new() } else { self.client_ids(&entry)? };
        let records: Vec<OrderRecord> = self.paper.audit(|exchange| {
            let is_parent = |record: &OrderRecord| parents.contains(&*record.client_id);
            let is_leg = |record: &OrderRecord| {
                let parent = record.parent.as_ref().and_then(|parent| exchange.order(parent));
                record.role == of.role && parent.is_some_and(is_parent)
            };
            let all = exchange.all_orders();
            all.filter(|record| own.contains(&*record.client_id) || is_leg(record)).cloned().collect()
        });
        Ok(match of.number {
            None => records,
            Some(number) => records.into_iter().skip(number.saturating_sub(1)).take(1).collect(),
        })
    }

    /// The one order of the venue's that is meant: the latest, if no number is given.
    pub(super) fn record(&self, of: &OrderRef) -> Result<OrderRecord, Stop> {
        let last = self.records(of)?.pop();
        last.ok_or_else(|| Stop::CannotRun(format!("the venue has no order of {}", name(of))))
    }
}

/// An order as a drill names it.
pub(super) fn name(of: &OrderRef) -> String {
    let attempt = of.attempt.map_or_else(String::new, |attempt| format!("@{attempt}"));
    let leg = match of.role {
        Role::Entry => "",
        Role::StopLoss => "/stop",
        Role::TakeProfit => "/profit",
    };
    let number = of.number.map_or_else(String::new, |number| format!("#{number}"));
    format!("{}{attempt}{leg}{number}", of.key)
}
