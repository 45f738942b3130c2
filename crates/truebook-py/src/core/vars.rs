//! The bot's variables.

use super::{Core, Memory, lock};
use crate::fault::Fault;
use crate::state::Slot;
use crate::state::place::Place;
use crate::state::read::{Fractions, Reader};
use crate::state::write::Writer;
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use truebook::book::{Recorded, WriteError};
use truebook::core::doc::{Doc, Members, Path};

/// A place in the variables: a JSON Pointer (text that begins with `/`), one key (any other text), or keys and
/// indices one by one.
struct At(Path);

impl<'py> FromPyObject<'_, 'py> for At {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let wrong = |failed: truebook::core::doc::PathError| Fault::new("StateError", failed.to_string());
        if let Ok(text) = given.cast::<PyString>() {
            let text = text.to_cow()?;
            let path = if text.is_empty() || text.starts_with('/') {
                Path::parse(&text)
            } else {
                Path::from_segments([&*text])
            };
            return Ok(Self(path.map_err(wrong)?));
        }
        let segments = given.try_iter()?.map(|segment| Ok(segment?.str()?.to_cow()?.into_owned()));
        let segments = segments.collect::<PyResult<Vec<String>>>()?;
        Ok(Self(Path::from_segments(segments).map_err(wrong)?))
    }
}

/// What is saved.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// All variables.
    Whole,
    /// Some of them.
    Part,
}

/// A key at the top, whatever is in it.
fn top(key: &str) -> PyResult<Path> {
    Ok(Path::from_segments([key]).map_err(|failed| Fault::new("StateError", failed.to_string()))?)
}

impl<'py> FromPyObject<'_, 'py> for Fractions {
    type Error = PyErr;

    fn extract(decimals: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(if decimals.is_truthy()? { Self::Decimals } else { Self::Floats })
    }
}

impl Core {
    fn vars(&self) -> Result<Doc, Fault> {
        Ok(self.held()?.book.vars()?)
    }

    /// The object as a document that shares what is in `old` already.
    fn document(&self, given: &Bound<'_, PyAny>, old: Option<&Doc>, of: Of) -> PyResult<Doc> {
        let held = self.held()?;
        // Taken out: no lock is held while Python code may run. Another thread begins with nothing meanwhile.
        let Memory { shapes, mut whole } = std::mem::take(&mut *lock(&held.memory));
        let mut writer = Writer::new(given.py(), shapes);
        let mut part = Slot::Unknown;
        let slot = if of == Of::Whole { &mut whole } else { &mut part };
        let made = writer.value(given, old, slot, Place::Root);
        let learnt = Memory { shapes: writer.into_shapes(), whole };
        // What another thread left there is dropped only when the lock is free again: dropping may run Python code.
        let other = std::mem::replace(&mut *lock(&held.memory), learnt);
        drop(other);
        Ok(made?.or(old))
    }

    fn set_at(&self, py: Python<'_>, path: Path, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        let vars = self.vars()?;
        let value = self.document(value, vars.get(&path), Of::Part)?;
        // A handle on the old document would make the change copy what it changes.
        drop(vars);
        self.away(py, |held| recorded(held.book.set(&path, &value)))
    }
}

/// Whether anything changed.
fn recorded(recorded: Result<Recorded, WriteError>) -> Result<bool, Fault> {
    Ok(matches!(recorded?, Recorded::Durable(_)))
}

#[pymethods]
impl Core {
    /// What is under a key at the top; `KeyError` if nothing is.
    fn state_item<'py>(
        &self,
        py: Python<'py>,
        key: &Bound<'py, PyAny>,
        decimals: Fractions,
    ) -> PyResult<Bound<'py, PyAny>> {
        let missing = || PyKeyError::new_err(key.clone().unbind());
        let text = key.cast::<PyString>().map_err(|_| missing())?;
        let vars = self.vars()?;
        let members = vars.as_object().ok_or_else(missing)?;
        let found = members.get(&*text.to_cow()?).ok_or_else(missing)?;
        Reader::new(py, decimals).value(found)
    }

    /// Whether there is something under a key at the top.
    fn state_has(&self, key: &Bound<'_, PyAny>) -> PyResult<bool> {
        let Ok(text) = key.cast::<PyString>() else { return Ok(false) };
        let text = text.to_cow()?;
        Ok(self.vars()?.as_object().is_some_and(|members| members.contains_key(&*text)))
    }

    /// How many keys are at the top.
    fn state_len(&self) -> PyResult<usize> {
        Ok(self.vars()?.as_object().map_or(0, Members::len))
    }

    /// The keys at the top.
    fn state_keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let vars = self.vars()?;
        let keys = vars.as_object().into_iter().flat_map(|members| members.keys());
        PyList::new(py, keys.map(|key| PyString::new(py, key)).collect::<Vec<_>>())
    }

    /// Sets what is under a key at the top.
    fn state_set_item(&self, py: Python<'_>, key: String, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.set_at(py, top(&key)?, value)
    }

    /// Removes what is under a key at the top.
    fn state_remove_item(&self, py: Python<'_>, key: String) -> PyResult<bool> {
        let path = top(&key)?;
        self.away(py, |held| recorded(held.book.remove(&path)))
    }

    /// What is at a place, in a tuple; `None` if nothing is.
    fn state_get<'py>(
        &self,
        py: Python<'py>,
        at: At,
        decimals: Fractions,
    ) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let vars = self.vars()?;
        let Some(found) = vars.get(&at.0) else { return Ok(None) };
        let value = Reader::new(py, decimals).value(found)?;
        PyTuple::new(py, [value]).map(Some)
    }

    /// Sets what is at a place.
    fn state_set(&self, py: Python<'_>, at: At, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.set_at(py, at.0, value)
    }

    /// Removes what is at a place; false if nothing was.
    fn state_remove(&self, py: Python<'_>, at: At) -> PyResult<bool> {
        self.away(py, |held| recorded(held.book.remove(&at.0)))
    }

    /// Merges a patch in at a place.
    fn state_merge(&self, py: Python<'_>, at: At, patch: &Bound<'_, PyAny>) -> PyResult<bool> {
        let patch = self.document(patch, None, Of::Part)?;
        self.away(py, |held| recorded(held.book.merge(&at.0, &patch)))
    }

    /// Saves the whole document; only the difference is written.
    fn state_save(&self, py: Python<'_>, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        let value = {
            let vars = self.vars()?;
            self.document(value, Some(&vars), Of::Whole)?
        };
        self.away(py, move |held| recorded(held.book.save(&value)))
    }

    /// The whole document.
    fn state_read<'py>(&self, py: Python<'py>, decimals: Fractions) -> PyResult<Bound<'py, PyDict>> {
        let vars = self.vars()?;
        let mut reader = Reader::new(py, decimals);
        match vars.as_object() {
            Some(members) => reader.object(members),
            None => Ok(PyDict::new(py)),
        }
    }
}
