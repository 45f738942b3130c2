//! `state save`.

use crate::errors::{Failure, Outcome};
use crate::flags::Source;
use crate::needs::{Needs, input};
use truebook::book::WriteError;

pub(super) fn run(needs: &Needs, source: &Source) -> Result<Outcome, Failure> {
    let vars = input::doc(source)?;
    super::write(needs, |book| {
        book.save(&vars).map_err(|failed| match failed {
            WriteError::ReservedKey => Failure::from(failed).with_hint(format!(
                "to take over an edited copy of bot_state.json: truebook state adopt {source}"
            )),
            failed => failed.into(),
        })
    })
}
