//! truebook itself. Absent until its library's interface stands; each part then says so in a visible line.
//!
//! To fill in, here and nowhere else (and the dependency in `Cargo.toml`):
//! - [`open_engine`]: a book in `dir`, one commit a call of `Engine::commit`;
//! - [`open_shared`]: the same book for many threads, with its own group commit;
//! - [`build_store`] and [`replay_store`]: the events of `replay`, written and read back;
//! - [`crate::bench::save_field::run`]: one variable saved.

use crate::bench::replay::Digest;
use crate::engine::{Engine, EngineName, SharedEngine};
use crate::error::BenchError;
use crate::events::EventStream;
use std::path::Path;

pub(crate) fn open_engine(_dir: &Path) -> Result<Box<dyn Engine>, BenchError> {
    Err(absent())
}

pub(crate) fn open_shared(_dir: &Path) -> Result<Box<dyn SharedEngine>, BenchError> {
    Err(absent())
}

/// Writes `events` into a new book in `dir`; not timed.
pub(crate) fn build_store(_dir: &Path, _events: EventStream) -> Result<(), BenchError> {
    Err(absent())
}

/// Opens the book in `dir` and reads every event back; timed by the caller.
pub(crate) fn replay_store(_dir: &Path) -> Result<Digest, BenchError> {
    Err(absent())
}

pub(crate) fn absent() -> BenchError {
    BenchError::Absent { engine: EngineName::Truebook, why: "its library is not wired in yet".into() }
}
