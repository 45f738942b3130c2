//! How an order gives way to another: a new id, the old one stays and names its successor.

use super::check::{check_lot, check_price, check_trail};
use super::{Exchange, admit};
use crate::paper::record::{Handling, OrderClass, OrderRecord, OrderStatus, TakeOver, Trigger, UpdateKind};
use crate::paper::refusal::{Refusal, RefusalKind};
use crate::paper::request::ReplaceRequest;
use truebook_core::capability::ReplaceQuantity;
use truebook_core::id::VenueOrderId;
use truebook_core::money::{Cash, Qty};
use truebook_core::order::OrderType;
use truebook_core::time::Utc;

impl Exchange {
    /// Puts a new order in the place of a live one. Its quantity is what is still to be filled of the new
    /// total, or the quantity itself where the venue says that it means the remaining one.
    ///
    /// # Errors
    /// As [`Self::cancel`], and why the change makes no sense. The old order is as it was then.
    pub fn replace(
        &mut self,
        id: &VenueOrderId,
        change: &ReplaceRequest,
        now: Utc,
    ) -> Result<OrderRecord, Refusal> {
        self.advance(now);
        let now = self.moment(now);
        let new = self.prepare(id, change, now)?;
        let new_id = new.id.clone();
        self.insert(new);
        self.step_in(id, &new_id, now);
        self.known(&new_id).cloned()
    }

