//! Positions: the sum of the fills, one per instrument.

use crate::id::Asset;
use crate::money::{Cash, MoneyError, Price, Qty};
use crate::order::{Fill, Side, fee_after, set_fee};
use alloc::collections::BTreeMap;
use serde::{Deserialize, Serialize};

/// What is held of one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Units held; negative when short.
    pub quantity: Qty,
    /// Average price at which the held units were bought (or sold short).
    pub average_price: Price,
    /// Profit of what was closed again, before fees, in the quote currency.
    pub realized: Cash,
    /// Fees paid, by asset.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fees: BTreeMap<Asset, Cash>,
}

impl Default for Position {
    fn default() -> Self {
        Self { quantity: Qty::ZERO, average_price: Price::ZERO, realized: Cash::ZERO, fees: BTreeMap::new() }
    }
}

impl Position {
    /// A position taken over as it is, for example from an imported file.
    pub fn opened(quantity: Qty, average_price: Price) -> Self {
        Self { quantity: quantity.normalized(), average_price: average_price.normalized(), ..Self::default() }
    }

    /// Counts an execution in: what reduces the position realises profit at the average price, what adds
    /// to it moves the average, and what goes through zero does first the one, then the other.
    pub fn add_fill(&mut self, fill: &Fill) -> Result<(), MoneyError> {
        let after = self.after(fill)?;
        self.become_after(after);
        Ok(())
    }

    /// What an execution makes of the position; to be worked out before anything is changed.
    pub(crate) fn after<'a>(&self, fill: &'a Fill) -> Result<After<'a>, MoneyError> {
        let signed = match fill.side {
            Side::Buy => fill.quantity,
            Side::Sell => fill.quantity.negated(),
        };
        let fee = fill.fee.as_ref().map(|fee| fee_after(&self.fees, fee)).transpose()?;
        let held =
            Held { quantity: self.quantity, average_price: self.average_price, realized: self.realized };
        let held = held.traded(signed, fill.price)?;
        assert_eq!(
            held.quantity,
            self.quantity.plus(signed)?.normalized(),
            "a position is the sum of its fills"
        );
        Ok(After { held, fee })
    }

    pub(crate) fn become_after(&mut self, after: After<'_>) {
        let After { held, fee } = after;
        (self.quantity, self.average_price, self.realized) =
            (held.quantity, held.average_price, held.realized);
        if let Some((asset, paid)) = fee {
            set_fee(&mut self.fees, asset, paid);
        }
    }
}

/// What an execution makes of a position.
#[derive(Clone, Copy)]
pub(crate) struct After<'a> {
    held: Held,
    fee: Option<(&'a Asset, Cash)>,
}

#[derive(Clone, Copy)]
struct Held {
    quantity: Qty,
    average_price: Price,
    realized: Cash,
}

impl Held {
    fn traded(mut self, signed: Qty, price: Price) -> Result<Self, MoneyError> {
        let reduces = !self.quantity.is_zero() && self.quantity.is_negative() != signed.is_negative();
        let closed = if reduces { smaller(signed, self.quantity.negated()) } else { Qty::ZERO };
        let added = signed.minus(closed)?;
        if !closed.is_zero() {
            let gain = closed.negated().times(price.minus(self.average_price)?)?;
            self.realized = self.realized.plus(gain)?.normalized();
            self.quantity = self.quantity.plus(closed)?.normalized();
        }
        if !added.is_zero() {
            let cost = self.quantity.times(self.average_price)?.plus(added.times(price)?)?;
            self.quantity = self.quantity.plus(added)?.normalized();
            self.average_price = cost.per(self.quantity)?;
        }
        if self.quantity.is_zero() {
            self.average_price = Price::ZERO;
        }
        Ok(self)
    }
}

/// The one of two quantities of the same sign that is nearer to zero.
fn smaller(one: Qty, other: Qty) -> Qty {
    if one.abs() <= other.abs() { one } else { other }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ExecutionId, Instrument, OrderId};
    use alloc::string::{String, ToString};

    fn fill(side: Side, quantity: &str, price: &str) -> Fill {
        Fill {
            id: OrderId::from_bytes([1; 16]),
            execution: ExecutionId::new("e").unwrap(),
            venue_order: None,
            instrument: Instrument::new("X").unwrap(),
            side,
            quantity: quantity.parse().unwrap(),
            price: price.parse().unwrap(),
            fee: None,
            venue_time: None,
        }
    }

    fn after(fills: &[(Side, &str, &str)]) -> (String, String, String) {
        let mut position = Position::default();
        for (side, quantity, price) in fills {
            position.add_fill(&fill(*side, quantity, price)).unwrap();
        }
        (position.quantity.to_string(), position.average_price.to_string(), position.realized.to_string())
    }

    fn is(quantity: &str, average: &str, realized: &str) -> (String, String, String) {
        (quantity.to_string(), average.to_string(), realized.to_string())
    }

    #[test]
    fn p6_buying_averages_and_selling_realises_at_the_average() {
        assert_eq!(after(&[(Side::Buy, "2", "10"), (Side::Buy, "2", "20")]), is("4", "15", "0"));
        assert_eq!(after(&[(Side::Buy, "2", "10"), (Side::Sell, "1", "14")]), is("1", "10", "4"));
        assert_eq!(after(&[(Side::Buy, "2", "10"), (Side::Sell, "2", "9")]), is("0", "0", "-2"));
    }

    #[test]
    fn p6_a_short_gains_when_it_is_bought_back_lower() {
        assert_eq!(after(&[(Side::Sell, "3", "10"), (Side::Buy, "1", "8")]), is("-2", "10", "2"));
    }

    #[test]
    fn p6_a_fill_through_zero_closes_one_way_and_opens_the_other() {
        assert_eq!(after(&[(Side::Buy, "2", "10"), (Side::Sell, "5", "12")]), is("-3", "12", "4"));
        assert_eq!(after(&[(Side::Sell, "2", "10"), (Side::Buy, "5", "12")]), is("3", "12", "-4"));
    }
}
