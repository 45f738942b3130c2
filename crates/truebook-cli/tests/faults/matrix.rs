//! Every call times one kind of fault.

use crate::session::{Upkeep, check, command, copy_tree, read_answers, script, template, text};
use crate::strace::{Call, calls, inject, is_there, was_killed};
use std::path::Path;
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
