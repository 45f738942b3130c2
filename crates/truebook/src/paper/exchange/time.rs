//! What happens by itself: orders that run out, cancellations that take effect, requests that come late.

use super::Exchange;
use crate::paper::record::OrderStatus;
use crate::paper::settings::Session;
use core::time::Duration;
use truebook_core::id::VenueOrderId;
use truebook_core::order::TimeInForce;
use truebook_core::time::Utc;

const NANOS_A_DAY: i64 = 86_400_000_000_000;

enum Due {
    Order(VenueOrderId),
    Late(u64),
}

impl Exchange {
    /// Lets everything happen that is due, in the order in which it is due.
    pub fn advance(&mut self, now: Utc) {
        while let Some((at, due)) = self.next_due(now) {
            let at = self.moment(at);
            match due {
                Due::Order(id) => self.run_out(&id, at),
                Due::Late(number) => self.come_late(number, at),
            }
        }
    }

    fn next_due(&self, now: Utc) -> Option<(Utc, Due)> {
        let order = self.due.first().map(|(at, id)| (*at, Due::Order(id.clone())));
        let late = self.late.iter().min_by_key(|(number, late)| (late.due, **number));
        let late = late.map(|(number, late)| (late.due, Due::Late(*number)));
        let next = match (order, late) {
            (Some(order), Some(late)) => Some(if order.0 <= late.0 { order } else { late }),
            (order, late) => order.or(late),
        };
        next.filter(|(at, _)| *at <= now)
    }

    fn run_out(&mut self, id: &VenueOrderId, at: Utc) {
        if self.live(id).is_some_and(|record| record.takes_over.is_some_and(|takes_over| takes_over.at <= at))
        {
            self.due.remove(&(at, id.clone()));
            return self.take_over(id, at);
        }
        let cancelled = self.live(id).is_some_and(|record| record.cancels_at.is_some_and(|when| when <= at));
        if cancelled {
            self.cancel_group(id, "cancelled by the client", at);
        } else {
            self.end(id, OrderStatus::Expired, "its time in force ran out", at);
        }
        self.due.retain(|(when, due)| due != id || *when > at);
    }

    fn come_late(&mut self, number: u64, at: Utc) {
        let Some(late) = self.late.remove(&number) else { return };
        self.changed.late.insert(number);
        // Whoever sent it is gone: a refusal is told to nobody.
        let _ = self.submit_with(&late.request, late.handling, at);
    }

    /// From when on queries show what is made now.
    pub(super) fn shown_from(&self, now: Utc) -> Utc {
        later(now, self.settings.capabilities.propagation)
    }

    /// When an order of this time in force ends by itself.
    pub(super) fn end_of(&self, time_in_force: TimeInForce, expires: Option<Utc>, now: Utc) -> Option<Utc> {
        match (time_in_force, self.settings.session) {
            (TimeInForce::Gtd, _) => expires,
            (TimeInForce::Day, Session::EndsDaily(end)) => Some(next_end(now, end)),
            _ => None,
        }
    }
}

/// The next session end after now.
fn next_end(now: Utc, end: Duration) -> Utc {
    let midnight = now.nanos() - now.nanos() % NANOS_A_DAY;
    let today = later(Utc::from_nanos(midnight), end);
    if today > now { today } else { Utc::from_nanos(today.nanos().saturating_add(NANOS_A_DAY)) }
}

/// So much later.
pub(in crate::paper) fn later(now: Utc, by: Duration) -> Utc {
    let nanos = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
    Utc::from_nanos(now.nanos().saturating_add(nanos))
}

/// So much earlier.
pub(in crate::paper) fn earlier(now: Utc, by: Duration) -> Utc {
    let nanos = i64::try_from(by.as_nanos()).unwrap_or(i64::MAX);
    Utc::from_nanos(now.nanos().saturating_sub(nanos))
}
