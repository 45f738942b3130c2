//! The book: what a bot holds in its hand.
//!
//! [`Book`] is a cheap handle that any number of threads share. Whatever a method acknowledges is durable.

mod adopt;
mod checkpointing;
mod create;
mod error;
mod fallback;
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
pub use error::{Mendable, OpenError, Restorable, WriteError};
pub use holder::{Holder, LOCK_FILE};
pub use options::{
    CHECKPOINT_EVENTS, CHECKPOINT_INTERVAL, CHECKPOINTS_KEPT, CheckpointSchedule, NewBook, OnChangedSettings,
    OnDamage, OnLoss, OpenOptions, Upkeep,
};
pub use peek::Peek;
pub use settings::{SettingsError, settings_from_text};
pub use status::{DiskHealth, Status};

pub(crate) use opening::{
    check_medium, find_manifest, make_context, read_manifest, readable_finding, take_lock,
};
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

/// What became of an event under the state's lock.
enum Queued {
    /// It waits to become durable.
    Event(Ticket),
    /// It changed nothing; this was the last event then.
    Nothing(Seq),
}

impl Queued {
    const fn seq(&self) -> Seq {
        match self {
            Self::Event(ticket) => ticket.seq,
            Self::Nothing(last) => *last,
        }
    }

    const fn as_recorded(&self) -> Recorded {
        match self {
            Self::Event(ticket) => Recorded::Durable(ticket.seq),
            Self::Nothing(_) => Recorded::Unchanged,
        }
    }
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

    /// Records several events with one flush, and waits until all are durable. Not all or nothing: if one
    /// is refused, those before it are recorded.
    ///
    /// # Errors
    /// The first that failed; see [`Self::record`].
    pub fn record_all(&self, events: Vec<Event>) -> Result<Vec<Recorded>, WriteError> {
        self.0.shared.record_several(events, None)
    }

    /// As [`Self::record_all`], for what provably makes a position smaller: it may use the space that is kept
    /// in reserve for a full disk.
    ///
    /// # Errors
    /// As [`Self::record_all`].
    pub fn record_reducing(&self, events: Vec<Event>) -> Result<Vec<Recorded>, WriteError> {
        self.0.shared.record_several(events, Some(Reserve::Allowed))
    }

    /// Takes facts in without waiting until they are durable: only for what can be learnt again from where it
    /// came, such as that the venue has an order. They become durable with the next event that somebody waits
    /// for, or a few milliseconds later.
    ///
    /// # Errors
    /// As [`Self::record_all`].
    pub fn record_soon(&self, events: Vec<Event>) -> Result<(), WriteError> {
        self.0.shared.record_soon(events)
    }

    /// Sequence number of the last event that is durable.
    pub fn durable(&self) -> Seq {
        self.0.shared.journal.durable()
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

    /// The state after the last event, when that is durable.
    pub(crate) fn durable_snapshot(&self) -> Result<(Seq, Live), WriteError> {
        self.0.shared.check_readable()?;
        let (last, live) = {
            let core = lock(&self.0.shared.core);
            (core.last, core.state.live().clone())
        };
        self.0.shared.journal.flush_to(last)?;
        Ok((last, live))
    }

    /// Disk, clock and randomness.
    pub(crate) fn world(&self) -> &World {
        &self.0.shared.world
    }

    /// Where the book's files are, and how to read them.
    pub(crate) fn context(&self) -> &Context {
        &self.0.shared.context
    }

    /// The time by the book's clock.
    pub fn now(&self) -> truebook_core::time::Utc {
        self.0.shared.world.clock.now()
    }

    /// The disk's health: what it still takes.
    pub fn disk_level(&self) -> Option<Level> {
        self.0.shared.journal.stopped().map(|stop| stop.level)
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
        let queued = self.queue_event(event, reserve)?;
        self.settle(&queued)
    }

    /// `reserve` in place of each event's own rule.
    fn record_several(
        &self,
        events: Vec<Event>,
        reserve: Option<Reserve>,
    ) -> Result<Vec<Recorded>, WriteError> {
        self.before_record();
        let (mut recorded, mut last, mut refused) = (Vec::with_capacity(events.len()), None, None);
        for event in events {
            let reserve = reserve.unwrap_or_else(|| event.reserve());
            match self.queue_event(event, reserve) {
                Ok(queued) => {
                    recorded.push(queued.as_recorded());
                    last = last.max(Some(queued.seq()));
                }
                Err(failed) => {
                    refused = Some(failed);
                    break;
                }
            }
        }
        if let Some(last) = last {
            self.journal.flush_to(last)?;
            self.after_record();
        }
        refused.map_or(Ok(recorded), Err)
    }

    fn record_soon(&self, events: Vec<Event>) -> Result<(), WriteError> {
        self.before_record();
        for event in events {
            let reserve = event.reserve();
            self.queue_event(event, reserve)?;
        }
        self.flush_soon();
        Ok(())
    }

    fn queue_event(&self, event: Event, reserve: Reserve) -> Result<Queued, WriteError> {
        let record = Record::new(self.world.clock.now(), event);
        // Before the lock is taken, so that many writers encode at the same time.
        let mut json = Vec::with_capacity(EVENT_BYTES_USUAL);
        Journal::encode(&mut json, &record)?;
        let mut core = lock(&self.core);
        self.journal.check(reserve)?;
        self.queue(&mut core, &record, &json)
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
        let queued = match make(&core.state)? {
            None => Queued::Nothing(core.last),
            Some(event) => {
                let record = Record::new(self.world.clock.now(), event);
                let mut json = std::mem::take(&mut core.scratch);
                Journal::encode(&mut json, &record)?;
                let queued = self.queue(&mut core, &record, &json)?;
                core.scratch = json;
                queued
            }
        };
        drop(core);
        self.settle(&queued)
    }

    /// Applies and queues a record. It comes encoded: if it cannot be encoded, the state must not change.
    fn queue(&self, core: &mut Core, record: &Record, json: &[u8]) -> Result<Queued, WriteError> {
        let seq = core.last.next();
        if core.state.apply(seq, record)? == Effect::Nothing {
            return Ok(Queued::Nothing(core.last));
        }
        core.last = seq;
        let ticket = self.journal.push(json)?;
        assert_eq!(ticket.seq, seq, "journal and state count alike");
        Ok(Queued::Event(ticket))
    }

    /// Waits until what was queued is durable; for what changed nothing, until what it repeats is, which
    /// another thread may have queued a moment ago.
    fn settle(&self, queued: &Queued) -> Result<Recorded, WriteError> {
        match queued {
            Queued::Event(ticket) => {
                self.journal.wait(ticket)?;
                self.after_record();
            }
            Queued::Nothing(last) => self.journal.flush_to(*last)?,
        }
        Ok(queued.as_recorded())
    }

    fn check_readable(&self) -> Result<(), WriteError> {
        match self.journal.stopped() {
            Some(stop) if stop.level == Level::Failed => Err(stop.into()),
            _ => Ok(()),
        }
    }
}
