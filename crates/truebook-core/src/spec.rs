//! An order as a bot asks for it, and all that is wrong with it, found before anything is written or sent.

use crate::capability::Rules;
use crate::id::Instrument;
use crate::money::{Price, Qty};
use crate::order::{Bracket, OrderType, Side, TimeInForce, Trail};
use crate::time::Utc;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// An order as a bot asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderSpec {
    /// What is traded.
    pub instrument: Instrument,
    /// Buy or sell.
    pub side: Side,
    /// How it is priced.
    pub order_type: OrderType,
    /// How much, above zero.
    pub quantity: Qty,
    /// Limit price, for limit and stop-limit orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Price>,
    /// Stop price, for stop and stop-limit orders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Price>,
    /// Distance, for trailing stops.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<Trail>,
    /// How long it works.
    pub time_in_force: TimeInForce,
    /// When a good-till-date order ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Utc>,
    /// Protective legs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bracket: Option<Bracket>,
    /// The strategy that wants it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Box<str>>,
}

/// What is wrong with an order, each fault in one line that names the field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", faults.join("; "))]
pub struct SpecError {
    /// The faults, one at least.
    pub faults: Vec<String>,
}

impl OrderSpec {
    /// A market order for the day.
    pub const fn market(instrument: Instrument, side: Side, quantity: Qty) -> Self {
        Self {
            instrument,
            side,
            order_type: OrderType::Market,
            quantity,
            limit: None,
            stop: None,
            trail: None,
            time_in_force: TimeInForce::Day,
            expires: None,
            bracket: None,
            strategy: None,
        }
    }

    /// A limit order for the day.
    pub fn limit(instrument: Instrument, side: Side, quantity: Qty, limit: Price) -> Self {
        Self { order_type: OrderType::Limit, limit: Some(limit), ..Self::market(instrument, side, quantity) }
    }

    /// A stop order that works until it is cancelled.
    pub fn stop(instrument: Instrument, side: Side, quantity: Qty, stop: Price) -> Self {
        let time_in_force = TimeInForce::Gtc;
        let market = Self::market(instrument, side, quantity);
        Self { order_type: OrderType::Stop, stop: Some(stop), time_in_force, ..market }
    }

    /// With protective legs.
    #[must_use]
    pub fn with_bracket(mut self, bracket: Bracket) -> Self {
        self.bracket = Some(bracket);
        self
    }

    /// Finds everything that is wrong with it, by itself, by the venue's rules, and by the last price if one
    /// is known.
    ///
    /// # Errors
    /// All faults at once.
    pub fn check(&self, rules: &Rules, last: Option<Price>) -> Result<(), SpecError> {
        let mut faults = Faults(Vec::new());
        self.check_quantity(rules, &mut faults);
        self.check_prices(rules, &mut faults);
        self.check_time(&mut faults);
        self.check_sides(last, &mut faults);
        self.check_notional(rules, last, &mut faults);
        if faults.0.is_empty() { Ok(()) } else { Err(SpecError { faults: faults.0 }) }
    }

    fn check_quantity(&self, rules: &Rules, faults: &mut Faults) {
        let quantity = self.quantity;
        if quantity.is_negative() || quantity.is_zero() {
            faults.add(format!("quantity: {quantity} is not above zero"));
        } else if !quantity.is_multiple_of(rules.lot) {
            faults.add(format!("quantity: {quantity} is no multiple of the lot {}", rules.lot));
        }
    }

