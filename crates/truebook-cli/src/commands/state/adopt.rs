//! `state adopt`: takes an edited or older readable copy in place of the book's variables.

use crate::errors::{Failure, Outcome};
use crate::flags::Source;
use crate::needs::{Needs, before, input};
use truebook::book::Adopted;

/// The largest copy that is read, in bytes.
const COPY_BYTES_MAX: u64 = 1 << 30;

pub(super) fn run(needs: &Needs, source: Option<&Source>) -> Result<Outcome, Failure> {
    // Read first: the file may be the one that opening the book would set aside.
    let copy = source.map(|source| input::read(source, COPY_BYTES_MAX)).transpose()?;
    let adopted = needs.with_book(|book| {
        before::adopting(needs, book)?;
        Ok(match &copy {
            Some(copy) => book.adopt_bytes(copy.name.clone(), &copy.bytes)?,
            None => book.adopt()?,
        })
    })?;
    needs.out().show(&adopted, || describe(&adopted))?;
    Ok(Outcome::Fine)
}

fn describe(adopted: &Adopted) -> String {
    let what = match adopted.seq {
        Some(seq) => format!("the variables of {} are adopted as event {seq}", adopted.file),
        None => format!("the variables of {} are those of the book already", adopted.file),
    };
    if adopted.left_out.is_empty() {
        return what;
    }
    format!("{what}\nleft alone, since they come from fills: {}", adopted.left_out.join(", "))
}
