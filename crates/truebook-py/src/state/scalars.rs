//! Texts, numbers and the other values that hold nothing.

use super::place::Place;
use super::read::is_integral;
use super::text;
use super::write::Made;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyString};
use std::sync::Arc;
use truebook::core::doc::{Doc, Number};

/// `None` and truth values.
pub(super) fn scalar(made: Doc, old: Option<&Doc>) -> Made {
    if old == Some(&made) { Made::Same } else { Made::New(made) }
}

/// A text.
pub(super) fn string(given: &Bound<'_, PyString>, old: Option<&Doc>, place: Place<'_>) -> PyResult<Made> {
    let broken = |_| place.wrong_value("the text has a lone surrogate, which no file can hold");
    if let Some(Doc::String(known)) = old
        && text::is_same(given, known).map_err(broken)?
    {
        return Ok(Made::Same);
    }
    Ok(Made::New(Doc::String(Arc::from(&*given.to_cow().map_err(broken)?))))
}

/// What was read as this float and is saved again keeps its text, whatever digits that has.
pub(super) fn float(value: f64, old: Option<&Doc>, place: Place<'_>, py: Python<'_>) -> PyResult<Made> {
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

/// A whole number of any size.
pub(super) fn integer(given: &Bound<'_, PyInt>, old: Option<&Doc>, place: Place<'_>) -> PyResult<Made> {
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

/// A `Decimal`, digit for digit.
pub(super) fn decimal(given: &Bound<'_, PyAny>, old: Option<&Doc>, place: Place<'_>) -> PyResult<Made> {
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
