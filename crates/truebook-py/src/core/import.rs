//! Taking over the state file of another system.

use super::{Core, text};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

#[pymethods]
impl Core {
    /// Takes over a state file into a book without variables: its positions and live orders enter the book too.
    /// Tells of it as JSON.
    fn import_file(&self, py: Python<'_>, name: &str, content: PyBackedBytes) -> PyResult<String> {
        self.away(py, |held| text(&held.book.import(name, &content)?))
    }
}
