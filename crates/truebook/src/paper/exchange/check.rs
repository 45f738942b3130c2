//! Whether a request makes sense: what every venue refuses before it has an order.

use super::Exchange;
use crate::paper::record::OrderClass;
use crate::paper::refusal::{Refusal, RefusalKind};
use crate::paper::request::OrderRequest;
use crate::venue::ReduceOnly;
use rust_decimal::Decimal;
use truebook_core::capability::{Brackets, IdClass, Rules};
use truebook_core::money::{Price, Qty};
use truebook_core::order::{OrderType, Side, TimeInForce, Trail};
use truebook_core::time::Utc;

type Checked = Result<(), Refusal>;

impl Exchange {
    /// Checks all of a request, cheapest first.
    pub(super) fn check(&self, request: &OrderRequest, now: Utc) -> Checked {
        if request.admit_by.is_some_and(|until| now > until) {
            return Err(Refusal::new(RefusalKind::TooLate, "the deadline for admission is over"));
        }
        self.check_client_id(request.client_id.as_deref())?;
        let rules = self.rules(&request.instrument)?;
        let quantity = check_quantity(request, rules)?;
        check_type(request)?;
        for price in prices(request) {
            check_price(price, rules)?;
        }
        check_end(request, now)?;
        self.check_size(request, quantity, rules)?;
        self.check_class(request)?;
        self.check_reduces(request, quantity)?;
        self.check_funds(request, quantity, rules)
    }

    /// Whether the venue takes this client order id now.
    pub(super) fn check_client_id(&self, id: Option<&str>) -> Checked {
        let Some(id) = id else { return Ok(()) };
        if !self.settings.capabilities.client_id.allows(id) {
            return Err(Refusal::invalid(
                "client_order_id is too long or has characters that are not allowed",
            ));
        }
        let mut used = self.by_client.get(id).into_iter().flatten();
        let taken = match self.settings.capabilities.class {
            IdClass::A => used.next().is_some(),
            IdClass::B => used.any(|used| self.live(used).is_some()),
            IdClass::C => false,
        };
        if taken {
            return Err(Refusal::new(RefusalKind::Duplicate, "client_order_id must be unique"));
        }
        Ok(())
    }

    fn check_size(&self, request: &OrderRequest, quantity: Qty, rules: &Rules) -> Checked {
        let price = request.limit.or(request.stop).or_else(|| self.price(&request.instrument));
        let Some(price) = price else { return Ok(()) };
        let amount = quantity.times(price).map_err(|_| Refusal::invalid("qty is too large"))?;
        if amount < rules.notional_min {
            return Err(Refusal::invalid(format!("cost basis must be >= {}", rules.notional_min)));
        }
        Ok(())
    }

    fn check_class(&self, request: &OrderRequest) -> Checked {
        let legs = (request.stop_loss.is_some(), request.take_profit.is_some());
        let fits = match request.class {
            OrderClass::Simple => legs == (false, false),
            OrderClass::Bracket | OrderClass::Oco => legs == (true, true),
            OrderClass::Oto => legs.0 != legs.1,
        };
        if !fits {
            return Err(Refusal::invalid(format!("{} orders need other legs", request.class.name())));
        }
        if request.class == OrderClass::Simple {
            return Ok(());
        }
        if self.settings.capabilities.brackets == Brackets::Emulated {
            return Err(Refusal::new(RefusalKind::Unsupported, "orders with legs are not supported"));
        }
        if !matches!(request.time_in_force, TimeInForce::Day | TimeInForce::Gtc) {
            return Err(Refusal::invalid("orders with legs work for the day or until cancelled"));
        }
        self.check_sides(request)
    }

    /// The legs must lie on either side of the entry, or of the price.
    fn check_sides(&self, request: &OrderRequest) -> Checked {
        let (entry, base) = match request.class {
            OrderClass::Oco => (request.side.opposite(), self.price(&request.instrument)),
            _ => (request.side, request.limit.or_else(|| self.price(&request.instrument))),
        };
        let stop = request.stop_loss.map(|leg| leg.stop);
        let profit = request.take_profit.map(|leg| leg.limit);
        let beyond = |low: Option<Price>, high: Option<Price>| {
            low.zip(high).is_none_or(|(low, high)| if entry == Side::Buy { low < high } else { low > high })
        };
        if !beyond(stop, base) {
            return Err(Refusal::invalid("stop_loss.stop_price is on the wrong side of the base price"));
        }
        if !beyond(base, profit) || !beyond(stop, profit) {
            return Err(Refusal::invalid("take_profit.limit_price is on the wrong side of the base price"));
        }
        Ok(())
    }

