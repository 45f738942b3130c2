//! Python objects as documents, compared on the way with the document that is there.
//!
//! Where an object says what the document says, the document's own value is taken, shared: a whole save of a
//! large state costs the walk over it and no copy, and the book finds the difference by looking only at what is
//! not shared.

use super::place::Place;
use super::read::is_integral;
use super::shapes::Shapes;
use super::text;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use std::sync::Arc;
use truebook::core::doc::{DEPTH_MAX, Doc, Members, Number};

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

    /// The object as a document; `old` is what is there now, if anything is.
    pub(crate) fn value(
        &mut self,
        value: &Bound<'py, PyAny>,
        old: Option<&Doc>,
        place: Place<'_>,
    ) -> PyResult<Made> {
        if let Ok(given) = value.cast_exact::<PyString>() {
            return self.text(given, old, place);
        }
        if let Ok(given) = value.cast_exact::<PyFloat>() {
            return float(given.value(), old, place, self.py);
        }
        if let Ok(given) = value.cast_exact::<PyInt>() {
            return integer(given, old, place);
        }
        if let Ok(given) = value.cast_exact::<PyDict>() {
            return self.dict(given, old, place);
        }
        if value.is_none() {
            return Ok(scalar(Doc::Null, old));
        }
        if let Ok(given) = value.cast_exact::<PyBool>() {
            return Ok(scalar(Doc::Bool(given.is_true()), old));
        }
        if let Ok(given) = value.cast_exact::<PyList>() {
            return self.array(given.iter().collect(), old, place);
        }
        self.unusual(value, old, place)
    }

    /// Subclasses, tuples and `Decimal`, and what has no place in a document.
    fn unusual(&mut self, value: &Bound<'py, PyAny>, old: Option<&Doc>, place: Place<'_>) -> PyResult<Made> {
        if let Ok(given) = value.cast::<PyString>() {
            return self.text(given, old, place);
        }
        if let Ok(given) = value.cast::<PyFloat>() {
            return float(given.value(), old, place, self.py);
        }
        if let Ok(given) = value.cast::<PyInt>() {
            return integer(given, old, place);
        }
        if let Ok(given) = value.cast::<PyDict>() {
            return self.dict(given, old, place);
        }
        if let Ok(given) = value.cast::<PyTuple>() {
            return self.array(given.iter().collect(), old, place);
        }
        if let Ok(given) = value.cast::<PyList>() {
            return self.array(given.iter().collect(), old, place);
        }
        if value.is_instance(self.decimal_type()?)? {
            return decimal(value, old, place);
        }
        Err(no_place_for(value, place))
    }

    fn decimal_type(&mut self) -> PyResult<&Bound<'py, PyAny>> {
        if self.decimal.is_none() {
            self.decimal = Some(self.py.import("decimal")?.getattr("Decimal")?);
        }
        self.decimal.as_ref().ok_or_else(|| PyTypeError::new_err("there is no decimal.Decimal"))
    }

    #[expect(clippy::unused_self, reason = "all kinds of values are read alike")]
    fn text(&self, given: &Bound<'py, PyString>, old: Option<&Doc>, place: Place<'_>) -> PyResult<Made> {
        let broken = |_| place.wrong_value("the text has a lone surrogate, which no file can hold");
        if let Some(Doc::String(known)) = old
            && text::is_same(given, known).map_err(broken)?
        {
            return Ok(Made::Same);
        }
        Ok(Made::New(Doc::String(Arc::from(&*given.to_cow().map_err(broken)?))))
    }

    fn array(
        &mut self,
        given: Vec<Bound<'py, PyAny>>,
        old: Option<&Doc>,
        place: Place<'_>,
    ) -> PyResult<Made> {
        check_depth(place)?;
        let before = old.and_then(Doc::as_array);
        let mut made: Option<Vec<Doc>> = None;
        for (index, item) in given.iter().enumerate() {
            let known = before.and_then(|items| items.get(index));
            let item = self.value(item, known, Place::Index(&place, index))?;
            match (&mut made, item) {
                (None, Made::Same) => {}
                (None, Made::New(doc)) => {
                    let mut items = Vec::with_capacity(given.len());
                    items.extend_from_slice(&before.unwrap_or_default()[..index]);
                    items.push(doc);
                    made = Some(items);
                }
                (Some(items), item) => items.push(item.or(known)),
            }
        }
        Ok(match (made, before) {
            (Some(items), _) => Made::New(Doc::from(items)),
            (None, Some(before)) if before.len() == given.len() => Made::Same,
            (None, before) => Made::New(Doc::from(before.unwrap_or_default()[..given.len()].to_vec())),
        })
    }

    fn dict(&mut self, given: &Bound<'py, PyDict>, old: Option<&Doc>, place: Place<'_>) -> PyResult<Made> {
        check_depth(place)?;
        // Taken out first: what is called on the way may let another thread change the dict.
        let items: Vec<Item<'py>> = given.iter().collect();
        let before = old.and_then(Doc::as_object);
        if items.is_empty() {
            let is_same = before.is_some_and(Members::is_empty);
            return Ok(if is_same { Made::Same } else { Made::New(Doc::object()) });
        }
        let shape = self.shapes.of(&items, |key| not_text(key, place))?;
        match before {
            Some(before) => self.members(&items, &shape.sorted, before, place),
            None => {
                let mut members = Members::new();
                for (key, at) in &shape.sorted {
                    let made = self.value(&items[*at].1, None, Place::Key(&place, key))?;
                    members.insert(Arc::clone(key), made.or(None));
                }
                Ok(Made::New(Doc::from(members)))
            }
        }
    }

    /// Both run in the order of their keys, so one pass sees every key of either once.
    fn members(
        &mut self,
        items: &[Item<'py>],
        sorted: &[(Arc<str>, usize)],
        before: &Members,
        place: Place<'_>,
    ) -> PyResult<Made> {
        let mut known = before.iter().peekable();
        let (mut gone, mut news): (Vec<&Arc<str>>, Vec<(&Arc<str>, Doc)>) = (Vec::new(), Vec::new());
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
            match self.value(&items[*at].1, old, Place::Key(&place, key))? {
                Made::Same => {}
                Made::New(doc) => news.push((key, doc)),
            }
        }
        gone.extend(known.map(|(key, _)| key));
        if gone.is_empty() && news.is_empty() {
            return Ok(Made::Same);
        }
        let mut members = before.clone();
        for key in gone {
            members.remove(key);
        }
        members.extend(news.into_iter().map(|(key, doc)| (Arc::clone(key), doc)));
        Ok(Made::New(Doc::from(members)))
    }
}

