//! `backup create`: a generation in every place, proved, and others rotated.

use super::{places, scratch, size};
use crate::errors::{Failure, Outcome};
use crate::flags::BackupCreateArgs;
use crate::needs::Needs;
use crate::needs::backup::Places;
use crate::output::{notes, progress::Progress};
use serde::Serialize;
use truebook::backup::{
    BackupError, Depth, GenerationId, Made, Place, Source, Trial, Verdict, create, prune, verify,
};
use truebook::core::hash::StateHash;
use truebook::core::id::Seq;

/// What `backup create` prints, a list with one for each place; part of the contract.
#[derive(Clone, Serialize)]
struct Created {
    place: String,
    generation: GenerationId,
    last: Seq,
    state_hash: StateHash,
    new_objects: u64,
    new_bytes: u64,
    /// `verified`, `damaged` or `not_verified`.
    outcome: &'static str,
    findings: Vec<String>,
    warnings: Vec<String>,
    removed: Vec<GenerationId>,
}

pub(super) fn run(needs: &Needs, args: &BackupCreateArgs) -> Result<Outcome, Failure> {
    let source = Source::beside(&needs.peek_whole()?)?;
    let (mut places, mut created) = (places(needs, &args.form)?, Vec::new());
    let mut failures = Vec::new();
    for place in &places.usable {
        match one(needs, args, &source, place) {
            Ok(done) => created.push(done),
            Err(failure) => failures.push(failure),
        }
    }
    // What went well in one place is not undone, nor kept quiet, by what failed in another.
    let Some(last) = failures.pop() else { return tell(needs, &places, &created) };
    if created.is_empty() {
        return Err(last);
    }
    for failure in failures.iter().chain([&last]) {
        notes::warn(&failure.in_one_line());
        places.left_out.push(failure.in_one_line());
    }
    tell(needs, &places, &created)
}

fn tell(needs: &Needs, places: &Places, created: &[Created]) -> Result<Outcome, Failure> {
    for warning in created.iter().flat_map(|one| one.warnings.iter().chain(&one.findings)) {
        notes::warn(warning);
    }
    needs.out().show(&created.to_vec(), || created.iter().map(describe).collect::<Vec<_>>().join("\n"))?;
    let sound = created.iter().all(|one| one.outcome != "damaged" && one.warnings.is_empty());
    Ok(places.judge(if sound { Outcome::Fine } else { Outcome::Different }))
}

fn one(needs: &Needs, args: &BackupCreateArgs, source: &Source, place: &Place) -> Result<Created, Failure> {
    let world = needs.world();
    let mut progress = Progress::new("storing segments");
    let made = create(source, &place.shelf, &place.form, &args.reason, world.clock.now(), &mut progress)?;
    drop(progress);
    let verdict = if args.no_verify { None } else { prove(needs, place, &made)? };
    let removed = if args.no_verify { Vec::new() } else { prune(&place.shelf, &place.keep)?.generations };
    let outcome = match &verdict {
        None => "not_verified",
        Some(verdict) if verdict.is_verified() => "verified",
        Some(_) => "damaged",
    };
    Ok(Created {
        place: place.shelf.describe(""),
        generation: made.id,
        last: made.generation.last,
        state_hash: made.generation.state_hash,
        new_objects: made.new_objects,
        new_bytes: made.new_bytes,
        outcome,
        findings: verdict.map(|verdict| verdict.findings).unwrap_or_default(),
        warnings: made.warnings,
        removed,
    })
}

/// `None` if it is encrypted for somebody else.
fn prove(needs: &Needs, place: &Place, made: &Made) -> Result<Option<Verdict>, Failure> {
    let (world, scratch) = (needs.world(), scratch()?);
    let trial = Trial { world: &world, key: needs.key(), scratch: &scratch, depth: Depth::New };
    let mut progress = Progress::new("restoring for proof");
    match verify(&place.shelf, &made.id, &trial, &mut progress) {
        Err(BackupError::Locked { what, .. }) => {
            notes::warn(&format!("generation {} was not verified: {what}", made.id));
            Ok(None)
        }
        outcome => Ok(Some(outcome?)),
    }
}

fn describe(created: &Created) -> String {
    let removed = match created.removed.len() {
        0 => String::new(),
        count => format!(", {count} older ones removed"),
    };
    format!(
        "generation {} up to event {} in {}: {} new objects, {}; {}{removed}",
        created.generation,
        created.last,
        created.place,
        created.new_objects,
        size(created.new_bytes),
        created.outcome.replace('_', " "),
    )
}
