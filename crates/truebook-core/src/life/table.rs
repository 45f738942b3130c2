//! The life of an order with one venue order at a time, as a transition table: every standing meets every
//! happening, and each pair is decided on purpose.
//!
//! | | what follows |
//! |---|---|
//! | [`Next::Become`] | it is in that standing from here on |
//! | [`Next::Live`] | working, or partially filled if a part is filled |
//! | [`Next::Stay`] | kept as a fact, but it says nothing new about where the order stands |
//! | [`Next::Over`] | the order is over: the fact changes nothing, except that a late execution still moves the position |
//!
//! The state itself is derived from the facts ([`super::Order::state`]); this table is the second opinion
//! that the tests hold it to.

use super::OrderState;

/// Where an order stands: the states, with the three reasons to be unknown told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Durable, nothing known of the venue.
    Intended,
    /// The reply to it was lost.
    ReplyLost,
    /// Live at the venue, nothing filled.
    Working,
    /// Live at the venue, a part filled.
    PartiallyFilled,
    /// Live, to be cancelled.
    PendingCancel,
    /// Live, to be replaced.
    PendingReplace,
    /// Live, under a status that this program does not know.
    OddStatus,
    /// Replaced by an order that was not seen yet.
    Succeeded,
    /// Said to be filled, executions missing.
    AwaitingFills,
    /// Over.
    Filled,
    /// Over.
    Cancelled,
    /// Over.
    Rejected,
    /// Over.
    Expired,
    /// Over.
    Absent,
}

/// What can happen to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The venue has it.
    Acked,
    /// A part of what was left is filled.
    PartFilled,
    /// All that was left is filled.
    LastFilled,
    /// A reply was lost.
    ReplyLost,
    /// It is asked to be cancelled.
    CancelAsked,
    /// It was not cancelled.
    CancelFailed,
    /// It is asked to be replaced.
    ReplaceAsked,
    /// It was not replaced.
    ReplaceFailed,
    /// The venue put its replacement in its place.
    Replaced,
    /// The venue put another order in its place that is not known yet.
    ReplacedAway,
    /// The venue says: cancelled.
    Cancelled,
    /// The venue says: refused.
    Rejected,
    /// The venue says: ran out.
    Expired,
    /// Proved to be nowhere.
    Absent,
    /// The venue says: filled, before the executions came.
    ClaimedFilled,
    /// The venue gives it a status that is not known.
    OddStatus,
    /// The venue gives it one that is known, after one that was not.
    KnownStatus,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It stands there from here on.
    Become(Standing),
    /// It is live: working, or partially filled if a part is.
    Live,
    /// It stands where it stood.
    Stay,
    /// It is over and stays so.
    Over,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Intended,
        Self::ReplyLost,
        Self::Working,
        Self::PartiallyFilled,
        Self::PendingCancel,
        Self::PendingReplace,
        Self::OddStatus,
        Self::Succeeded,
        Self::AwaitingFills,
        Self::Filled,
        Self::Cancelled,
        Self::Rejected,
        Self::Expired,
        Self::Absent,
    ];

    /// The state that it is shown as.
    pub const fn state(self) -> OrderState {
        match self {
            Self::Intended => OrderState::Intended,
            Self::Working => OrderState::Working,
            Self::PartiallyFilled => OrderState::PartiallyFilled,
            Self::PendingCancel => OrderState::PendingCancel,
            Self::PendingReplace => OrderState::PendingReplace,
            Self::ReplyLost | Self::OddStatus | Self::Succeeded => OrderState::Unknown,
            Self::AwaitingFills => OrderState::AwaitingFills,
            Self::Filled => OrderState::Filled,
            Self::Cancelled => OrderState::Cancelled,
            Self::Rejected => OrderState::Rejected,
            Self::Expired => OrderState::Expired,
            Self::Absent => OrderState::Absent,
        }
    }
}

impl Happening {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Acked,
        Self::PartFilled,
        Self::LastFilled,
        Self::ReplyLost,
        Self::CancelAsked,
        Self::CancelFailed,
        Self::ReplaceAsked,
        Self::ReplaceFailed,
        Self::Replaced,
        Self::ReplacedAway,
        Self::Cancelled,
        Self::Rejected,
        Self::Expired,
        Self::Absent,
        Self::ClaimedFilled,
        Self::OddStatus,
        Self::KnownStatus,
    ];
}

/// What follows when an order that stands there meets this.
pub const fn next(standing: Standing, happening: Happening) -> Next {
    use Standing as S;
    match standing {
        S::Intended | S::ReplyLost => before_the_venue(standing, happening),
        S::Working | S::PartiallyFilled | S::PendingCancel | S::PendingReplace | S::OddStatus => {
            at_the_venue(standing, happening)
        }
        S::Succeeded => succeeded(happening),
        S::AwaitingFills => awaiting_fills(happening),
        S::Filled | S::Cancelled | S::Rejected | S::Expired | S::Absent => Next::Over,
    }
}

