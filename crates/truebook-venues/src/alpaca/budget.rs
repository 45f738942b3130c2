//! How many requests may be sent: the venue counts by the minute, and what makes risk smaller goes first.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The venue counts requests in windows of this length.
const WINDOW: Duration = Duration::from_mins(1);

/// How urgent a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// It makes risk smaller: a cancel, an exit.
    First,
    /// Everything else.
    Usual,
}

/// The requests of the last minute.
#[derive(Debug)]
pub(crate) struct Budget {
    a_minute: usize,
    reserve: usize,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    at: VecDeque<Instant>,
    /// The venue said that it wants nothing before this.
    closed_until: Option<Instant>,
}

impl Budget {
    /// At most so many in any minute, the last `reserve` of them for what is urgent.
    pub(crate) fn new(a_minute: u32, reserve: u32) -> Self {
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        Self {
            a_minute: count(a_minute).max(1),
            reserve: count(reserve.min(a_minute.saturating_sub(1))),
            spent: Mutex::default(),
        }
    }

    /// Takes one request out, or says how long until one can be taken.
    pub(crate) fn take(&self, urgency: Urgency, now: Instant) -> Result<(), Duration> {
        let mut spent = self.lock();
        while spent.at.front().is_some_and(|at| now.duration_since(*at) >= WINDOW) {
            spent.at.pop_front();
        }
        let (limit, closed) = match urgency {
            Urgency::First => (self.a_minute, None),
            Urgency::Usual => (self.a_minute - self.reserve, spent.closed_until),
        };
        if let Some(until) = closed.filter(|until| *until > now) {
            return Err(until.duration_since(now));
        }
        if spent.at.len() >= limit {
            // So many of the oldest must have left the window.
            let oldest = spent.at[spent.at.len() - limit];
            return Err(WINDOW.saturating_sub(now.duration_since(oldest)));
        }
        spent.at.push_back(now);
        Ok(())
    }

    /// The venue refused a request: what is not urgent waits so long.
    pub(crate) fn close_for(&self, wait: Duration, now: Instant) {
        let until = now.checked_add(wait.min(WINDOW));
        let mut spent = self.lock();
        spent.closed_until = spent.closed_until.max(until);
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_for_what_makes_risk_smaller() {
        let (budget, now) = (Budget::new(5, 2), Instant::now());
        for _ in 0..3 {
            budget.take(Urgency::Usual, now).unwrap();
        }
        assert!(budget.take(Urgency::Usual, now).is_err());
        budget.take(Urgency::First, now).unwrap();
        budget.take(Urgency::First, now).unwrap();
        assert!(budget.take(Urgency::First, now).is_err());
    }

    #[test]
    fn in_no_minute_more_is_sent_than_allowed() {
        let (budget, start) = (Budget::new(10, 3), Instant::now());
        let mut sent: Vec<Duration> = Vec::new();
        for step in 0..600_u32 {
            let at = Duration::from_millis(u64::from(step) * 500);
            let urgency = if step % 3 == 0 { Urgency::First } else { Urgency::Usual };
            if budget.take(urgency, start + at).is_ok() {
                sent.push(at);
            }
        }
        for at in &sent {
            let window = sent.iter().filter(|other| **other >= *at && **other < *at + WINDOW);
            assert!(window.count() <= 10);
        }
    }

    #[test]
    fn the_wait_that_is_named_is_long_enough() {
        let (budget, now) = (Budget::new(4, 2), Instant::now());
        budget.take(Urgency::Usual, now).unwrap();
        budget.take(Urgency::Usual, now + Duration::from_secs(1)).unwrap();
        let later = now + Duration::from_secs(2);
        let wait = budget.take(Urgency::Usual, later).unwrap_err();
        assert_eq!(wait, Duration::from_secs(58));
        budget.take(Urgency::Usual, later + wait).unwrap();
    }

    #[test]
    fn after_a_refusal_only_what_is_urgent_is_sent() {
        let (budget, now) = (Budget::new(10, 2), Instant::now());
        budget.close_for(Duration::from_secs(7), now);
        assert_eq!(budget.take(Urgency::Usual, now), Err(Duration::from_secs(7)));
        budget.take(Urgency::First, now).unwrap();
        budget.take(Urgency::Usual, now + Duration::from_secs(7)).unwrap();
    }
}
