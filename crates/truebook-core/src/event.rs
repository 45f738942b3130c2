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
use crate::life::Closing;
use crate::money::{Price, Qty};
use crate::order::{Fill, Intent};
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
    /// An order, or one of the venue's orders that came of it, is over.
    Closed(Closed),
    /// The order was sent once more, under the same id.
    Resent(Resent),
    /// The order is asked to be cancelled. Durable before anything is sent.
    Cancel(Asked),
    /// The venue did not cancel the order.
    CancelFailed(Asked),
    /// The order is asked to be replaced. Durable before anything is sent.
    Replace(Box<ReplaceAsked>),
    /// The replacement was refused, or never came to the venue.
    ReplaceFailed(ReplaceFailed),
    /// The venue gives the order a status that this program does not know.
    Odd(OddStatus),
    /// The venue reports more filled than there are executions to be had for.
    Reported(Box<ReportedFilled>),
    /// An order that the venue has and this book did not is taken into it.
    Adopted(Box<Adopted>),
    /// A bracket is finished: its orders are over and what its entry opened is closed again.
    Done(Asked),
    /// An operator corrected a position.
    Corrected(Box<Corrected>),
    /// New risk in an instrument is refused from here on.
    Blocked(Blocked),
    /// A reason to refuse new risk in an instrument is gone.
    Unblocked(Blocked),
    /// New risk is refused from here on.
    Halt(Reason),
    /// New risk is allowed again.
    Resume(Reason),
    /// The book was opened over damage, after the loss was accepted.
    Recovered(Recovered),
    /// The book was put back to an earlier point: what happened at the venue since then may be unknown to it.
    Restored(Box<Restored>),
    /// What happened since the point to which the book was put back is known now, or somebody answers for it.
    Covered(Reason),
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
    /// The replacement that the venue's order came of, if it is not the first.
    #[serde(rename = "for", default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<OrderId>,
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

/// An order, or one of the venue's orders that came of it, is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closed {
    /// Client order id.
    pub id: OrderId,
    /// How.
    #[serde(rename = "as")]
    pub closing: Closing,
    /// The venue's reason, kept as it came; or the proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Box<str>>,
    /// Which of the venue's orders; `None` for the order as a whole.
    #[serde(rename = "vid", default, skip_serializing_if = "Option::is_none")]
    pub venue_order: Option<VenueOrderId>,
    /// How much the venue says was filled through it.
    #[serde(rename = "cum", default, skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Qty>,
}

/// An order was sent once more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resent {
    /// Client order id.
    pub id: OrderId,
    /// How often it was sent before, 1 at least.
    #[serde(rename = "n")]
    pub count: u32,
    /// Why that is safe.
    pub why: String,
}

/// Something is said of an order, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// Client order id.
    pub id: OrderId,
    /// Why.
    pub why: String,
}

/// An order is asked to be replaced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaceAsked {
    /// Client order id.
    pub id: OrderId,
    /// Client order id of the replacement.
    pub alias: OrderId,
    /// Its number, 1 the first.
    #[serde(rename = "n")]
    pub number: u32,
    /// New total quantity, what is filled included.
    #[serde(rename = "qty", default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Qty>,
    /// New limit price.
    #[serde(rename = "px", default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<Price>,
    /// New stop price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Price>,
}

/// A replacement did not take place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplaceFailed {
    /// Client order id.
    pub id: OrderId,
    /// Client order id of the replacement.
    pub alias: OrderId,
    /// Why not.
    pub why: String,
}

/// A status that this program does not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OddStatus {
    /// Client order id.
    pub id: OrderId,
    /// The venue's id for it.
    #[serde(rename = "vid")]
    pub venue_order: VenueOrderId,
    /// The venue's word, kept as it came; `None` once it has one again that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<Box<str>>,
}

/// A filled quantity without executions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportedFilled {
    /// Client order id.
    pub id: OrderId,
    /// How much of the order is filled in all, by that report.
    #[serde(rename = "cum")]
    pub total: Qty,
    /// At which price the part was filled that no execution explains.
    #[serde(rename = "px")]
    pub price: Price,
    /// Where this is known from, and why there are no executions.
    pub why: String,
}

/// An order that the venue has is taken into the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adopted {
    /// The order in this book's terms.
    pub intent: Intent,
    /// The venue's id for it.
    #[serde(rename = "vid")]
    pub venue_order: VenueOrderId,
    /// Why it is taken in.
    pub why: String,
}

