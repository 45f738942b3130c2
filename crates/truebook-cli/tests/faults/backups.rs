//! A backup that is killed, or failed, at every call that changes the disk while it is made, proved and
//! rotated: afterwards there are as many verified generations as before, and each that counts as verified
//! proves to be one.

use crate::matrix::{Disturbed, Fault, Pair, run_pairs};
use crate::restore::{session, words};
use crate::session::{BINARY, run, text};
use crate::strace::is_there;
use std::path::Path;
use std::process::Output;
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

/// A book with as many verified generations as are kept, which went on after the last.
fn template(scratch: &Path) -> Pair {
    let pair = Pair::within(&scratch.join("template"));
    let (data, target) = (pair.data.as_path(), pair.target.as_path());
    std::fs::create_dir_all(target).unwrap();
    let made = run(data, &["--upkeep", "inline", "--segment-bytes", "16384", "init"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    for round in 0..3 {
        session(data, round * 20 + 1, round * 20 + 20);
        succeed(&command(data, target));
    }
    session(data, 61, 80);
    pair
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

fn after(pair: &Pair, output: &Output, scratch: &Path) -> Result<(), String> {
    let (data, target) = (pair.data.as_path(), pair.target.as_path());
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
    let template = template(scratch.path());
    let disturbed = Disturbed {
        what: "backing up",
        calls_min: CALLS_MIN,
        command: &|pair| command(&pair.data, &pair.target),
        undisturbed: &|_| {},
    };
    run_pairs(&template, scratch.path(), &disturbed, fault, |pair, output| {
        after(pair, output, scratch.path())
    });
}
