//! `import`: takes over another system's state file.

use crate::errors::{Failure, Outcome};
use crate::flags::ImportArgs;
use crate::needs::{Needs, input};
use crate::output::table;
use truebook::book::import::{IMPORT_BYTES_MAX, ImportSummary};

pub(super) fn run(needs: &Needs, args: &ImportArgs) -> Result<Outcome, Failure> {
    // Read first: the file may be the one that opening the book would set aside.
    let input = input::read(&args.source, IMPORT_BYTES_MAX)?;
    let summary = needs.with_book(|book| Ok(book.import(&input.name, &input.bytes)?))?;
    needs.out().show(&summary, || describe(&input.name, &summary))?;
    Ok(Outcome::Fine)
}

fn describe(file: &str, summary: &ImportSummary) -> String {
    let mut lines = vec![format!(
        "took over {file} ({} form) as event {}: {} positions, {} live orders",
        summary.form,
        summary.seq,
        summary.positions.len(),
        summary.orders
    )];
    if !summary.positions.is_empty() {
        lines.push(table::pairs(
            summary.positions.iter().map(|(symbol, quantity)| (symbol.clone(), quantity)),
        ));
    }
    let left_out = summary.left_out.iter();
    lines.extend(left_out.map(|(id, why)| format!("left out: order {id}: {why} (it is in the variables)")));
    lines.join("\n")
}