fn scalar(made: Doc, old: Option<&Doc>) -> Made {
    if old == Some(&made) { Made::Same } else { Made::New(made) }
}

/// What was read as this float and is saved again keeps its text, whatever digits that has.
fn float(value: f64, old: Option<&Doc>, place: Place<'_>, py: Python<'_>) -> PyResult<Made> {
    if !value.is_finite() {
        let what = format!("{value} has no place in a document: store None, or the word as a str");
        return Err(place.wrong_value(&what));
    }
    if let Some(Doc::Number(known)) = old
        && known.as_str().parse::<f64>().is_ok_and(|known| known.to_bits() == value.to_bits())
        && !is_integral(known.as_str())
    {
        return Ok(Made::Same);
    }
    let text = PyFloat::new(py, value).repr()?;
    number(&text.to_cow()?, place).map(Made::New)
}

fn integer(given: &Bound<'_, PyInt>, old: Option<&Doc>, place: Place<'_>) -> PyResult<Made> {
    let small = given.extract::<i64>().ok();
    if let (Some(small), Some(Doc::Number(known))) = (small, old)
        && known.as_i64() == Some(small)
    {
        return Ok(Made::Same);
    }
    let made = match small {
        Some(small) => Doc::from(small),
        None => number(&given.py().get_type::<PyInt>().call1((given,))?.str()?.to_cow()?, place)?,
    };
    Ok(scalar(made, old))
}

fn decimal(given: &Bound<'_, PyAny>, old: Option<&Doc>, place: Place<'_>) -> PyResult<Made> {
    if !given.call_method0("is_finite")?.is_truthy()? {
        let what = format!("{given} has no place in a document: store None, or the word as a str");
        return Err(place.wrong_value(&what));
    }
    number(&given.str()?.to_cow()?, place).map(|made| scalar(made, old))
}

fn number(text: &str, place: Place<'_>) -> PyResult<Doc> {
    let made = text.parse::<Number>();
    made.map(Doc::Number).map_err(|failed| place.wrong_value(&format!("{text}: {failed}")))
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
