//! Requests to the venue within its limits: each is sent once, or it is said why not.

use super::budget::{Budget, Urgency};
use super::classify::{self, Asked};
use super::transport::{Call, Http, Reply};
use core::time::Duration;
use form_urlencoded::{Serializer, byte_serialize};
use serde::de::DeserializeOwned;
use std::time::{Instant, SystemTime};
use truebook::venue::{VenueError, VenueErrorKind};
use truebook_core::time::Utc;

/// How long the venue's own limit is waited for if it does not say.
const LIMITED_FOR: Duration = Duration::from_secs(5);

/// A request, all but the host.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    /// GET, POST, PATCH or DELETE.
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) path: &'a str,
    /// A JSON body.
    pub(crate) body: Option<&'a str>,
    /// How urgent it is.
    pub(crate) urgency: Urgency,
    /// What is asked for.
    pub(crate) asked: Asked,
}

/// One host of the venue.
#[derive(Debug)]
pub(crate) struct Api {
    /// Address without a path.
    pub(crate) base: String,
    /// The connection.
    pub(crate) http: Http,
    /// How much may be sent.
    pub(crate) budget: Budget,
    /// How long a request may wait for its turn.
    pub(crate) patience: Duration,
}

impl Api {
    /// Sends a request once, when it is its turn. `Ok` is a reply that says yes.
    pub(crate) fn send(&self, ask: &Ask<'_>) -> Result<Reply, VenueError> {
        self.wait_for_turn(ask.urgency)?;
        let call = Call { method: ask.method, url: format!("{}{}", self.base, ask.path), body: ask.body };
        let reply = self.http.send(&call).map_err(classify::failure)?;
        if reply.status == 429 {
            self.budget.close_for(limited_for(&reply), Instant::now());
        }
        if (200..300).contains(&reply.status) {
            return Ok(reply);
        }
        Err(classify::reply(&reply, ask.asked, now()))
    }

    fn wait_for_turn(&self, urgency: Urgency) -> Result<(), VenueError> {
        let begun = Instant::now();
        while let Err(wait) = self.budget.take(urgency, Instant::now()) {
            if begun.elapsed() + wait > self.patience {
                let nanos = i64::try_from(wait.as_nanos()).unwrap_or(i64::MAX);
                let until = Utc::from_nanos(now().nanos().saturating_add(nanos));
                let words = "held back: the minute's requests are used up";
                return Err(VenueError::new(VenueErrorKind::RateLimited(Some(until)), words));
            }
            std::thread::sleep(wait);
        }
        Ok(())
    }

    /// Reads something; `None` if the venue says that it is not there.
    pub(crate) fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, VenueError> {
        match self.get(path) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind == VenueErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Reads something.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, VenueError> {
        let urgency = Urgency::Usual;
        let reply = self.send(&Ask { method: "GET", path, body: None, urgency, asked: Asked::Read })?;
        body(&reply)
    }
}

/// How long the venue wants fewer requests.
fn limited_for(reply: &Reply) -> Duration {
    let until_reset = || {
        let seconds = reply.reset_at?.checked_sub(now().nanos() / 1_000_000_000)?;
        u64::try_from(seconds).ok()
    };
    reply.retry_after.or_else(until_reset).map_or(LIMITED_FOR, Duration::from_secs)
}

/// What a reply says.
pub(crate) fn body<T: DeserializeOwned>(reply: &Reply) -> Result<T, VenueError> {
    serde_json::from_slice(&reply.body).map_err(|error| classify::unreadable(reply, error))
}

/// A path with its query.
pub(crate) fn query<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs = Serializer::new(String::new()).extend_pairs(pairs).finish();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{pairs}") }
}

/// One part of a path, whatever is in it.
pub(crate) fn part(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// Our clock.
pub(crate) fn now() -> Utc {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Utc::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}
