//! Putting a book back from a backup: planned first, carried out only when that is wanted.

use crate::core::{KeyTold, key_source};
use crate::fault::Fault;
use crate::options::{target, unlock};
use crate::spec;
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::json;
use std::path::PathBuf;
use truebook::World;
use truebook::backup::address::sibling;
use truebook::backup::restore::{self, Options, Point, Silent};
use truebook::backup::{Shelf, keep_before_restore, shelf};
use truebook::core::id::{BookId, Seq};
use truebook::crypt::KeySource;

/// What was told.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    path: PathBuf,
    places: Option<Vec<String>>,
    book: Option<BookId>,
    generation: Option<String>,
    seq: Option<u64>,
    time: Option<String>,
    why: String,
    /// A file with age identities, which opens encrypted backups.
    backup_identity: Option<PathBuf>,
    step: Step,
}

/// How far to go.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Step {
    Plan,
    Done,
}

/// Plans a restore, and carries it out if that is told; tells as JSON. `told` is JSON.
#[pyfunction]
pub(crate) fn restore_book(py: Python<'_>, told: String, key: KeyTold) -> PyResult<String> {
    let told: Told =
        serde_json::from_str(&told).map_err(|failed| Fault::new("OptionError", failed.to_string()))?;
    let key = key_source(key);
    Ok(py.detach(move || told.restore(key))?)
}

impl Told {
    fn restore(&self, key: Option<KeySource>) -> Result<String, Fault> {
        if self.why.trim().is_empty() {
            return Err(Fault::new("OptionError", "the reason is empty").with_hint("why=\"what happened\""));
        }
        let world = World::real(&self.path);
        if self.step == Step::Done {
            // An earlier one that was decided comes first: planning over it would be planning over half a book.
            restore::finish(&world).map_err(Fault::from)?;
        }
        let (shelf, plan) = self.find(&world, key.as_ref())?;
        let words = plan.to_string();
        if self.step == Step::Plan {
            return Ok(json!({ "step": "plan", "plan": plan, "done": null, "text": words }).to_string());
        }
        // What stands there is kept aside in any case: that this failed is told, and stops nothing.
        let (before, before_failed) = match keep_before_restore(&world, &shelf, key.clone()) {
            Ok(kept) => (kept, None),
            Err(failed) => (None, Some(failed.to_string())),
        };
        let options = Options { key, why: self.why.clone(), ..Options::default() };
        let done = restore::restore(&world, &shelf, &plan, &options, &mut Silent)?;
        let told = json!({
            "step": "done", "plan": plan, "done": done, "text": words, "before": before,
            "before_failed": before_failed,
        });
        Ok(told.to_string())
    }

    /// The first place that can be used, and the plan from there; why the last one cannot, if none can.
    fn find(&self, world: &World, key: Option<&KeySource>) -> Result<(Shelf, restore::Plan), Fault> {
        let places = self.places.clone().unwrap_or_else(|| vec![sibling(&self.path).display().to_string()]);
        let mut failed = Fault::new("BackupError", "no place for backups is given");
        for place in places {
            match self.look(&place, world, key) {
                Ok(found) => return Ok(found),
                Err(other) => failed = other,
            }
        }
        Err(failed)
    }

    fn look(
        &self,
        place: &str,
        world: &World,
        key: Option<&KeySource>,
    ) -> Result<(Shelf, restore::Plan), Fault> {
        let target = target(place)?;
        let book = shelf::which_book(&*target, self.book, restore::book_in(world))?;
        let shelf = Shelf::new(target, book, unlock(self.backup_identity.as_deref())?);
        let plan = restore::plan(world, &shelf, self.point(&shelf)?, key)?;
        Ok((shelf, plan))
    }

    fn point(&self, shelf: &Shelf) -> Result<Point, Fault> {
        Ok(match (&self.generation, self.seq, &self.time) {
            (Some(generation), ..) => Point::Generation(shelf.find(generation)?),
            (None, Some(seq), _) => Point::Seq(Seq::new(seq)),
            (None, None, Some(time)) => Point::Time(spec::time(time)?),
            (None, None, None) => Point::Latest,
        })
    }
}
