//! The order of a `dict`'s keys, remembered: ten thousand orders have the same keys in the same order, and need
//! not be sorted ten thousand times.

use pyo3::prelude::*;
use pyo3::types::PyString;
use std::collections::HashMap;
use std::sync::Arc;

/// The most shapes that are remembered.
const SHAPES_MAX: usize = 256;

/// The keys of a `dict`, in its own order and sorted.
pub(super) struct Shape {
    /// The key objects in the order of the `dict`. Held, so that no other object gets their address.
    pub(super) keys: Vec<Py<PyAny>>,
    /// The keys in the order of their bytes, with where each is in the `dict`.
    pub(super) sorted: Vec<(Arc<str>, usize)>,
}

impl Shape {
    fn is_of(&self, items: &[(Bound<'_, PyAny>, Bound<'_, PyAny>)]) -> bool {
        self.keys.len() == items.len()
            && self.keys.iter().zip(items).all(|(known, (key, _))| known.as_ptr() == key.as_ptr())
    }
}

/// The first key, the last one, and how many there are.
type Brief = (usize, usize, usize);

/// The shapes that were seen.
#[derive(Default)]
pub(crate) struct Shapes {
    known: HashMap<Brief, Arc<Shape>>,
}

impl Shapes {
    /// The shape of these items, which are at least one; `wrong` makes the error for a key that is no text.
    pub(super) fn of(
        &mut self,
        items: &[(Bound<'_, PyAny>, Bound<'_, PyAny>)],
        wrong: impl Fn(&Bound<'_, PyAny>) -> PyErr,
    ) -> PyResult<Arc<Shape>> {
        let at = |item: Option<&(Bound<'_, PyAny>, _)>| item.map_or(0, |(key, _)| key.as_ptr() as usize);
        let brief = (at(items.first()), at(items.last()), items.len());
        if let Some(known) = self.known.get(&brief).filter(|known| known.is_of(items)) {
            return Ok(Arc::clone(known));
        }
        let mut sorted = Vec::with_capacity(items.len());
        for (place, (key, _)) in items.iter().enumerate() {
            let text = key.cast::<PyString>().map_err(|_| wrong(key))?;
            sorted.push((Arc::from(&*text.to_cow()?), place));
        }
        sorted.sort_unstable();
        let keys = items.iter().map(|(key, _)| key.clone().unbind()).collect();
        let shape = Arc::new(Shape { keys, sorted });
        if self.known.len() >= SHAPES_MAX {
            self.known.clear();
        }
        self.known.insert(brief, Arc::clone(&shape));
        Ok(shape)
    }
}
