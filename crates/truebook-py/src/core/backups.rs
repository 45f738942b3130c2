//! Backups of an open book.

use super::{Core, Held, lock, text};
use crate::fault::Fault;
use pyo3::prelude::*;
use serde_json::{Value, json};
use truebook::backup::{
    BackupError, Depth, Generation, Listed, Place, Scratch, Silent, Source, Trial, create, list, prune, tail,
    verify,
};
use truebook::core::retention::Standing;

impl Held {
    fn shelves(&self) -> Result<Vec<Place>, Fault> {
        let places = self.told.shelves(self.book.status()?.book)?.usable;
        if places.is_empty() {
            let message = "the book was opened without backups";
            return Err(Fault::new("BackupError", message).with_hint("truebook.open(…, backups=[DIRECTORY])"));
        }
        Ok(places)
    }

    fn back_up(&self, reason: &str) -> Result<Vec<Value>, Fault> {
        let source = Source::of_book(&self.book)?;
        self.shelves()?.iter().map(|place| self.one(&source, place, reason)).collect()
    }

    fn one(&self, source: &Source, place: &Place, reason: &str) -> Result<Value, Fault> {
        let world = self.told.world();
        let made = create(source, &place.shelf, &place.form, reason, world.clock.now(), &mut Silent)?;
        let scratch = scratch()?;
        let trial = Trial { world: &world, key: self.told.key(), scratch: &scratch, depth: Depth::New };
        let verdict = match verify(&place.shelf, &made.id, &trial, &mut Silent) {
            Err(BackupError::Locked { .. }) => None,
            outcome => Some(outcome?),
        };
        let removed = prune(&place.shelf, &place.keep)?.generations;
        let outcome = match &verdict {
            None => "not_verified",
            Some(verdict) if verdict.is_verified() => "verified",
            Some(_) => "damaged",
        };
        Ok(json!({
            "place": place.shelf.describe(""),
            "generation": made.id,
            "last": made.generation.last,
            "state_hash": made.generation.state_hash,
            "new_objects": made.new_objects,
            "new_bytes": made.new_bytes,
            "outcome": outcome,
            "findings": verdict.map(|verdict| verdict.findings).unwrap_or_default(),
            "warnings": made.warnings,
            "removed": removed,
        }))
    }

    fn prove(&self, generation: Option<&str>) -> Result<Vec<Value>, Fault> {
        let world = self.told.world();
        let mut proved = Vec::new();
        for place in self.shelves()? {
            let wanted = match generation {
                Some(generation) => Some(place.shelf.find(generation)?),
                None => place.shelf.generations()?.pop(),
            };
            let Some(id) = wanted else { continue };
            let scratch = scratch()?;
            let trial = Trial { world: &world, key: self.told.key(), scratch: &scratch, depth: Depth::All };
            let verdict = verify(&place.shelf, &id, &trial, &mut Silent)?;
            proved.push(json!({
                "place": place.shelf.describe(""),
                "verified": verdict.is_verified(),
                "verdict": verdict,
            }));
        }
        if proved.is_empty() {
            let fault = Fault::new("BackupError", "there is no generation to verify");
            return Err(fault.with_hint("book.backups.create(\"why\")"));
        }
        Ok(proved)
    }

    fn list_backups(&self) -> Result<Vec<Value>, Fault> {
        let mut rows = Vec::new();
        for place in self.shelves()? {
            let shown = place.shelf.describe("");
            rows.extend(list(&place.shelf)?.iter().map(|listed| row(&shown, listed)));
        }
        Ok(rows)
    }

    fn backup_status(&self) -> Result<Vec<Value>, Fault> {
        let book = self.book.last().get();
        let kept = lock(&self.keeper).as_ref().map(truebook::backup::Keeper::status).unwrap_or_default();
        let mut rows = Vec::new();
        for (at, place) in self.shelves()?.iter().enumerate() {
            let listed = list(&place.shelf)?;
            let reached = tail::reached(&place.shelf)?;
            let count = |standing| listed.iter().filter(|one| one.standing == standing).count();
            let verified = listed.iter().rev().find(|one| one.standing == Standing::Verified);
            rows.push(json!({
                "place": place.shelf.describe(""),
                "generations": listed.len(),
                "newest": listed.last().map(|one| &one.id),
                "newest_verified": verified.map(|one| &one.id),
                "suspicious": count(Standing::Suspicious),
                "damaged": count(Standing::Damaged),
                "reached": reached,
                "lag": book.saturating_sub(reached.get()),
                "failing": kept.get(at).and_then(|kept| kept.failing.as_ref()),
                "alarms": kept.get(at).map(|kept| &kept.alarms),
            }));
        }
        Ok(rows)
    }
}

/// A place for a trial.
fn scratch() -> Result<Scratch, Fault> {
    Scratch::new(None).map_err(|failed| {
        let what = "make a directory for a trial in the temporary directory";
        Fault::new("FileError", format!("{what}: {failed}"))
    })
}

fn row(place: &str, listed: &Listed) -> Value {
    let of = listed.generation.as_ref();
    json!({
        "place": place,
        "generation": listed.id,
        "standing": listed.standing,
        "created_at": of.map(|generation| generation.created_at),
        "reason": of.map(|generation| &generation.reason),
        "first": of.map(|generation| generation.first),
        "last": of.map(|generation| generation.last),
        "state_hash": of.map(|generation| generation.state_hash),
        "bytes": of.map_or(0, Generation::stored_bytes),
        "notes": listed.notes,
    })
}

#[pymethods]
impl Core {
    /// Makes a generation in every place, proves it, and rotates; tells as JSON.
    fn backup_create(&self, py: Python<'_>, reason: String) -> PyResult<String> {
        self.away(py, |held| text(&held.back_up(&reason)?))
    }

    /// The generations, as JSON.
    fn backup_list(&self, py: Python<'_>) -> PyResult<String> {
        self.away(py, |held| text(&held.list_backups()?))
    }

    /// Restores a generation elsewhere, replays it and compares the state; tells as JSON.
    fn backup_verify(&self, py: Python<'_>, generation: Option<String>) -> PyResult<String> {
        self.away(py, |held| text(&held.prove(generation.as_deref())?))
    }

    /// Why places are left out that were wanted.
    fn backups_left_out(&self) -> PyResult<Vec<String>> {
        Ok(self.held()?.left_out.clone())
    }

    /// How far each place is behind the book, as JSON.
    fn backup_status(&self, py: Python<'_>) -> PyResult<String> {
        self.away(py, |held| text(&held.backup_status()?))
    }
}
