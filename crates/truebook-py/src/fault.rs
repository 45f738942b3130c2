//! Why something was not done, on its way from Rust to an exception.
//!
//! A [`Fault`] is made without the interpreter; `truebook.errors` has the class that it names.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use serde_json::{Value, json};
use std::error::Error;
use truebook::backup::BackupError;
use truebook::backup::address::PlaceError;
use truebook::book::import::ImportError;
use truebook::book::{OpenError, WriteError};
use truebook::core::gate::Refusal;
use truebook::core::state::FoldError;
use truebook::engine::{SubmitError, TradeError};
use truebook::history::HistoryError;
use truebook::journal::{Level, Stop};
use truebook::log::LogError;
use truebook::venue::{VenueError, VenueErrorKind};

/// Why something was not done.
#[derive(Debug)]
pub(crate) struct Fault {
    class: &'static str,
    message: String,
    hint: Option<String>,
    details: Value,
}

impl Fault {
    /// A fault that `truebook.errors` has a class for.
    pub(crate) fn new(class: &'static str, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), hint: None, details: Value::Null }
    }

    /// With the causes behind an error, each told once.
    fn caused(class: &'static str, failed: &dyn Error) -> Self {
        let mut message = failed.to_string();
        let mut source = failed.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            source = cause.source();
        }
        Self::new(class, message)
    }

    /// What is wrong, in one line.
    pub(crate) fn in_one_line(&self) -> String {
        self.message.clone()
    }

    /// With what to do about it.
    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn maybe_hint(self, hint: Option<&str>) -> Self {
        Self { hint: hint.map(str::to_owned), ..self }
    }

    fn with_details(self, details: Value) -> Self {
        Self { details, ..self }
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        let made = Python::attach(|py| {
            let details = fault.details.to_string();
            let make = py.import("truebook.errors")?.getattr("make")?;
            Ok(Self::from_value(make.call1((fault.class, &fault.message, fault.hint.as_deref(), details))?))
        });
        // Without the class there is still what it would say.
        made.unwrap_or_else(|_: Self| PyRuntimeError::new_err(fault.message))
    }
}

impl From<OpenError> for Fault {
    fn from(failed: OpenError) -> Self {
        let class = match &failed {
            OpenError::NoBook { .. } => "NoBookError",
            OpenError::Exists { .. } => "BookExistsError",
            OpenError::LostState { .. } | OpenError::Lost(_) => "LostStateError",
            OpenError::Restorable(_) => "RestorableError",
            OpenError::Held { .. } => "HeldError",
            OpenError::Key(_) => "BookKeyError",
            OpenError::Identity(_) => "IdentityError",
            OpenError::Settings(_) => "SettingsChangedError",
            OpenError::Damaged(_) | OpenError::Manifest { .. } | OpenError::Marker { .. } => "DamagedError",
            OpenError::Network { .. } => "NetworkDiskError",
            OpenError::Newer { .. } => "NewerFormatError",
            OpenError::Unfinished { .. } => "UnfinishedRestoreError",
            OpenError::SettingsKind(_) | OpenError::Readable | OpenError::Option { .. } => "OptionError",
            OpenError::File(failed) if failed.is_full() => "DiskFullError",
            OpenError::File(_) => "FileError",
            OpenError::Write(failed) => class_of_write(failed),
        };
        let details = match &failed {
            OpenError::Settings(changes) => json!({ "changes": changes }),
            OpenError::Held { holder, .. } => json!({ "holder": holder }),
            OpenError::Lost(report) => json!({ "report": report }),
            OpenError::Damaged(mendable) => json!({ "report": mendable.report, "command": mendable.command }),
            OpenError::Restorable(found) => {
                json!({ "book": found.book, "place": found.place, "command": found.command })
            }
            _ => Value::Null,
        };
        Self::caused(class, &failed).maybe_hint(failed.hint()).with_details(details)
    }
}

const fn class_of_stop(stop: &Stop) -> &'static str {
    match stop.level {
        Level::Full => "DiskFullError",
        Level::Failed => "WriteStoppedError",
    }
}

