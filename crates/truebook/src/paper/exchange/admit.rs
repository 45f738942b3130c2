//! How an order comes in: checked, recorded with its legs, and executed as far as it can be.

use super::{Exchange, Late};
use crate::paper::record::{Handling, OrderClass, OrderRecord, OrderStatus, Trigger, UpdateKind};
use crate::paper::refusal::Refusal;
use crate::paper::request::OrderRequest;
use truebook_core::id::VenueOrderId;
use truebook_core::money::{Cash, Price, Qty};
use truebook_core::order::{OrderType, Role, TimeInForce};
use truebook_core::time::Utc;

impl Exchange {
    /// Takes an order.
    ///
    /// # Errors
    /// Why it is refused. There is no order then.
    pub fn submit(&mut self, request: &OrderRequest, now: Utc) -> Result<OrderRecord, Refusal> {
        self.submit_with(request, Handling::default(), now)
    }

    /// Takes an order and executes it like this.
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub fn submit_with(
        &mut self,
        request: &OrderRequest,
        handling: Handling,
        now: Utc,
    ) -> Result<OrderRecord, Refusal> {
        self.advance(now);
        let now = self.moment(now);
        self.check(request, now)?;
        let record = self.record_of(request, handling, now)?;
        let (id, class) = (record.id.clone(), record.class);
        self.insert(record);
        self.tell(UpdateKind::New, &id, None, now);
        if class != OrderClass::Simple {
            self.make_legs(&id, request, now)?;
        }
        self.settle(&id, now);
        self.end_immediate(&id, now);
        self.orders.get(&id).cloned().ok_or_else(|| Refusal::invalid("the order is gone"))
    }

    /// Takes an order at a time to come, whatever its sender has heard by then.
    pub fn submit_later(&mut self, request: &OrderRequest, handling: Handling, due: Utc) {
        self.totals.late += 1;
        self.late.insert(self.totals.late, Late { due, request: request.clone(), handling });
        self.changed.late.insert(self.totals.late);
    }

    fn record_of(
        &mut self,
        request: &OrderRequest,
        handling: Handling,
        now: Utc,
    ) -> Result<OrderRecord, Refusal> {
        let id = self.next_order_id()?;
        let client_id = request.client_id.clone().unwrap_or_else(|| made_client_id(&id));
        let mut record = blank(id, client_id, request, now);
        record.handling = handling;
        record.visible_from = self.shown_from(now);
        record.expires_at = self.end_of(request.time_in_force, request.expires, now);
        if request.class == OrderClass::Oco {
            record.limit = request.take_profit.map(|leg| leg.limit);
            record.role = Role::TakeProfit;
        }
        if record.order_type == OrderType::TrailingStop {
            record.water_mark = self.price(&request.instrument);
            record.stop = self.trailed(&record);
        }
        Ok(record)
    }

    fn make_legs(&mut self, parent: &VenueOrderId, request: &OrderRequest, now: Utc) -> Result<(), Refusal> {
        let Some(parent) = self.orders.get(parent).cloned() else { return Ok(()) };
        let profit = request.take_profit.filter(|_| request.class != OrderClass::Oco);
        let legs = [
            profit.map(|leg| (Role::TakeProfit, Some(leg.limit), None)),
            request.stop_loss.map(|leg| (Role::StopLoss, leg.limit, Some(leg.stop))),
        ];
        for (role, limit, stop) in legs.into_iter().flatten() {
            self.make_leg(&parent, role, (limit, stop), now)?;
        }
        Ok(())
    }

    fn make_leg(
        &mut self,
        parent: &OrderRecord,
        role: Role,
        (limit, stop): (Option<Price>, Option<Price>),
        now: Utc,
    ) -> Result<(), Refusal> {
        let id = self.next_order_id()?;
        let active = parent.class == OrderClass::Oco;
        let leg = OrderRecord {
            client_id: made_client_id(&id),
            side: if active { parent.side } else { parent.side.opposite() },
            order_type: leg_type(limit, stop),
            role,
            limit,
            stop,
            trail: None,
            water_mark: None,
            status: if active { OrderStatus::New } else { OrderStatus::Held },
            parent: Some(parent.id.clone()),
            legs: Vec::new(),
            id: id.clone(),
            ..parent.clone()
        };
        self.insert(leg);
        self.edit(&parent.id, now, |parent| parent.legs.push(id.clone()));
        self.tell(if active { UpdateKind::New } else { UpdateKind::Held }, &id, None, now);
        Ok(())
    }

    /// What is not executed at once is not executed.
    fn end_immediate(&mut self, id: &VenueOrderId, now: Utc) {
        let immediate =
            |record: &OrderRecord| matches!(record.time_in_force, TimeInForce::Ioc | TimeInForce::Fok);
        if self.live(id).is_some_and(immediate) {
            self.end(id, OrderStatus::Canceled, "not executed at once", now);
        }
    }
}

const fn leg_type(limit: Option<Price>, stop: Option<Price>) -> OrderType {
    match (limit, stop) {
        (_, None) => OrderType::Limit,
        (None, Some(_)) => OrderType::Stop,
        (Some(_), Some(_)) => OrderType::StopLimit,
    }
}

/// A client order id of the venue's own making: no client makes such a one.
pub(super) fn made_client_id(id: &VenueOrderId) -> Box<str> {
    format!("venue-{id}").into()
}

fn blank(id: VenueOrderId, client_id: Box<str>, request: &OrderRequest, now: Utc) -> OrderRecord {
    OrderRecord {
        id,
        client_id,
        instrument: request.instrument.clone(),
        side: request.side,
        order_type: request.order_type,
        time_in_force: request.time_in_force,
        class: request.class,
        role: request.role,
        quantity: request.quantity.unwrap_or(Qty::ZERO),
        filled: Qty::ZERO,
        cost: Cash::ZERO,
        limit: request.limit,
        stop: request.stop,
        trail: request.trail,
        water_mark: None,
        trigger: Trigger::Waiting,
        status: OrderStatus::New,
        why: None,
        parent: None,
        legs: Vec::new(),
        replaces: None,
        replaced_by: None,
        expires_at: None,
        created_at: now,
        submitted_at: now,
        updated_at: now,
        filled_at: None,
        expired_at: None,
        canceled_at: None,
        failed_at: None,
        replaced_at: None,
        visible_from: now,
        cancels_at: None,
        takes_over: None,
        handling: Handling::default(),
    }
}