/// An operator's correction of a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corrected {
    /// The instrument.
    #[serde(rename = "sym")]
    pub instrument: Instrument,
    /// How much is added to what the book holds; negative takes away.
    #[serde(rename = "qty")]
    pub quantity: Qty,
    /// At which price; `None` for the position's own average.
    #[serde(rename = "px", default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// The operator's reason.
    pub why: String,
}

/// A reason to refuse new risk in an instrument.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blocked {
    /// The instrument.
    #[serde(rename = "sym")]
    pub instrument: Instrument,
    /// Of which kind the reason is.
    #[serde(rename = "for")]
    pub kind: BlockKind,
    /// In words, with the numbers.
    pub why: String,
}

/// Why new risk in an instrument can be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Book and venue hold different positions.
    PositionDifference,
    /// More was filled than was wanted.
    Overfill,
    /// Somebody else's order is live in it.
    ForeignOrder,
    /// A position whose bracket promises a stop has none.
    Unprotected,
    /// An order's fate cannot be told.
    Unexplained,
    /// An operator said so.
    Operator,
}

impl BlockKind {
    /// Its name in the journal.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PositionDifference => "position_difference",
            Self::Overfill => "overfill",
            Self::ForeignOrder => "foreign_order",
            Self::Unprotected => "unprotected",
            Self::Unexplained => "unexplained",
            Self::Operator => "operator",
        }
    }

    /// Whether only a person lifts it, once it was looked into.
    pub const fn needs_review(self) -> bool {
        matches!(self, Self::Overfill | Self::Operator)
    }
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
    /// They were brought back from a backup: nothing is missing any more.
    Mended,
}

/// The book was put back to an earlier point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restored {
    /// Name of the generation of the backup that it was put back from.
    #[serde(rename = "from")]
    pub generation: String,
    /// The last event that was kept.
    #[serde(rename = "to")]
    pub seq: Seq,
    /// When that event was written down: whatever happened later may be unknown to this book.
    pub since: Utc,
    /// The highest sequence number that is known to have existed.
    #[serde(rename = "lost", default, skip_serializing_if = "Option::is_none")]
    pub lost_to: Option<Seq>,
    /// The operator's reason.
    pub why: String,
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
    pub const NAMES: [&str; 26] = [
        "created",
        "settings",
        "state",
        "import",
        "intent",
        "ack",
        "fill",
        "unknown",
        "closed",
        "resent",
        "cancel",
        "cancel_failed",
        "replace",
        "replace_failed",
        "odd",
        "reported",
        "adopted",
        "done",
        "corrected",
        "blocked",
        "unblocked",
        "halt",
        "resume",
        "recovered",
        "restored",
        "covered",
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
            Self::Resent(_) => "resent",
            Self::Cancel(_) => "cancel",
            Self::CancelFailed(_) => "cancel_failed",
            Self::Replace(_) => "replace",
            Self::ReplaceFailed(_) => "replace_failed",
            Self::Odd(_) => "odd",
            Self::Reported(_) => "reported",
            Self::Adopted(_) => "adopted",
            Self::Done(_) => "done",
            Self::Corrected(_) => "corrected",
            Self::Blocked(_) => "blocked",
            Self::Unblocked(_) => "unblocked",
            Self::Halt(_) => "halt",
            Self::Resume(_) => "resume",
            Self::Recovered(_) => "recovered",
            Self::Restored(_) => "restored",
            Self::Covered(_) => "covered",
        }
    }

    /// Whether it may use the space kept in reserve.
    pub const fn reserve(&self) -> Reserve {
        match self {
            Self::Ack(_)
            | Self::Fill(_)
            | Self::Unknown(_)
            | Self::Closed(_)
            | Self::Resent(_)
            | Self::Cancel(_)
            | Self::CancelFailed(_)
            | Self::ReplaceFailed(_)
            | Self::Odd(_)
            | Self::Reported(_)
            | Self::Adopted(_)
            | Self::Done(_)
            | Self::Blocked(_)
            | Self::Halt(_)
            | Self::Recovered(_)
            | Self::Restored(_) => Reserve::Allowed,
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
        let closed = Closed { id, closing: Closing::Expired, why: None, venue_order: None, claimed: None };
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
