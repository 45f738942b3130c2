//! What the words mean by which venues say where an order stands, so that every adapter and every bot with a
//! client of its own reads them alike.

use truebook_core::life::Closing;
use truebook_core::observation::ReportStatus;

/// The meaning of a venue's word for an order's status. Case, `_`, `-` and blanks do not matter. `why_held` is
/// what some brokers tell besides: an order that is "inactive" because something is being located for it is
/// still live, and one that is "inactive" for no reason is over.
///
/// A word that is not known is [`ReportStatus::Odd`]: keep it, and guess nothing.
pub fn meaning(word: &str, why_held: Option<&str>) -> ReportStatus {
    let plain: String =
        word.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).map(|c| c.to_ascii_lowercase()).collect();
    let is_held = why_held.is_some_and(|why| !why.trim().is_empty());
    match plain.as_str() {
        "inactive" if is_held => ReportStatus::Live,
        "inactive" | "rejected" => ReportStatus::Ended(Closing::Rejected),
        "new" | "accepted" | "acceptedforbidding" | "open" | "working" | "live" | "submitted"
        | "presubmitted" | "pendingnew" | "pendingsubmit" | "apipending" | "held" | "partiallyfilled"
        | "partialfill" | "calculated" | "stopped" | "doneforday" => ReportStatus::Live,
        "pendingcancel" | "cancelling" | "canceling" => ReportStatus::PendingCancel,
        "pendingreplace" | "replacing" => ReportStatus::PendingReplace,
        "filled" => ReportStatus::Ended(Closing::Filled),
        "cancelled" | "canceled" | "apicancelled" => ReportStatus::Ended(Closing::Cancelled),
        "expired" | "expiredinmatch" => ReportStatus::Ended(Closing::Expired),
        "replaced" => ReportStatus::Ended(Closing::Replaced),
        _ => ReportStatus::Odd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inactive_order_is_over_unless_the_broker_says_what_it_is_held_for() {
        assert_eq!(meaning("Inactive", None), ReportStatus::Ended(Closing::Rejected));
        assert_eq!(meaning("Inactive", Some("")), ReportStatus::Ended(Closing::Rejected));
        assert_eq!(meaning("Inactive", Some("locate")), ReportStatus::Live);
    }

    #[test]
    fn p4_a_word_that_nobody_knows_is_odd_and_not_a_guess() {
        assert_eq!(meaning("FUTURE_STATUS", None), ReportStatus::Odd);
        assert_eq!(meaning("PARTIALLY_FILLED", None), ReportStatus::Live);
        assert_eq!(meaning("partially filled", None), ReportStatus::Live);
    }
}
