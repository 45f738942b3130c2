//! Keeping book and venue in agreement in the background: the runtime of a bot with a strategy that wants nothing.

use super::{Core, Held, lock};
use crate::fault::Fault;
use crate::options::seconds;
use pyo3::prelude::*;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;
use truebook::core::id::Instrument;
use truebook::core::money::Price;
use truebook::engine::{ReconcileOutcome, Trader};
use truebook::run::{Desk, DeskError, RunEvent, Schedule, Strategy, run};

/// How soon it is noticed that the book is to be closed.
const NOTICE: Duration = Duration::from_millis(100);

/// How the background work stands.
#[derive(Clone, Debug, Default)]
struct Standing {
    streaming: bool,
    reconciliations: u64,
    agreed: bool,
    failed: Option<String>,
    ended: Option<String>,
}

/// The thread.
pub(super) struct Follower {
    stop: Arc<AtomicBool>,
    standing: Arc<Mutex<Standing>>,
    thread: JoinHandle<()>,
}

/// Wants nothing.
struct Nothing;

impl Strategy for Nothing {
    fn name(&self) -> &'static str {
        "none"
    }

    fn instruments(&self) -> Vec<Instrument> {
        Vec::new()
    }

    fn on_price(&mut self, _: &Desk<'_>, _: &Instrument, _: Price) -> Result<(), DeskError> {
        Ok(())
    }
}

impl Follower {
    fn start(trader: Trader, every: Duration) -> Result<Self, Fault> {
        let stop = Arc::new(AtomicBool::new(false));
        let standing = Arc::new(Mutex::new(Standing::default()));
        let schedule =
            Schedule { prices: NOTICE, reconcile: every, retry: every.min(Duration::from_secs(1)) };
        let (stop_there, told_there) = (Arc::clone(&stop), Arc::clone(&standing));
        let work = move || {
            let told = &told_there;
            let ended = run(&trader, &mut Nothing, schedule, &stop_there, &mut |event| note(told, &event));
            if let Err(failed) = ended {
                lock(told).ended = Some(failed.to_string());
            }
        };
        let thread = std::thread::Builder::new().name("truebook-follow".to_owned()).spawn(work);
        let thread = thread
            .map_err(|failed| Fault::new("FileError", format!("start a thread for the venue: {failed}")))?;
        Ok(Self { stop, standing, thread })
    }

    /// Ends it, and waits until it has ended.
    pub(super) fn stop(self) {
        self.stop.store(true, Ordering::SeqCst);
        // A panic there is a broken invariant, and was told by the thread itself.
        drop(self.thread.join());
    }

    fn told(&self) -> Value {
        let Standing { streaming, reconciliations, agreed, failed, ended } = lock(&self.standing).clone();
        json!({
            "running": !self.thread.is_finished(),
            "streaming": streaming,
            "reconciliations": reconciliations,
            "agreed": agreed,
            "failed": failed,
            "ended": ended,
        })
    }
}

fn note(standing: &Mutex<Standing>, event: &RunEvent<'_>) {
    let mut standing = lock(standing);
    match event {
        RunEvent::Reconciled(done) => {
            standing.reconciliations += 1;
            standing.agreed = done.reconciled == ReconcileOutcome::Agreed;
            standing.failed = match &done.reconciled {
                ReconcileOutcome::Agreed => None,
                ReconcileOutcome::Open(why) => Some(why.clone()),
            };
        }
        RunEvent::Failed(what, why) => standing.failed = Some(format!("could not {what}: {why}")),
        RunEvent::Streaming => standing.streaming = true,
        RunEvent::Stopping => standing.streaming = false,
    }
}

impl Held {
    /// Ends the background work, if there is some.
    pub(super) fn unfollow(&self) {
        let follower = lock(&self.follower).take();
        if let Some(follower) = follower {
            follower.stop();
        }
    }
}

#[pymethods]
impl Core {
    /// Begins to keep book and venue in agreement in the background.
    fn follow(&self, py: Python<'_>, every_s: f64) -> PyResult<()> {
        self.away(py, |held| {
            let every = seconds(every_s, "every")?;
            held.unfollow();
            let follower = Follower::start(held.trader.clone(), every)?;
            *lock(&held.follower) = Some(follower);
            Ok(())
        })
    }

    /// Ends that.
    fn unfollow(&self, py: Python<'_>) -> PyResult<()> {
        self.away(py, |held| {
            held.unfollow();
            Ok(())
        })
    }

    /// How it stands, as JSON; `None` if it was not begun.
    fn following(&self) -> PyResult<Option<String>> {
        let held = self.held()?;
        let told = lock(&held.follower).as_ref().map(|follower| follower.told().to_string());
        Ok(told)
    }
}
