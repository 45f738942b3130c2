//! A venue that is written in Python.
//!
//! The engine calls it without the interpreter and without any lock of the book; each method attaches for as
//! long as the Python code runs. What comes back is judged in `truebook._bridge`: an exception that says nothing
//! certain means that nobody knows (promise P4).

use super::words::{self, AcceptedText, EventText, FailedText};
use crate::fault::Fault;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use truebook::core::capability::{Brackets, Capabilities, Rules};
use truebook::core::id::{Instrument, OrderId, VenueName, VenueOrderId};
use truebook::core::money::Price;
use truebook::core::observation::{AccountReport, FillReport, Listing, OrderReport, PositionReport};
use truebook::core::order::Placement;
use truebook::core::time::Utc;
use truebook::venue::{
    Accepted, Change, NewOrder, STREAM_EVENTS_MAX, StreamEvent, Target, Venue, VenueError, VenueErrorKind,
};

/// A venue that is written in Python.
pub(crate) struct Bridge {
    /// A `truebook._bridge.Bridge`.
    object: Py<PyAny>,
    name: VenueName,
    capabilities: Capabilities,
    /// Keeps the channel of a venue without a stream open.
    silent: Mutex<Option<SyncSender<StreamEvent>>>,
}

impl Bridge {
    /// Asks the venue for its name and what it promises.
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let name: String = object.getattr("name")?.extract()?;
        let name = VenueName::new(&name).map_err(|failed| Fault::new("OptionError", failed.to_string()))?;
        let capabilities: String = object.call_method0("capabilities")?.extract()?;
        let capabilities = serde_json::from_str(&capabilities).map_err(|failed| {
            Fault::new("OptionError", format!("the venue's capabilities cannot be read: {failed}"))
        })?;
        Ok(Self { object: object.clone().unbind(), name, capabilities, silent: Mutex::new(None) })
    }

    /// Ends the venue's streams.
    pub(crate) fn stop(&self) -> PyResult<()> {
        drop(self.silent.lock().unwrap_or_else(PoisonError::into_inner).take());
        let stopped = Python::try_attach(|py| self.object.call_method0(py, "stop").map(drop));
        stopped.unwrap_or(Ok(()))
    }

    fn ask<T: DeserializeOwned>(&self, what: &str, about: &Value) -> Result<T, VenueError> {
        let about = about.to_string();
        let told = Python::try_attach(|py| {
            self.object.call_method1(py, "call", (what, about)).and_then(|told| told.extract(py))
        });
        let (kind, text): (String, String) = match told {
            Some(Ok(told)) => told,
            Some(Err(failed)) => return Err(VenueError::new(VenueErrorKind::Unknown, failed.to_string())),
            None => return Err(VenueError::new(VenueErrorKind::NotSent, "the interpreter is going away")),
        };
        let unreadable = |failed: serde_json::Error| {
            let message = format!("the venue's answer to {what} cannot be read: {failed}");
            VenueError::new(VenueErrorKind::Unknown, message)
        };
        if kind == "ok" {
            return serde_json::from_str(&text).map_err(unreadable);
        }
        let failed: FailedText = serde_json::from_str(&text).map_err(unreadable)?;
        Err(failed.into_error(&kind))
    }
}

impl Venue for Bridge {
    fn name(&self) -> VenueName {
        self.name.clone()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Result<Utc, VenueError> {
        self.ask("now", &Value::Null)
    }

    fn submit(&self, order: &NewOrder) -> Result<Accepted, VenueError> {
        let with_legs =
            order.intent.terms.bracket.as_ref().is_some_and(|it| it.legs == Placement::WithParent);
        if with_legs && self.capabilities.brackets == Brackets::Emulated {
            // An adapter that knows nothing of legs would leave them out, and the position unprotected.
            let message = "this venue makes no legs of brackets";
            return Err(VenueError::new(VenueErrorKind::Refused, message));
        }
        self.ask::<AcceptedText>("submit", &words::new_order(order)).map(Accepted::from)
    }

    fn cancel(&self, target: &Target) -> Result<(), VenueError> {
        self.ask("cancel", &words::target(target))
    }

    fn replace(&self, target: &Target, change: &Change) -> Result<Accepted, VenueError> {
        let about = json!({ "target": words::target(target), "change": words::change(change) });
        self.ask::<AcceptedText>("replace", &about).map(Accepted::from)
    }

    fn find(&self, id: OrderId, instrument: &Instrument) -> Result<Option<OrderReport>, VenueError> {
        self.ask("find", &json!({ "client_id": id, "instrument": instrument }))
    }

    fn find_venue_order(&self, id: &VenueOrderId) -> Result<Option<OrderReport>, VenueError> {
        self.ask("find_venue_order", &words::venue_order(id))
    }

    fn open_orders(&self) -> Listing<OrderReport> {
        words::listing(self.ask("open_orders", &Value::Null))
    }

    fn closed_orders(&self, since: Utc) -> Listing<OrderReport> {
        words::listing(self.ask("closed_orders", &json!({ "since": since })))
    }

    fn fills(&self, since: Utc) -> Listing<FillReport> {
        words::listing(self.ask("fills", &json!({ "since": since })))
    }

    fn positions(&self) -> Listing<PositionReport> {
        words::listing(self.ask("positions", &Value::Null))
    }

    fn account(&self) -> Result<AccountReport, VenueError> {
        self.ask("account", &Value::Null)
    }

    fn rules(&self, instrument: &Instrument) -> Result<Option<Rules>, VenueError> {
        self.ask("rules", &json!({ "instrument": instrument }))
    }

    fn last_price(&self, instrument: &Instrument) -> Result<Option<Price>, VenueError> {
        self.ask("last_price", &json!({ "instrument": instrument }))
    }

    fn stream(&self) -> Result<Receiver<StreamEvent>, VenueError> {
        let (sender, receiver) = sync_channel(STREAM_EVENTS_MAX);
        let emitter = Emitter { sender: Mutex::new(Some(sender.clone())) };
        let begun = Python::try_attach(|py| {
            let emitter = Bound::new(py, emitter)?;
            self.object.call_method1(py, "stream", (emitter,))?.extract::<bool>(py)
        });
        match begun {
            Some(Ok(true)) => Ok(receiver),
            // A venue without a stream: the channel stays open and silent.
            Some(Ok(false)) => {
                *self.silent.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
                Ok(receiver)
            }
            Some(Err(failed)) => Err(VenueError::new(VenueErrorKind::Unknown, failed.to_string())),
            None => Err(VenueError::new(VenueErrorKind::NotSent, "the interpreter is going away")),
        }
    }
}

/// What a stream in Python calls with each event.
#[pyclass(frozen, module = "truebook._truebook")]
struct Emitter {
    sender: Mutex<Option<SyncSender<StreamEvent>>>,
}

#[pymethods]
impl Emitter {
    /// Takes an event; false once nobody listens any more. A reader that falls too far behind is cut off, as by
    /// a lost connection: it reads what there is, reconciles, and asks for a new stream.
    fn __call__(&self, text: &str) -> PyResult<bool> {
        let event: EventText = serde_json::from_str(text)
            .map_err(|failed| PyValueError::new_err(format!("the event cannot be read: {failed}")))?;
        let mut sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = &*sender else { return Ok(false) };
        match open.try_send(event.into()) {
            Ok(()) => Ok(true),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                *sender = None;
                Ok(false)
            }
        }
    }
}
