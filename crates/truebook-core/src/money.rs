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
    let exact = Decimal::from_str_exact(text).or_else(|_| from_scientific(text));
    exact.map_err(|_| MoneyError::NotADecimal)
}

/// `1.5e-7`, as Python writes small numbers.
fn from_scientific(text: &str) -> Result<Decimal, rust_decimal::Error> {
    if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) }
}

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
    ($(#[$docs:meta])* $name:ident) => {
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
                self.0.checked_add(other.0).map(Self).ok_or(MoneyError::OutOfRange)
            }

            /// Difference, or [`MoneyError::OutOfRange`].
            pub fn minus(self, other: Self) -> Result<Self, MoneyError> {
                self.0.checked_sub(other.0).map(Self).ok_or(MoneyError::OutOfRange)
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
    /// Price of one unit, in the quote currency.
    Price
}
money! {
    /// How many units; negative for a short position.
    Qty
}
money! {
    /// An amount of money or of a coin: profit, fee, balance.
    Cash
}

impl Qty {
    /// What `self` units cost at `price`, or [`MoneyError::OutOfRange`].
    pub fn times(self, price: Price) -> Result<Cash, MoneyError> {
        self.0.checked_mul(price.0).map(Cash).ok_or(MoneyError::OutOfRange)
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
        assert!("NaN".parse::<Price>().is_err());
        assert!("".parse::<Price>().is_err());
        assert!(Qty::new(Decimal::MAX).plus(Qty::new(Decimal::ONE)).is_err());
        assert!(serde_json::from_str::<Qty>("1.5").is_err());
    }
}
