//! `backup probe`: each operation on each place is tried.

use super::places;
use crate::errors::{Failure, Outcome};
use crate::flags::BackupFormArgs;
use crate::needs::Needs;
use crate::output::table;
use truebook::backup::target::{ProbeReport, probe};

pub(super) fn run(needs: &Needs, args: &BackupFormArgs) -> Result<Outcome, Failure> {
    let world = needs.world();
    let mut reports = Vec::new();
    let places = places(needs, args)?;
    for place in &places.usable {
        let mut nonce = [0; 8];
        world
            .entropy
            .fill(&mut nonce)
            .map_err(|failed| Failure::new("get random bytes for a probe").with_cause(&failed))?;
        reports.push(probe(place.shelf.target(), &*world.clock, u64::from_le_bytes(nonce)));
    }
    needs.out().show(&reports, || reports.iter().map(describe).collect::<Vec<_>>().join("\n\n"))?;
    let sound = reports.iter().all(ProbeReport::ok);
    Ok(places.judge(if sound { Outcome::Fine } else { Outcome::Different }))
}

fn describe(report: &ProbeReport) -> String {
    let steps = report.steps.iter().map(|step| {
        let outcome = if step.ok { "ok".to_owned() } else { step.what.clone() };
        [step.step.clone(), format!("{} us", step.micros), outcome]
    });
    let table = table::rows(["step", "took", "outcome"], steps);
    let weaknesses = report.weaknesses.iter().map(|what| format!("! {} {what}", report.target));
    std::iter::once(report.target.clone()).chain([table]).chain(weaknesses).collect::<Vec<_>>().join("\n")
}
