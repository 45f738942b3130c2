//! The state of a book in a few figures.

use super::holder::Holder;
use super::{Book, CheckpointDone, Peek, WriteError, lock};
use crate::journal::Level;
use crate::recovery::Finding;
use serde::Serialize;
use truebook_core::hash::{SettingsHash, StateHash};
use truebook_core::id::{AccountName, BookId, BookName, InstallationTag, Seq, VenueName};
use truebook_core::identity::Mode;
use truebook_core::state::{Live, RestoredMark};

/// Whether the disk takes what is written to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is", content = "why")]
pub enum DiskHealth {
    /// It does.
    Good,
    /// It is full: only halts, exits and facts are recorded.
    Full(String),
    /// It failed: nothing is recorded until the book is opened again.
    Failed(String),
    /// A reader cannot tell.
    NotTried,
}

/// A book in a few figures; part of the JSON contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// What people call it.
    pub name: BookName,
    /// The book.
    pub book: BookId,
    /// The tag that begins every client order id.
    pub installation: InstallationTag,
    /// Where it trades.
    pub venue: VenueName,
    /// The account there.
    pub account: AccountName,
    /// Paper or live.
    pub mode: Mode,
    /// Sequence number of the last event.
    pub seq: Seq,
    /// Hash of the state.
    pub state_hash: StateHash,
    /// Hash of the settings.
    pub settings_hash: SettingsHash,
    /// The newest checkpoint.
    pub last_checkpoint: Option<CheckpointDone>,
    /// Whether payloads and checkpoints are encrypted.
    pub encrypted: bool,
    /// Size of the bot's variables in bytes, as compact JSON.
    pub vars_bytes: usize,
    /// Live orders.
    pub orders: usize,
    /// Instruments with a position or a realised profit.
    pub positions: usize,
    /// Keys and executions that were ever used.
    pub seen: u64,
    /// Why new risk is refused, if it is.
    pub halted: Option<String>,
    /// To where the book was put back, until what happened since then is known.
    pub restored: Option<RestoredMark>,
    /// Whether the disk takes what is written to it.
    pub disk: DiskHealth,
    /// Who holds the book.
    pub holder: Option<Holder>,
    /// Everything that is not as it should be.
    pub findings: Vec<Finding>,
}

struct Rest {
    seq: Seq,
    last_checkpoint: Option<CheckpointDone>,
    encrypted: bool,
    disk: DiskHealth,
    holder: Option<Holder>,
    findings: Vec<Finding>,
}

fn describe(live: &Live, rest: Rest) -> Status {
    let Rest { seq, last_checkpoint, encrypted, disk, holder, findings } = rest;
    Status {
        name: live.identity.name.clone(),
        book: live.identity.book,
        installation: live.identity.installation,
        venue: live.identity.venue.clone(),
        account: live.identity.account.clone(),
        mode: live.identity.mode,
        seq,
        state_hash: live.hash(),
        settings_hash: live.settings.hash,
        last_checkpoint,
        encrypted,
        vars_bytes: live.vars.to_compact().len(),
        orders: live.orders.len(),
        positions: live.positions.len(),
        seen: live.seen_count,
        halted: live.halted.clone(),
        restored: live.restored.clone(),
        disk,
        holder,
        findings,
    }
}

impl Peek {
    /// The book in a few figures.
    pub fn status(&self) -> Status {
        let rest = Rest {
            seq: self.last,
            last_checkpoint: self.checkpoint.clone(),
            encrypted: self.context.cipher.is_some(),
            disk: DiskHealth::NotTried,
            holder: self.holder.clone(),
            findings: self.report.findings.clone(),
        };
        describe(self.state.live(), rest)
    }
}

impl Book {
    /// The book in a few figures.
    ///
    /// # Errors
    /// As [`Book::live`].
    pub fn status(&self) -> Result<Status, WriteError> {
        let shared = &self.0.shared;
        let (seq, live) = {
            let core = lock(&shared.core);
            (core.last, core.state.live().clone())
        };
        let disk = match shared.journal.stopped() {
            None => DiskHealth::Good,
            Some(stop) if stop.level == Level::Full => DiskHealth::Full(stop.cause.to_string()),
            Some(stop) => DiskHealth::Failed(stop.cause.to_string()),
        };
        let rest = Rest {
            seq,
            last_checkpoint: lock(&shared.checkpoints).last.clone(),
            encrypted: shared.context.cipher.is_some(),
            disk,
            holder: Some(shared.holder.clone()),
            findings: shared.report.findings.clone(),
        };
        Ok(describe(&live, rest))
    }
}
