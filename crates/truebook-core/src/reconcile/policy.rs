//! What a book's owner wants done where there is a choice. Part of the settings, under `reconcile`.

use core::time::Duration;
use serde::{Deserialize, Serialize};

/// The choices. Every one has a usual value; unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Live orders at the venue that are not in the book and were not made by it.
    pub others: Others,
    /// A position whose bracket promises a stop that is not there.
    pub unprotected: Unprotected,
    /// An order whose reply was lost and that the venue does not know, where sending it again is safe.
    pub missing: Missing,
    /// Seconds after which such an order is stale and is not sent again.
    pub resend_within_s: u32,
    /// How often it is sent again at most.
    pub resends_max: u32,
    /// Seconds after which an order that two complete looks did not find counts as absent, at a venue that
    /// can prove it in no other way; nothing for never.
    pub absent_after_s: Option<u32>,
    /// Seconds to wait for executions of which the venue says that they exist.
    pub fills_grace_s: u32,
    /// Whether the venue's positions are to be the book's: not if others trade in the same account.
    pub positions: Positions,
    /// A new book while orders of a truebook are live at the venue. No setting: somebody says so each time.
    #[serde(skip)]
    pub lost: Lost,
}

/// A book whose state was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lost {
    /// Nothing is done.
    #[default]
    Refuse,
    /// The live orders that bear a truebook's id are taken in.
    Adopt,
}

/// Orders of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Others {
    /// They are none of our business.
    Ignore,
    /// They are taken into the book.
    Adopt,
    /// New risk in their instrument is refused until somebody looked.
    Alarm,
}

/// An unprotected position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unprotected {
    /// The missing stop is placed.
    PlaceStop,
    /// The position is closed at the market.
    Flatten,
    /// New risk in the instrument is refused until somebody looked.
    Block,
}

/// A missing order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// It is sent once more, under its id.
    Resend,
    /// It stays unknown.
    Hold,
}

/// The venue's positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// They must be the book's.
    Compare,
    /// They are not looked at.
    Ignore,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            others: Others::Alarm,
            unprotected: Unprotected::PlaceStop,
            missing: Missing::Resend,
            resend_within_s: 300,
            resends_max: 5,
            absent_after_s: None,
            fills_grace_s: 60,
            positions: Positions::Compare,
            lost: Lost::Refuse,
        }
    }
}

impl Policy {
    /// How long an order may be sent again.
    pub const fn resend_within(&self) -> Duration {
        Duration::from_secs(self.resend_within_s as u64)
    }

    /// How long to wait for executions.
    pub const fn fills_grace(&self) -> Duration {
        Duration::from_secs(self.fills_grace_s as u64)
    }

    /// When an order counts as absent where nothing proves it.
    pub fn absent_after(&self) -> Option<Duration> {
        self.absent_after_s.map(|seconds| Duration::from_secs(u64::from(seconds)))
    }
}
