//! What a reply proves. A refusal is believed only if it is one that the venue documents as raised before it
//! had an order; everything else that is not plain is unknown.

use super::transport::{Failure, Reply};
use super::wire::Refusal;
use truebook::venue::{VenueError, VenueErrorKind};
use truebook_core::time::Utc;

/// What was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To take an order, or to replace one.
    Order,
    /// To cancel one.
    Cancel,
    /// For information.
    Read,
}

/// Codes of refusals from before the engine, with the status they come with: malformed, not acceptable, not
/// enough money or shares, day trading rules.
const REFUSED: [(u16, u32); 7] = [
    (400, 40_010_000),
    (400, 40_010_001),
    (403, 40_310_000),
    (403, 40_310_100),
    (422, 40_010_000),
    (422, 40_010_001),
    (422, 42_210_000),
];

const DUPLICATE: &str = "client_order_id must be unique";
const NOT_FOUND: u32 = 40_410_000;
const NANOS_A_SECOND: i64 = 1_000_000_000;

/// A reply that is not the one that was hoped for.
pub(crate) fn reply(reply: &Reply, asked: Asked, now: Utc) -> VenueError {
    let refusal: Option<Refusal> = serde_json::from_slice(&reply.body).ok();
    let code = refusal.as_ref().and_then(|refusal| refusal.code.clone());
    let number = code.as_ref().and_then(|code| code.parse::<u32>().ok());
    let words = refusal.and_then(said).unwrap_or_else(|| shown(&reply.body));
    let kind = kind(reply, number, &words, asked, now);
    let error = VenueError::new(kind, format!("status {}: {words}", reply.status));
    code.map_or(error.clone(), |code| error.with_code(code.as_str()))
}

/// The message, and what comes with it: one code can mean several things, which these tell apart.
fn said(refusal: Refusal) -> Option<String> {
    let details = refusal.other.iter().map(|(name, text)| format!("{name} {text}"));
    let details: Vec<String> = details.collect();
    let message = refusal.message?;
    Some(if details.is_empty() { message } else { format!("{message} ({})", details.join(", ")) })
}

fn kind(reply: &Reply, code: Option<u32>, words: &str, asked: Asked, now: Utc) -> VenueErrorKind {
    match (reply.status, code) {
        (401, _) => VenueErrorKind::Unauthorized,
        // So the gateway says that it does not know the keys; a refusal of the venue's own has a code.
        (403, None) if words.trim_end_matches('.').eq_ignore_ascii_case("forbidden") => {
            VenueErrorKind::Unauthorized
        }
        (429, _) => VenueErrorKind::RateLimited(until(reply, now)),
        (404, Some(NOT_FOUND)) => VenueErrorKind::NotFound,
        (422, _) if asked == Asked::Cancel => not_cancelled(words),
        (422, _) if words.contains(DUPLICATE) => VenueErrorKind::Duplicate,
        (status, Some(code)) if REFUSED.contains(&(status, code)) => VenueErrorKind::Refused,
        _ => VenueErrorKind::Unknown,
    }
}

/// The venue cancels no order that is over, and none that is being replaced: only the latter is alive for
/// certain, for the rest one has to look.
fn not_cancelled(words: &str) -> VenueErrorKind {
    if words.contains("pending_replace") { VenueErrorKind::Refused } else { VenueErrorKind::NotFound }
}

fn until(reply: &Reply, now: Utc) -> Option<Utc> {
    let after = reply.retry_after.and_then(|seconds| i64::try_from(seconds).ok());
    let after = after.and_then(|seconds| now.nanos().checked_add(seconds.checked_mul(NANOS_A_SECOND)?));
    let at = || reply.reset_at.and_then(|seconds| seconds.checked_mul(NANOS_A_SECOND));
    after.or_else(at).map(Utc::from_nanos)
}

/// No reply at all.
pub(crate) fn failure(failure: Failure) -> VenueError {
    match failure {
        Failure::NotSent(words) => VenueError::new(VenueErrorKind::NotSent, words),
        Failure::Lost(words) => VenueError::new(VenueErrorKind::Unknown, words),
    }
}