fn class_of_write(failed: &WriteError) -> &'static str {
    match failed {
        WriteError::Stopped(stop) => class_of_stop(stop),
        WriteError::Path(_)
        | WriteError::NotAnObject(_)
        | WriteError::ReservedKey
        | WriteError::Refused(FoldError::Vars { .. }) => "StateError",
        WriteError::Refused(_) | WriteError::Append(_) => "RefusedError",
        WriteError::File(failed) if failed.is_full() => "DiskFullError",
        WriteError::File(_) => "FileError",
    }
}

impl From<WriteError> for Fault {
    fn from(failed: WriteError) -> Self {
        Self::caused(class_of_write(&failed), &failed).maybe_hint(failed.hint())
    }
}

fn gate_shut(refusal: &Refusal) -> Fault {
    let details = json!({ "instrument": refusal.instrument, "why": refusal.why, "opens": refusal.opens });
    Fault::new("GateShutError", refusal.to_string()).with_details(details)
}

impl From<ImportError> for Fault {
    fn from(failed: ImportError) -> Self {
        match failed {
            ImportError::Write(failed) => failed.into(),
            other => Self::caused("ImportFileError", &other),
        }
    }
}

impl From<VenueError> for Fault {
    fn from(failed: VenueError) -> Self {
        let hint = (failed.kind == VenueErrorKind::Unauthorized)
            .then_some("keys in APCA_API_KEY_ID and APCA_API_SECRET_KEY, or what the adapter takes");
        Self::new("VenueCallError", failed.to_string()).maybe_hint(hint)
    }
}

impl From<TradeError> for Fault {
    fn from(failed: TradeError) -> Self {
        let class = match failed {
            TradeError::Write(failed) => return failed.into(),
            TradeError::Venue(failed) => return failed.into(),
            TradeError::Submit(failed) => return (*failed).into(),
            TradeError::Gate(refusal) => return gate_shut(&refusal),
            TradeError::OtherVenue { .. } => "IdentityError",
            TradeError::Policy(_) => "OptionError",
            TradeError::Check(_) => "PlanError",
            TradeError::NoOrder { .. } | TradeError::NoId { .. } => "NoOrderError",
            TradeError::NoReplace | TradeError::Replacement(_) => "OrderError",
            TradeError::NoPosition(_) => "NoPositionError",
            TradeError::StillWorking(_) => "StillWorkingError",
        };
        Self::caused(class, &failed)
    }
}

impl From<SubmitError> for Fault {
    fn from(failed: SubmitError) -> Self {
        match failed {
            SubmitError::Write(failed) => failed.into(),
            SubmitError::Venue(failed) => failed.into(),
            SubmitError::Gate(refusal) => gate_shut(&refusal),
            SubmitError::KeyReused { ref key, id } => {
                let details = json!({ "key": key, "id": id });
                Self::caused("KeyReusedError", &failed).with_details(details)
            }
            SubmitError::Clock { .. } => Self::caused("ClockError", &failed),
            SubmitError::Invalid(ref spec) => {
                let details = json!({ "faults": spec.faults });
                Self::caused("OrderError", &failed).with_details(details)
            }
            SubmitError::UnknownInstrument(_) => Self::caused("OrderError", &failed),
        }
    }
}

impl From<BackupError> for Fault {
    fn from(failed: BackupError) -> Self {
        match failed {
            BackupError::Open(failed) => failed.into(),
            BackupError::Write(failed) => failed.into(),
            BackupError::File(failed) => OpenError::File(failed).into(),
            other => Self::caused("BackupError", &other),
        }
    }
}

impl From<PlaceError> for Fault {
    fn from(failed: PlaceError) -> Self {
        match &failed {
            PlaceError::File(_) => Self::caused("FileError", &failed),
            _ => Self::caused("BackupError", &failed).maybe_hint(failed.way_out()),
        }
    }
}

impl From<LogError> for Fault {
    fn from(failed: LogError) -> Self {
        let class = match &failed {
            LogError::File(_) => "FileError",
            LogError::Damage(_) => "DamagedError",
            LogError::Newer { .. } => "NewerFormatError",
        };
        Self::caused(class, &failed).maybe_hint(failed.hint())
    }
}

impl From<HistoryError> for Fault {
    fn from(failed: HistoryError) -> Self {
        match failed {
            HistoryError::Open(failed) => failed.into(),
            HistoryError::Log(failed) => failed.into(),
            HistoryError::Misfit { .. } => Self::caused("DamagedError", &failed),
        }
    }
}
