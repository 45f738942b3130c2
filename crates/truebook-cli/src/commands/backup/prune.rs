//! `backup prune`: what the rules do not keep goes.

use super::places;
use crate::errors::{Failure, Outcome};
use crate::flags::BackupPruneArgs;
use crate::needs::Needs;
use serde::Serialize;
use truebook::backup::{Pruned, prune};

/// What `backup prune` prints for a place, a list; part of the contract.
#[derive(Serialize)]
struct PrunedPlace {
    place: String,
    removed: bool,
    #[serde(flatten)]
    pruned: Pruned,
}

pub(super) fn run(needs: &Needs, args: &BackupPruneArgs) -> Result<Outcome, Failure> {
    let mut done = Vec::new();
    let places = places(needs, &args.form)?;
    for place in &places.usable {
        let pruned = if args.dry_run {
            truebook::backup::prune::plan(&place.shelf, &place.keep)?
        } else {
            prune(&place.shelf, &place.keep)?
        };
        done.push(PrunedPlace { place: place.shelf.describe(""), removed: !args.dry_run, pruned });
    }
    needs.out().show(&done, || done.iter().map(describe).collect::<Vec<_>>().join("\n"))?;
    Ok(places.judge(Outcome::Fine))
}

fn describe(done: &PrunedPlace) -> String {
    let Pruned { generations, objects, kept } = &done.pruned;
    let verb = if done.removed { "removed" } else { "would be removed" };
    let mut lines = vec![format!(
        "{}: {} generations and {} objects {verb}, {} generations stay",
        done.place,
        generations.len(),
        objects.len(),
        kept.len()
    )];
    lines.extend(generations.iter().map(|id| format!("  {verb}: {id}")));
    lines.join("\n")
}
