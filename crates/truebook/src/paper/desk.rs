//! What the paper venue holds under its lock, and the way of every request through it: limits, faults, the
//! exchange, its memory, the streams.

use super::exchange::{Exchange, later};
use super::faults::{Fault, Faults, RequestKind};
use super::refusal::{Refusal, RefusalKind};
use super::store::PaperStore;
use super::stream::Hub;
use crate::venue::{VenueError, VenueErrorKind};
use core::time::Duration;
use std::collections::VecDeque;
use truebook_core::time::Utc;

/// All that the venue's lock guards.
pub(super) struct Desk {
    pub(super) exchange: Exchange,
    pub(super) faults: Faults,
    pub(super) hub: Hub,
    pub(super) store: Option<PaperStore>,
    pub(super) recent: VecDeque<Utc>,
    pub(super) broken: Option<String>,
}

const A_MINUTE: Duration = Duration::from_mins(1);

impl Desk {
    /// A request: what goes wrong before it, what is done, what goes wrong after it.
    pub(super) fn request<T>(
        &mut self,
        on: RequestKind,
        now: Utc,
        act: impl FnOnce(&mut Self, Option<&Fault>) -> Result<T, VenueError>,
    ) -> Result<T, VenueError> {
        self.advance(now)?;
        self.check_rate(now)?;
        let fault = self.faults.next(on);
        if let Some(failed) = fault.as_ref().and_then(|fault| never_done(fault, now)) {
            return Err(failed);
        }
        let answer = act(self, fault.as_ref());
        self.finish(now)?;
        match fault {
            Some(Fault::ReplyLost) => Err(unknown("reply_lost", "the reply was lost")),
            Some(Fault::TooManyYetDone) => Err(unknown("42910000", "too many requests")),
            Some(Fault::Unreadable) => Err(unknown("unreadable", "the reply cannot be read")),
            _ => answer,
        }
    }

    /// Lets everything happen that is due by now.
    pub(super) fn advance(&mut self, now: Utc) -> Result<(), VenueError> {
        if let Some(broken) = &self.broken {
            return Err(VenueError::new(VenueErrorKind::Maintenance, broken.clone()));
        }
        self.exchange.advance(now);
        self.finish(now)?;
        self.hub.advance(now);
        Ok(())
    }

    /// Keeps what changed, then tells it. What cannot be kept is told to nobody.
    pub(super) fn finish(&mut self, now: Utc) -> Result<(), VenueError> {
        if let Some(store) = &self.store
            && let Err(failed) = store.keep(&mut self.exchange)
        {
            let message = format!("the venue cannot keep what it has: {failed}");
            self.broken = Some(message.clone());
            return Err(unknown("store", &message));
        }
        let updates = self.exchange.take_updates();
        self.hub.publish(updates, &mut self.faults, now);
        Ok(())
    }

    fn check_rate(&mut self, now: Utc) -> Result<(), VenueError> {
        let Some(most) = self.exchange.settings().capabilities.requests_per_minute else { return Ok(()) };
        while self.recent.front().is_some_and(|first| later(*first, A_MINUTE) <= now) {
            self.recent.pop_front();
        }
        if let Some(first) = self.recent.front().filter(|_| self.recent.len() >= most as usize) {
            let until = later(*first, A_MINUTE);
            return Err(Refusal::new(RefusalKind::TooMany(until), "too many requests").into());
        }
        self.recent.push_back(now);
        Ok(())
    }
}

/// The answer to a request that is never done because of this fault.
fn never_done(fault: &Fault, now: Utc) -> Option<VenueError> {
    match fault {
        Fault::RequestLost => Some(unknown("request_lost", "no reply")),
        Fault::ServerError => Some(unknown("server_error", "the server had an error")),
        Fault::Maintenance => Some(VenueError::new(VenueErrorKind::Maintenance, "maintenance")),
        Fault::TooMany(time) => {
            Some(Refusal::new(RefusalKind::TooMany(later(now, *time)), "too many requests").into())
        }
        _ => None,
    }
}

pub(super) fn unknown(code: &str, message: &str) -> VenueError {
    VenueError::new(VenueErrorKind::Unknown, message).with_code(code)
}