/// A reply that says yes, in words that cannot be read.
pub(crate) fn unreadable(reply: &Reply, why: impl core::fmt::Display) -> VenueError {
    let words = format!("status {}, but {why}: {}", reply.status, shown(&reply.body));
    VenueError::new(VenueErrorKind::Unknown, words)
}

/// The beginning of a body, for a message.
fn shown(body: &[u8]) -> String {
    const BYTES: usize = 200;
    String::from_utf8_lossy(&body[..body.len().min(BYTES)]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(status: u16, body: &str, asked: Asked) -> VenueErrorKind {
        let answer = Reply { status, body: body.into(), retry_after: None, reset_at: None };
        reply(&answer, asked, Utc::from_nanos(0)).kind
    }

    #[test]
    fn only_documented_refusals_are_refusals() {
        let of = |status, body| kind_of(status, body, Asked::Order);
        let short = r#"{"code":40310000,"message":"insufficient buying power"}"#;
        assert_eq!(of(403, short), VenueErrorKind::Refused);
        assert_eq!(of(422, r#"{"code":42210000,"message":"invalid qty"}"#), VenueErrorKind::Refused);
        assert_eq!(of(422, r#"{"code":"40010001","message":"qty is required"}"#), VenueErrorKind::Refused);
        for (status, body) in [
            (422, "<html>a proxy</html>"),
            (403, r#"{"message":"blocked by policy"}"#),
            (403, r#"{"code":40319999,"message":"?"}"#),
            (400, "Bad Request"),
            (409, "{}"),
            (302, ""),
            (500, short),
            (503, ""),
            (504, ""),
        ] {
            assert_eq!(of(status, body), VenueErrorKind::Unknown, "{status} {body}");
        }
    }

    #[test]
    fn what_comes_with_a_refusal_is_told() {
        let body = r#"{"code":40310000,"message":"insufficient qty","available":"0","existing_qty":"9"}"#;
        let answer = Reply { status: 403, body: body.into(), retry_after: None, reset_at: None };
        let error = reply(&answer, Asked::Order, Utc::from_nanos(0));
        assert!(error.message.contains(r#"insufficient qty (available "0", existing_qty "9")"#), "{error}");
    }

    #[test]
    fn an_id_that_was_used_before_means_that_there_is_an_order() {
        let body = r#"{"code":40010001,"message":"client_order_id must be unique"}"#;
        assert_eq!(kind_of(422, body, Asked::Order), VenueErrorKind::Duplicate);
    }

    #[test]
    fn an_order_that_cannot_be_cancelled_has_to_be_looked_at_unless_it_is_being_replaced() {
        let of = |body| kind_of(422, body, Asked::Cancel);
        assert_eq!(
            of(r#"{"code":42210000,"message":"order is already in \"filled\" state"}"#),
            VenueErrorKind::NotFound
        );
        assert_eq!(of(r#"{"code":42210000,"message":"order is pending_replace"}"#), VenueErrorKind::Refused);
        assert_eq!(
            kind_of(404, r#"{"code":40410000,"message":"order not found"}"#, Asked::Cancel),
            VenueErrorKind::NotFound
        );
        assert_eq!(kind_of(404, "no such page", Asked::Cancel), VenueErrorKind::Unknown);
    }

    #[test]
    fn keys_that_are_not_accepted_are_told_apart_from_orders_that_are_not() {
        assert_eq!(kind_of(401, "", Asked::Order), VenueErrorKind::Unauthorized);
        assert_eq!(kind_of(403, r#"{"message":"forbidden."}"#, Asked::Read), VenueErrorKind::Unauthorized);
    }

    #[test]
    fn how_long_to_wait_is_taken_from_either_header() {
        let now = Utc::from_nanos(5 * NANOS_A_SECOND);
        let kind = |retry_after, reset_at| {
            reply(&Reply { status: 429, body: Vec::new(), retry_after, reset_at }, Asked::Order, now).kind
        };
        let at = |seconds: i64| VenueErrorKind::RateLimited(Some(Utc::from_nanos(seconds * NANOS_A_SECOND)));
        assert_eq!(kind(Some(7), Some(99)), at(12));
        assert_eq!(kind(None, Some(99)), at(99));
        assert_eq!(kind(None, None), VenueErrorKind::RateLimited(None));
    }
}
