//! Documents as Python objects.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use std::collections::HashMap;
use truebook::core::doc::{Doc, Members, Number};

/// How numbers that are not written as integers are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fractions {
    /// As `float`, like the standard library does.
    Floats,
    /// As `Decimal`, digit for digit.
    Decimals,
}

/// The most keys that are remembered in one reading, so that equal keys are one object.
const KEYS_MAX: usize = 4096;

/// Makes objects of documents.
pub(crate) struct Reader<'py, 'd> {
    py: Python<'py>,
    fractions: Fractions,
    /// Dicts that share their keys take less memory, and are saved faster.
    keys: HashMap<&'d str, Bound<'py, PyString>>,
}

impl<'py, 'd> Reader<'py, 'd> {
    pub(crate) fn new(py: Python<'py>, fractions: Fractions) -> Self {
        Self { py, fractions, keys: HashMap::new() }
    }

    /// The document as an object.
    pub(crate) fn value(&mut self, doc: &'d Doc) -> PyResult<Bound<'py, PyAny>> {
        Ok(match doc {
            Doc::Null => self.py.None().into_bound(self.py),
            Doc::Bool(truth) => PyBool::new(self.py, *truth).to_owned().into_any(),
            Doc::Number(number) => self.number(number)?,
            Doc::String(text) => PyString::new(self.py, text).into_any(),
            Doc::Array(items) => {
                let items = items.iter().map(|item| self.value(item)).collect::<PyResult<Vec<_>>>()?;
                PyList::new(self.py, items)?.into_any()
            }
            Doc::Object(members) => self.object(members)?.into_any(),
        })
    }

    /// The members as a `dict`, in the order of their keys.
    pub(crate) fn object(&mut self, members: &'d Members) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(self.py);
        for (key, value) in members {
            let value = self.value(value)?;
            dict.set_item(self.key(key), value)?;
        }
        Ok(dict)
    }

    fn key(&mut self, key: &'d str) -> Bound<'py, PyString> {
        if let Some(known) = self.keys.get(key) {
            return known.clone();
        }
        let made = PyString::new(self.py, key);
        if self.keys.len() < KEYS_MAX {
            self.keys.insert(key, made.clone());
        }
        made
    }

    fn number(&self, number: &Number) -> PyResult<Bound<'py, PyAny>> {
        let text = number.as_str();
        if is_integral(text) {
            return match number.as_i64() {
                Some(value) => value.into_bound_py_any(self.py),
                None => self.py.get_type::<PyInt>().call1((text,)),
            };
        }
        let value = text.parse::<f64>().ok().filter(|value| value.is_finite());
        match (self.fractions, value) {
            (Fractions::Floats, Some(value)) => Ok(PyFloat::new(self.py, value).into_any()),
            // What no float can hold comes as it is rather than as infinity.
            _ => self.py.import("decimal")?.getattr("Decimal")?.call1((text,)),
        }
    }
}

/// Whether a number is written as an integer.
pub(super) fn is_integral(text: &str) -> bool {
    !text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E'))
}
