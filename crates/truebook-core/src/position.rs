//! Positions: the sum of the fills, one per instrument.

use crate::id::Asset;
use crate::life::{Reported, fee_after, set_fee};
use crate::money::{Cash, MoneyError, Price, Qty};
use crate::order::{Fill, Side, TakenFrom};
use alloc::collections::BTreeMap;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What is held of one instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Units held; negative when short.
    pub quantity: Qty,
    /// What the held units cost: sum of quantity times price times multiplier; negative when short. A sum,
    /// not an average, so that executions on one side may come in any order.
    pub cost: Cash,
    /// Profit of what was closed again, before fees, in the quote currency.
    pub realized: Cash,
    /// Fees paid, by asset.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fees: BTreeMap<Asset, Cash>,
    /// The part of `quantity` that is no fill's: imported, or corrected by an operator.
    #[serde(default = "zero", skip_serializing_if = "is_zero")]
    pub carried: Qty,
    /// How much of the quote currency one unit at price 1 is worth; `None` is 1.
    #[serde(rename = "mult", default, skip_serializing_if = "Option::is_none")]
    pub multiplier: Option<Qty>,
}

fn zero() -> Qty {
    Qty::ZERO
}

fn is_zero(quantity: &Qty) -> bool {
    quantity.is_zero()
}

impl Default for Position {
    fn default() -> Self {
        Self {
            quantity: Qty::ZERO,
            cost: Cash::ZERO,
            realized: Cash::ZERO,
            fees: BTreeMap::new(),
            carried: Qty::ZERO,
            multiplier: None,
        }
    }
}

impl Position {
    /// A position taken over as it is, for example from an imported file.
    ///
    /// # Errors
    /// [`MoneyError::OutOfRange`] if the product of the two cannot be held.
    pub fn opened(quantity: Qty, average_price: Price) -> Result<Self, MoneyError> {
        let (quantity, cost) = (quantity.normalized(), quantity.times(average_price)?.normalized());
        Ok(Self { quantity, cost, carried: quantity, ..Self::default() })
    }

    /// Average price at which the held units were bought or sold short; zero when flat.
    pub fn average_price(&self) -> Price {
        Held::of(self).average().unwrap_or(Price::ZERO)
    }

    /// The part of the position that is the sum of fills.
    pub fn filled(&self) -> Qty {
        self.quantity.minus(self.carried).unwrap_or(Qty::ZERO)
    }

    /// Counts an execution in: what reduces the position realises profit at the average price, what adds
    /// to it moves the average, and what goes through zero does first the one, then the other.
    pub fn add_fill(&mut self, fill: &Fill) -> Result<(), MoneyError> {
        let after = self.after(fill, None)?;
        self.become_after(after);
        Ok(())
    }

    /// What an execution makes of the position; to be worked out before anything is changed. `instead_of`
    /// is what was counted before on a mere report and gives way to it.
    pub(crate) fn after<'a>(
        &self,
        fill: &'a Fill,
        instead_of: Option<Reported>,
    ) -> Result<After<'a>, MoneyError> {
        let multiplier = self.multiplier_with(fill.multiplier)?;
        let signed = fill.side.signed(fill.quantity);
        let fee = fill.fee.as_ref().map(|fee| fee_after(&self.fees, fee)).transpose()?;
        let mut held = Held { multiplier, ..Held::of(self) };
        let mut given_way = Qty::ZERO;
        if let Some(reported) = instead_of {
            given_way = fill.side.signed(reported.quantity);
            held = held.repriced(given_way, reported.price, fill.price)?;
        }
        held = held.traded(signed.minus(given_way)?, fill.price)?;
        if let Some(fee) = fill.fee.as_ref().filter(|fee| fee.taken == TakenFrom::Position) {
            held = held.less(Qty::new(fee.amount.get()))?;
        }
        Ok(After { held, fee })
    }

    /// What a reported fill without execution makes of the position.
    pub(crate) fn after_report(&self, side: Side, reported: Reported) -> Result<After<'static>, MoneyError> {
        let held = Held::of(self).traded(side.signed(reported.quantity), reported.price)?;
        Ok(After { held, fee: None })
    }

    /// What an operator's correction makes of the position.
    pub(crate) fn corrected(&self, quantity: Qty, price: Option<Price>) -> Result<Self, MoneyError> {
        let price = price.map_or_else(|| Held::of(self).average(), Ok)?;
        let held = Held::of(self).traded(quantity, price)?;
        let mut after = self.clone();
        after.become_after(After { held, fee: None });
        after.carried = self.carried.plus(quantity)?.normalized();
        Ok(after)
    }

    fn multiplier_with(&self, of_fill: Option<Qty>) -> Result<Option<Qty>, MoneyError> {
        // Units of two sizes have no sum.
        let fits = self.quantity.is_zero() || self.multiplier == of_fill;
        if fits { Ok(of_fill) } else { Err(MoneyError::OutOfRange) }
    }

    pub(crate) fn become_after(&mut self, after: After<'_>) {
        let After { held, fee } = after;
        (self.quantity, self.cost, self.realized) = (held.quantity, held.cost, held.realized);
        self.multiplier = held.multiplier;
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
    cost: Cash,
    realized: Cash,
    multiplier: Option<Qty>,
}

impl Held {
    const fn of(position: &Position) -> Self {
        let Position { quantity, cost, realized, multiplier, .. } = position;
        Self { quantity: *quantity, cost: *cost, realized: *realized, multiplier: *multiplier }
    }

    fn average(&self) -> Result<Price, MoneyError> {
        if self.quantity.is_zero() {
            return Ok(Price::ZERO);
        }
        let units = self.quantity.scaled(self.multiplier.unwrap_or(Qty::new(Decimal::ONE)))?;
        self.cost.per(units)
    }

