//! Background work: segments ahead of time, sealing, checkpoints. Either in a thread of the book's own, or
//! inline before each append, which is deterministic.

use super::{Book, Shared, Upkeep, WriteError};
use crate::journal::Work;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the thread looks whether a checkpoint is due.
const TICK: Duration = Duration::from_secs(1);

/// How long something may wait to become durable that nobody waits for.
const FLUSH_AFTER: Duration = Duration::from_millis(5);

/// Calls the thread.
#[derive(Default)]
pub(super) struct Bell {
    rung: Mutex<Call>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Call {
    #[default]
    Nothing,
    /// Something waits to become durable, and nobody waits for it.
    Flush,
    Work,
    Stop,
}

impl Bell {
    fn ring(&self, call: Call) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        // A louder call includes the quieter one.
        if *rung < call {
            *rung = call;
            self.changed.notify_all();
        }
    }

    /// Waits for a call, but not longer than a tick.
    fn wait(&self) -> Call {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut rung, _) = self
            .changed
            .wait_timeout_while(rung, TICK, |call| *call == Call::Nothing)
            .unwrap_or_else(PoisonError::into_inner);
        let call = *rung;
        if call != Call::Stop {
            *rung = Call::Nothing;
        }
        call
    }
}

/// The thread.
pub(super) struct Worker(JoinHandle<()>);

impl Worker {
    /// Starts the thread.
    ///
    /// # Errors
    /// The operating system's.
    pub(super) fn start(shared: &Arc<Shared>) -> std::io::Result<Self> {
        let shared = Arc::clone(shared);
        let body = move || {
            loop {
                let done = match shared.bell.wait() {
                    Call::Stop => return,
                    Call::Flush => shared.flush_left_over().and_then(|()| shared.tend()),
                    Call::Nothing | Call::Work => shared.work(),
                };
                // A failure has stopped the journal: whoever appends next is told of it.
                drop(done);
            }
        };
        std::thread::Builder::new().name("truebook-upkeep".to_owned()).spawn(body).map(Self)
    }

    /// Stops the thread and waits for it.
    pub(super) fn stop(self, bell: &Bell) {
        bell.ring(Call::Stop);
        // A panic of the thread is a broken invariant and was printed by the runtime.
        let _ = self.0.join();
    }
}

impl Shared {
    /// Does everything that is to be done.
    pub(super) fn work(&self) -> Result<(), WriteError> {
        self.journal.flush_queued()?;
        self.tend()
    }

    /// Makes durable what waits by now, unless an event that somebody waits for takes it along in a moment. A
    /// flush of its own would stand in the way of the next such event; with a steady writer there is none.
    fn flush_left_over(&self) -> Result<(), WriteError> {
        let next = self.journal.next();
        std::thread::sleep(FLUSH_AFTER);
        // What was queued since then has called again.
        if self.journal.durable().next() < next {
            self.journal.flush_queued()?;
        }
        Ok(())
    }

    /// Everything that is to be done but flushing.
    fn tend(&self) -> Result<(), WriteError> {
        while self.journal.maintain()? == Work::Done {}
        if self.is_checkpoint_due() {
            self.checkpoint()?;
        }
        Ok(())
    }

    /// Inline upkeep comes before an append, so that its failure refuses that append.
    pub(super) fn before_record(&self) {
        if self.upkeep == Upkeep::Inline {
            // A failure has stopped the journal, which the append finds out itself.
            let _ = self.work();
        }
    }

    /// Somebody makes durable what was queued, soon.
    pub(super) fn flush_soon(&self) {
        if self.upkeep == Upkeep::Thread {
            self.bell.ring(Call::Flush);
        }
    }

    pub(super) fn after_record(&self) {
        if self.upkeep == Upkeep::Thread && self.journal.has_work() {
            self.bell.ring(Call::Work);
        }
    }
}

impl Book {
    /// Does the background work that waits, now and in this thread.
    ///
    /// # Errors
    /// What failed; the journal has then stopped (promise P12).
    pub fn upkeep(&self) -> Result<(), WriteError> {
        self.0.shared.work()
    }
}
