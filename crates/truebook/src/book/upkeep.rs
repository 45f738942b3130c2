//! Background work: segments ahead of time, sealing, checkpoints. Either in a thread of the book's own, or
//! inline before each append, which is deterministic.

use super::{Book, Shared, Upkeep, WriteError};
use crate::journal::Work;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often the thread looks whether a checkpoint is due.
const TICK: Duration = Duration::from_secs(1);

/// Calls the thread.
#[derive(Default)]
pub(super) struct Bell {
    rung: Mutex<Call>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Call {
    #[default]
    Nothing,
    Work,
    Stop,
}

impl Bell {
    fn ring(&self, call: Call) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        if *rung != Call::Stop && *rung != call {
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
        if call == Call::Work {
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
            while shared.bell.wait() != Call::Stop {
                // A failure has stopped the journal: whoever appends next is told of it.
                let _ = shared.work();
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
