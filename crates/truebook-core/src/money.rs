//! Prices, quantities and amounts: exact decimals that cannot be mixed up, with checked arithmetic.
//!
//! In JSON they are strings, because a JSON number passes through a binary float in most readers.

use core::fmt;
use core::str::FromStr;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Arithmetic or a text that has no exact decimal of at most 28 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The text is no decimal number, or has more digits than can be held exactly.
    #[error("not a decimal number of at most 28 digits")]
    NotADecimal,
    /// The result is too large to be held.
    #[error("amount out of range")]
    OutOfRange,
}

fn parse(text: &str) -> Result<Decimal, MoneyError> {
    let exact = Decimal::from_str_exact(text).ok().or_else(|| from_scientific(text));
    exact.ok_or(MoneyError::NotADecimal)
}

/// `1.5e-7`, as Python writes small numbers. The library's own reader would round.
fn from_scientific(text: &str) -> Option<Decimal> {
    let (digits, exponent) = text.split_once(['e', 'E'])?;
    let mut value = Decimal::from_str_exact(digits).ok()?.normalize();
    let exponent: i32 = exponent.parse().ok()?;
    if value.is_zero() {
        return Some(value);
    }
    let scale = i64::from(value.scale()) - i64::from(exponent);
    value.set_scale(u32::try_from(scale.max(0)).ok()?).ok()?;
    for _ in scale.max(-DIGITS_MAX - 1)..0 {
        value = value.checked_mul(Decimal::TEN)?;
    }
    Some(value)
}

/// A sum in which no digit is lost.
fn exact(one: Decimal, other: Decimal) -> Option<Decimal> {
    let sum = one.checked_add(other)?;
    let all_kept = sum.scale() >= one.scale().max(other.scale());
    let lost_zeros_only = || sum.checked_sub(other) == Some(one) && sum.checked_sub(one) == Some(other);
    (all_kept || lost_zeros_only()).then_some(sum)
}

/// A sum that may be rounded in the 28th digit, as what was divided or multiplied is anyway.
fn rounded(one: Decimal, other: Decimal) -> Option<Decimal> {
    one.checked_add(other)
}

const DIGITS_MAX: i64 = 28;

struct DecimalVisitor;

impl de::Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number as a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Decimal, E> {
        parse(text).map_err(E::custom)
    }
}

macro_rules! money {
    ($(#[$docs:meta])* $name:ident, $sum:ident) => {
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Decimal);

        impl $name {
            /// Nothing.
            pub const ZERO: Self = Self(Decimal::ZERO);

            /// From a decimal.
            pub const fn new(value: Decimal) -> Self {
                Self(value)
            }

            /// The decimal.
            pub const fn get(self) -> Decimal {
                self.0
            }

            /// Sum, or [`MoneyError::OutOfRange`].
            pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
                $sum(self.0, other.0).map(Self).ok_or(MoneyError::OutOfRange)
            }

            /// Difference, or [`MoneyError::OutOfRange`].
            pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
                $sum(self.0, -other.0).map(Self).ok_or(MoneyError::OutOfRange)
            }

            /// Whether it is exactly zero.
            pub fn is_zero(self) -> bool {
                self.0.is_zero()
            }

            /// Whether it is below zero (zero itself never is).
            pub fn is_negative(self) -> bool {
                self.0.is_sign_negative() && !self.0.is_zero()
            }

            /// Without trailing zeros, so that equal amounts have one spelling.
            #[must_use]
            pub fn normalized(self) -> Self {
                Self(self.0.normalize())
            }
        }

        impl FromStr for $name {
            type Err = MoneyError;

            fn from_str(text: &str) -> Result<Self, MoneyError> {
                parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(DecimalVisitor).map(Self)
            }
        }
    };
}

money! {
    /// Price of one unit, in the quote currency. Sums are rounded in the 28th digit.
    Price, rounded
}
money! {
    /// How many units; negative for a short position. Sums are exact or refused.
    Qty, exact
}
money! {
    /// An amount of money or of a coin: profit, fee, balance. Sums are rounded in the 28th digit.
    Cash, rounded
}

impl Qty {
    /// What `self` units cost at `price`, or [`MoneyError::OutOfRange`].
    pub fn times(self, price: Price) -> Result<Cash, MoneyError> {
        self.0.checked_mul(price.0).map(Cash).ok_or(MoneyError::OutOfRange)
    }

    /// This many times as much, or [`MoneyError::OutOfRange`] if that has no exact decimal.
    pub fn scaled(self, factor: Self) -> Result<Self, MoneyError> {
        let product = self.0.checked_mul(factor.0).ok_or(MoneyError::OutOfRange)?;
        let exact = factor.is_zero() || product.checked_div(factor.0) == Some(self.0);
        if exact { Ok(Self(product)) } else { Err(MoneyError::OutOfRange) }
    }

    /// The most whole lots that are not above it, for a quantity above zero. Lots of zero leave it as it is.
    #[must_use]
    pub fn floored_to(self, lot: Self) -> Self {
        let rest = self.0.checked_rem(lot.0).unwrap_or(Decimal::ZERO);
        Self(self.0 - rest).normalized()
    }

    /// Whether it is a whole number of `lots`. Lots of zero allow everything.
    pub fn is_multiple_of(self, lot: Self) -> bool {
        lot.is_zero() || self.0.checked_rem(lot.0).is_some_and(|rest| rest.is_zero())
    }

    /// Size without direction.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// The same size in the other direction.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(-self.0)
    }
}

impl Price {
    /// Whether it is a whole number of ticks. A tick of zero allows everything.
    pub fn is_multiple_of(self, tick: Self) -> bool {
        tick.is_zero() || self.0.checked_rem(tick.0).is_some_and(|rest| rest.is_zero())
    }
}

impl Cash {
    /// Price of one of `quantity` units that cost this much together; rounded in the 28th digit.
    pub fn per(self, quantity: Qty) -> Result<Price, MoneyError> {
        self.0.checked_div(quantity.0).map(|price| Price(price.normalize())).ok_or(MoneyError::OutOfRange)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_are_strings_in_json() {
        let sum = "0.1".parse::<Cash>().unwrap().plus("0.2".parse().unwrap()).unwrap();
        assert_eq!(serde_json::to_string(&sum).unwrap(), "\"0.3\"");
        assert_eq!("1.5e-7".parse::<Qty>().unwrap(), "0.00000015".parse().unwrap());
    }

    #[test]
    fn what_cannot_be_held_exactly_is_refused_not_rounded() {
        assert!("0.12345678901234567890123456789".parse::<Price>().is_err());
        assert!("800000000000000.00000000000001e0".parse::<Price>().is_err());
        assert_eq!("-1.50e+3".parse::<Price>(), "-1500".parse());
        assert!("1e29".parse::<Price>().is_err() && "1e-29".parse::<Price>().is_err());
        assert!("NaN".parse::<Price>().is_err());
        assert!("".parse::<Price>().is_err());
        assert!(Qty::new(Decimal::MAX).plus(Qty::new(Decimal::ONE)).is_err());
        assert!(serde_json::from_str::<Qty>("1.5").is_err());
    }

    #[test]
    fn p6_quantities_that_do_not_add_up_exactly_are_refused() {
        let (tenth, largest) = ("0.1".parse::<Qty>().unwrap(), Qty::new(Decimal::MAX));
        assert!(largest.minus(tenth).is_err());
        assert_eq!(largest.minus("0.0".parse().unwrap()), Ok(largest));
        assert_eq!(largest.minus("1.0".parse().unwrap()).unwrap().plus("1".parse().unwrap()), Ok(largest));
    }
}
