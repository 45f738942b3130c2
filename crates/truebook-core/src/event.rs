//! What can happen to a book, and how it is written in the journal.
//!
//! One event is one JSON object: `{"v":1,"at":"2025-04-09T23:57:33.318514000Z","ev":{"ack":{…}}}`. Keys are
//! short because a journal holds millions of them; `docs/FORMAT.md` lists them all. An event never
//! changes its meaning: a new meaning is a new name, or a higher `v` that older programs refuse.

mod quick;

use crate::doc::{Doc, Op};
use crate::hash::SourceHash;
use crate::id::{Instrument, OrderId, Seq, VenueOrderId};
use crate::identity::Identity;
use crate::money::{Price, Qty};
use crate::order::{Closing, Fill, Intent};
use crate::settings::{Change, Settings};
use crate::time::Utc;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// The event version that this program writes, and the highest that it reads.
pub const EVENT_VERSION: u32 = 1;

/// An event with its version and the time at which it was written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Event version, see [`EVENT_VERSION`].
    pub v: u32,
    /// When it was written down, by this machine's clock.
    pub at: Utc,
    /// What happened.
    pub ev: Event,
}

/// What can happen to a book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The book was made. Always the first event, and only the first.
    Created(Box<Created>),
    /// Changed settings were accepted.
    Settings(Box<SettingsAccepted>),
    /// The bot's own variables changed.
    State(StateChanged),
    /// A state file of another system was taken over.
    Import(Box<Imported>),
    /// An order is wanted. Durable before anything is sent.
    Intent(Box<Intent>),
    /// The venue has the order.
    Ack(Acked),
    /// An execution.
    Fill(Box<Fill>),
    /// A reply was lost or unreadable.
    Unknown(OutcomeUnknown),
    /// The order ended without being filled whole.
    Closed(Closed),
    /// New risk is refused from here on.
    Halt(Reason),
    /// New risk is allowed again.
    Resume(Reason),
    /// The book was opened over damage, after the loss was accepted.
    Recovered(Recovered),
}

/// The first event of a book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Created {
    /// Which book it is.
    pub identity: Identity,
    /// The settings it starts with.
    pub settings: Settings,
}

/// New settings in place of the old.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettingsAccepted {
    /// The new settings.
    pub settings: Settings,
    /// What differs from the old.
    pub changes: Vec<Change>,
}

/// Why the variables changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The whole document was saved; the difference is stored.
    Save,
    /// One path was set.
    Set,
    /// A patch was merged in.
    Merge,
    /// A hand-edited or older readable copy was adopted.
    Adopt,
}

/// A change of the bot's own variables, as the operations that make it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateChanged {
    /// Why.
    #[serde(rename = "by")]
    pub origin: Origin,
    /// What, in this order.
    pub ops: Vec<Op>,
}

/// A state file of another system, taken over whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Imported {
    /// Name of the file.
    pub source: String,
    /// SHA-256 of its bytes.
    pub sha256: SourceHash,
    /// Its content, which becomes the bot's variables.
    pub vars: Doc,
    /// Positions it holds.
    pub positions: Vec<ImportedPosition>,
    /// Live orders it holds.
    pub orders: Vec<ImportedOrder>,
}

/// A position as another system kept it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedPosition {
    /// What is held.
    #[serde(rename = "sym")]
    pub instrument: Instrument,
    /// How much; negative when short.
    #[serde(rename = "qty")]
    pub quantity: Qty,
    /// At which average price.
    #[serde(rename = "px")]
    pub average_price: Price,
}

/// A live order as another system kept it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportedOrder {
    /// The order in this book's terms.
    pub intent: Intent,
    /// The id that it bore there, which is the venue's.
    #[serde(rename = "vid")]
    pub venue_order: VenueOrderId,
}

/// The venue has an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acked {
    /// Client order id.
    pub id: OrderId,
    /// The venue's id for it.
    #[serde(rename = "vid")]
    pub venue_order: VenueOrderId,
    /// The venue's own word for its status, kept as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Box<str>>,
    /// When, by the venue's clock.
    #[serde(rename = "vat", default, skip_serializing_if = "Option::is_none")]
    pub venue_time: Option<Utc>,
}

/// Nobody knows whether the venue has an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutcomeUnknown {
    /// Client order id.
    pub id: OrderId,
    /// What was seen instead of a reply.
    pub why: String,
}

/// An order ended without being filled whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// Client order id.
    pub id: OrderId,
    /// How.
    #[serde(rename = "as")]
    pub closing: Closing,
    /// The venue's reason, kept as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Box<str>>,
}

/// Why something was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// In words.
    pub why: String,
}

/// An opening over damage: what could not be brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovered {
    /// First sequence number whose event is missing from the journal.
    pub missing_from: Seq,
    /// Last one.
    pub missing_to: Seq,
    /// Where the state was taken from: the sequence number of a checkpoint, or of the last good event.
    pub state_at: Seq,
    /// Whether the missing events are part of the state all the same, because a checkpoint covers them.
    pub state: StateAfter,
    /// What was damaged, in words.
    pub why: String,
}

/// What missing events mean for the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StateAfter {
    /// A checkpoint holds their effect: only history is missing.
    Complete,
    /// Their effect is lost; somebody accepted that.
    LossAccepted,
}

