//! `verify`: reads every byte and replays every event.

use crate::errors::{Failure, Outcome};
use crate::needs::Needs;
use crate::output::{notes, progress::Progress};
use truebook::verify::{Verification, verify};

pub(super) fn run(needs: &Needs) -> Result<Outcome, Failure> {
    let mut progress = Progress::new("verifying segments");
    let verification = verify(&needs.world(), needs.key(), &mut progress)?;
    drop(progress);
    needs.out().show(&verification, || describe(&verification))?;
    Ok(if verification.ok { Outcome::Fine } else { Outcome::Different })
}

fn describe(verification: &Verification) -> String {
    let mut lines: Vec<String> =
        verification.findings.iter().map(|finding| format!("! {}", notes::finding(finding))).collect();
    let verdict = if verification.ok { "ok" } else { "not as it should be" };
    lines.push(format!(
        "{verdict}: {} events in {} segments, last event {}, {} checkpoints proved by the journal",
        verification.events,
        verification.segments,
        verification.last,
        verification.checkpoints_proved.len()
    ));
    if let Some(hash) = verification.state_hash {
        lines.push(format!("state hash {hash}"));
    }
    lines.join("\n")
}
