//! RFC 3339 times as the venue writes them: any number of decimals, any offset.

use truebook_core::time::Utc;

const NANOS_A_SECOND: i64 = 1_000_000_000;
const SECONDS_TEXT: usize = 19;

/// Reads `2025-06-24T14:15:22-04:00`, `2021-03-16T18:38:01.942282Z` and the like; decimals beyond the ninth
/// are cut off. `None` for anything else.
pub fn parse(text: &str) -> Option<Utc> {
    if !text.is_ascii() || text.len() <= SECONDS_TEXT {
        return None;
    }
    let (seconds, rest) = text.split_at(SECONDS_TEXT);
    let end_of_decimals = rest.find(['Z', 'z', '+', '-'])?;
    let (decimals, zone) = rest.split_at(end_of_decimals);
    let decimals = if decimals.is_empty() { "" } else { decimals.strip_prefix('.')? };
    let nanos = &decimals[..decimals.len().min(9)];
    let local = Utc::parse(&format!("{}.{nanos:0<9}Z", seconds.replace(' ', "T")))?;
    Some(Utc::from_nanos(local.nanos().checked_sub(offset(zone)?.checked_mul(NANOS_A_SECOND)?)?))
}

/// Seconds east of Greenwich.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.chars().next()? {
        'Z' | 'z' => return (zone.len() == 1).then_some(0),
        '+' => 1,
        _ => -1,
    };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// The same time without needless decimals, as most servers write it.
pub fn write(time: Utc) -> String {
    let text = time.to_string();
    let short = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
    format!("{short}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_with_any_offset_and_any_decimals_are_read() {
        let wanted = Utc::parse("2025-06-24T18:15:22.000000000Z");
        assert_eq!(parse("2025-06-24T14:15:22-04:00"), wanted);
        assert_eq!(parse("2025-06-24T18:15:22Z"), wanted);
        assert_eq!(parse("2025-06-24T23:45:22.0+05:30"), wanted);
        assert_eq!(parse("2022-07-27T08:12:33.66902729Z"), Utc::parse("2022-07-27T08:12:33.669027290Z"));
        assert_eq!(parse("2022-07-27"), None);
        assert_eq!(parse("2022-07-27T08:12:33"), None);
    }

    #[test]
    fn a_time_that_is_written_is_read_again() {
        for nanos in [0, 1, 1_744_243_053_318_514_000, 1_744_243_050_000_000_000] {
            let time = Utc::from_nanos(nanos);
            assert_eq!(parse(&write(time)), Some(time));
        }
        assert_eq!(write(Utc::from_nanos(1_744_243_050_000_000_000)), "2025-04-09T23:57:30Z");
    }
}