/// Whether an event must be recorded even when the disk is full: facts that already happened, and what
/// reduces risk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserve {
    /// May use the space kept in reserve.
    Allowed,
    /// Is refused once only the reserve is left.
    Forbidden,
}

impl Event {
    /// Names of all events of this version.
    pub const NAMES: [&str; 12] = [
        "created",
        "settings",
        "state",
        "import",
        "intent",
        "ack",
        "fill",
        "unknown",
        "closed",
        "halt",
        "resume",
        "recovered",
    ];

    /// Its name in the journal.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Created(_) => "created",
            Self::Settings(_) => "settings",
            Self::State(_) => "state",
            Self::Import(_) => "import",
            Self::Intent(_) => "intent",
            Self::Ack(_) => "ack",
            Self::Fill(_) => "fill",
            Self::Unknown(_) => "unknown",
            Self::Closed(_) => "closed",
            Self::Halt(_) => "halt",
            Self::Resume(_) => "resume",
            Self::Recovered(_) => "recovered",
        }
    }

    /// Whether it may use the space kept in reserve.
    pub const fn reserve(&self) -> Reserve {
        match self {
            Self::Ack(_)
            | Self::Fill(_)
            | Self::Unknown(_)
            | Self::Closed(_)
            | Self::Halt(_)
            | Self::Recovered(_) => Reserve::Allowed,
            // An intent adds risk unless proved otherwise; whoever can prove it says so when appending.
            _ => Reserve::Forbidden,
        }
    }
}

/// Why bytes are no event.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// A newer program wrote it.
    #[error("the event has version {found}, this program reads up to {EVENT_VERSION}: use a newer truebook")]
    Newer {
        /// Version found.
        found: u32,
    },
    /// A newer program wrote it, with an event that this one does not know.
    #[error("the event is a {names:?}, which this program does not know: use a newer truebook")]
    UnknownKind {
        /// Its name.
        names: Vec<String>,
    },
    /// It is not the JSON of an event.
    #[error("not an event: {reason}")]
    Malformed {
        /// What the reader met.
        reason: String,
    },
}

impl Record {
    /// A record of the current version.
    pub const fn new(at: Utc, ev: Event) -> Self {
        Self { v: EVENT_VERSION, at, ev }
    }

    /// Reads the journal's JSON form.
    pub fn decode(json: &[u8]) -> Result<Self, DecodeError> {
        quick::decode(json).map_or_else(|| Self::decode_any(json), Ok)
    }

    /// Reads every form that JSON allows.
    fn decode_any(json: &[u8]) -> Result<Self, DecodeError> {
        let failed = match serde_json::from_slice::<Self>(json) {
            Ok(record) if record.v == EVENT_VERSION => return Ok(record),
            Ok(record) => return Err(DecodeError::Newer { found: record.v }),
            Err(failed) => failed,
        };
        match serde_json::from_slice::<Outline>(json) {
            Ok(Outline { v, .. }) if v > EVENT_VERSION => Err(DecodeError::Newer { found: v }),
            Ok(Outline { ev, .. }) if ev.keys().any(|name| !Event::NAMES.contains(&name.as_str())) => {
                Err(DecodeError::UnknownKind { names: ev.into_keys().collect() })
            }
            _ => Err(DecodeError::Malformed { reason: alloc::format!("{failed}") }),
        }
    }

    /// The journal's JSON form.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        let mut json = Vec::new();
        self.encode_to(&mut json)
            .map_err(|failed| DecodeError::Malformed { reason: alloc::format!("{failed}") })?;
        Ok(json)
    }

    /// Writes the journal's JSON form into `out`, which is cleared first.
    pub fn encode_to(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        out.clear();
        if !quick::encode(self, out) {
            *out = serde_json::to_vec(self)?;
        }
        Ok(())
    }
}

/// What can be read of any event, whoever wrote it.
#[derive(Deserialize)]
#[expect(clippy::zero_sized_map_values, reason = "only the names matter; a set does not read from an object")]
struct Outline {
    v: u32,
    #[serde(default)]
    ev: BTreeMap<String, serde::de::IgnoredAny>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn an_event_round_trips_through_its_json() {
        let id = OrderId::from_bytes([9; 16]);
        let closed = Closed { id, closing: Closing::Expired, why: None };
        let record = Record::new(Utc::from_nanos(5), Event::Closed(closed));
        let json = record.encode().unwrap();
        let text = core::str::from_utf8(&json).unwrap();
        assert!(
            text.starts_with(r#"{"v":1,"at":"1970-01-01T00:00:00.000000005Z","ev":{"closed":{"id":"0909"#),
            "{text}"
        );
        assert_eq!(Record::decode(&json).unwrap(), record);
    }

    #[test]
    fn an_event_of_a_newer_version_is_not_taken_for_damage() {
        let newer = br#"{"v":2,"at":"1970-01-01T00:00:00.000000005Z","ev":{"teleport":{}}}"#;
        assert!(matches!(Record::decode(newer), Err(DecodeError::Newer { found: 2 })));
        let unknown = br#"{"v":1,"at":"1970-01-01T00:00:00.000000005Z","ev":{"teleport":{}}}"#;
        assert!(Record::decode(unknown).unwrap_err().to_string().contains("teleport"));
    }
}