    fn check_reduces(&self, request: &OrderRequest, quantity: Qty) -> Checked {
        if request.reduce_only == ReduceOnly::No {
            return Ok(());
        }
        let held = self.position(&request.instrument).quantity;
        let closes = held.is_negative() == (request.side == Side::Buy);
        if held.is_zero() || !closes || quantity > held.abs() {
            return Err(Refusal::invalid("a reduce-only order must make the position smaller"));
        }
        Ok(())
    }
}

fn check_quantity(request: &OrderRequest, rules: &Rules) -> Result<Qty, Refusal> {
    if request.notional.is_some() {
        return Err(Refusal::new(RefusalKind::Unsupported, "orders by notional are not supported"));
    }
    let quantity = request.quantity.ok_or_else(|| Refusal::invalid("qty is required"))?;
    check_lot(quantity, rules)?;
    Ok(quantity)
}

pub(super) fn check_lot(quantity: Qty, rules: &Rules) -> Checked {
    if quantity <= Qty::ZERO {
        return Err(Refusal::invalid("qty must be > 0"));
    }
    if !quantity.is_multiple_of(rules.lot) {
        return Err(Refusal::invalid(format!("qty must be a multiple of {}", rules.lot)));
    }
    Ok(())
}

pub(super) fn check_price(price: Price, rules: &Rules) -> Checked {
    if price <= Price::ZERO {
        return Err(Refusal::invalid("prices must be > 0"));
    }
    if !price.is_multiple_of(rules.tick) {
        return Err(Refusal::invalid(format!("prices must be multiples of {}", rules.tick)));
    }
    Ok(())
}

fn check_type(request: &OrderRequest) -> Checked {
    let (limit, stop, trail) = match request.order_type {
        OrderType::Market => (false, false, false),
        OrderType::Limit => (true, false, false),
        OrderType::Stop => (false, true, false),
        OrderType::StopLimit => (true, true, false),
        OrderType::TrailingStop => (false, false, true),
    };
    let oco = request.class == OrderClass::Oco;
    let has_limit = request.limit.is_some() || (oco && request.take_profit.is_some());
    if oco && request.order_type != OrderType::Limit {
        return Err(Refusal::invalid("oco orders must be limit orders"));
    }
    let name = request.order_type.name();
    for (what, wanted, has) in [
        ("limit_price", limit, has_limit),
        ("stop_price", stop, request.stop.is_some()),
        ("trail", trail, request.trail.is_some()),
    ] {
        match (wanted, has) {
            (true, false) => return Err(Refusal::invalid(format!("{name} orders require {what}"))),
            (false, true) => return Err(Refusal::invalid(format!("{name} orders must not have {what}"))),
            _ => {}
        }
    }
    request.trail.map_or(Ok(()), check_trail)
}

pub(super) fn check_trail(trail: Trail) -> Checked {
    let fits = match trail {
        Trail::Amount(amount) => amount > Price::ZERO,
        Trail::Percent(percent) => percent > Qty::ZERO && percent < Qty::new(Decimal::ONE_HUNDRED),
    };
    if fits { Ok(()) } else { Err(Refusal::invalid("trail must be > 0 and less than the whole")) }
}

fn prices(request: &OrderRequest) -> impl Iterator<Item = Price> {
    let stop_loss = request.stop_loss;
    let legs = [stop_loss.map(|leg| leg.stop), stop_loss.and_then(|leg| leg.limit)];
    let profit = request.take_profit.map(|leg| leg.limit);
    [request.limit, request.stop, profit].into_iter().chain(legs).flatten()
}

fn check_end(request: &OrderRequest, now: Utc) -> Checked {
    match (request.time_in_force, request.expires) {
        (TimeInForce::Gtd, Some(end)) if end > now => Ok(()),
        (TimeInForce::Gtd, _) => Err(Refusal::invalid("good-till-date orders require a date to come")),
        (_, Some(_)) => Err(Refusal::invalid("only good-till-date orders have a date")),
        (_, None) => Ok(()),
    }
}
