//! One variable of the bot saved, in a small book and in a large one: the cost must not grow with the book.
//!
//! truebook only. Filled in when its library's interface stands: open a book with 100 and one with 100,000
//! variables, set one of them durably per sample, rows of p50, p99 and p99.9, and the ratio of the large to
//! the small.

use crate::error::BenchError;
use crate::peers::truebook;
use crate::report::Section;
use crate::setup::Setup;

// It becomes fallible with the measure itself; the table of parts needs one shape.
#[allow(clippy::unnecessary_wraps)]
pub(crate) fn run(_setup: &Setup) -> Result<Vec<Section>, BenchError> {
    Ok(vec![Section {
        name: "save-field",
        about: "one variable saved, in a small book and in a large one".into(),
        columns: Vec::new(),
        rows: Vec::new(),
        notes: vec![truebook::absent().to_string()],
    }])
}
