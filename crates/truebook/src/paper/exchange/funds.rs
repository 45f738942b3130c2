//! Whether there is enough: cash for what is bought, holdings for what is sold.

use super::Exchange;
use super::money::worth;
use crate::paper::record::{OrderRecord, OrderStatus};
use crate::paper::refusal::{Refusal, RefusalKind};
use crate::paper::request::OrderRequest;
use crate::paper::settings::Funds;
use truebook_core::capability::Rules;
use truebook_core::money::{Cash, Qty};
use truebook_core::order::{Role, Side};

impl Exchange {
    pub(super) fn check_funds(
        &self,
        request: &OrderRequest,
        quantity: Qty,
        rules: &Rules,
    ) -> Result<(), Refusal> {
        match (self.settings.funds, request.side) {
            (Funds::Unchecked, _) => Ok(()),
            (Funds::CashOnly, Side::Buy) => self.check_cash(request, quantity, rules),
            (Funds::CashOnly, Side::Sell) => self.check_holding(request, quantity),
        }
    }

    fn check_cash(&self, request: &OrderRequest, quantity: Qty, rules: &Rules) -> Result<(), Refusal> {
        let price = request.limit.or(request.stop).or_else(|| self.price(&request.instrument));
        let Some(price) = price else { return Ok(()) };
        let needed = worth(quantity, price, rules).map_err(|error| Refusal::invalid(error.to_string()))?;
        let held = self
            .live_orders(Side::Buy)
            .filter_map(|order| self.reserved(order))
            .try_fold(Cash::ZERO, Cash::plus);
        let free = held.and_then(|held| self.cash().minus(held));
        if free.is_ok_and(|free| needed <= free) {
            return Ok(());
        }
        Err(Refusal::new(RefusalKind::Insufficient, "insufficient buying power"))
    }

    fn reserved(&self, order: &OrderRecord) -> Option<Cash> {
        let price = order.limit.or(order.stop).or_else(|| self.price(&order.instrument))?;
        let rules = self.settings.instruments.get(&order.instrument)?;
        worth(order.remaining(), price, rules).ok()
    }

    fn check_holding(&self, request: &OrderRequest, quantity: Qty) -> Result<(), Refusal> {
        let held = self.position(&request.instrument).quantity;
        let same = self.live_orders(Side::Sell).filter(|order| order.instrument == request.instrument);
        let selling = same.map(OrderRecord::remaining).try_fold(Qty::ZERO, Qty::plus);
        let free = selling.and_then(|selling| held.minus(selling));
        if free.is_ok_and(|free| quantity <= free) {
            return Ok(());
        }
        Err(Refusal::new(RefusalKind::Insufficient, "insufficient qty available for order"))
    }

    /// Live orders that hold money or holdings back: of a group, one.
    fn live_orders(&self, side: Side) -> impl Iterator<Item = &OrderRecord> {
        let live = self.open.values().flatten().filter_map(|id| self.orders.get(id));
        live.filter(move |order| {
            let second = order.role == Role::StopLoss && !self.rivals(order).is_empty();
            order.side == side && order.status != OrderStatus::Held && !second
        })
    }
}
