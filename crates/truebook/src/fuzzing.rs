//! What the fuzz targets in `fuzz/` and the property tests run: every format that is read from disk, each
//! with one function that takes any bytes and panics only over a bug.
//!
//! The first byte chooses a way, the rest is what to do. Coverage alone never finds a check sum, so most
//! ways begin with a valid sample: its bytes are [edited](Edit), which must be noticed, or edited and
//! [mended](mend) so that the check sums fit again, which must not lead to a panic.

mod edit;
mod formats;
mod sample;
mod segments;

pub use edit::{Edit, edit};
pub use formats::{checkpoint, doc, event, frame, manifest, runs};
pub use sample::{Secrecy, records};
pub use segments::{SegmentSample, mend, segment};
