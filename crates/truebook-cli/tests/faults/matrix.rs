//! Every call times one kind of fault.

use crate::session::{Upkeep, check, command, copy_tree, read_answers, script, template, text};
use crate::strace::{Call, calls, inject, is_there, was_killed};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What happens at the chosen call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process is killed.
    Kill,
    /// The call fails with an I/O error.
    Io,
    /// The call fails because the disk is full.
    Full,
}

/// Fewer calls than this, and the session was not what it should be.
const CALLS_MIN: usize = 300;

pub(crate) fn run_matrix(fault: Fault, upkeep: Upkeep) {
    if !is_there() {
        println!("SKIPPED: strace is not installed; scripts/setup test installs it");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let template = template(scratch.path());
    let input = scratch.path().join("script");
    std::fs::write(&input, script()).unwrap();
    let undisturbed = scratch.path().join("undisturbed");
    copy_tree(&template, &undisturbed);
    let calls = calls(&command(&undisturbed, upkeep), &input, scratch.path());
    assert!(calls.len() >= CALLS_MIN, "only {} changing calls: {calls:?}", calls.len());
    let chosen = chosen(&calls);
    let failures = run_all(&chosen, |call, number| {
        let data = scratch.path().join(format!("run-{number}"));
        copy_tree(&template, &data);
        let outcome = run_one(&data, &input, call, fault, upkeep);
        std::fs::remove_dir_all(&data).unwrap();
        outcome
    });
    println!("{fault:?}, upkeep {upkeep:?}: {} of {} changing calls", chosen.len(), calls.len());
    assert!(
        failures.is_empty(),
        "{} of {} runs failed:\n{}",
        failures.len(),
        chosen.len(),
        failures.join("\n")
    );
}

/// The calls that are looked at: all, unless somebody wants a quick look.
pub(crate) fn chosen(calls: &[Call]) -> Vec<Call> {
    let stride = std::env::var("TRUEBOOK_FAULT_STRIDE").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    calls.iter().step_by(stride).cloned().collect()
}

/// Two runs at a time: most of a run is waiting for the disk.
pub(crate) fn run_all(
    calls: &[Call],
    run: impl Fn(&Call, usize) -> Result<(), String> + Sync,
) -> Vec<String> {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(call) = calls.get(number) else { break };
                    if let Err(failure) = run(call, number) {
                        failures.lock().unwrap().push(format!("{} #{}: {failure}", call.name, call.number));
                    }
                }
            });
        }
    });
    failures.into_inner().unwrap()
}

/// A book, and backups of it in a place.
pub(crate) struct Pair {
    pub(crate) data: PathBuf,
    pub(crate) target: PathBuf,
}

impl Pair {
    pub(crate) fn within(dir: &Path) -> Self {
        Self { data: dir.join("data"), target: dir.join("backups") }
    }

    fn copy_to(&self, dir: &Path) -> Self {
        let copy = Self::within(dir);
        std::fs::create_dir_all(dir).unwrap();
        copy_tree(&self.data, &copy.data);
        copy_tree(&self.target, &copy.target);
        copy
    }
}

/// A command that does something with a book and its backups.
pub(crate) struct Disturbed<'a> {
    /// What it does.
    pub(crate) what: &'a str,
    /// Fewer changing calls than this, and it was not what it should be.
    pub(crate) calls_min: usize,
    pub(crate) command: &'a dyn Fn(&Pair) -> Vec<String>,
    /// Looks at the pair after an undisturbed run.
    pub(crate) undisturbed: &'a dyn Fn(&Pair),
}

/// Disturbs the command at every call, each time with copies of its own.
pub(crate) fn run_pairs(
    template: &Pair,
    scratch: &Path,
    disturbed: &Disturbed<'_>,
    fault: Fault,
    check: impl Fn(&Pair, &Output) -> Result<(), String> + Sync,
) {
    let undisturbed = template.copy_to(&scratch.join("undisturbed"));
    let calls = calls(&(disturbed.command)(&undisturbed), Path::new("/dev/null"), scratch);
    (disturbed.undisturbed)(&undisturbed);
    assert!(calls.len() >= disturbed.calls_min, "only {} changing calls: {calls:?}", calls.len());
    let chosen = chosen(&calls);
    let commands: Vec<_> = (0..chosen.len())
        .map(|number| (disturbed.command)(&Pair::within(&scratch.join(format!("run-{number}")))))
        .collect();
    let failures = run_all(&chosen, |call, number| {
        let dir = scratch.join(format!("run-{number}"));
        let pair = template.copy_to(&dir);
        let output = inject(&commands[number], Path::new("/dev/null"), call, fault);
        let outcome = match fault {
            Fault::Kill if !was_killed(&output) => Err("it was not killed".to_owned()),
            _ => check(&pair, &output),
        };
        std::fs::remove_dir_all(&dir).unwrap();
        outcome
    });
    println!("{fault:?} while {}: {} of {} changing calls", disturbed.what, chosen.len(), calls.len());
    assert!(failures.is_empty(), "{} runs failed:\n{}", failures.len(), failures.join("\n"));
}

fn run_one(data: &Path, input: &Path, call: &Call, fault: Fault, upkeep: Upkeep) -> Result<(), String> {
    let output = inject(&command(data, upkeep), input, call, fault);
    // Beside a thread the calls come in another order each time, and not every one is reached.
    if fault == Fault::Kill && upkeep == Upkeep::Inline && !was_killed(&output) {
        return Err("it was not killed".to_owned());
    }
    let acknowledged = read_answers(&text(&output.stdout));
    if acknowledged.after_failure {
        return Err(format!("acknowledged after a failure: {}", text(&output.stdout)));
    }
    check(data, acknowledged).map_err(|problem| format!("{problem} (session said {})", text(&output.stderr)))
}