const fn before_the_venue(standing: Standing, happening: Happening) -> Next {
    use Happening as H;
    match happening {
        // Whatever speaks of a venue order proves that there is one: a lost reply says nothing any more.
        H::Acked | H::PartFilled | H::Replaced | H::KnownStatus => Next::Live,
        H::LastFilled => Next::Become(Standing::Filled),
        H::ReplyLost => match standing {
            Standing::Intended => Next::Become(Standing::ReplyLost),
            _ => Next::Stay,
        },
        // A request about an order that may not be there changes nothing about what is known of it.
        H::CancelAsked | H::CancelFailed | H::ReplaceAsked | H::ReplaceFailed => Next::Stay,
        H::ReplacedAway => Next::Become(Standing::Succeeded),
        H::Cancelled => Next::Become(Standing::Cancelled),
        H::Rejected => Next::Become(Standing::Rejected),
        H::Expired => Next::Become(Standing::Expired),
        H::Absent => Next::Become(Standing::Absent),
        H::ClaimedFilled => Next::Become(Standing::AwaitingFills),
        H::OddStatus => Next::Become(Standing::OddStatus),
    }
}

const fn at_the_venue(standing: Standing, happening: Happening) -> Next {
    use Happening as H;
    use Standing as S;
    match happening {
        // Seen again; a reply that was lost was not the one that made it known.
        H::Acked | H::ReplyLost => Next::Stay,
        H::PartFilled => match standing {
            // A request stands until it is answered, and an unknown status until there is a known one.
            S::PendingCancel | S::PendingReplace | S::OddStatus => Next::Stay,
            _ => Next::Become(S::PartiallyFilled),
        },
        H::LastFilled => match standing {
            // The replacement may have been accepted for more.
            S::PendingReplace => Next::Stay,
            _ => Next::Become(S::Filled),
        },
        H::CancelAsked => match standing {
            S::OddStatus => Next::Stay,
            _ => Next::Become(S::PendingCancel),
        },
        H::CancelFailed => match standing {
            S::PendingCancel => Next::Live,
            _ => Next::Stay,
        },
        H::ReplaceAsked => match standing {
            S::OddStatus => Next::Stay,
            _ => Next::Become(S::PendingReplace),
        },
        H::ReplaceFailed => match standing {
            S::PendingReplace => Next::Live,
            _ => Next::Stay,
        },
        H::Replaced => match standing {
            S::PendingCancel => Next::Become(S::PendingCancel),
            _ => Next::Live,
        },
        H::ReplacedAway => match standing {
            S::PendingReplace => Next::Stay,
            _ => Next::Become(S::Succeeded),
        },
        H::Cancelled => ended(standing, S::Cancelled),
        H::Rejected => ended(standing, S::Rejected),
        H::Expired => ended(standing, S::Expired),
        H::Absent => ended(standing, S::Absent),
        H::ClaimedFilled => Next::Become(S::AwaitingFills),
        H::OddStatus => Next::Become(S::OddStatus),
        H::KnownStatus => match standing {
            S::OddStatus => Next::Live,
            _ => Next::Stay,
        },
    }
}

/// The known venue order is over: so is the order, unless a replacement may still come of it.
const fn ended(standing: Standing, end: Standing) -> Next {
    match standing {
        Standing::PendingReplace => Next::Stay,
        _ => Next::Become(end),
    }
}

const fn succeeded(happening: Happening) -> Next {
    use Happening as H;
    use Standing as S;
    match happening {
        // Of the venue order that is over, nothing more is news.
        H::Acked
        | H::PartFilled
        | H::ReplyLost
        | H::CancelAsked
        | H::CancelFailed
        | H::ReplaceFailed
        | H::OddStatus
        | H::KnownStatus
        | H::ReplacedAway
        // That it is there no more is what "replaced" means.
        | H::Absent => Next::Stay,
        H::LastFilled => Next::Become(S::Filled),
        H::ReplaceAsked => Next::Become(S::PendingReplace),
        H::Replaced => Next::Live,
        H::Cancelled => Next::Become(S::Cancelled),
        H::Rejected => Next::Become(S::Rejected),
        H::Expired => Next::Become(S::Expired),
        H::ClaimedFilled => Next::Become(S::AwaitingFills),
    }
}

const fn awaiting_fills(happening: Happening) -> Next {
    use Happening as H;
    use Standing as S;
    match happening {
        H::LastFilled => Next::Become(S::Filled),
        // The claim stands until executions, or a report in their place, explain it.
        H::Acked
        | H::PartFilled
        | H::ReplyLost
        | H::CancelAsked
        | H::CancelFailed
        | H::ReplaceAsked
        | H::ReplaceFailed
        | H::ReplacedAway
        | H::Cancelled
        | H::Rejected
        | H::Expired
        | H::Absent
        | H::ClaimedFilled
        | H::OddStatus
        | H::KnownStatus => Next::Stay,
        H::Replaced => Next::Live,
    }
}
