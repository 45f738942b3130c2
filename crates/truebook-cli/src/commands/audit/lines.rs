//! The lines of the result: the checklist's, each with the drills that it rests on, then the drills themselves.

use super::checklist::{CHECKLIST, Item};
use super::found::{Found, Verdict};
use crate::flags::AuditDrill;
use clap::ValueEnum;
use serde::Serialize;

/// A line of the result; part of the contract.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the contract names it `line`")]
pub(super) struct Line {
    /// Which line of the checklist, or which drill.
    pub(super) line: String,
    pub(super) result: Verdict,
    /// How often something was done for it.
    pub(super) runs: u64,
    /// What was done and what came out.
    pub(super) evidence: String,
}

/// A drill and what it found.
pub(super) struct Ran {
    pub(super) drill: AuditDrill,
    pub(super) found: Found,
}

/// As it is typed.
pub(super) fn name(drill: AuditDrill) -> String {
    drill.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

/// All lines; of the checklist only those whose drills were all run.
pub(super) fn lines(ran: &[Ran]) -> Vec<Line> {
    let checklist = CHECKLIST.iter().filter_map(|item| of_item(item, ran));
    checklist.chain(ran.iter().map(of_drill)).collect()
}

fn of_item(item: &Item, ran: &[Ran]) -> Option<Line> {
    let find = |drill: &AuditDrill| ran.iter().find(|ran| ran.drill == *drill);
    let drills: Vec<&Ran> = item.drills.iter().map(find).collect::<Option<_>>()?;
    let said = drills.iter().map(|ran| format!("{}: {}", name(ran.drill), ran.found.headline()));
    Some(Line {
        line: item.line.to_owned(),
        result: drills.iter().map(|ran| ran.found.verdict).max().unwrap_or(Verdict::NotTested),
        runs: drills.iter().map(|ran| ran.found.runs).sum(),
        evidence: said.collect::<Vec<_>>().join("; "),
    })
}

fn of_drill(ran: &Ran) -> Line {
    Line {
        line: format!("Drill: {}", name(ran.drill)),
        result: ran.found.verdict,
        runs: ran.found.runs,
        evidence: ran.found.evidence(),
    }
}

/// How many lines ended how, in words: `40 pass, 1 warn, 0 not tested, 1 FAIL`.
pub(super) fn count(lines: &[Line]) -> String {
    let of = |verdict: Verdict| lines.iter().filter(|line| line.result == verdict).count();
    let said: Vec<_> =
        Verdict::ALL.iter().map(|verdict| format!("{} {}", of(*verdict), verdict.words())).collect();
    format!("{} lines: {}", lines.len(), said.join(", "))
}

/// How the audit ended: as its worst line did.
pub(super) fn worst(lines: &[Line]) -> Verdict {
    lines.iter().map(|line| line.result).max().unwrap_or(Verdict::NotTested)
}
