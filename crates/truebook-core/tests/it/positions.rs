//! Money and positions.

use crate::strategies::{amounts, fills, prices, quantities};
use proptest::collection::vec;
use proptest::prelude::*;
use truebook_core::money::{Cash, Price, Qty};
use truebook_core::order::{Fill, Side};
use truebook_core::position::Position;

/// Fills in whole numbers, small enough that every result is exact in 128 bits.
fn whole_fills() -> impl Strategy<Value = Vec<(Side, i64, i64)>> {
    let side = prop_oneof![Just(Side::Buy), Just(Side::Sell)];
    vec((side, 1..1000_i64, -50..1000_i64), 0..30)
}

fn fill(template: &Fill, (side, quantity, price): (Side, i64, i64)) -> Fill {
    let (quantity, price) = (quantity.to_string().parse().unwrap(), price.to_string().parse().unwrap());
    Fill { side, quantity, price, fee: None, multiplier: None, ..template.clone() }
}

fn signed((side, quantity, _): (Side, i64, i64)) -> i64 {
    if side == Side::Buy { quantity } else { -quantity }
}

proptest! {
    #[test]
    fn p6_a_position_is_the_sum_of_its_fills(template in fills(), trades in whole_fills()) {
        let mut position = Position::default();
        for trade in &trades {
            position.add_fill(&fill(&template, *trade)).unwrap();
        }
        let sum: i64 = trades.iter().copied().map(signed).sum();
        prop_assert_eq!(position.quantity, sum.to_string().parse::<Qty>().unwrap());
        // Not the other way round: what cost nothing has an average of zero too.
        prop_assert!(sum != 0 || position.average_price() == Price::ZERO);
    }

    #[test]
    fn p6_profit_and_held_value_together_are_what_was_paid(template in fills(), trades in whole_fills()) {
        let mut position = Position::default();
        for trade in &trades {
            position.add_fill(&fill(&template, *trade)).unwrap();
        }
        // Cash that came in = profit - cost of what is held; rounding of the average only at the 28th digit.
        let came_in: i64 = trades.iter().map(|trade| -signed(*trade) * trade.2).sum();
        let held = position.cost;
        let known = position.realized.minus(held).unwrap();
        let off = known.minus(came_in.to_string().parse().unwrap()).unwrap();
        let tolerance: Cash = "0.000000000001".parse().unwrap();
        prop_assert!(off <= tolerance && Cash::ZERO.minus(off).unwrap() <= tolerance, "off by {}", off);
    }

    #[test]
    fn any_fills_are_counted_or_refused_whole(trades in vec(fills(), 0..20)) {
        let mut position = Position::default();
        for trade in &trades {
            let before = position.clone();
            if position.add_fill(trade).is_err() {
                prop_assert_eq!(&position, &before);
            }
        }
    }

    #[test]
    fn amounts_round_trip_through_text_and_json(price in prices(), amount in amounts()) {
        prop_assert_eq!(price.to_string().parse::<Price>().unwrap(), price);
        let json = serde_json::to_string(&amount).unwrap();
        prop_assert_eq!(serde_json::from_str::<Cash>(&json).unwrap(), amount);
        prop_assert_eq!(amount.normalized(), amount);
    }

    #[test]
    fn a_sum_that_is_not_refused_is_exact(one in quantities(), other in quantities()) {
        if let Ok(sum) = one.plus(other) {
            let doubled = |qty: Qty| qty.plus(qty);
            prop_assert_eq!(sum.minus(other), Ok(one), "{} + {} = {}", one, other, sum);
            prop_assert_eq!(sum.minus(one), Ok(other));
            if let (Ok(one), Ok(other), Ok(sum)) = (doubled(one), doubled(other), doubled(sum)) {
                prop_assert_eq!(one.plus(other).ok().unwrap_or(sum), sum);
            }
        }
    }

    #[test]
    fn any_text_is_an_exact_amount_or_refused(text in "-?[0-9]{0,31}(\\.[0-9]{0,31})?([eE][+-]?[0-9]{1,2})?|\\PC{0,8}") {
        if let Ok(amount) = text.parse::<Cash>() {
            // Digits that mean something are all still there.
            let plain = text.split(['e', 'E']).next().unwrap_or_default();
            let digits = |text: &str| {
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                digits.trim_start_matches('0').trim_end_matches('0').to_owned()
            };
            prop_assert_eq!(digits(&amount.to_string()), digits(plain), "{} was read as {}", text, amount);
        }
    }
}
