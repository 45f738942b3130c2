//! Backups that are proven: generations of the book in a target, restored elsewhere before they count.
//!
//! A [`Generation`] names the files that make a book directory up to one event: sealed segments, a checkpoint
//! and what that needs. Files are stored once, under names that follow from their content; the generation's
//! own file comes last, so a half-made generation is not one.

pub mod error;
pub mod form;
pub mod generation;
pub mod names;
pub mod restore;
pub mod shelf;
pub mod target;
pub mod verdict;

pub use error::BackupError;
pub use generation::{Generation, StoredFile};
pub use names::GenerationId;
pub use shelf::Shelf;
pub use target::{Directory, Entry, Put, Target, TargetError, TargetErrorKind};
pub use verdict::{Outcome, Verdict};
