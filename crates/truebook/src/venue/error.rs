//! What can go wrong at a venue, by what it proves.

use core::fmt;
use truebook_core::time::Utc;

/// A request that did not bring what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueError {
    /// What it proves.
    pub kind: VenueErrorKind,
    /// The venue's own code, if it gave one.
    pub code: Option<String>,
    /// What was seen, in words.
    pub message: String,
}

/// What a failed request proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VenueErrorKind {
    /// The venue said no, before it had an order: nothing came of the request.
    Refused,
    /// The venue has an order of this client order id already: that one exists.
    Duplicate,
    /// Nothing left this machine.
    NotSent,
    /// Nobody knows: a reply was lost, or says nothing.
    Unknown,
    /// The venue wants fewer requests, until this time by our clock at least. It did not act on this one.
    RateLimited(Option<Utc>),
    /// The venue is closed for maintenance and did not act on the request.
    Maintenance,
    /// The venue knows no such live order.
    NotFound,
    /// The keys are wrong, or not allowed to do this.
    Unauthorized,
}

impl VenueError {
    /// An error of this kind.
    pub fn new(kind: VenueErrorKind, message: impl Into<String>) -> Self {
        Self { kind, code: None, message: message.into() }
    }

    /// With the venue's own code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Whether it proves that no order came of the request.
    pub const fn proves_nothing_happened(&self) -> bool {
        matches!(
            self.kind,
            VenueErrorKind::Refused
                | VenueErrorKind::NotSent
                | VenueErrorKind::RateLimited(_)
                | VenueErrorKind::Maintenance
                | VenueErrorKind::Unauthorized
        )
    }
}

impl fmt::Display for VenueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            VenueErrorKind::Refused => write!(f, "refused by the venue: {}", self.message)?,
            VenueErrorKind::Duplicate => write!(f, "the venue has an order of this id: {}", self.message)?,
            VenueErrorKind::NotSent => write!(f, "not sent: {}", self.message)?,
            VenueErrorKind::Unknown => write!(f, "outcome unknown: {}", self.message)?,
            VenueErrorKind::RateLimited(None) => write!(f, "rate limited: {}", self.message)?,
            VenueErrorKind::RateLimited(Some(until)) => {
                write!(f, "rate limited until {until}: {}", self.message)?;
            }
            VenueErrorKind::Maintenance => write!(f, "the venue is in maintenance: {}", self.message)?,
            VenueErrorKind::NotFound => write!(f, "the venue knows no such live order: {}", self.message)?,
            VenueErrorKind::Unauthorized => {
                write!(f, "the venue does not accept the keys: {}", self.message)?;
            }
        }
        self.code.as_ref().map_or(Ok(()), |code| write!(f, " (code {code})"))
    }
}

impl std::error::Error for VenueError {}
