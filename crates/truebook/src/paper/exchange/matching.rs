//! When an order is executed, at which price and how much of it.

use super::Exchange;
use crate::paper::record::{OrderRecord, OrderStatus, Trigger, UpdateKind};
use crate::paper::refusal::Refusal;
use rust_decimal::Decimal;
use std::collections::{BTreeSet, VecDeque};
use truebook_core::id::{Instrument, VenueOrderId};
use truebook_core::money::{Price, Qty};
use truebook_core::order::{OrderType, Side, TimeInForce, Trail};
use truebook_core::time::Utc;

impl Exchange {
    /// Sets the price of an instrument and executes what can be executed at it, oldest order first.
    ///
    /// # Errors
    /// If the venue does not trade the instrument, or the price is none.
    pub fn tick(&mut self, instrument: &Instrument, price: Price, now: Utc) -> Result<(), Refusal> {
        self.advance(now);
        let now = self.moment(now);
        self.rules(instrument)?;
        if price <= Price::ZERO {
            return Err(Refusal::invalid("prices must be > 0"));
        }
        self.prices.insert(instrument.clone(), price);
        self.changed.prices.insert(instrument.clone());
        let waiting: Vec<VenueOrderId> = self.open.get(instrument).into_iter().flatten().cloned().collect();
        let mut looked_at = BTreeSet::new();
        for id in waiting {
            // A leg that its parent's fill brought to life was looked at then.
            if !looked_at.contains(&id) {
                looked_at.append(&mut self.settle(&id, now));
            }
        }
        Ok(())
    }

    /// Executes an order as far as it can be, and the legs that come alive by that. Tells which were looked
    /// at.
    pub(super) fn settle(&mut self, id: &VenueOrderId, now: Utc) -> BTreeSet<VenueOrderId> {
        let (mut waiting, mut looked_at) = (VecDeque::from([id.clone()]), BTreeSet::new());
        while let Some(id) = waiting.pop_front() {
            looked_at.insert(id.clone());
            let Some(price) = self.live(&id).and_then(|record| self.price(&record.instrument)) else {
                continue;
            };
            self.look(&id, price, now);
            let Some(quantity) = self.live(&id).and_then(|record| self.executable(record, price)) else {
                continue;
            };
            match self.execute(&id, quantity, price, now) {
                Ok(()) => waiting.extend(self.after_fill(&id, quantity, now)),
                Err(error) => self.end(&id, OrderStatus::Rejected, &error.to_string(), now),
            }
        }
        looked_at
    }

    /// Lets a trailing stop follow the price, and a stop be touched by it.
    fn look(&mut self, id: &VenueOrderId, price: Price, now: Utc) {
        let Some(record) = self.live(id).filter(|record| is_working(record) && record.is_conditional())
        else {
            return;
        };
        let mut seen = record.clone();
        if seen.order_type == OrderType::TrailingStop {
            seen.water_mark = Some(seen.water_mark.map_or(price, |best| better(seen.side, best, price)));
            seen.stop = self.trailed(&seen);
        }
        let touched = seen.stop.is_some_and(|stop| match seen.side {
            Side::Buy => price >= stop,
            Side::Sell => price <= stop,
        });
        if touched {
            seen.trigger = Trigger::Touched;
        }
        if seen != *record {
            self.edit(id, now, |record| *record = seen);
        }
    }

    /// Where a trailing stop stands, on a tick.
    pub(super) fn trailed(&self, record: &OrderRecord) -> Option<Price> {
        let best = record.water_mark?;
        let distance = match record.trail? {
            Trail::Amount(amount) => amount.get(),
            Trail::Percent(percent) => {
                best.get().checked_mul(percent.get())?.checked_div(Decimal::ONE_HUNDRED)?
            }
        };
        let stop = match record.side {
            Side::Sell => best.get().checked_sub(distance)?,
            Side::Buy => best.get().checked_add(distance)?,
        };
        let tick =
            self.settings.instruments.get(&record.instrument).map_or(Decimal::ZERO, |rules| rules.tick.get());
        let off = if tick.is_zero() { Decimal::ZERO } else { stop.checked_rem(tick)? };
        Some(Price::new(stop.checked_sub(off)?.normalize()))
    }

    /// How much of an order is executed at this price now; `None` if nothing is.
    fn executable(&self, record: &OrderRecord, price: Price) -> Option<Qty> {
        if !is_working(record) || record.is_conditional() || !crosses(record, price) {
            return None;
        }
        let left = record.remaining();
        let pieces = record.handling.pieces;
        if pieces <= 1 || record.time_in_force == TimeInForce::Fok {
            return Some(left).filter(|left| !left.is_zero());
        }
        let lot = self.settings.instruments.get(&record.instrument).map_or(Qty::ZERO, |rules| rules.lot);
        Some(piece(left, pieces, lot))
    }

    /// Records an execution. On an error nothing changed.
    fn execute(
        &mut self,
        id: &VenueOrderId,
        quantity: Qty,
        price: Price,
        now: Utc,
    ) -> Result<(), truebook_core::money::MoneyError> {
        let Some(record) = self.orders.get(id) else { return Ok(()) };
        let filled = record.filled.plus(quantity)?.normalized();
        let cost = record.cost.plus(quantity.times(price)?)?.normalized();
        let whole = filled >= record.quantity;
        let record = record.clone();
        let Some(fill) = self.book_fill(&record, quantity, price, now)? else { return Ok(()) };
        self.edit(id, now, |record| {
            (record.filled, record.cost) = (filled, cost);
            record.handling.pieces = record.handling.pieces.saturating_sub(1);
            if whole {
                (record.status, record.filled_at) = (OrderStatus::Filled, Some(now));
            } else if record.status == OrderStatus::New {
                record.status = OrderStatus::PartiallyFilled;
            }
        });
        if whole {
            self.forget_live(&record);
        }
        let what = if whole { UpdateKind::Fill } else { UpdateKind::PartialFill };
        self.tell(what, id, Some(fill), now);
        Ok(())
    }
}

const fn is_working(record: &OrderRecord) -> bool {
    matches!(
        record.status,
        OrderStatus::New
            | OrderStatus::PartiallyFilled
            | OrderStatus::PendingReplace
            | OrderStatus::PendingCancel
    )
}

/// Whether the price is as good as the limit; orders without one take any.
fn crosses(record: &OrderRecord, price: Price) -> bool {
    record.limit.is_none_or(|limit| match record.side {
        Side::Buy => price <= limit,
        Side::Sell => price >= limit,
    })
}

fn better(side: Side, best: Price, price: Price) -> Price {
    match side {
        Side::Sell => best.max(price),
        Side::Buy => best.min(price),
    }
}

/// One of so many pieces of what is left, on a lot; all of it if that is nothing.
fn piece(left: Qty, pieces: u32, lot: Qty) -> Qty {
    let share = left.get().checked_div(Decimal::from(pieces)).unwrap_or(left.get());
    let lot = if lot.is_zero() { Decimal::new(1, left.get().scale().max(LOT_DIGITS)) } else { lot.get() };
    let off = share.checked_rem(lot).unwrap_or(Decimal::ZERO);
    let piece = share - off;
    if piece.is_zero() { left } else { Qty::new(piece.normalize()) }
}

/// Pieces of a quantity that is not counted in lots have at most so many decimals.
const LOT_DIGITS: u32 = 8;
