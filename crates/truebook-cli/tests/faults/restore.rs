//! A restore that is killed, or failed, at every call that changes the disk: afterwards there is the old book
//! or the restored one, and nothing that was displaced is lost.

use crate::matrix::{Disturbed, Fault, Pair, run_pairs};
use crate::session::{BINARY, run, text};
use crate::strace::is_there;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use truebook::World;
use truebook::backup::{
    Depth, Directory, Form, Scratch, Shelf, Silent, Source, Trial, create, verify as prove,
};
use truebook::book::Peek;
use truebook::disk::RealDisk;

/// Fewer calls than this, and the restore was not what it should be.
const CALLS_MIN: usize = 60;

/// `n` and the last event of the old book, and of the restored one.
const OLD: (u64, u64) = (60, 61);
const RESTORED: (u64, u64) = (40, 62);

pub(crate) fn words(data: &Path) -> Vec<String> {
    let data = data.display().to_string();
    ["--data", &data, "--upkeep", "inline", "--segment-bytes", "16384"].map(str::to_owned).to_vec()
}

fn command(data: &Path, target: &Path) -> Vec<String> {
    let mut command = vec![BINARY.to_owned()];
    command.extend(words(data));
    let target = target.display().to_string();
    command.extend(["restore", "--yes", "--to-seq", "41", "--from", &target].map(str::to_owned));
    command
}

pub(crate) fn session(data: &Path, from: u32, to: u32) {
    let mut script = String::new();
    for n in from..=to {
        let pad = "p".repeat(600);
        let _ = writeln!(script, r#"{{"op":"merge","value":{{"n":{n},"pad":"{pad}"}}}}"#);
    }
    let mut child = Command::new(BINARY)
        .args(words(data))
        .arg("pipe")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// A book with a verified generation up to event 51, which went on to event 61.
fn template(scratch: &Path) -> Pair {
    let pair = Pair::within(&scratch.join("template"));
    let (data, target) = (pair.data.as_path(), pair.target.as_path());
    std::fs::create_dir_all(target).unwrap();
    let made = run(data, &["--upkeep", "inline", "--segment-bytes", "16384", "init"]);
    assert!(made.status.success(), "{}", text(&made.stderr));
    session(data, 1, 50);
    let world = World::real(data);
    let peek = Peek::read(&world, None).unwrap();
    let disk = Arc::new(RealDisk::new(target));
    let shelf = Shelf::new(Arc::new(Directory::new(disk)), peek.state.live().identity.book, None);
    let source = Source::beside(&peek).unwrap();
    let made = create(&source, &shelf, &Form::default(), "test", world.clock.now(), &mut Silent).unwrap();
    let place = Scratch::new(Some(scratch)).unwrap();
    let trial = Trial { world: &world, key: None, scratch: &place, depth: Depth::All };
    assert!(prove(&shelf, &made.id, &trial, &mut Silent).unwrap().is_verified());
    session(data, 51, 60);
    pair
}

/// The files of a book, by their name within it.
fn files(data: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![data.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.file_name().is_none_or(|name| name != "LOCK") {
                let name = path.strip_prefix(data).unwrap().display().to_string();
                found.insert(name, std::fs::read(path).unwrap());
            }
        }
    }
    found
}

fn picture(data: &Path) -> Result<(u64, u64), String> {
    let json = |words: &[&str]| -> Result<Value, String> {
        let output = run(data, words);
        serde_json::from_slice(&output.stdout).map_err(|failed| format!("{words:?}: {failed}"))
    };
    let n = json(&["--json", "state", "get"])?["n"].as_u64().unwrap_or(0);
    Ok((n, json(&["--json", "status"])?["seq"].as_u64().unwrap_or(0)))
}

fn check(data: &Path, before: &BTreeMap<String, Vec<u8>>) -> Result<(u64, u64), String> {
    let opened = run(data, &["--upkeep", "inline", "--segment-bytes", "16384", "checkpoint"]);
    if !opened.status.success() {
        return Err(format!("opening again: {} {}", text(&opened.stdout), text(&opened.stderr)));
    }
    let found = picture(data)?;
    if found != OLD && found != RESTORED {
        return Err(format!("neither the old book nor the restored one: {found:?}"));
    }
    let verified = run(data, &["--json", "verify"]);
    if verified.status.code() != Some(0) {
        return Err(format!("verify: {}", text(&verified.stdout)));
    }
    let after = files(data);
    if let Some(name) = after.keys().find(|name| *name == "RESTORE" || name.starts_with("restoring/")) {
        return Err(format!("{name} is left over"));
    }
    let is_kept = |name: &str, bytes: &Vec<u8>| {
        let kept =
            |(at, kept): (&String, &Vec<u8>)| at.starts_with("aside/") && at.ends_with(name) && kept == bytes;
        after.iter().any(kept)
    };
    match before.iter().find(|(name, bytes)| !is_kept(name, bytes)) {
        Some((name, _)) if found == RESTORED => Err(format!("{name} was displaced and is lost")),
        _ => Ok(found),
    }
}

/// Which book is there after a disturbed restore.
fn after(pair: &Pair, output: &Output, before: &BTreeMap<String, Vec<u8>>) -> Result<(u64, u64), String> {
    let told = text(&output.stderr);
    let found = check(&pair.data, before).map_err(|problem| format!("{problem} (restore said {told})"))?;
    if output.status.success() && found != RESTORED {
        return Err("it was said to be restored, and is not".to_owned());
    }
    Ok(found)
}

pub(crate) fn run_matrix(fault: Fault) {
    if !is_there() {
        println!("SKIPPED: strace is not installed; scripts/setup test installs it");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let template = template(scratch.path());
    let before = files(&template.data);
    let seen = std::sync::Mutex::new(BTreeMap::<(u64, u64), u32>::new());
    let disturbed = Disturbed {
        what: "restoring",
        calls_min: CALLS_MIN,
        command: &|pair| command(&pair.data, &pair.target),
        undisturbed: &|pair| assert_eq!(picture(&pair.data), Ok(RESTORED)),
    };
    run_pairs(&template, scratch.path(), &disturbed, fault, |pair, output| {
        let found = after(pair, output, &before)?;
        *seen.lock().unwrap().entry(found).or_default() += 1;
        Ok(())
    });
    println!("{fault:?} while restoring: {seen:?}");
    assert_eq!(seen.into_inner().unwrap().len(), 2, "both books were seen");
}
