//! Orders that belong together: legs come alive with their parent's fill, and one cancels the other.

use super::Exchange;
use crate::paper::record::{OrderClass, OrderRecord, OrderStatus, UpdateKind};
use truebook_core::id::VenueOrderId;
use truebook_core::money::Qty;
use truebook_core::time::Utc;

impl Exchange {
    /// What the execution of an order does to its group. Gives the legs that came alive.
    pub(super) fn after_fill(&mut self, id: &VenueOrderId, quantity: Qty, now: Utc) -> Vec<VenueOrderId> {
        let Some(record) = self.orders.get(id).cloned() else { return Vec::new() };
        let rivals = self.rivals(&record);
        for rival in rivals {
            self.reduce(&rival, quantity, now);
        }
        let entry = record.parent.is_none() && record.class != OrderClass::Oco;
        if entry && record.status == OrderStatus::Filled { self.wake(&record, now) } else { Vec::new() }
    }

    fn wake(&mut self, parent: &OrderRecord, now: Utc) -> Vec<VenueOrderId> {
        let held = |id: &&VenueOrderId| self.live(id).is_some_and(|leg| leg.status == OrderStatus::Held);
        let legs: Vec<VenueOrderId> = parent.legs.iter().filter(held).cloned().collect();
        for leg in &legs {
            self.edit(leg, now, |leg| leg.status = OrderStatus::New);
            self.tell(UpdateKind::New, leg, None, now);
        }
        legs
    }

    /// The live orders that close the same quantity.
    pub(super) fn rivals(&self, record: &OrderRecord) -> Vec<VenueOrderId> {
        let mut rivals = match &record.parent {
            Some(parent) => self.orders.get(parent).map_or_else(Vec::new, |parent| {
                let mut rivals = parent.legs.clone();
                if parent.class == OrderClass::Oco {
                    rivals.push(parent.id.clone());
                }
                rivals
            }),
            None if record.class == OrderClass::Oco => record.legs.clone(),
            None => Vec::new(),
        };
        rivals.retain(|rival| *rival != record.id && self.live(rival).is_some());
        rivals
    }

    /// What one leg has closed the other need not close.
    fn reduce(&mut self, id: &VenueOrderId, quantity: Qty, now: Utc) {
        let Some(record) = self.live(id) else { return };
        let wanted = record.quantity.minus(quantity).unwrap_or(record.filled);
        if wanted <= record.filled {
            return self.end(id, OrderStatus::Canceled, "the other leg was filled", now);
        }
        self.edit(id, now, |record| record.quantity = wanted.normalized());
        self.tell(UpdateKind::Restated, id, None, now);
    }

    /// The other live orders that came with this one: parent, legs and the parent's other legs.
    pub(super) fn others(&self, record: &OrderRecord) -> Vec<VenueOrderId> {
        let mut others = record.legs.clone();
        if let Some(parent) = record.parent.as_ref().and_then(|parent| self.orders.get(parent)) {
            others.push(parent.id.clone());
            others.extend(parent.legs.iter().cloned());
        }
        others.retain(|other| *other != record.id && self.live(other).is_some());
        others
    }
}
