//! How a command ends that could not do what was asked.
//!
//! On standard error: `truebook: <message>`, one line a cause, then `try: <what to type next>`. With `--json`
//! (and always in `pipe`) the same is printed on standard output too, as one line:
//! `{"ok":false,"error":"<message>","causes":["…"],"try":"…"}`; `try` is null if there is nothing to advise.
//! Exit code 1: checked, and found differences or damage. Exit code 2: could not do it.

use serde::Serialize;
use std::error::Error;
use std::io::Write;
use std::process::ExitCode;
use truebook::backup::BackupError;
use truebook::book::import::ImportError;
use truebook::book::{AdoptError, OpenError, WriteError};
use truebook::engine::TradeError;
use truebook::history::HistoryError;
use truebook::log::LogError;
use truebook::venue::VenueErrorKind;

/// How a command ended that did what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well.
    Fine,
    /// It looked, and found differences or damage.
    Different,
    /// It could not do it, and has told so.
    CouldNot,
}

impl Outcome {
    pub(crate) fn exit_code(self) -> ExitCode {
        match self {
            Self::Fine => ExitCode::SUCCESS,
            Self::Different => ExitCode::from(1),
            Self::CouldNot => ExitCode::from(2),
        }
    }
}

/// What a failure means for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Different,
    CouldNot,
}

/// Where failures are told besides standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorChannel {
    StderrOnly,
    JsonToo,
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    causes: Vec<String>,
    hint: Option<String>,
    meaning: Meaning,
}

/// A failure as JSON; part of the contract.
#[derive(Serialize)]
pub(crate) struct FailureJson<'a> {
    ok: bool,
    error: &'a str,
    causes: &'a [String],
    #[serde(rename = "try")]
    hint: Option<&'a str>,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), causes: Vec::new(), hint: None, meaning: Meaning::CouldNot }
    }

    /// Something was looked for and is not there, or is different.
    pub(crate) fn different(message: impl Into<String>) -> Self {
        Self { meaning: Meaning::Different, ..Self::new(message) }
    }

    /// A failure with the causes behind it.
    pub(crate) fn caused(error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut causes = Vec::new();
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            let told = causes.last_mut().unwrap_or(&mut message);
            if *told != text {
                strip_cause(told, &text);
                causes.push(text);
            }
            source = cause.source();
        }
        Self { causes, ..Self::new(message) }
    }

    pub(crate) fn with_cause(mut self, cause: &dyn Error) -> Self {
        self.causes.push(cause.to_string());
        self
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Message and causes on one line.
    pub(crate) fn in_one_line(&self) -> String {
        let mut line = self.message.clone();
        for cause in &self.causes {
            line.push_str(": ");
            line.push_str(cause);
        }
        line
    }

    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    fn maybe_hint(self, hint: Option<&'static str>) -> Self {
        Self { hint: hint.map(str::to_owned), ..self }
    }

    fn exit_code(&self) -> ExitCode {
        match self.meaning {
            Meaning::Different => ExitCode::from(1),
            Meaning::CouldNot => ExitCode::from(2),
        }
    }
}

/// A message that ends with its cause says it twice once the cause has its own line.
fn strip_cause(message: &mut String, cause: &str) {
    if let Some(rest) = message.strip_suffix(cause).and_then(|rest| rest.strip_suffix(": ")) {
        *message = rest.to_owned();
    }
}

impl From<OpenError> for Failure {
    fn from(failed: OpenError) -> Self {
        Self::caused(&failed).maybe_hint(failed.hint())
    }
}

impl From<BackupError> for Failure {
    fn from(failed: BackupError) -> Self {
        match failed {
            BackupError::Open(failed) => failed.into(),
            BackupError::Write(failed) => failed.into(),
            BackupError::File(failed) => OpenError::File(failed).into(),
            BackupError::Damaged { .. } | BackupError::Generation { .. } => Self::caused(&failed)
                .with_hint("truebook restore --list, then --generation with an older one"),
            other => Self::caused(&other),
        }
    }
}

impl From<WriteError> for Failure {
    fn from(failed: WriteError) -> Self {
        Self::caused(&failed).maybe_hint(failed.hint())
    }
}

impl From<LogError> for Failure {
    fn from(failed: LogError) -> Self {
        let told = Self::caused(&failed).maybe_hint(failed.hint());
        match failed {
            LogError::Damage(_) => Self { meaning: Meaning::Different, ..told },
            _ => told,
        }
    }
}

impl From<HistoryError> for Failure {
    fn from(failed: HistoryError) -> Self {
        match failed {
            HistoryError::Open(failed) => failed.into(),
            HistoryError::Log(failed) => failed.into(),
            HistoryError::Misfit { .. } => Self::caused(&failed),
        }
    }
}

impl From<AdoptError> for Failure {
    fn from(failed: AdoptError) -> Self {
        let hint = match &failed {
            AdoptError::Nothing { .. } => Some("truebook state adopt FILE, or truebook state save FILE"),
            AdoptError::Unusable { .. } => None,
            AdoptError::Write(failed) => failed.hint(),
        };
        Self::caused(&failed).maybe_hint(hint)
    }
}

impl From<ImportError> for Failure {
    fn from(failed: ImportError) -> Self {
        let hint = match &failed {
            ImportError::NotEmpty => Some("truebook --data OTHER init, then import there"),
            ImportError::Json { .. } | ImportError::Value { .. } => {
                Some("mend the file and import it again; nothing was taken over")
            }
            ImportError::Form { .. } => {
                Some("truebook state save FILE takes any JSON object as the bot's variables")
            }
            ImportError::Write(failed) => failed.hint(),
        };
        Self::caused(&failed).maybe_hint(hint)
    }
}

impl From<TradeError> for Failure {
    fn from(failed: TradeError) -> Self {
        let hint = match &failed {
            TradeError::OtherVenue { .. } => Some("truebook status tells where the book trades"),
            TradeError::Policy(_) => Some("truebook settings show, then truebook settings accept FILE"),
            TradeError::Write(failed) => failed.hint(),
            TradeError::Venue(failed) if failed.kind == VenueErrorKind::Unauthorized => {
                Some("--venue-keys FILE, or APCA_API_KEY_ID and APCA_API_SECRET_KEY in the environment")
            }
            _ => None,
        };
        Self::caused(&failed).maybe_hint(hint)
    }
}

/// Tells a failure on standard error.
pub(crate) fn tell(failure: &Failure) {
    let mut lines = vec![format!("truebook: {}", failure.message)];
    lines.extend(failure.causes.iter().map(|cause| format!("  {cause}")));
    lines.extend(failure.hint.iter().map(|hint| format!("try: {hint}")));
    let text = lines.join("\n") + "\n";
    // With nobody to tell there is still the exit code.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Tells a failure and gives the exit code.
pub(crate) fn report(failure: &Failure, channel: ErrorChannel) -> ExitCode {
    tell(failure);
    if channel == ErrorChannel::JsonToo {
        let mut line = failure.to_json();
        line.push('\n');
        let _ = std::io::stdout().write_all(line.as_bytes());
    }
    failure.exit_code()
}

impl Failure {
    fn to_json(&self) -> String {
        let json =
            FailureJson { ok: false, error: &self.message, causes: &self.causes, hint: self.hint.as_deref() };
        serde_json::to_string(&json).unwrap_or_default()
    }
}
