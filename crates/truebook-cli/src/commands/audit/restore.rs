//! `restore-from-backup`: a generation is made of the copy and verified, the copy is deleted, and what is put
//! back is compared with it field by field.

use super::copy::at;
use super::found::{Found, Verdict};
use super::stage::Stage;
use crate::errors::Failure;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use truebook::World;
use truebook::backup::form::Form;
use truebook::backup::restore::{self, Done, Options, Point, Proof};
use truebook::backup::{self, Depth, Directory, GenerationId, Scratch, Shelf, Silent, Source, Trial};
use truebook::book::Peek;
use truebook::core::state::Live;
use truebook::disk::RealDisk;
use truebook::verify;

/// How often it is done.
const ROUNDS: u64 = 2;

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let mut found = Found::new();
    for round in 1..=ROUNDS {
        found = Found::new();
        let fork = stage.fork(&format!("restore-{round}"))?;
        let before = stage.peek(fork.path())?;
        let kept = Kept::make(stage, fork.path(), "restore.backups", &before)?;
        std::fs::remove_dir_all(fork.path()).map_err(|failed| at("delete", fork.path(), &failed))?;
        let done = kept.put_back(stage, fork.path())?;
        compare(stage, fork.path(), &before, &done, &mut found)?;
        if kept.findings.is_empty() {
            found.pass(format!("the backup of {} objects had been verified before", kept.objects));
        }
        found.ran(round);
        if let Some(first) = kept.findings.first() {
            found.fail(format!("the backup is not verified: {first}"));
        }
        if found.verdict == Verdict::Fail {
            break;
        }
    }
    Ok(found)
}

/// A generation of a copy.
pub(super) struct Kept<'a> {
    stage: &'a Stage<'a>,
    dir: PathBuf,
    shelf: Shelf,
    id: GenerationId,
    objects: u64,
    /// What verifying it found.
    findings: Vec<String>,
}

impl<'a> Kept<'a> {
    /// Makes and verifies a generation of a copy, in a directory of the stage's.
    pub(super) fn make(stage: &'a Stage<'_>, copy: &Path, name: &str, peek: &Peek) -> Result<Self, Failure> {
        let dir = stage.dir().join(name);
        let target = Arc::new(Directory::new(Arc::new(RealDisk::new(dir.clone()))));
        let shelf = Shelf::new(target, peek.state.live().identity.book, None);
        let source = Source::beside(peek)?;
        let made = backup::create(&source, &shelf, &Form::default(), "audit", Stage::now(), &mut Silent)?;
        let scratch = Scratch::new(Some(stage.dir()))
            .map_err(|failed| Failure::new("make a place to verify in").with_cause(&failed))?;
        let world = World::real(copy);
        let trial = Trial { world: &world, key: stage.key(), scratch: &scratch, depth: Depth::All };
        let verdict = backup::verify(&shelf, &made.id, &trial, &mut Silent)?;
        let mut findings = verdict.findings.clone();
        if !verdict.is_verified() && findings.is_empty() {
            findings.push("nobody says why".to_owned());
        }
        Ok(Self { stage, dir, shelf, id: made.id, objects: verdict.objects, findings })
    }

    /// Puts the book back into a directory, whatever is there.
    pub(super) fn put_back(&self, stage: &Stage<'_>, dir: &Path) -> Result<Done, Failure> {
        let world = World::real(dir);
        let point = Point::Generation(self.id.clone());
        let plan = restore::plan(&world, &self.shelf, point, stage.key().as_ref())?;
        let options = Options {
            key: stage.key(),
            journal: stage.options().journal,
            why: "truebook audit".to_owned(),
            proof: Proof::Replay,
        };
        Ok(restore::restore(&world, &self.shelf, &plan, &options, &mut restore::Silent)?)
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if !self.stage.args.keep {
            // What is left goes with the whole directory.
            drop(std::fs::remove_dir_all(&self.dir));
        }
    }
}

fn compare(
    stage: &Stage<'_>,
    dir: &Path,
    before: &Peek,
    done: &Done,
    found: &mut Found,
) -> Result<(), Failure> {
    let hash = before.state.hash();
    let after = stage.peek(dir)?;
    let (one, other) = (before.state.live(), after.state.live());
    let differing = differing(one, other)?;
    if done.state_hash != hash {
        found.fail(format!("put back with state hash {}, it was {hash}", done.state_hash));
    }
    let said = format!("the copy was deleted and put back up to event {}, state hash {hash}", done.until);
    let (orders, positions) = (one.orders.len(), one.positions.len());
    let good = format!(
        "{said}; state ({} bytes), orders ({orders}), positions ({positions}) and settings are equal field by \
         field",
        one.vars.to_compact().len()
    );
    found.check(differing.is_empty().into(), good, format!("{said}, but differs: {}", differing.join(", ")));
    let whole = verify::verify(&World::real(dir), stage.key(), &mut verify::Silent)?;
    let first = whole.findings.first().map_or_else(String::new, ToString::to_string);
    found.check(whole.ok.into(), "what was put back verifies", format!("what was put back: {first}"));
    Ok(())
}

/// The parts of the state that are not equal, as they are written.
fn differing(one: &Live, other: &Live) -> Result<Vec<&'static str>, Failure> {
    let pairs = [
        ("state", json(&one.vars)?, json(&other.vars)?),
        ("orders", json(&one.orders)?, json(&other.orders)?),
        ("positions", json(&one.positions)?, json(&other.positions)?),
        ("settings", json(&one.settings)?, json(&other.settings)?),
        ("identity", json(&one.identity)?, json(&other.identity)?),
    ];
    Ok(pairs.into_iter().filter(|(_, one, other)| one != other).map(|(name, ..)| name).collect())
}

fn json<T: Serialize>(part: &T) -> Result<String, Failure> {
    serde_json::to_string(part).map_err(|failed| Failure::new("compare").with_cause(&failed))
}
