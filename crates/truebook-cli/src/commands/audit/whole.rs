//! `whole-book`: every byte of the copy is read, every event replayed, every checkpoint compared.

use super::found::Found;
use super::stage::Stage;
use crate::errors::Failure;
use truebook::World;
use truebook::recovery::Weight;
use truebook::verify::{Silent, verify};

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let mut found = Found::new();
    let whole = verify(&World::real(stage.base()), stage.key(), &mut Silent)?;
    found.ran(1);
    let damage: Vec<_> = whole
        .findings
        .iter()
        .filter(|finding| finding.weight == Weight::Damage)
        .map(ToString::to_string)
        .collect();
    match damage.first() {
        Some(first) => found.fail(format!("{} things are damaged or changed: {first}", damage.len())),
        None => found.pass(format!(
            "{} events in {} segments replayed, {} checkpoints proved, {} files of {} bytes copied",
            whole.events,
            whole.segments,
            whole.checkpoints_proved.len(),
            stage.size.files,
            stage.size.bytes
        )),
    }
    Ok(found)
}
