//! Numbers for people: ratios, medians, percentiles. Whole numbers throughout, so that none needs a cast.

use crate::engine::Latencies;
use serde::Serialize;
use std::fmt;

/// A quotient to two places, kept in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hundredths(u64);

impl Hundredths {
    /// `None` when there is nothing to divide by.
    pub(crate) fn of(numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let rounded = (u128::from(numerator) * 100 + u128::from(denominator) / 2) / u128::from(denominator);
        Some(Self(u64::try_from(rounded).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Serialize for Hundredths {
    /// A JSON number with two places.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number: f64 = self.to_string().parse().map_err(serde::ser::Error::custom)?;
        serializer.serialize_f64(number)
    }
}

/// The three points every latency is judged by, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percentiles {
    pub(crate) p50: u64,
    pub(crate) p99: u64,
    pub(crate) p99_9: u64,
}

impl Percentiles {
    pub(crate) fn of(latencies: &Latencies) -> Self {
        Self {
            p50: latencies.value_at_quantile(0.5),
            p99: latencies.value_at_quantile(0.99),
            p99_9: latencies.value_at_quantile(0.999),
        }
    }

    pub(crate) fn each(self) -> [u64; 3] {
        [self.p50, self.p99, self.p99_9]
    }

    /// Point by point; `None` where the other has nothing.
    pub(crate) fn over(self, other: Self) -> [Option<Hundredths>; 3] {
        let (mine, theirs) = (self.each(), other.each());
        std::array::from_fn(|point| Hundredths::of(mine[point], theirs[point]))
    }
}

/// The middle of a few rounds; zero for none.
pub(crate) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// Things a second.
pub(crate) fn per_second(count: u64, nanos: u64) -> u64 {
    let rate = u128::from(count) * 1_000_000_000 / u128::from(nanos.max(1));
    u64::try_from(rate).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_rounded_to_two_places() {
        let ratio = |a, b| Hundredths::of(a, b).map(|ratio| ratio.to_string());
        assert_eq!(ratio(107, 88).as_deref(), Some("1.22"));
        assert_eq!(ratio(1, 3).as_deref(), Some("0.33"));
        assert_eq!(ratio(1, 0), None);
    }

    #[test]
    fn the_median_does_not_mind_the_order() {
        assert_eq!(median(vec![9, 1, 5]), 5);
        assert_eq!(median(vec![]), 0);
    }
}
