//! What is answered, broken answers included.

use serde::Serialize;
use serde_json::{Value, json};
use truebook::venue::{VenueError, VenueErrorKind};
use truebook_core::time::Utc;

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A reply with a body of JSON.
    Json { status: u16, body: String, retry_after: Option<u64> },
    /// A reply without a body.
    Empty(u16),
    /// No reply: the connection closes.
    Abort,
    /// A reply whose body breaks off.
    Broken(String),
}

const NANOS_A_SECOND: u64 = 1_000_000_000;

impl Answer {
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_string(body) {
            Ok(body) => Self::Json { status, body, retry_after: None },
            Err(error) => Self::error(500, 50_010_000, &error.to_string()),
        }
    }

    pub(crate) fn ok(body: &impl Serialize) -> Self {
        Self::json(200, body)
    }

    pub(crate) fn error(status: u16, code: u64, message: &str) -> Self {
        Self::json(status, &json!({ "code": code, "message": message }))
    }

    pub(crate) fn invalid(message: &str) -> Self {
        Self::error(422, 40_010_001, message)
    }

    pub(crate) fn not_found(message: &str) -> Self {
        Self::error(404, 40_410_000, message)
    }

    /// What went wrong at the venue, as it is seen on the wire.
    pub(crate) fn of(error: &VenueError, now: Utc) -> Self {
        match (error.kind, error.code.as_deref()) {
            (VenueErrorKind::Unknown, Some("reply_lost" | "request_lost")) => Self::Abort,
            (VenueErrorKind::Unknown, Some("unreadable")) => {
                Self::Json { status: 200, body: "{\"id\":\"".to_owned(), retry_after: None }
            }
            (VenueErrorKind::Unknown, Some("42910000")) => Self::too_many(&error.message, None, now),
            (VenueErrorKind::Unknown, Some("late")) => Self::error(504, 50_410_000, &error.message),
            (VenueErrorKind::Unknown | VenueErrorKind::NotSent, _) => {
                Self::error(500, 50_010_000, &error.message)
            }
            (VenueErrorKind::Maintenance, _) => Self::error(503, 50_310_000, &error.message),
            (VenueErrorKind::RateLimited(until), _) => Self::too_many(&error.message, until, now),
            (VenueErrorKind::Unauthorized, _) => Self::unauthorized(),
            (_, code) => Self::refused(code, &error.message),
        }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::error(401, 40_110_000, "request is not authorized")
    }

    fn too_many(message: &str, until: Option<Utc>, now: Utc) -> Self {
        let nanos = until.map_or(1, |until| until.nanos() - now.nanos());
        let seconds = u64::try_from(nanos).unwrap_or(0).div_ceil(NANOS_A_SECOND);
        let body = json!({ "code": 42_910_000, "message": message }).to_string();
        Self::Json { status: 429, body, retry_after: Some(seconds) }
    }

    /// A code begins with its status, but for the one that is sent with 422.
    fn refused(code: Option<&str>, message: &str) -> Self {
        let code: u64 = code.and_then(|code| code.parse().ok()).unwrap_or(40_010_001);
        let status = u16::try_from(code / 100_000).ok().filter(|status| (403..=422).contains(status));
        let status = status.unwrap_or(422);
        Self::error(status, code, message)
    }

    /// A body that came through only in part.
    pub(crate) fn broken(rows: &Value) -> Self {
        let whole = rows.to_string();
        Self::Broken(whole.trim_end_matches(']').to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: VenueErrorKind, code: &str) -> Answer {
        Answer::of(&VenueError::new(kind, "why").with_code(code), Utc::from_nanos(0))
    }

    fn status(answer: &Answer) -> u16 {
        match answer {
            Answer::Json { status, .. } | Answer::Empty(status) => *status,
            Answer::Abort | Answer::Broken(_) => 0,
        }
    }

    #[test]
    fn a_lost_reply_is_a_connection_that_closes_without_one() {
        assert_eq!(of(VenueErrorKind::Unknown, "reply_lost"), Answer::Abort);
        assert_eq!(of(VenueErrorKind::Unknown, "request_lost"), Answer::Abort);
        assert_eq!(status(&of(VenueErrorKind::Unknown, "late")), 504);
    }

    #[test]
    fn refusals_have_the_status_that_the_broker_gives_them() {
        assert_eq!(status(&of(VenueErrorKind::Duplicate, "40010001")), 422);
        assert_eq!(status(&of(VenueErrorKind::Refused, "40310000")), 403);
        assert_eq!(status(&of(VenueErrorKind::NotFound, "40410000")), 404);
        assert_eq!(status(&of(VenueErrorKind::NotFound, "42210000")), 422);
        let limited = of(VenueErrorKind::RateLimited(Some(Utc::from_nanos(1_500_000_000))), "x");
        assert!(matches!(limited, Answer::Json { status: 429, retry_after: Some(2), .. }));
    }
}
