//! `backup verify`: generations are restored for trial and replayed.

use super::{places, scratch, size};
use crate::errors::{Failure, Outcome};
use crate::flags::BackupVerifyArgs;
use crate::needs::Needs;
use crate::output::{notes, progress::Progress};
use serde::Serialize;
use truebook::backup::inspect::PARTS;
use truebook::backup::{Depth, Inspection, Place, Trial, Verdict, inspect, next_part, verify};

/// What `backup verify` prints for a generation, a list; part of the contract.
#[derive(Serialize)]
struct Proved {
    place: String,
    #[serde(flatten)]
    verdict: Verdict,
}

/// What `backup verify --part` prints for a place, a list; part of the contract.
#[derive(Serialize)]
struct Inspected {
    place: String,
    #[serde(flatten)]
    inspection: Inspection,
}

pub(super) fn run(needs: &Needs, args: &BackupVerifyArgs) -> Result<Outcome, Failure> {
    if args.part {
        return look_through(needs, args);
    }
    let mut proved = Vec::new();
    let places = places(needs, &args.form)?;
    for place in &places.usable {
        for verdict in of_place(needs, args, place)? {
            proved.push(Proved { place: place.shelf.describe(""), verdict });
        }
    }
    if proved.is_empty() {
        let hint = "truebook backup create";
        return Err(Failure::different("there is no generation to verify").with_hint(hint));
    }
    for finding in proved.iter().flat_map(|proved| &proved.verdict.findings) {
        notes::warn(finding);
    }
    needs.out().show(&proved, || proved.iter().map(describe).collect::<Vec<_>>().join("\n"))?;
    let sound = proved.iter().all(|proved| proved.verdict.is_verified());
    Ok(places.judge(if sound { Outcome::Fine } else { Outcome::Different }))
}

fn of_place(needs: &Needs, args: &BackupVerifyArgs, place: &Place) -> Result<Vec<Verdict>, Failure> {
    let shelf = &place.shelf;
    let wanted = match &args.generation {
        Some(generation) => vec![shelf.find(generation)?],
        None if args.all => shelf.generations()?,
        None => shelf.generations()?.pop().into_iter().collect(),
    };
    let depth = if args.full { Depth::All } else { Depth::New };
    let world = needs.world();
    let mut verdicts = Vec::new();
    for id in wanted {
        let scratch = scratch()?;
        let trial = Trial { world: &world, key: needs.key(), scratch: &scratch, depth };
        verdicts.push(verify(shelf, &id, &trial, &mut Progress::new("restoring for proof"))?);
    }
    Ok(verdicts)
}

fn describe(proved: &Proved) -> String {
    let verdict = &proved.verdict;
    let outcome = if verdict.is_verified() { "verified" } else { "DAMAGED" };
    let after = match &verdict.base {
        Some(base) => format!("replayed from generation {base}"),
        None => "replayed from the first event".to_owned(),
    };
    format!(
        "{outcome}: generation {} in {}: {} objects, {}; {after}",
        verdict.generation,
        proved.place,
        verdict.objects,
        size(verdict.bytes),
    )
}

fn look_through(needs: &Needs, args: &BackupVerifyArgs) -> Result<Outcome, Failure> {
    let mut inspected = Vec::new();
    let places = places(needs, &args.form)?;
    for place in &places.usable {
        let (part, _) = next_part(&place.shelf, PARTS)?;
        let now = needs.world().clock.now();
        let inspection = inspect(&place.shelf, part, PARTS, now, &mut Progress::new("reading objects"))?;
        inspected.push(Inspected { place: place.shelf.describe(""), inspection });
    }
    for finding in inspected.iter().flat_map(|one| &one.inspection.findings) {
        notes::warn(finding);
    }
    needs.out().show(&inspected, || {
        let lines = inspected.iter().map(|Inspected { place, inspection }| {
            let Inspection { part, parts, objects, bytes, findings, .. } = inspection;
            let found = findings.len();
            format!(
                "part {} of {parts} in {place}: {objects} objects, {}; {found} damaged",
                part + 1,
                size(*bytes)
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    })?;
    let sound = inspected.iter().all(|one| one.inspection.findings.is_empty());
    Ok(places.judge(if sound { Outcome::Fine } else { Outcome::Different }))
}
