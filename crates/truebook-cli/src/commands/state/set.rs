//! `state set`.

use crate::errors::{Failure, Outcome};
use crate::needs::{Needs, value};
use truebook::core::doc::Path;

pub(super) fn run(needs: &Needs, path: &Path, typed: &str) -> Result<Outcome, Failure> {
    let value = value::typed(typed)?;
    super::write(needs, |book| Ok(book.set(path, &value)?))
}
