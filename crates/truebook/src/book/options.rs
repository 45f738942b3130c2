//! How a book is made and opened.

use crate::backup::Fallback;
use crate::crypt::KeySource;
use crate::journal::JournalOptions;
use crate::manifest::ReadableCopy;
use core::time::Duration;
use truebook_core::doc::Doc;
use truebook_core::id::{AccountName, BookName, InstallationTag, VenueName};
use truebook_core::identity::{Expected, Mode};

/// The usual time between checkpoints.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_mins(5);
/// A checkpoint is also made after this many events, so that opening never takes long.
pub const CHECKPOINT_EVENTS: u64 = 1_000_000;
/// How many checkpoints are kept.
pub const CHECKPOINTS_KEPT: usize = 2;

/// A book that is to be made.
#[derive(Clone, Debug)]
pub struct NewBook {
    /// What people call it.
    pub name: BookName,
    /// Where it trades.
    pub venue: VenueName,
    /// The account there.
    pub account: AccountName,
    /// Paper or live.
    pub mode: Mode,
    /// Its settings; an object.
    pub settings: Doc,
    /// With this key it is encrypted.
    pub key: Option<KeySource>,
    /// What becomes of the readable copy; the default is plain, or encrypted in an encrypted book.
    pub readable: Option<ReadableCopy>,
    /// The tag that begins its client order ids; random unless a lost book is made again.
    pub installation: Option<InstallationTag>,
}

/// How a book is opened.
#[derive(Clone, Debug, Default)]
pub struct OpenOptions {
    /// Key of an encrypted book.
    pub key: Option<KeySource>,
    /// What the caller expects of its identity.
    pub expected: Expected,
    /// The settings in force, to be compared with those recorded; `None` compares nothing.
    pub settings: Option<Doc>,
    /// What to do when they differ.
    pub on_changed_settings: OnChangedSettings,
    /// What to do when events are lost.
    pub on_loss: OnLoss,
    /// Where backups of the book are, in the order in which they are asked: the nearest first.
    pub backups: Vec<Fallback>,
    /// What to do about damage that a backup can mend.
    pub on_damage: OnDamage,
    /// How the journal is written.
    pub journal: JournalOptions,
    /// Who does the background work.
    pub upkeep: Upkeep,
    /// When checkpoints are made.
    pub checkpoints: CheckpointSchedule,
}

/// What to do when the given settings are not the recorded ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnChangedSettings {
    /// Refuse to open; the changed keys are listed.
    #[default]
    Refuse,
    /// Record them as the new ones.
    Accept,
    /// Open, but tell ([`crate::book::Book::unaccepted_settings`]): new risk is to be refused meanwhile.
    Hold,
}

/// What to do when events are lost that somebody was told were durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLoss {
    /// Refuse to open; the lost range is told.
    #[default]
    Refuse,
    /// Go on with what can be brought back, and record the loss.
    Accept,
}

/// What to do about damage that a backup can mend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDamage {
    /// Mend it, and record that.
    #[default]
    Mend,
    /// Refuse to open, and tell what a backup can give back. Nothing is written.
    Ask,
}

/// Who does the background work: making segments ahead of time, sealing full ones, checkpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Upkeep {
    /// A thread of the book's own.
    #[default]
    Thread,
    /// Whoever appends, before the append: deterministic, for simulation and fault matrices.
    Inline,
}

/// When checkpoints are made.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointSchedule {
    /// After this time, if anything changed.
    pub interval: Duration,
    /// After this many events.
    pub events: u64,
    /// How many are kept, two at least.
    pub kept: usize,
}

impl Default for CheckpointSchedule {
    fn default() -> Self {
        Self { interval: CHECKPOINT_INTERVAL, events: CHECKPOINT_EVENTS, kept: CHECKPOINTS_KEPT }
    }
}
