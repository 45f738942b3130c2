//! Why a part could not be measured.

use crate::engine::EngineName;
use std::error::Error;

#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    /// This participant cannot take part here; the others can. Reported as a visible line, never as a gap.
    #[error("{engine} left out: {why}")]
    Absent { engine: EngineName, why: String },
    #[error("{what}")]
    Io { what: String, source: std::io::Error },
    #[error("{engine}: {doing}")]
    Peer { engine: EngineName, doing: &'static str, source: Box<dyn Error + Send + Sync> },
    /// A child process failed or said something that could not be read.
    #[error("{child} said: {said}")]
    Child { child: &'static str, said: String },
    /// The store gave back something else than was put in: its time means nothing.
    #[error("{engine} read back {got} where {expected} was written")]
    Different { engine: EngineName, expected: String, got: String },
}

/// Names the operation and the object of an input or output error.
pub(crate) trait DuringIo<T> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T, BenchError>;
}

impl<T> DuringIo<T> for Result<T, std::io::Error> {
    fn during(self, what: impl FnOnce() -> String) -> Result<T, BenchError> {
        self.map_err(|source| BenchError::Io { what: what(), source })
    }
}

/// Names the engine and what it was doing.
pub(crate) trait DuringPeer<T> {
    fn peer(self, engine: EngineName, doing: &'static str) -> Result<T, BenchError>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> DuringPeer<T> for Result<T, E> {
    fn peer(self, engine: EngineName, doing: &'static str) -> Result<T, BenchError> {
        self.map_err(|source| BenchError::Peer { engine, doing, source: source.into() })
    }
}