    /// What this quantity is worth at the price.
    fn worth(&self, quantity: Qty, price: Price) -> Result<Cash, MoneyError> {
        match self.multiplier {
            None => quantity.times(price),
            Some(multiplier) => quantity.scaled(multiplier)?.times(price),
        }
    }

    fn traded(mut self, signed: Qty, price: Price) -> Result<Self, MoneyError> {
        let sum = self.quantity.plus(signed)?.normalized();
        let reduces = !self.quantity.is_zero() && self.quantity.is_negative() != signed.is_negative();
        let closed = if reduces { smaller(signed, self.quantity.negated()) } else { Qty::ZERO };
        let added = signed.minus(closed)?;
        if !closed.is_zero() {
            let average = self.average()?;
            let gain = self.worth(closed.negated(), price.minus(average)?)?;
            self.realized = self.realized.plus(gain)?.normalized();
            self.quantity = self.quantity.plus(closed)?.normalized();
            self.cost = self.worth(self.quantity, average)?.normalized();
        }
        if !added.is_zero() {
            self.cost = self.cost.plus(self.worth(added, price)?)?.normalized();
            self.quantity = self.quantity.plus(added)?.normalized();
        }
        assert_eq!(self.quantity, sum, "a position is the sum of its fills");
        Ok(self)
    }

    /// The same quantity at another price: an execution came for what was counted on a report. What of it
    /// is still held changes the cost, what was closed since changes the profit.
    fn repriced(mut self, signed: Qty, from: Price, to: Price) -> Result<Self, MoneyError> {
        let same_side = !self.quantity.is_zero() && self.quantity.is_negative() == signed.is_negative();
        let held = if same_side { smaller(signed, self.quantity) } else { Qty::ZERO };
        let difference = to.minus(from)?;
        self.cost = self.cost.plus(self.worth(held, difference)?)?.normalized();
        let lost = self.worth(signed.minus(held)?, difference)?;
        self.realized = self.realized.minus(lost)?.normalized();
        Ok(self)
    }

    /// Fewer units at the same cost: the venue took its fee in them.
    fn less(mut self, units: Qty) -> Result<Self, MoneyError> {
        self.quantity = self.quantity.minus(units)?.normalized();
        if self.quantity.is_zero() {
            // Nothing is held that the cost could be the cost of.
            self.realized = self.realized.minus(self.cost)?.normalized();
            self.cost = Cash::ZERO;
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
            multiplier: None,
        }
    }

    fn after(fills: &[(Side, &str, &str)]) -> (String, String, String) {
        let mut position = Position::default();
        for (side, quantity, price) in fills {
            position.add_fill(&fill(*side, quantity, price)).unwrap();
        }
        (position.quantity.to_string(), position.average_price().to_string(), position.realized.to_string())
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

    fn with_fee(mut fill: Fill, amount: &str, taken: TakenFrom) -> Fill {
        let asset = Asset::new("BNB").unwrap();
        fill.fee = Some(crate::order::Fee { amount: amount.parse().unwrap(), asset, taken });
        fill
    }

    #[test]
    fn incident_26_a_fee_in_the_base_asset_makes_the_position_smaller() {
        let mut position = Position::default();
        position.add_fill(&with_fee(fill(Side::Buy, "1600", "2"), "1.6", TakenFrom::Position)).unwrap();
        assert_eq!(position.quantity, "1598.4".parse().unwrap());
        assert_eq!(position.cost, "3200".parse().unwrap());
        position.add_fill(&with_fee(fill(Side::Buy, "1", "2"), "1", TakenFrom::Cash)).unwrap();
        assert_eq!(position.quantity, "1599.4".parse().unwrap());
    }

    #[test]
    fn a_contract_counts_its_multiplier_in_cost_and_profit_but_not_in_price() {
        let contract =
            |side, price| Fill { multiplier: Some("50".parse().unwrap()), ..fill(side, "2", price) };
        let mut position = Position::default();
        position.add_fill(&contract(Side::Buy, "100")).unwrap();
        assert_eq!(
            (position.average_price(), position.cost),
            ("100".parse().unwrap(), "10000".parse().unwrap())
        );
        assert!(position.add_fill(&fill(Side::Buy, "1", "1")).is_err());
        position.add_fill(&contract(Side::Sell, "103")).unwrap();
        assert_eq!(position.realized, "300".parse().unwrap());
    }

    #[test]
    fn p6_executions_on_one_side_may_come_in_any_order() {
        let fills = [("0.4", "3"), ("0.6", "7"), ("0.3", "11")]
            .map(|(quantity, price)| fill(Side::Buy, quantity, price));
        let sum = |order: [usize; 3]| {
            let mut position = Position::default();
            for at in order {
                position.add_fill(&fills[at]).unwrap();
            }
            position
        };
        assert_eq!(sum([0, 1, 2]), sum([2, 0, 1]));
        assert_eq!(sum([0, 1, 2]), sum([1, 2, 0]));
    }

    #[test]
    fn what_was_counted_on_a_report_gives_way_to_the_execution() {
        let reported = Reported { quantity: "2".parse().unwrap(), price: "10".parse().unwrap() };
        let mut position = Position::default();
        position.become_after(position.clone().after_report(Side::Buy, reported).unwrap());
        let execution = fill(Side::Buy, "2", "11");
        position.become_after(position.clone().after(&execution, Some(reported)).unwrap());
        assert_eq!(
            (position.quantity, position.average_price()),
            ("2".parse().unwrap(), "11".parse().unwrap())
        );
    }
}
