//! The book: what a bot holds in its hand.
//!
//! [`Book`] is a cheap handle that any number of threads share. Whatever a method acknowledges is durable.

mod adopt;
mod checkpointing;
mod create;
mod error;
mod holder;
pub mod import;
mod opening;
mod options;
mod peek;
pub mod readable;
mod settings;
mod status;
mod upkeep;
mod vars;

pub use adopt::{AdoptError, Adopted};
pub use checkpointing::CheckpointDone;
pub use error::{OpenError, WriteError};
pub use holder::{Holder, LOCK_FILE};
pub use options::{
    CHECKPOINT_EVENTS, CHECKPOINT_INTERVAL, CHECKPOINTS_KEPT, CheckpointSchedule, NewBook, OnChangedSettings,
    OnLoss, OpenOptions, Upkeep,
};
pub use peek::Peek;
pub use settings::{SettingsError, settings_from_text};
pub use status::{DiskHealth, Status};

pub(crate) use opening::{find_manifest, make_context, readable_finding};
pub(crate) use peek::holder as find_holder;

use crate::disk::DiskLock;
use crate::journal::{Context, Journal, Level, Ticket};
use crate::recovery::Report;
use crate::world::World;
use checkpointing::Checkpoints;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use truebook_core::event::{Event, Record, Reserve};
use truebook_core::id::Seq;
use truebook_core::settings::Change;
use truebook_core::state::{Effect, Live, State};
use upkeep::Worker;

/// An open book. Cloning gives another handle to the same one.
#[derive(Clone)]
pub struct Book(Arc<Owner>);

/// The last handle that goes stops the background work and makes a last checkpoint.
struct Owner {
    shared: Arc<Shared>,
    worker: Mutex<Option<Worker>>,
}

struct Shared {
    world: World,
    context: Context,
    journal: Journal,
    core: Mutex<Core>,
    checkpoints: Mutex<Checkpoints>,
    schedule: CheckpointSchedule,
    upkeep: Upkeep,
    report: Report,
    unaccepted: Vec<Change>,
    bell: upkeep::Bell,
    holder: Holder,
    _lock: Box<dyn DiskLock>,
}

struct Core {
    state: State,
    last: Seq,
    scratch: Vec<u8>,
}

/// Room for most events, as JSON.
const EVENT_BYTES_USUAL: usize = 512;

/// What became of something that was to be recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is durable, under this sequence number.
    Durable(Seq),
    /// It changed nothing, so nothing was written. What it repeats is durable.
    Unchanged,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere is a broken invariant; what the mutex guards is consistent between calls.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Book {
    /// Records an event and waits until it is durable.
    ///
    /// # Errors
    /// [`WriteError::Refused`] if it does not fit the state; the journal's own reasons otherwise. Nothing is
    /// recorded then — except that after a failed sync nobody can tell: the book must be opened again.
    pub fn record(&self, event: Event) -> Result<Recorded, WriteError> {
        self.0.shared.record_event(event)
    }

    /// What opening the book found and did.
    pub fn report(&self) -> &Report {
        &self.0.shared.report
    }

    /// The changed settings that nobody has accepted; see [`OnChangedSettings::Hold`].
    pub fn unaccepted_settings(&self) -> &[Change] {
        &self.0.shared.unaccepted
    }

    /// The live state.
    ///
    /// # Errors
    /// [`WriteError::Stopped`] once a write has failed: what is in memory may not be on disk.
    pub fn live(&self) -> Result<Live, WriteError> {
        self.0.shared.check_readable()?;
        Ok(lock(&self.0.shared.core).state.live().clone())
    }

    /// Sequence number of the last event.
    pub fn last(&self) -> Seq {
        lock(&self.0.shared.core).last
    }

    /// How many commits were made since the book was opened: events that are recorded at the same time share
    /// one.
    pub fn commits(&self) -> u64 {
        self.0.shared.journal.commits()
    }

    /// Runs `read` on the whole state, which nobody changes meanwhile.
    ///
    /// # Errors
    /// As [`Self::live`].
    pub fn with_state<T>(&self, read: impl FnOnce(&State) -> T) -> Result<T, WriteError> {
        self.0.shared.check_readable()?;
        Ok(read(&lock(&self.0.shared.core).state))
    }

    /// Stops the background work, makes a last checkpoint and lets go of the book. With other handles still
    /// about, the book stays open for them and only the checkpoint is made.
    ///
    /// # Errors
    /// What made the last checkpoint fail. What was acknowledged before is durable all the same.
    pub fn close(self) -> Result<(), WriteError> {
        self.0.finish()
    }
}

impl Owner {
    fn finish(&self) -> Result<(), WriteError> {
        if let Some(worker) = lock(&self.worker).take() {
            worker.stop(&self.shared.bell);
        }
        if let Some(stop) = self.shared.journal.stopped() {
            return Err(stop.into());
        }
        self.shared.checkpoint().map(drop)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Whoever wants to hear of a failed last checkpoint calls `close`; the journal has everything.
        let _ = self.finish();
    }
}

impl Shared {
    /// Records an event that depends on nothing and waits until it is durable.
    fn record_event(&self, event: Event) -> Result<Recorded, WriteError> {
        self.before_record();
        let reserve = event.reserve();
        let record = Record::new(self.world.clock.now(), event);
        // Before the lock is taken, so that many writers encode at the same time.
        let mut json = Vec::with_capacity(EVENT_BYTES_USUAL);
        Journal::encode(&mut json, &record)?;
        let mut core = lock(&self.core);
        self.journal.check(reserve)?;
        let queued = self.queue(&mut core, &record, &json)?;
        drop(core);
        self.settle(queued)
    }

    /// Records the event that `make` derives from the state, under the same lock, and waits until it is
    /// durable. `None` records nothing.
    fn record_with(
        &self,
        reserve: Reserve,
        make: impl FnOnce(&State) -> Result<Option<Event>, WriteError>,
    ) -> Result<Recorded, WriteError> {
        self.before_record();
        let mut core = lock(&self.core);
        self.journal.check(reserve)?;
        let Some(event) = make(&core.state)? else { return Ok(Recorded::Unchanged) };
        let record = Record::new(self.world.clock.now(), event);
        let mut json = std::mem::take(&mut core.scratch);
        Journal::encode(&mut json, &record)?;
        let queued = self.queue(&mut core, &record, &json)?;
        core.scratch = json;
        drop(core);
        self.settle(queued)
    }

    /// Applies and queues a record; `None` if it changes nothing. It comes encoded: if it cannot be encoded,
    /// the state must not change.
    fn queue(&self, core: &mut Core, record: &Record, json: &[u8]) -> Result<Option<Ticket>, WriteError> {
        let seq = core.last.next();
        if core.state.apply(seq, record)? == Effect::Nothing {
            return Ok(None);
        }
        core.last = seq;
        let ticket = self.journal.push(json)?;
        assert_eq!(ticket.seq, seq, "journal and state count alike");
        Ok(Some(ticket))
    }

    fn settle(&self, queued: Option<Ticket>) -> Result<Recorded, WriteError> {
        let Some(ticket) = queued else { return Ok(Recorded::Unchanged) };
        self.journal.wait(&ticket)?;
        self.after_record();
        Ok(Recorded::Durable(ticket.seq))
    }

    fn check_readable(&self) -> Result<(), WriteError> {
        match self.journal.stopped() {
            Some(stop) if stop.level == Level::Failed => Err(stop.into()),
            _ => Ok(()),
        }
    }
}