    /// Takes a replacement that takes effect at a time to come. The old order may fill until then; if it is
    /// over by then, the new one is rejected. A leg that is held is replaced at once.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn replace_slowly(
        &mut self,
        id: &VenueOrderId,
        change: &ReplaceRequest,
        at: Utc,
        now: Utc,
    ) -> Result<OrderRecord, Refusal> {
        self.advance(now);
        let now = self.moment(now);
        if self.known(id)?.status == OrderStatus::Held {
            return self.replace(id, change, now);
        }
        let mut new = self.prepare(id, change, now)?;
        new.takes_over = Some(TakeOver { at, quantity: change.quantity });
        new.status = OrderStatus::PendingNew;
        let new_id = new.id.clone();
        self.insert(new);
        self.edit(id, now, |old| old.status = OrderStatus::PendingReplace);
        self.tell(UpdateKind::PendingReplace, id, None, now);
        self.known(&new_id).cloned()
    }

    fn prepare(
        &mut self,
        id: &VenueOrderId,
        change: &ReplaceRequest,
        now: Utc,
    ) -> Result<OrderRecord, Refusal> {
        let old = self.replaceable(id)?.clone();
        self.check_client_id(change.client_id.as_deref())?;
        let mut new = self.successor(&old, change, now)?;
        new.id = self.next_order_id()?;
        new.client_id = change.client_id.clone().unwrap_or_else(|| admit::made_client_id(&new.id));
        Ok(new)
    }

    /// The new order takes the place of the old one.
    fn step_in(&mut self, old: &VenueOrderId, new: &VenueOrderId, now: Utc) {
        let (Some(old), Some(successor)) = (self.live(old).cloned(), self.live(new).cloned()) else { return };
        self.end(&old.id, OrderStatus::Replaced, "replaced by the client", now);
        self.edit(&old.id, now, |old| old.replaced_by = Some(new.clone()));
        self.relink(&old, &successor, now);
        let held = successor.status == OrderStatus::Held;
        self.tell(if held { UpdateKind::Held } else { UpdateKind::New }, new, None, now);
        self.settle(new, now);
    }

    /// The time has come for a new order to take the place of the old one, if that is still there.
    pub(super) fn take_over(&mut self, id: &VenueOrderId, now: Utc) {
        let Some(new) = self.live(id).cloned() else { return };
        let old = new.replaces.as_ref().and_then(|old| self.live(old)).cloned();
        let asked = new.takes_over.and_then(|takes_over| takes_over.quantity);
        let wanted = old.and_then(|old| Some((self.successor_quantity(&old, asked).ok()?, old)));
        let Some((quantity, old)) = wanted.filter(|(quantity, _)| !quantity.is_zero()) else {
            return self.end(id, OrderStatus::Rejected, "the order that it replaces is filled or over", now);
        };
        self.edit(id, now, |new| {
            new.status = OrderStatus::New;
            new.quantity = quantity;
            new.takes_over = None;
        });
        self.step_in(&old.id, id, now);
    }

    /// An order whose successor ended first goes on as it was.
    pub(super) fn release(&mut self, ended: &OrderRecord, now: Utc) {
        let Some(old) = ended.replaces.as_ref().filter(|_| ended.status == OrderStatus::PendingNew) else {
            return;
        };
        let Some(record) = self.live(old).filter(|old| old.status == OrderStatus::PendingReplace) else {
            return;
        };
        let status = if record.filled.is_zero() { OrderStatus::New } else { OrderStatus::PartiallyFilled };
        let old = record.id.clone();
        self.edit(&old, now, |old| old.status = status);
        self.tell(UpdateKind::ReplaceRejected, &old, None, now);
    }

    fn replaceable(&self, id: &VenueOrderId) -> Result<&OrderRecord, Refusal> {
        if self.settings.capabilities.replace == ReplaceQuantity::Unsupported {
            return Err(Refusal::new(RefusalKind::Unsupported, "orders cannot be replaced"));
        }
        let record = self.known(id)?;
        let changing = [OrderStatus::PendingCancel, OrderStatus::PendingReplace, OrderStatus::PendingNew];
        if record.status.is_live() && !changing.contains(&record.status) {
            return Ok(record);
        }
        let message = format!("cannot replace an order in \"{}\" state", record.status.word());
        Err(Refusal::new(RefusalKind::NotLive, message))
    }

    fn successor(
        &self,
        old: &OrderRecord,
        change: &ReplaceRequest,
        now: Utc,
    ) -> Result<OrderRecord, Refusal> {
        let rules = self.rules(&old.instrument)?;
        let quantity = self.successor_quantity(old, change.quantity)?;
        check_lot(quantity, rules)?;
        for price in [change.limit, change.stop].into_iter().flatten() {
            check_price(price, rules)?;
        }
        check_fits(old, change)?;
        let time_in_force = change.time_in_force.unwrap_or(old.time_in_force);
        let mut new = OrderRecord {
            quantity,
            filled: Qty::ZERO,
            cost: Cash::ZERO,
            limit: change.limit.or(old.limit),
            stop: change.stop.or(old.stop),
            trail: change.trail.or(old.trail),
            time_in_force,
            status: if old.status == OrderStatus::Held { OrderStatus::Held } else { OrderStatus::New },
            trigger: if change.stop.is_some() { Trigger::Waiting } else { old.trigger },
            replaces: Some(old.id.clone()),
            created_at: now,
            submitted_at: now,
            updated_at: now,
            visible_from: self.shown_from(now),
            handling: Handling { pieces: 0, ..old.handling },
            ..old.clone()
        };
        if change.time_in_force.is_some() {
            new.expires_at = self.end_of(time_in_force, None, now);
        }
        if new.order_type == OrderType::TrailingStop {
            new.stop = self.trailed(&new);
        }
        Ok(new)
    }

    fn successor_quantity(&self, old: &OrderRecord, quantity: Option<Qty>) -> Result<Qty, Refusal> {
        let Some(quantity) = quantity else { return Ok(old.remaining()) };
        if old.parent.is_some() || old.class == OrderClass::Oco {
            return Err(Refusal::invalid("the quantity of a leg is that of its group"));
        }
        if self.settings.capabilities.replace == ReplaceQuantity::Remaining {
            return Ok(quantity);
        }
        let left = quantity.minus(old.filled).map_err(|error| Refusal::invalid(error.to_string()))?;
        if left <= Qty::ZERO {
            return Err(Refusal::invalid("qty must be greater than what is filled"));
        }
        Ok(left)
    }

    /// The successor stands where the old order stood in its group, and legs that wait for it close as much
    /// more or less as it opens.
    fn relink(&mut self, old: &OrderRecord, new: &OrderRecord, now: Utc) {
        if let Some(parent) = &old.parent {
            self.edit(parent, now, |parent| {
                for leg in parent.legs.iter_mut().filter(|leg| **leg == old.id) {
                    *leg = new.id.clone();
                }
            });
        }
        let more = new.quantity.minus(old.remaining()).unwrap_or(Qty::ZERO);
        for leg in &old.legs {
            self.edit(leg, now, |leg| {
                leg.parent = Some(new.id.clone());
                if leg.status == OrderStatus::Held {
                    leg.quantity = leg.quantity.plus(more).unwrap_or(leg.quantity);
                }
            });
        }
    }
}

fn check_fits(old: &OrderRecord, change: &ReplaceRequest) -> Result<(), Refusal> {
    let wrong = [
        (change.limit.is_some() && old.limit.is_none(), "limit_price"),
        (change.stop.is_some() && (old.stop.is_none() || old.trail.is_some()), "stop_price"),
        (change.trail.is_some() && old.trail.is_none(), "trail"),
    ];
    if let Some((_, what)) = wrong.iter().find(|(wrong, _)| *wrong) {
        return Err(Refusal::invalid(format!("{} orders have no {what}", old.order_type.name())));
    }
    change.trail.map_or(Ok(()), check_trail)
}
