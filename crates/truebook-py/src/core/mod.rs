//! The handle that `truebook.Book` holds: a book, what trades with it, what backs it up.

mod backups;
mod follow;
mod import;
mod opening;
mod orders;
mod reconcile;
mod vars;

pub(crate) use opening::{KeyTold, key_source};

use crate::fault::Fault;
use crate::options::Told;
use crate::state::{Shapes, Slot};
use crate::venues::bridge::Bridge;
use pyo3::prelude::*;
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use truebook::Book;
use truebook::backup::Keeper;
use truebook::engine::Trader;

/// An open book. Use `truebook.Book`.
#[pyclass(frozen, module = "truebook._truebook")]
pub(crate) struct Core {
    /// `None` once it is closed.
    held: RwLock<Option<Arc<Held>>>,
}

/// What an open book consists of.
struct Held {
    book: Book,
    trader: Trader,
    /// The venue, if it is written in Python.
    bridge: Option<Arc<Bridge>>,
    keeper: Mutex<Option<Keeper>>,
    /// Why places of backups are left out.
    left_out: Vec<String>,
    follower: Mutex<Option<follow::Follower>>,
    told: Told,
    /// A thread that saves takes it out for that time.
    memory: Mutex<Memory>,
}

/// What is remembered of what was saved, so that the next save is quick.
#[derive(Default)]
struct Memory {
    shapes: Shapes,
    /// The whole document.
    whole: Slot,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the mutexes here guard is consistent between any two statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// As JSON.
fn text(value: &impl Serialize) -> Result<String, Fault> {
    serde_json::to_string(value).map_err(|failed| Fault::new("Error", failed.to_string()))
}

impl Core {
    fn of(held: Held) -> Self {
        Self { held: RwLock::new(Some(Arc::new(held))) }
    }

    /// The open book. Nobody waits for the lock: it is held only to copy or take a handle.
    fn held(&self) -> Result<Arc<Held>, Fault> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.clone().ok_or_else(|| Fault::new("ClosedError", "the book is closed"))
    }

    /// Does something that may block, with the interpreter released.
    fn away<T: Send>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&Held) -> Result<T, Fault> + Send,
    ) -> PyResult<T> {
        let held = self.held()?;
        Ok(py.detach(move || {
            let done = act(&held);
            // The last handle may close the book, which takes its time.
            drop(held);
            done
        })?)
    }
}

impl Held {
    /// Stops what runs beside the book, and lets go of it.
    fn close(&self) -> Result<String, Fault> {
        let keeper = lock(&self.keeper).take();
        let places = keeper.map(Keeper::close).unwrap_or_default();
        text(&places)
    }
}

#[pymethods]
impl Core {
    /// Closes the book, and tells how its backups stand. Closing it twice is no error.
    fn close(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let held = self.held.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(held) = held else { return Ok(None) };
        // First: what follows the stream would begin another one.
        py.detach(|| held.unfollow());
        if let Some(bridge) = &held.bridge {
            bridge.stop()?;
        }
        let closed = py.detach(move || {
            let places = held.close()?;
            let book = held.book.clone();
            // The trader holds the book too.
            drop(held);
            book.close()?;
            Ok::<_, Fault>(places)
        })?;
        Ok(Some(closed))
    }

    /// Whether it is closed.
    #[getter]
    fn closed(&self) -> bool {
        self.held.read().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    /// Sequence number of the last event.
    #[getter]
    fn seq(&self) -> PyResult<u64> {
        Ok(self.held()?.book.last().get())
    }

    /// Sequence number of the last event that is durable.
    #[getter]
    fn durable(&self) -> PyResult<u64> {
        Ok(self.held()?.book.durable().get())
    }

    /// What opening the book found and did, as JSON.
    fn report(&self) -> PyResult<String> {
        Ok(text(self.held()?.book.report())?)
    }

    /// The book in a few figures, as JSON.
    fn status(&self, py: Python<'_>) -> PyResult<String> {
        self.away(py, |held| text(&held.book.status()?))
    }

    /// The settings that changed and that nobody has accepted, as JSON.
    fn unaccepted_settings(&self) -> PyResult<String> {
        Ok(text(&self.held()?.book.unaccepted_settings())?)
    }

    /// Makes a checkpoint now, and tells of it as JSON.
    fn checkpoint(&self, py: Python<'_>) -> PyResult<String> {
        self.away(py, |held| text(&held.book.checkpoint()?))
    }

    /// Refuses new risk from here on.
    fn halt(&self, py: Python<'_>, why: String) -> PyResult<()> {
        self.away(py, |held| Ok(held.book.halt(&why).map(drop)?))
    }

    /// Allows new risk again.
    fn resume(&self, py: Python<'_>, why: String) -> PyResult<()> {
        use truebook::core::event::{Event, Reason};
        self.away(py, |held| Ok(held.book.record(Event::Resume(Reason { why })).map(drop)?))
    }

    /// What happened since the book was put back counts as known: somebody answers for it.
    fn accept_gap(&self, py: Python<'_>, why: String) -> PyResult<()> {
        use truebook::core::event::{Event, Reason};
        self.away(py, |held| Ok(held.book.record(Event::Covered(Reason { why })).map(drop)?))
    }

    /// Accepts these settings as the ones in force.
    fn accept_settings(&self, py: Python<'_>, settings: &Bound<'_, PyAny>) -> PyResult<()> {
        let settings = opening::read_settings(settings)?;
        let settings =
            settings.ok_or_else(|| Fault::new("OptionError", "settings are a dict, or TOML text"))?;
        self.away(py, |held| Ok(held.book.accept_settings(&settings).map(drop)?))
    }

    /// The directory of the book.
    #[getter]
    fn path(&self) -> PyResult<String> {
        Ok(self.held()?.book.path())
    }
}
