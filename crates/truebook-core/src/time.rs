//! Instants in UTC, handed in from outside: the core has no clock.

use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An instant: nanoseconds since 1970-01-01T00:00:00Z, from year 1970 to 2262.
///
/// Shown, stored and read as RFC 3339 with nine decimals: `2025-04-09T23:57:33.318514000Z`.
/// Events are ordered by sequence number, never by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Utc(i64);

/// Length of the text form in bytes.
const TEXT_BYTES: usize = 30;
const NANOS_A_SECOND: i64 = 1_000_000_000;
const SECONDS_A_DAY: i64 = 86_400;

impl Utc {
    /// From nanoseconds since 1970; an instant before that is counted as 1970 itself.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(if nanos < 0 { 0 } else { nanos })
    }

    /// Nanoseconds since 1970.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// This much later; the end of time if there is no such time.
    #[must_use]
    pub fn plus(self, duration: core::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// This much earlier; the beginning of time if there is no such time.
    #[must_use]
    pub fn minus(self, duration: core::time::Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)))
    }

    /// How long after `earlier` this is; nothing if it is before.
    pub fn since(self, earlier: Self) -> core::time::Duration {
        let nanos = self.0.saturating_sub(earlier.0);
        core::time::Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }

    /// Reads the exact text form; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: &[u8; TEXT_BYTES] = text.as_bytes().try_into().ok()?;
        let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (29, b'Z')];
        if separators.iter().any(|&(at, wanted)| bytes[at] != wanted) {
            return None;
        }
        let (year, month, day) = (number(&bytes[0..4])?, number(&bytes[5..7])?, number(&bytes[8..10])?);
        let (hour, minute, second) =
            (number(&bytes[11..13])?, number(&bytes[14..16])?, number(&bytes[17..19])?);
        let nanos = number(&bytes[20..29])?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let days = days_from_civil(year, month, day)?;
        let seconds = days * SECONDS_A_DAY + hour * 3600 + minute * 60 + second;
        seconds.checked_mul(NANOS_A_SECOND)?.checked_add(nanos).map(Self)
    }

    /// Calendar months since year 0, in UTC.
    pub(crate) fn months(self) -> i64 {
        let (year, month, _) = civil_from_days(self.0 / NANOS_A_SECOND / SECONDS_A_DAY);
        year * 12 + month - 1
    }

    fn text(self) -> [u8; TEXT_BYTES] {
        let (seconds, nanos) = (self.0 / NANOS_A_SECOND, self.0 % NANOS_A_SECOND);
        let (days, clock) = (seconds / SECONDS_A_DAY, seconds % SECONDS_A_DAY);
        let (year, month, day) = civil_from_days(days);
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        put(&mut text[0..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], clock / 3600);
        put(&mut text[14..16], clock / 60 % 60);
        put(&mut text[17..19], clock % 60);
        put(&mut text[20..29], nanos);
        text
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    let mut value = 0_i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        value = value * 10 + i64::from(digit - b'0');
    }
    Some(value)
}

fn put(place: &mut [u8], mut value: i64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date, counted in 400-year eras that begin in March, so
/// that the leap day is the last of its year. `None` if there is no such day or it is before 1970.
fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1970..=2262).contains(&year) || !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (shifted / 400, shifted % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some(era * 146_097 + day_of_era - 719_468)
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(core::str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
    }
}

impl Serialize for Utc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.text();
        serializer.serialize_str(core::str::from_utf8(&text).map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Utc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(UtcVisitor)
    }
}

struct UtcVisitor;

impl de::Visitor<'_> for UtcVisitor {
    type Value = Utc;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a UTC time like 2025-04-09T23:57:33.318514000Z")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Utc, E> {
        Utc::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn known_instants_have_their_known_text() {
        assert_eq!(Utc::from_nanos(0).to_string(), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(Utc::from_nanos(951_782_400_000_000_001).to_string(), "2000-02-29T00:00:00.000000001Z");
        assert_eq!(Utc::from_nanos(1_744_243_053_318_514_000).to_string(), "2025-04-09T23:57:33.318514000Z");
    }

    #[test]
    fn a_day_that_does_not_exist_is_refused() {
        assert!(Utc::parse("2025-02-29T00:00:00.000000000Z").is_none());
        assert!(Utc::parse("2025-04-31T00:00:00.000000000Z").is_none());
        assert!(Utc::parse("2025-04-09T24:00:00.000000000Z").is_none());
        assert!(Utc::parse("2025-04-09T23:57:33Z").is_none());
    }

    proptest! {
        #[test]
        fn every_instant_round_trips_through_its_text(nanos in 0_i64..i64::MAX) {
            let instant = Utc::from_nanos(nanos);
            prop_assert_eq!(Utc::parse(&instant.to_string()), Some(instant));
        }
    }
}
