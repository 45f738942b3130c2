//! Comparing text of Python with text of a document.

use pyo3::prelude::*;
use pyo3::types::PyString;

/// Whether two texts are the same.
pub(super) fn is_same(given: &Bound<'_, PyString>, known: &str) -> PyResult<bool> {
    Ok(given.to_cow()? == known)
}
