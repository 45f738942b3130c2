//! What an execution does to position and cash, and what the venue takes for it.

use super::Exchange;
use crate::paper::record::{FillRecord, OrderRecord, PositionRecord};
use crate::paper::settings::Fees;
use rust_decimal::Decimal;
use truebook_core::capability::Rules;
use truebook_core::id::{Asset, Instrument};
use truebook_core::money::{Cash, MoneyError, Price, Qty};
use truebook_core::order::Side;
use truebook_core::time::Utc;

/// A fee, and how much of it is taken from the position and from cash.
struct Taken {
    fee: Option<(Cash, Asset)>,
    quantity: Qty,
    cash: Cash,
}

impl Exchange {
    /// The position in an instrument.
    pub fn position(&self, instrument: &Instrument) -> PositionRecord {
        self.positions.get(instrument).copied().unwrap_or(PositionRecord::EMPTY)
    }

    /// Every position that is not empty.
    pub fn positions(&self) -> impl Iterator<Item = (&Instrument, &PositionRecord)> {
        self.positions.iter().filter(|(_, position)| !position.quantity.is_zero())
    }

    /// Records an execution in position and cash. On an error nothing changed.
    pub(super) fn book_fill(
        &mut self,
        order: &OrderRecord,
        quantity: Qty,
        price: Price,
        now: Utc,
    ) -> Result<Option<FillRecord>, MoneyError> {
        let none = Rules::none();
        let rules = self.settings.instruments.get(&order.instrument).unwrap_or(&none);
        let amount = worth(quantity, price, rules)?;
        let taken = self.taken(order.side, quantity, amount, rules)?;
        let moved = order.side.signed(quantity).minus(taken.quantity)?;
        let position = after(self.position(&order.instrument), moved, price)?;
        let paid = match order.side {
            Side::Buy => self.totals.cash.minus(amount)?,
            Side::Sell => self.totals.cash.plus(amount)?,
        };
        let cash = paid.minus(taken.cash)?.normalized();
        let Some(execution) = self.next_execution_id() else { return Ok(None) };
        self.totals.cash = cash;
        self.positions.insert(order.instrument.clone(), position);
        self.changed.positions.insert(order.instrument.clone());
        let late = order.handling.fills_late_nanos.max(0);
        let fill = FillRecord {
            execution,
            order: order.id.clone(),
            client_id: order.client_id.clone(),
            instrument: order.instrument.clone(),
            side: order.side,
            quantity,
            price,
            fee: taken.fee,
            at: now,
            visible_from: Utc::from_nanos(now.nanos().saturating_add(late)),
            order_filled: order.filled.plus(quantity)?.normalized(),
            position: position.quantity,
        };
        self.fills.push(fill.clone());
        Ok(Some(fill))
    }

    fn taken(&self, side: Side, quantity: Qty, amount: Cash, rules: &Rules) -> Result<Taken, MoneyError> {
        let nothing = Taken { fee: None, quantity: Qty::ZERO, cash: Cash::ZERO };
        let part = |of: Decimal, rate: Qty| {
            of.checked_mul(rate.get()).map(|fee| fee.normalize()).ok_or(MoneyError::OutOfRange)
        };
        let from_cash = |rate: Qty| {
            let fee = Cash::new(part(amount.get(), rate)?);
            Ok(Taken { fee: Some((fee, self.settings.currency.clone())), quantity: Qty::ZERO, cash: fee })
        };
        match (self.settings.fees, side, &rules.base) {
            (Fees::None, _, _) => Ok(nothing),
            (Fees::Received(rate), Side::Buy, Some(base)) => {
                let fee = part(quantity.get(), rate)?;
                let fee_told = Some((Cash::new(fee), base.clone()));
                Ok(Taken { fee: fee_told, quantity: Qty::new(fee), cash: Cash::ZERO })
            }
            (Fees::Received(rate) | Fees::Quote(rate), _, _) => from_cash(rate),
        }
    }
}

/// What a quantity is worth at a price.
pub(super) fn worth(quantity: Qty, price: Price, rules: &Rules) -> Result<Cash, MoneyError> {
    rules.multiplier.map_or(Ok(quantity), |multiplier| quantity.scaled(multiplier))?.times(price)
}

/// The position after `moved` more at `price`: what is added is paid for, what is taken away goes at the
/// average.
fn after(before: PositionRecord, moved: Qty, price: Price) -> Result<PositionRecord, MoneyError> {
    let quantity = before.quantity.plus(moved)?.normalized();
    let grows = before.quantity.is_zero() || before.quantity.is_negative() == moved.is_negative();
    let turns = !grows && quantity.is_negative() != before.quantity.is_negative();
    let cost = match (grows, before.average_price()) {
        _ if quantity.is_zero() => Cash::ZERO,
        (true, _) => before.cost.plus(moved.times(price)?)?,
        (false, Some(average)) if !turns => quantity.times(average)?,
        (false, _) => quantity.times(price)?,
    };
    Ok(PositionRecord { quantity, cost: cost.normalized() })
}
