//! Python objects as documents, compared on the way with the document that is there.
//!
//! Where an object says what the document says, the document's own value is taken, shared: a whole save of a
//! large state costs the walk over it and no copy, and the book finds the difference by looking only at what is
//! not shared.

use super::memo::Slot;
use super::place::Place;
use super::scalars;
use super::shapes::Shapes;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use std::sync::Arc;
use truebook::core::doc::{DEPTH_MAX, Doc, Members};

/// What came of comparing an object with what is there.
pub(crate) enum Made {
    /// It says the same.
    Same,
    /// It says this.
    New(Doc),
}

impl Made {
    /// The document, `old` if it is the same.
    pub(crate) fn or(self, old: Option<&Doc>) -> Doc {
        match self {
            Self::Same => old.cloned().unwrap_or_default(),
            Self::New(doc) => doc,
        }
    }
}

/// A key and a value of a `dict`.
type Item<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Makes documents of objects.
pub(crate) struct Writer<'py> {
    py: Python<'py>,
    shapes: Shapes,
    decimal: Option<Bound<'py, PyAny>>,
}

impl<'py> Writer<'py> {
    pub(crate) fn new(py: Python<'py>, shapes: Shapes) -> Self {
        Self { py, shapes, decimal: None }
    }

    /// What was learnt of shapes, for the next time.
    pub(crate) fn into_shapes(self) -> Shapes {
        self.shapes
    }

    /// The object as a document. `old` is what is there now, if anything is; `slot` what is remembered of the place,
    /// and what will be.
    pub(crate) fn value(
        &mut self,
        value: &Bound<'py, PyAny>,
        old: Option<&Doc>,
        slot: &mut Slot,
        place: Place<'_>,
    ) -> PyResult<Made> {
        if let Ok(given) = value.cast_exact::<PyDict>() {
            return self.dict(given, old, slot, place);
        }
        if let Ok(given) = value.cast_exact::<PyList>() {
            return self.list(given, old, slot, place);
        }
        let made = if let Ok(given) = value.cast_exact::<PyString>() {
            scalars::string(given, old, place)?
        } else if let Ok(given) = value.cast_exact::<PyFloat>() {
            scalars::float(given.value(), old, place, self.py)?
        } else if let Ok(given) = value.cast_exact::<PyInt>() {
            scalars::integer(given, old, place)?
        } else if value.is_none() {
            scalars::scalar(Doc::Null, old)
        } else if let Ok(given) = value.cast_exact::<PyBool>() {
            scalars::scalar(Doc::Bool(given.is_true()), old)
        } else {
            return self.unusual(value, old, slot, place);
        };
        *slot = Slot::Leaf(value.clone().unbind());
        Ok(made)
    }

    /// Subclasses, tuples and `Decimal`, and what has no place in a document.
    fn unusual(
        &mut self,
        value: &Bound<'py, PyAny>,
        old: Option<&Doc>,
        slot: &mut Slot,
        place: Place<'_>,
    ) -> PyResult<Made> {
        // A container of another kind may do anything when it is asked for what it holds.
        *slot = Slot::Unknown;
        let nothing = &mut Slot::Unknown;
        if let Ok(given) = value.cast::<PyDict>() {
            return self.dict(given, old, nothing, place);
        }
        if let Ok(given) = value.cast::<PyTuple>() {
            return self.array(&given.iter().collect::<Vec<_>>(), old, nothing, place);
        }
        if let Ok(given) = value.cast::<PyList>() {
            return self.array(&given.iter().collect::<Vec<_>>(), old, nothing, place);
        }
        let made = if let Ok(given) = value.cast::<PyString>() {
            scalars::string(given, old, place)?
        } else if let Ok(given) = value.cast::<PyFloat>() {
            scalars::float(given.value(), old, place, self.py)?
        } else if let Ok(given) = value.cast::<PyInt>() {
            scalars::integer(given, old, place)?
        } else if value.is_instance(self.decimal_type()?)? {
            scalars::decimal(value, old, place)?
        } else {
            return Err(no_place_for(value, place));
        };
        // What makes these a text or a number cannot change, whatever else they have.
        *slot = Slot::Leaf(value.clone().unbind());
        Ok(made)
    }

