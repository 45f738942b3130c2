//! Which generations of a backup are kept: a pure function of what is there.
//!
//! Only verified generations fill the places that a rule gives, so a newer one that nobody proved never
//! makes an older one go. Order is by number; the time of making only tells into which hour or month one
//! falls.

use crate::time::Utc;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How many verified generations are kept when nothing else is said.
pub const KEEP_LAST: u32 = 10;

const NANOS_A_SECOND: i64 = 1_000_000_000;
const SECONDS_AN_HOUR: i64 = 3600;
const SECONDS_A_DAY: i64 = 86_400;
/// 1970-01-01 was a Thursday; weeks begin on Monday.
const DAYS_TO_MONDAY: i64 = 3;

/// What is kept. Each rule keeps by itself; a generation goes only if no rule keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// So many of the newest.
    pub last: u32,
    /// The newest of each hour, for the last so many hours that have one.
    #[serde(default)]
    pub hourly: u32,
    /// The newest of each day (UTC), likewise.
    #[serde(default)]
    pub daily: u32,
    /// The newest of each week (Monday to Sunday, UTC), likewise.
    #[serde(default)]
    pub weekly: u32,
    /// The newest of each month (UTC), likewise.
    #[serde(default)]
    pub monthly: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { last: KEEP_LAST, hourly: 0, daily: 0, weekly: 0, monthly: 0 }
    }
}

/// What is known of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It was restored elsewhere and replayed, and the state was the one stored.
    Verified,
    /// Nobody tried yet.
    Unverified,
    /// Something speaks against what was stored: kept for people to look at.
    Suspicious,
    /// It cannot be restored.
    Damaged,
}

/// A generation, as far as keeping it is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub created_at: Utc,
    /// What is known of it.
    pub standing: Standing,
}

/// What becomes of a generation, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Kept: one of the newest verified.
    Recent,
    /// Kept: the newest verified of its hour, day, week or month.
    Periodic,
    /// Kept until it is verified, or until enough newer ones are.
    Unproven,
    /// Kept for people to look at.
    ForPeople,
    /// Removed: enough verified generations are newer.
    Surplus,
}

impl Fate {
    /// Whether the generation stays.
    pub const fn is_kept(self) -> bool {
        !matches!(self, Self::Surplus)
    }
}

/// Decides about each candidate, in the order given.
pub fn decide(candidates: &[Candidate], keep: &Keep) -> Vec<Fate> {
    let mut verified: Vec<_> =
        candidates.iter().filter(|candidate| candidate.standing == Standing::Verified).collect();
    verified.sort_by_key(|candidate| core::cmp::Reverse(candidate.number));
    // The newest verified one is never given up, whatever the rule says.
    let last = usize::try_from(keep.last.max(1)).unwrap_or(usize::MAX);
    let recent: BTreeSet<u64> = verified.iter().take(last).map(|candidate| candidate.number).collect();
    let periodic = periodic(&verified, keep);
    // Below this number, `last` verified generations are newer.
    let enough_above = verified.get(last - 1).map(|candidate| candidate.number);
    let fates: Vec<_> = candidates
        .iter()
        .map(|candidate| match candidate.standing {
            Standing::Verified if recent.contains(&candidate.number) => Fate::Recent,
            Standing::Verified if periodic.contains(&candidate.number) => Fate::Periodic,
            Standing::Verified => Fate::Surplus,
            Standing::Suspicious => Fate::ForPeople,
            Standing::Unverified | Standing::Damaged => {
                if enough_above.is_some_and(|lowest| candidate.number < lowest) {
                    Fate::Surplus
                } else {
                    Fate::Unproven
                }
            }
        })
        .collect();
    assert!(verified.is_empty() || !recent.is_empty(), "a verified generation stays");
    fates
}

/// Tells into which hour, day, week or month a time falls, as a number.
type Period = fn(Utc) -> i64;

/// The newest of each of the last periods that have one. `verified` is newest first.
fn periodic(verified: &[&Candidate], keep: &Keep) -> BTreeSet<u64> {
    let rules: [(u32, Period); 4] =
        [(keep.hourly, hour), (keep.daily, day), (keep.weekly, week), (keep.monthly, Utc::months)];
    let mut kept = BTreeSet::new();
    for (count, period_of) in rules {
        let mut periods = BTreeSet::new();
        for candidate in verified {
            if periods.len() == usize::try_from(count).unwrap_or(usize::MAX) {
                break;
            }
            if periods.insert(period_of(candidate.created_at)) {
                kept.insert(candidate.number);
            }
        }
    }
    kept
}

fn hour(time: Utc) -> i64 {
    time.nanos() / NANOS_A_SECOND / SECONDS_AN_HOUR
}

fn day(time: Utc) -> i64 {
    time.nanos() / NANOS_A_SECOND / SECONDS_A_DAY
}

