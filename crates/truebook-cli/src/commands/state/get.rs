//! `state get`.

use crate::errors::{Failure, Outcome};
use crate::needs::Needs;
use crate::output::Format;
use truebook::core::doc::Path;

pub(super) fn run(needs: &Needs, path: Option<&Path>) -> Result<Outcome, Failure> {
    let root = Path::root();
    let path = path.unwrap_or(&root);
    let peek = needs.peek_whole()?;
    let value = peek.state.live().vars.get(path).ok_or_else(|| super::nothing_at(path))?;
    needs.out().text(&match needs.format() {
        Format::Text => value.to_pretty(),
        Format::Json => value.to_compact(),
    })?;
    Ok(Outcome::Fine)
}
