//! `backup list`: the generations and what is known of each.

use super::{places, size};
use crate::errors::{Failure, Outcome};
use crate::flags::BackupFormArgs;
use crate::needs::Needs;
use crate::output::table;
use serde::Serialize;
use truebook::backup::{Generation, GenerationId, Listed, list};
use truebook::core::hash::StateHash;
use truebook::core::id::Seq;
use truebook::core::retention::Standing;
use truebook::core::time::Utc;

/// A generation; part of the contract.
#[derive(Serialize)]
struct Row {
    place: String,
    generation: GenerationId,
    standing: Standing,
    created_at: Option<Utc>,
    reason: Option<String>,
    first: Option<Seq>,
    last: Option<Seq>,
    state_hash: Option<StateHash>,
    objects: usize,
    bytes: u64,
    encrypted: bool,
    notes: Vec<String>,
}

pub(super) fn run(needs: &Needs, args: &BackupFormArgs) -> Result<Outcome, Failure> {
    let mut rows = Vec::new();
    let places = places(needs, args)?;
    for place in &places.usable {
        let shown = place.shelf.describe("");
        rows.extend(list(&place.shelf)?.into_iter().map(|listed| row(&shown, listed)));
    }
    let sound = rows.iter().all(|row| matches!(row.standing, Standing::Verified | Standing::Unverified));
    needs.out().show(&rows, || describe(&rows))?;
    Ok(places.judge(if sound { Outcome::Fine } else { Outcome::Different }))
}

fn row(place: &str, listed: Listed) -> Row {
    let Listed { id, standing, generation, notes } = listed;
    let of = generation.as_ref();
    Row {
        place: place.to_owned(),
        generation: id,
        standing,
        created_at: of.map(|generation| generation.created_at),
        reason: of.map(|generation| generation.reason.clone()),
        first: of.map(|generation| generation.first),
        last: of.map(|generation| generation.last),
        state_hash: of.map(|generation| generation.state_hash),
        objects: of.map_or(0, |generation| generation.files().count()),
        bytes: of.map_or(0, Generation::stored_bytes),
        encrypted: of.is_some_and(|generation| !generation.recipients.is_empty()),
        notes,
    }
}

/// The word for people.
pub(super) const fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Verified => "verified",
        Standing::Unverified => "unverified",
        Standing::Suspicious => "suspicious",
        Standing::Damaged => "damaged",
    }
}

fn describe(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "there is no generation; `truebook backup create` makes one".to_owned();
    }
    let shown = rows.iter().map(|row| {
        [
            row.generation.to_string(),
            word(row.standing).to_owned(),
            row.last.map_or_else(String::new, |last| last.to_string()),
            size(row.bytes),
            row.reason.clone().unwrap_or_default(),
            row.place.clone(),
        ]
    });
    let table = table::rows(["generation", "standing", "last event", "size", "reason", "place"], shown);
    let notes =
        rows.iter().flat_map(|row| row.notes.iter().map(|note| format!("! {}: {note}", row.generation)));
    std::iter::once(table).chain(notes).collect::<Vec<_>>().join("\n")
}