    fn decimal_type(&mut self) -> PyResult<&Bound<'py, PyAny>> {
        if self.decimal.is_none() {
            self.decimal = Some(self.py.import("decimal")?.getattr("Decimal")?);
        }
        self.decimal.as_ref().ok_or_else(|| PyTypeError::new_err("there is no decimal.Decimal"))
    }

    fn list(
        &mut self,
        given: &Bound<'py, PyList>,
        old: Option<&Doc>,
        slot: &mut Slot,
        place: Place<'_>,
    ) -> PyResult<Made> {
        if matches!(old, Some(Doc::Array(before)) if slot.is_same_list(given, before)) {
            return Ok(Made::Same);
        }
        self.array(&given.iter().collect::<Vec<_>>(), old, slot, place)
    }

    fn array(
        &mut self,
        given: &[Bound<'py, PyAny>],
        old: Option<&Doc>,
        slot: &mut Slot,
        place: Place<'_>,
    ) -> PyResult<Made> {
        check_depth(place)?;
        let mut slots = std::mem::take(slot).into_elements(given.len());
        let before = match old {
            Some(Doc::Array(before)) => Some(before),
            _ => None,
        };
        let known = before.map_or(&[][..], |before| &before[..]);
        let mut made: Option<Vec<Doc>> = None;
        for (index, (item, slot)) in given.iter().zip(&mut slots).enumerate() {
            let old = known.get(index);
            let item = self.value(item, old, slot, Place::Index(&place, index))?;
            match (&mut made, item) {
                (None, Made::Same) => {}
                (None, Made::New(doc)) => {
                    let mut items = Vec::with_capacity(given.len());
                    items.extend_from_slice(&known[..index]);
                    items.push(doc);
                    made = Some(items);
                }
                (Some(items), item) => items.push(item.or(old)),
            }
        }
        if let (None, Some(before)) = (&made, before)
            && before.len() == given.len()
        {
            *slot = Slot::array(before, slots);
            return Ok(Made::Same);
        }
        let made = Arc::new(made.unwrap_or_else(|| known[..given.len()].to_vec()));
        *slot = Slot::array(&made, slots);
        Ok(Made::New(Doc::Array(made)))
    }

    fn dict(
        &mut self,
        given: &Bound<'py, PyDict>,
        old: Option<&Doc>,
        slot: &mut Slot,
        place: Place<'_>,
    ) -> PyResult<Made> {
        check_depth(place)?;
        let before = match old {
            Some(Doc::Object(before)) => Some(before),
            _ => None,
        };
        if before.is_some_and(|before| slot.is_same_dict(given, before)) {
            return Ok(Made::Same);
        }
        // Taken out first: what is called on the way may let another thread change the dict.
        let items: Vec<Item<'py>> = given.iter().collect();
        let shape = self.shapes.of(&items, |key| not_text(key, place))?;
        let mut slots = std::mem::take(slot).into_values(&shape);
        let none = Members::new();
        let known = before.map_or(&none, |before| &**before);
        let changed = self.members(&items, &shape.sorted, known, &mut slots, place)?;
        let made = match (changed, before) {
            (None, Some(before)) => {
                *slot = Slot::object(before, shape, slots);
                return Ok(Made::Same);
            }
            (changed, _) => Arc::new(changed.unwrap_or_default()),
        };
        *slot = Slot::object(&made, shape, slots);
        Ok(Made::New(Doc::Object(made)))
    }

    /// The members, if they are not what they were. Both run in the order of their keys, so one pass sees every key
    /// of either once.
    fn members(
        &mut self,
        items: &[Item<'py>],
        sorted: &[(Arc<str>, usize)],
        before: &Members,
        slots: &mut [Slot],
        place: Place<'_>,
    ) -> PyResult<Option<Members>> {
        let mut known = before.iter().peekable();
        let mut gone: Vec<&Arc<str>> = Vec::new();
        let mut news: Vec<(&Arc<str>, Doc)> = Vec::new();
        for (key, at) in sorted {
            // Equal keys are mostly one allocation, and then nobody looks at what is in it.
            let mut old = known.next_if(|(old_key, _)| *old_key == key);
            if old.is_none() {
                while let Some((old_key, _)) = known.next_if(|(old_key, _)| *old_key < key) {
                    gone.push(old_key);
                }
                old = known.next_if(|(old_key, _)| *old_key == key);
            }
            let old = old.map(|(_, value)| value);
            match self.value(&items[*at].1, old, &mut slots[*at], Place::Key(&place, key))? {
                Made::Same => {}
                Made::New(doc) => news.push((key, doc)),
            }
        }
        gone.extend(known.map(|(key, _)| key));
        if gone.is_empty() && news.is_empty() {
            return Ok(None);
        }
        let mut members = before.clone();
        for key in gone {
            members.remove(key);
        }
        members.extend(news.into_iter().map(|(key, doc)| (Arc::clone(key), doc)));
        Ok(Some(members))
    }
}

/// Also what holds itself ends here.
fn check_depth(place: Place<'_>) -> PyResult<()> {
    if place.depth() < DEPTH_MAX {
        return Ok(());
    }
    let what = format!("the document would be nested deeper than {DEPTH_MAX} levels; does it hold itself?");
    Err(Place::Root.wrong_value(&what))
}

fn not_text(key: &Bound<'_, PyAny>, place: Place<'_>) -> PyErr {
    let shown = key.repr().map_or_else(|_| "a key".to_owned(), |shown| shown.to_string());
    let kind = key.get_type().name().map_or_else(|_| String::new(), |name| format!(" ({name})"));
    place.wrong_type(&format!(
        "the key {shown}{kind} is no str, and JSON has no other keys: use str(key), and turn it back when you read"
    ))
}

fn no_place_for(value: &Bound<'_, PyAny>, place: Place<'_>) -> PyErr {
    let kind = value.get_type().name().map_or_else(|_| "it".to_owned(), |name| name.to_string());
    let advice = match kind.as_str() {
        "datetime" | "date" | "time" => "store value.isoformat(), and read it with fromisoformat()",
        "timedelta" => "store value.total_seconds()",
        "set" | "frozenset" => "store sorted(value)",
        "bytes" | "bytearray" => "store value.hex()",
        _ => "store what it is made of: None, bool, int, float, str, Decimal, list, tuple, dict",
    };
    place.wrong_type(&format!("a {kind} has no place in a document: {advice}"))
}
