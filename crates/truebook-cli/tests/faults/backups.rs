//! A backup that is killed, or failed, at every call that changes the disk while it is made, proved and
//! rotated: afterwards there are as many verified generations as before, and each that counts as verified
//! proves to be one.

use crate::matrix::{Fault, chosen, run_all};
use crate::restore::{session, words};
use crate::session::{BINARY, copy_tree, run, text};
use crate::strace::{Call, calls, inject, is_there, was_killed};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use truebook::World;
use truebook::backup::{Depth, Directory, Listed, Scratch, Shelf, Silent, Trial, list, verify as prove};
use truebook::book::Peek;
use truebook::core::retention::Standing;
use truebook::disk::RealDisk;

/// Fewer calls than this, and the backup was not what it should be.
const CALLS_MIN: usize = 40;

/// How many verified generations there are before, and are kept.
const KEPT: usize = 3;

fn command(data: &Path, target: &Path) -> Vec<String> {
    let mut command = vec![BINARY.to_owned()];
    command.extend(words(data));
    let (target, kept) = (target.display().to_string(), KEPT.to_string());
    command.extend(["backup", "create", "--backup-to", &target, "--keep-last", &kept].map(str::to_owned));
    command
}

fn succeed(command: &[String]) {
    let done = std::process::Command::new(&command[0]).args(&command[1..]).output().unwrap();
    assert!(done.status.success(), "{} {}", text(&done.stdout), text(&done.stderr));
}

/// A book with as many verified generations in `target` as are kept, which went on after the last.
fn template(scratch: &Path, target: &Path) -> PathBuf {
    let data = scratch.join("template");
    let made = run(&data, &["--upkeep", "inline", "--segment-bytes", "16384", "init"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    std::fs::create_dir_all(target).unwrap();
    for round in 0..3 {
        session(&data, round * 20 + 1, round * 20 + 20);
        succeed(&command(&data, target));
    }
    session(&data, 61, 80);
    data
}

fn shelf(data: &Path, target: &Path) -> Shelf {
    let peek = Peek::read(&World::real(data), None).unwrap();
    let disk = Arc::new(RealDisk::new(target));
    Shelf::new(Arc::new(Directory::new(disk)), peek.state.live().identity.book, None)
}

fn verified(shelf: &Shelf) -> Vec<Listed> {
    let listed = list(shelf).unwrap();
    listed.into_iter().filter(|one| one.standing == Standing::Verified).collect()
}

/// Everything that counts as verified is replayed from its first event.
fn check(data: &Path, target: &Path, scratch: &Path) -> Result<(), String> {
    let shelf = shelf(data, target);
    let found = verified(&shelf);
    if found.len() < KEPT {
        return Err(format!("{} verified generations are left of {KEPT}", found.len()));
    }
    let world = World::real(data);
    for one in found {
        let place = Scratch::new(Some(scratch)).map_err(|failed| failed.to_string())?;
        let trial = Trial { world: &world, key: None, scratch: &place, depth: Depth::All };
        let verdict = prove(&shelf, &one.id, &trial, &mut Silent).map_err(|failed| failed.to_string())?;
        if !verdict.is_verified() {
            return Err(format!("{} counted as verified: {:?}", one.id, verdict.findings));
        }
    }
    Ok(())
}

fn run_one(data: &Path, target: &Path, scratch: &Path, call: &Call, fault: Fault) -> Result<(), String> {
    let output = inject(&command(data, target), Path::new("/dev/null"), call, fault);
    if fault == Fault::Kill && !was_killed(&output) {
        return Err("it was not killed".to_owned());
    }
    let told = text(&output.stderr);
    check(data, target, scratch).map_err(|problem| format!("{problem} (backup said {told})"))?;
    // The next one goes through, whatever was left behind.
    succeed(&command(data, target));
    check(data, target, scratch).map_err(|problem| format!("the next one: {problem}"))?;
    let kept = verified(&shelf(data, target)).len();
    if kept == KEPT { Ok(()) } else { Err(format!("{kept} verified generations after the next one")) }
}

pub(crate) fn run_matrix(fault: Fault) {
    if !is_there() {
        println!("SKIPPED: strace is not installed; scripts/setup test installs it");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let target = scratch.path().join("backups");
    let template = template(scratch.path(), &target);
    let undisturbed = scratch.path().join("undisturbed");
    copy_tree(&target, &undisturbed);
    let calls = calls(&command(&template, &undisturbed), Path::new("/dev/null"), scratch.path());
    assert!(calls.len() >= CALLS_MIN, "only {} changing calls: {calls:?}", calls.len());
    let chosen = chosen(&calls);
    let failures = run_all(&chosen, |call, number| {
        let backups = scratch.path().join(format!("run-{number}"));
        copy_tree(&target, &backups);
        let outcome = run_one(&template, &backups, scratch.path(), call, fault);
        std::fs::remove_dir_all(&backups).unwrap();
        outcome
    });
    println!("{fault:?} while backing up: {} of {} changing calls", chosen.len(), calls.len());
    assert!(failures.is_empty(), "{} runs failed:\n{}", failures.len(), failures.join("\n"));
}
