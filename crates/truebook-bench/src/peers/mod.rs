//! The participants.

mod fjall;
mod python;
mod raw;
mod redb;
mod sqlite;
pub(crate) mod sqlite_events;
pub(crate) mod truebook;

use crate::engine::{Engine, EngineName, SharedEngine, Turns};
use crate::error::BenchError;
use crate::group_commit::GroupCommitter;
use crate::measure::Timed;
use crate::setup::engine_dir;
use std::path::Path;

/// Opens an engine of this process in its own folder under `parent`.
pub(crate) fn open_engine(name: EngineName, parent: &Path) -> Result<Box<dyn Engine>, BenchError> {
    let dir = engine_dir(parent, name)?;
    match name {
        EngineName::Raw => Ok(Box::new(raw::Raw::create(&dir)?)),
        EngineName::Truebook => truebook::open_engine(&dir),
        EngineName::TruebookBusy => truebook::open_busy(&dir),
        EngineName::Sqlite => Ok(Box::new(sqlite::Sqlite::create(&dir)?)),
        EngineName::Redb => Ok(Box::new(redb::Redb::create(&dir)?)),
        EngineName::Fjall => Ok(Box::new(fjall::Fjall::create(&dir)?)),
        EngineName::Python | EngineName::PythonFsync => Err(not_batched(name)),
    }
}

/// Opens an engine for many writers: its own batching where it has some, ours where it has none.
pub(crate) fn open_shared(name: EngineName, parent: &Path) -> Result<Box<dyn SharedEngine>, BenchError> {
    match name {
        EngineName::Truebook => truebook::open_shared(&engine_dir(parent, name)?),
        other => Ok(Box::new(GroupCommitter::new(open_engine(other, parent)?))),
    }
}

/// Opens any participant, including the ones that run in a process of their own.
pub(crate) fn open_turns(name: EngineName, parent: &Path) -> Result<Box<dyn Turns>, BenchError> {
    match name {
        EngineName::Python => open_python(name, python::Flush::Never, parent),
        EngineName::PythonFsync => open_python(name, python::Flush::FileAndFolder, parent),
        engine => Ok(Box::new(Timed(open_engine(engine, parent)?))),
    }
}

fn open_python(name: EngineName, flush: python::Flush, parent: &Path) -> Result<Box<dyn Turns>, BenchError> {
    let dir = engine_dir(parent, name)?;
    Ok(Box::new(python::Python::start(name, flush, &dir)?))
}

fn not_batched(engine: EngineName) -> BenchError {
    let why = "it saves its whole state each time".into();
    BenchError::Absent { engine, why }
}

/// Those that could be opened, and a line for each that could not.
pub(crate) struct Field<T> {
    pub(crate) taking_part: Vec<(EngineName, T)>,
    pub(crate) notes: Vec<String>,
}

/// Opens each; one that is absent leaves a note, any other failure ends the run.
pub(crate) fn gather<T>(
    names: &[EngineName],
    mut open: impl FnMut(EngineName) -> Result<T, BenchError>,
) -> Result<Field<T>, BenchError> {
    let mut field = Field { taking_part: Vec::new(), notes: Vec::new() };
    for &name in names {
        match open(name) {
            Ok(opened) => field.taking_part.push((name, opened)),
            Err(absent @ BenchError::Absent { .. }) => field.notes.push(absent.to_string()),
            Err(failure) => return Err(failure),
        }
    }
    Ok(field)
}

/// Positions of `len` participants, starting one further each round, so that nobody always goes first.
pub(crate) fn rotated(len: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..len).map(move |offset| (round + offset) % len)
}