fn week(time: Utc) -> i64 {
    (day(time) + DAYS_TO_MONDAY) / 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Utc {
        Utc::parse(&text.replace('Z', ".000000000Z")).unwrap()
    }

    /// `V` verified, `U` unverified, `S` suspicious, `D` damaged, a minute apart, oldest first; kept ones are
    /// upper case in the answer.
    fn decided(standings: &str, last: u32) -> alloc::string::String {
        let candidates: Vec<_> = standings
            .chars()
            .zip(1..)
            .map(|(standing, number)| Candidate {
                number,
                created_at: Utc::from_nanos(i64::try_from(number).unwrap() * 60 * NANOS_A_SECOND),
                standing: match standing {
                    'V' => Standing::Verified,
                    'U' => Standing::Unverified,
                    'S' => Standing::Suspicious,
                    _ => Standing::Damaged,
                },
            })
            .collect();
        let fates = decide(&candidates, &Keep { last, ..Keep::default() });
        let letters = standings.chars().zip(fates);
        letters
            .map(|(letter, fate)| if fate.is_kept() { letter } else { letter.to_ascii_lowercase() })
            .collect()
    }

    #[test]
    fn p9_the_table_of_what_is_kept() {
        for (last, answer) in [
            (10, ""),
            (10, "V"),
            (3, "vvVVV"),
            (3, "VVV"),
            // One that nobody proved never makes a verified one go, however many there are.
            (1, "VUUUU"),
            (2, "vVVUUUUUU"),
            (2, "VUUUUUUDD"),
            // Without any that is verified nothing goes.
            (1, "UUUUUUUU"),
            (2, "DDUU"),
            // Old unproven and damaged ones go when enough verified ones are newer.
            (2, "uVV"),
            (2, "dVuV".replace('u', "U").as_str()),
            (2, "dudVUDV"),
            // What is suspicious is for people, and never fills a place.
            (2, "SvVVS"),
            (1, "SVSS"),
            // The newest verified one stays even if nothing is to be kept.
            (0, "vvV"),
            (0, "vVU"),
        ] {
            assert_eq!(decided(&answer.to_ascii_uppercase(), last), answer, "keep {last}");
        }
    }

    #[test]
    fn p9_the_newest_of_each_period_is_kept() {
        let times = [
            "2026-01-31T23:00:00Z",
            "2026-02-01T01:00:00Z",
            "2026-02-01T01:30:00Z",
            "2026-02-02T00:00:00Z",
            "2026-02-02T10:00:00Z",
            "2026-02-02T10:20:00Z",
        ];
        let candidates: Vec<_> = times
            .iter()
            .zip(1..)
            .map(|(time, number)| Candidate { number, created_at: at(time), standing: Standing::Verified })
            .collect();
        let kept = |keep: Keep| -> Vec<u64> {
            let fates = decide(&candidates, &keep);
            candidates
                .iter()
                .zip(fates)
                .filter(|(_, fate)| fate.is_kept())
                .map(|(one, _)| one.number)
                .collect()
        };
        let none = Keep { last: 1, ..Keep::default() };
        assert_eq!(kept(none), [6]);
        assert_eq!(kept(Keep { hourly: 3, ..none }), [3, 4, 6]);
        assert_eq!(kept(Keep { daily: 2, ..none }), [3, 6]);
        assert_eq!(kept(Keep { daily: 9, ..none }), [1, 3, 6]);
        // 2026-02-01 is a Sunday: the week before.
        assert_eq!(kept(Keep { weekly: 2, ..none }), [3, 6]);
        assert_eq!(kept(Keep { monthly: 2, ..none }), [1, 6]);
    }

    fn standing() -> impl Strategy<Value = Standing> {
        prop_oneof![
            Just(Standing::Verified),
            Just(Standing::Unverified),
            Just(Standing::Suspicious),
            Just(Standing::Damaged)
        ]
    }

    /// Generations made at these seconds, numbered from 1.
    fn numbered(standings: &[(Standing, i64)]) -> Vec<Candidate> {
        let numbers = standings.iter().zip(1..);
        let candidate = |(&(standing, seconds), number): (&(Standing, i64), u64)| Candidate {
            number,
            created_at: Utc::from_nanos(seconds * NANOS_A_SECOND),
            standing,
        };
        numbers.map(candidate).collect()
    }

    proptest! {
        #[test]
        fn p9_whatever_comes_newer_without_proof_makes_nothing_go(
            standings in proptest::collection::vec((standing(), 0_i64..4_000_000), 0..40),
            newer in 1_usize..20,
            last in 0_u32..5,
            daily in 0_u32..3,
        ) {
            let keep = Keep { last, daily, ..Keep::default() };
            let mut candidates = numbered(&standings);
            let before = decide(&candidates, &keep);
            let verified = |fates: &[Fate], rows: &[Candidate]| {
                rows.iter().zip(fates).filter(|(row, fate)| row.standing == Standing::Verified && fate.is_kept()).count()
            };
            let had_one = candidates.iter().any(|row| row.standing == Standing::Verified);
            prop_assert!(!had_one || verified(&before, &candidates) > 0);
            for extra in 0..newer {
                let number = 1000 + extra as u64;
                let created_at = Utc::from_nanos(5_000_000 * NANOS_A_SECOND);
                candidates.push(Candidate { number, created_at, standing: Standing::Unverified });
            }
            let after = decide(&candidates, &keep);
            prop_assert_eq!(&after[..before.len()], &before[..]);
        }

        #[test]
        fn deciding_again_after_the_surplus_is_gone_removes_nothing_more(
            standings in proptest::collection::vec((standing(), 0_i64..4_000_000), 0..40),
            last in 0_u32..5,
            weekly in 0_u32..3,
        ) {
            let keep = Keep { last, weekly, ..Keep::default() };
            let candidates = numbered(&standings);
            let fates = decide(&candidates, &keep);
            let left: Vec<_> =
                candidates.iter().zip(fates).filter(|(_, fate)| fate.is_kept()).map(|(row, _)| *row).collect();
            prop_assert!(decide(&left, &keep).iter().all(|fate| fate.is_kept()));
        }
    }
}
