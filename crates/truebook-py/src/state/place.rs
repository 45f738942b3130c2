//! Where in a document a walk is, for messages; nothing is written down until there is one to write.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use truebook::core::doc::escape_segment;

/// Where a walk is.
#[derive(Clone, Copy)]
pub(crate) enum Place<'a> {
    /// At the whole document.
    Root,
    /// At a member of the place above.
    Key(&'a Place<'a>, &'a str),
    /// At an element of the place above.
    Index(&'a Place<'a>, usize),
}

impl Place<'_> {
    /// The place as a JSON Pointer.
    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(above, key) => format!("{}/{}", above.pointer(), escape_segment(key)),
            Self::Index(above, index) => format!("{}/{index}", above.pointer()),
        }
    }

    /// How deep it is.
    pub(crate) fn depth(&self) -> usize {
        match self {
            Self::Root => 0,
            Self::Key(above, _) | Self::Index(above, _) => above.depth() + 1,
        }
    }

    /// The place in words.
    fn shown(&self) -> String {
        match self {
            Self::Root => "the value".to_owned(),
            _ => self.pointer(),
        }
    }

    /// Something of this type has no place in a document.
    pub(crate) fn wrong_type(&self, what: &str) -> PyErr {
        PyTypeError::new_err(format!("{}: {what}", self.shown()))
    }

    /// This value has no place in a document.
    pub(crate) fn wrong_value(&self, what: &str) -> PyErr {
        PyValueError::new_err(format!("{}: {what}", self.shown()))
    }
}
