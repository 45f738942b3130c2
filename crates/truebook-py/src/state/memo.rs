//! What was saved last, as the objects that said so: a large state is compared with itself, mostly, and then it is
//! enough that the very same texts and numbers are in the same places. Nobody looks at what they say.
//!
//! A memo of a container names the container of the document that it belongs to, by a weak handle. While there is
//! one the document never changes that container in place, and nothing else gets its address: the same address is
//! the same content, all the way down.

use super::shapes::Shape;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use truebook::core::doc::{Doc, Members};

/// What is remembered of a place.
#[derive(Default)]
pub(crate) enum Slot {
    /// Nothing.
    #[default]
    Unknown,
    /// An object that cannot change: a text, a number, a truth value, `None`.
    Leaf(Py<PyAny>),
    /// A `dict`.
    Object(Box<ObjectMemo>),
    /// A `list`.
    Array(Box<ArrayMemo>),
}

/// A `dict` and what is in it, in its own order.
pub(crate) struct ObjectMemo {
    doc: Weak<Members>,
    shape: Arc<Shape>,
    slots: Vec<Slot>,
}

/// A `list` and what is in it.
pub(crate) struct ArrayMemo {
    doc: Weak<Vec<Doc>>,
    slots: Vec<Slot>,
}

impl Slot {
    /// A `dict` of this shape that says what these members say.
    pub(super) fn object(doc: &Arc<Members>, shape: Arc<Shape>, slots: Vec<Self>) -> Self {
        Self::Object(Box::new(ObjectMemo { doc: Arc::downgrade(doc), shape, slots }))
    }

    /// A `list` that says what these elements say.
    pub(super) fn array(doc: &Arc<Vec<Doc>>, slots: Vec<Self>) -> Self {
        Self::Array(Box::new(ArrayMemo { doc: Arc::downgrade(doc), slots }))
    }

    /// Whether a `dict` provably says what these members say. False proves nothing.
    pub(super) fn is_same_dict(&self, given: &Bound<'_, PyDict>, doc: &Arc<Members>) -> bool {
        matches!(self, Self::Object(memo)
            if std::ptr::eq(memo.doc.as_ptr(), Arc::as_ptr(doc)) && memo.is_unchanged(given))
    }

    /// As [`Self::is_same_dict`], for a list.
    pub(super) fn is_same_list(&self, given: &Bound<'_, PyList>, doc: &Arc<Vec<Doc>>) -> bool {
        matches!(self, Self::Array(memo)
            if std::ptr::eq(memo.doc.as_ptr(), Arc::as_ptr(doc)) && memo.is_unchanged(given))
    }

    /// What is remembered of a `dict`'s values, for one that has this shape now.
    pub(super) fn into_values(self, shape: &Arc<Shape>) -> Vec<Self> {
        let count = shape.keys.len();
        let Self::Object(memo) = self else { return unknown(count) };
        if Arc::ptr_eq(&memo.shape, shape) {
            return memo.slots;
        }
        let before = memo.shape.keys.iter().map(Py::as_ptr).zip(memo.slots);
        let mut before: HashMap<_, _> = before.collect();
        shape.keys.iter().map(|key| before.remove(&key.as_ptr()).unwrap_or_default()).collect()
    }

    /// What is remembered of a list's elements, for one that has so many now.
    pub(super) fn into_elements(self, count: usize) -> Vec<Self> {
        let Self::Array(memo) = self else { return unknown(count) };
        let mut slots = memo.slots;
        slots.resize_with(count, Self::default);
        slots
    }

    fn is_unchanged(&self, value: &Bound<'_, PyAny>) -> bool {
        match self {
            Self::Leaf(known) => known.as_ptr() == value.as_ptr(),
            Self::Object(memo) => value.cast_exact::<PyDict>().is_ok_and(|given| memo.is_unchanged(given)),
            Self::Array(memo) => value.cast_exact::<PyList>().is_ok_and(|given| memo.is_unchanged(given)),
            Self::Unknown => false,
        }
    }
}

fn unknown(count: usize) -> Vec<Slot> {
    std::iter::repeat_with(Slot::default).take(count).collect()
}

impl ObjectMemo {
    /// No Python code runs in here, so the `dict` stays as it is meanwhile.
    fn is_unchanged(&self, given: &Bound<'_, PyDict>) -> bool {
        let mut known = self.shape.keys.iter().zip(&self.slots);
        given.len() == self.slots.len()
            && given.iter().all(|(key, value)| {
                known
                    .next()
                    .is_some_and(|(known, slot)| known.as_ptr() == key.as_ptr() && slot.is_unchanged(&value))
            })
    }
}

impl ArrayMemo {
    fn is_unchanged(&self, given: &Bound<'_, PyList>) -> bool {
        given.len() == self.slots.len()
            && given.iter().zip(&self.slots).all(|(value, slot)| slot.is_unchanged(&value))
    }
}
