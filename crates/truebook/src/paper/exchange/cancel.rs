//! How an order ends before it is filled.

use super::Exchange;
use crate::paper::record::{OrderRecord, OrderStatus, UpdateKind};
use crate::paper::refusal::{Refusal, RefusalKind};
use truebook_core::id::VenueOrderId;
use truebook_core::time::Utc;

impl Exchange {
    /// Cancels a live order, and all that came with it.
    ///
    /// # Errors
    /// [`RefusalKind::NotFound`] if there is none of this id, [`RefusalKind::NotLive`] if it is over.
    pub fn cancel(&mut self, id: &VenueOrderId, now: Utc) -> Result<OrderRecord, Refusal> {
        self.advance(now);
        let now = self.moment(now);
        self.cancellable(id)?;
        self.cancel_group(id, "cancelled by the client", now);
        self.known(id).cloned()
    }

    /// Takes a cancellation that takes effect at a time to come. The order may fill until then; a leg that is
    /// held cannot, and is cancelled at once.
    ///
    /// # Errors
    /// As [`Self::cancel`].
    pub fn cancel_slowly(&mut self, id: &VenueOrderId, at: Utc, now: Utc) -> Result<OrderRecord, Refusal> {
        self.advance(now);
        let now = self.moment(now);
        self.cancellable(id)?;
        if self.known(id)?.status == OrderStatus::Held {
            return self.cancel(id, now);
        }
        self.edit(id, now, |record| {
            (record.status, record.cancels_at) = (OrderStatus::PendingCancel, Some(at));
        });
        self.due.insert((at, id.clone()));
        self.tell(UpdateKind::PendingCancel, id, None, now);
        self.known(id).cloned()
    }

    fn cancellable(&self, id: &VenueOrderId) -> Result<(), Refusal> {
        let record = self.known(id)?;
        if record.status.is_live() {
            return Ok(());
        }
        let message = format!("order is already in \"{}\" state", record.status.word());
        Err(Refusal::new(RefusalKind::NotLive, message))
    }

    pub(super) fn known(&self, id: &VenueOrderId) -> Result<&OrderRecord, Refusal> {
        let missing = || Refusal::new(RefusalKind::NotFound, format!("order not found for {id}"));
        self.orders.get(id).ok_or_else(missing)
    }

    pub(super) fn cancel_group(&mut self, id: &VenueOrderId, why: &str, now: Utc) {
        let others = self.orders.get(id).map_or_else(Vec::new, |record| self.others(record));
        self.end(id, OrderStatus::Canceled, why, now);
        for other in others {
            self.end(&other, OrderStatus::Canceled, "another order of its group was cancelled", now);
        }
    }

    /// Ends a live order. The legs of an order that was not filled end with it.
    pub(super) fn end(&mut self, id: &VenueOrderId, status: OrderStatus, why: &str, now: Utc) {
        let Some(record) = self.live(id).cloned() else { return };
        self.forget_live(&record);
        self.edit(id, now, |record| {
            (record.status, record.why) = (status, Some(why.into()));
            *ended_field(record, status) = Some(now);
        });
        self.tell(told_as(status), id, None, now);
        self.release(&record, now);
        if status == OrderStatus::Replaced {
            return;
        }
        for leg in &record.legs {
            if self.live(leg).is_some_and(|leg| leg.status == OrderStatus::Held) {
                self.end(leg, OrderStatus::Canceled, "its parent ended before it was filled", now);
            }
        }
    }

    /// Takes an order out of what is live.
    pub(super) fn forget_live(&mut self, record: &OrderRecord) {
        if let Some(open) = self.open.get_mut(&record.instrument) {
            open.remove(&record.id);
        }
        for at in record.due() {
            self.due.remove(&(at, record.id.clone()));
        }
    }
}

const fn ended_field(record: &mut OrderRecord, status: OrderStatus) -> &mut Option<Utc> {
    match status {
        OrderStatus::Expired => &mut record.expired_at,
        OrderStatus::Replaced => &mut record.replaced_at,
        OrderStatus::Rejected => &mut record.failed_at,
        OrderStatus::Filled => &mut record.filled_at,
        _ => &mut record.canceled_at,
    }
}

const fn told_as(status: OrderStatus) -> UpdateKind {
    match status {
        OrderStatus::Expired => UpdateKind::Expired,
        OrderStatus::Replaced => UpdateKind::Replaced,
        OrderStatus::Rejected => UpdateKind::Rejected,
        _ => UpdateKind::Canceled,
    }
}
