//! `drill`: incidents as short texts, run against the real book and a scripted venue.

use crate::errors::{Failure, Outcome};
use crate::flags::DrillArgs;
use crate::needs::Needs;
use serde::Serialize;
use std::path::Path;
use truebook::drill::{BUILT_IN, Drill, Passed, RunError};

/// What `drill --json` prints; part of the contract.
#[derive(Serialize)]
struct Report {
    /// Whether every drill passed.
    ok: bool,
    drills: Vec<Ran>,
}

/// One drill.
#[derive(Serialize)]
struct Ran {
    file: String,
    /// `passed`, `failed` or `cannot_run`.
    result: &'static str,
    #[serde(flatten)]
    passed: Option<Passed>,
    /// File and line, what was expected there, what was found.
    why: Option<String>,
}

pub(super) fn run(needs: &Needs, args: &DrillArgs) -> Result<Outcome, Failure> {
    let drills: Vec<Ran> = if args.files.is_empty() {
        BUILT_IN.iter().map(|(file, text)| run_text(file, text)).collect()
    } else {
        args.files.iter().map(|file| run_file(file)).collect()
    };
    let worst = |result| drills.iter().any(|ran| ran.result == result);
    let outcome = match (worst("cannot_run"), worst("failed")) {
        (true, _) => Outcome::CouldNot,
        (false, true) => Outcome::Different,
        (false, false) => Outcome::Fine,
    };
    let report = Report { ok: outcome == Outcome::Fine, drills };
    needs.out().show(&report, || describe(&report))?;
    Ok(outcome)
}

fn run_file(file: &Path) -> Ran {
    let name = file.display().to_string();
    match std::fs::read_to_string(file) {
        Ok(text) => run_text(&name, &text),
        Err(failed) => cannot_run(&name, format!("{name}: read the drill: {failed}")),
    }
}

fn run_text(file: &str, text: &str) -> Ran {
    let drill = match Drill::parse(file, text) {
        Ok(drill) => drill,
        Err(failed) => return cannot_run(file, failed.to_string()),
    };
    match drill.run() {
        Ok(passed) => Ran { file: file.to_owned(), result: "passed", passed: Some(passed), why: None },
        Err(failed @ RunError::CannotRun { .. }) => cannot_run(file, failed.to_string()),
        Err(failed) => Ran { result: "failed", ..cannot_run(file, failed.to_string()) },
    }
}

fn cannot_run(file: &str, why: String) -> Ran {
    Ran { file: file.to_owned(), result: "cannot_run", passed: None, why: Some(why) }
}

fn describe(report: &Report) -> String {
    report.drills.iter().map(describe_one).collect::<Vec<_>>().join("\n")
}

fn describe_one(ran: &Ran) -> String {
    match (&ran.passed, &ran.why) {
        (Some(Passed { runs, expectations, .. }), _) => {
            format!("passed      {} ({expectations} expectations in {runs} runs)", ran.file)
        }
        (None, why) => {
            let result = if ran.result == "failed" { "FAILED    " } else { "CANNOT RUN" };
            format!("{result}  {}\n    {}", ran.file, why.as_deref().unwrap_or_default())
        }
    }
}
