//! The contract suite for venues, run on one that is written in Python.

use crate::fault::Fault;
use crate::spec;
use crate::venues::bridge::Bridge;
use pyo3::exceptions::{PyAssertionError, PyValueError};
use pyo3::prelude::*;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use truebook::venue::contract::{Setup, check_one, names};

/// The names of the checks, in their order.
#[pyfunction]
pub(crate) fn contract_names() -> Vec<&'static str> {
    names().collect()
}

/// Runs one check. `set_price` is called with text, `pass_time` with seconds.
#[pyfunction]
pub(crate) fn contract_check(
    py: Python<'_>,
    name: String,
    bridge: &Bound<'_, PyAny>,
    instrument: String,
    set_price: Py<PyAny>,
    pass_time: Py<PyAny>,
) -> PyResult<()> {
    let venue = Arc::new(Bridge::new(bridge)?);
    let to_stop = Arc::clone(&venue);
    let checked = py.detach(move || {
        let instrument = spec::instrument(&instrument)?;
        let setup = Setup {
            venue,
            instrument,
            set_price: Box::new(move |price| call(&set_price, price.to_string())),
            pass: Box::new(move |time| call(&pass_time, time.as_secs_f64())),
        };
        // A broken contract is a panic; nothing that it leaves behind is used again.
        Ok::<_, Fault>(catch_unwind(AssertUnwindSafe(|| check_one(&name, &setup))))
    })?;
    to_stop.stop()?;
    match checked {
        Ok(true) => Ok(()),
        Ok(false) => {
            Err(PyValueError::new_err("there is no such check; truebook.testing.check_names() has them"))
        }
        Err(panic) => Err(PyAssertionError::new_err(message(&*panic))),
    }
}

/// Calls what moves the world around the venue. What it raises ends the check.
fn call(function: &Py<PyAny>, with: impl for<'py> IntoPyObject<'py> + Send) {
    let called = Python::attach(|py| function.call1(py, (with,)).map(drop));
    if let Err(failed) = called {
        panic!("the setup failed: {failed}");
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "the check failed".to_owned())
}
