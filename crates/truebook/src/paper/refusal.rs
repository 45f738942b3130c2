//! What the paper venue answers when it does not do what was asked, with the codes that clients know.

use crate::venue::{VenueError, VenueErrorKind};
use truebook_core::time::Utc;

/// A request that was not done. Nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// Which kind.
    pub kind: RefusalKind,
    /// What is wrong, in words.
    pub message: String,
}

/// Why a request was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// It makes no sense.
    Invalid,
    /// The client order id was used.
    Duplicate,
    /// There is not enough money, or not enough to sell.
    Insufficient,
    /// There is no such order.
    NotFound,
    /// The order is over: it cannot be cancelled or replaced.
    NotLive,
    /// It came after its deadline.
    TooLate,
    /// There were too many, until this time.
    TooMany(Utc),
    /// The venue cannot do such a thing.
    Unsupported,
}

impl RefusalKind {
    /// The venue's code for it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invalid | Self::Duplicate | Self::Unsupported => "40010001",
            Self::Insufficient => "40310000",
            Self::NotFound => "40410000",
            Self::NotLive => "42210000",
            Self::TooLate => "40810000",
            Self::TooMany(_) => "42910000",
        }
    }

    /// The HTTP status that goes with it.
    pub const fn http_status(self) -> u16 {
        match self {
            Self::Invalid | Self::Duplicate | Self::NotLive | Self::Unsupported => 422,
            Self::Insufficient => 403,
            Self::NotFound => 404,
            Self::TooLate => 408,
            Self::TooMany(_) => 429,
        }
    }
}

impl Refusal {
    /// A refusal of this kind.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(RefusalKind::Invalid, message)
    }
}

impl From<Refusal> for VenueError {
    fn from(refusal: Refusal) -> Self {
        let kind = match refusal.kind {
            RefusalKind::Duplicate => VenueErrorKind::Duplicate,
            RefusalKind::NotFound | RefusalKind::NotLive => VenueErrorKind::NotFound,
            RefusalKind::TooMany(until) => VenueErrorKind::RateLimited(Some(until)),
            RefusalKind::Invalid
            | RefusalKind::Insufficient
            | RefusalKind::TooLate
            | RefusalKind::Unsupported => VenueErrorKind::Refused,
        };
        Self::new(kind, refusal.message).with_code(refusal.kind.code())
    }
}