    fn check_prices(&self, rules: &Rules, faults: &mut Faults) {
        let kind = self.order_type;
        let needs_limit = matches!(kind, OrderType::Limit | OrderType::StopLimit);
        let needs_stop = matches!(kind, OrderType::Stop | OrderType::StopLimit);
        let needs_trail = kind == OrderType::TrailingStop;
        let fields = [
            ("limit", self.limit.is_some(), needs_limit),
            ("stop", self.stop.is_some(), needs_stop),
            ("trail", self.trail.is_some(), needs_trail),
        ];
        for (name, is_there, is_needed) in fields {
            match (is_there, is_needed) {
                (false, true) => faults.add(format!("{name}: a {} order needs one", kind.name())),
                (true, false) => faults.add(format!("{name}: a {} order has none", kind.name())),
                _ => {}
            }
        }
        let bracket = self.bracket.as_ref();
        let stop_leg = bracket.and_then(|bracket| bracket.stop_loss);
        let profit_leg = bracket.and_then(|bracket| bracket.take_profit);
        let prices = [
            ("limit", self.limit),
            ("stop", self.stop),
            ("bracket stop", stop_leg.map(|leg| leg.stop)),
            ("bracket stop limit", stop_leg.and_then(|leg| leg.limit)),
            ("take profit", profit_leg.map(|leg| leg.limit)),
        ];
        for (name, price) in prices.into_iter().filter_map(|(name, price)| Some((name, price?))) {
            faults.price(name, price, rules.tick);
        }
        match self.trail {
            Some(Trail::Amount(distance)) => faults.price("trail", distance, Price::ZERO),
            Some(Trail::Percent(percent)) if percent.is_negative() || percent.is_zero() => {
                faults.add(format!("trail: {percent} percent is not above zero"));
            }
            _ => {}
        }
        if bracket.is_some() && stop_leg.is_none() && profit_leg.is_none() {
            faults.add("bracket: it has neither a stop loss nor a take profit".to_string());
        }
    }

    fn check_time(&self, faults: &mut Faults) {
        match (self.time_in_force, self.expires) {
            (TimeInForce::Gtd, None) => {
                faults.add("expires: a good-till-date order needs a date".to_string());
            }
            (TimeInForce::Gtd, Some(_)) | (_, None) => {}
            (other, Some(_)) => {
                faults.add(format!("expires: only a good-till-date order has one, not {}", other.name()));
            }
        }
    }

    /// A stop on the wrong side would fire at once, and a protective leg there would close at once.
    fn check_sides(&self, last: Option<Price>, faults: &mut Faults) {
        if let (Some(stop), Some(last), OrderType::Stop | OrderType::StopLimit) =
            (self.stop, last, self.order_type)
        {
            let wrong = match self.side {
                Side::Buy => stop <= last,
                Side::Sell => stop >= last,
            };
            if wrong {
                faults.wrong_side("stop", stop, self.side, last);
            }
        }
        let entry = self.limit.or(self.stop).or(last);
        let (Some(bracket), Some(entry)) = (&self.bracket, entry) else { return };
        let (stop, profit) = (bracket.stop_loss, bracket.take_profit);
        let is_beyond = |price: Price| match self.side {
            Side::Buy => price > entry,
            Side::Sell => price < entry,
        };
        if let Some(stop) = stop.filter(|leg| is_beyond(leg.stop) || leg.stop == entry) {
            faults.wrong_side("bracket stop", stop.stop, self.side.opposite(), entry);
        }
        if let Some(profit) = profit.filter(|leg| !is_beyond(leg.limit)) {
            faults.wrong_side("take profit", profit.limit, self.side.opposite(), entry);
        }
    }

    fn check_notional(&self, rules: &Rules, last: Option<Price>, faults: &mut Faults) {
        let Some(price) = self.limit.or(self.stop).or(last) else { return };
        let units = rules.multiplier.map_or(Ok(self.quantity), |each| self.quantity.scaled(each));
        match units.and_then(|units| units.times(price)) {
            Ok(notional) if notional < rules.notional_min => {
                faults.add(format!(
                    "quantity: worth {notional}, the venue wants {} at least",
                    rules.notional_min
                ));
            }
            Ok(_) => {}
            Err(_) => faults.add(format!("quantity: {} at {price} is out of range", self.quantity)),
        }
    }
}

struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: String) {
        self.0.push(fault);
    }

    fn price(&mut self, name: &str, price: Price, tick: Price) {
        if price.is_negative() || price.is_zero() {
            self.add(format!("{name}: {price} is not above zero"));
        } else if !price.is_multiple_of(tick) {
            self.add(format!("{name}: {price} is no multiple of the tick {tick}"));
        }
    }

    fn wrong_side(&mut self, name: &str, price: Price, side: Side, reference: Price) {
        let side = side.name();
        self.add(format!("{name}: {price} is on the wrong side of {reference} for a {side}"));
    }
}
