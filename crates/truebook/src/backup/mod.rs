//! Backups that are proven: generations of the book in a target, restored elsewhere before they count.
//!
//! A [`Generation`] names the files that make a book directory up to one event: sealed segments, a checkpoint
//! and what that needs. Files are stored once, under names that follow from their content; the generation's
//! own file comes last, so a half-made generation is not one.

pub mod create;
pub mod error;
pub mod form;
pub mod generation;
mod lineage;
pub mod names;
pub mod place;
pub mod restore;
pub mod scratch;
pub mod shelf;
pub mod source;
pub mod target;
pub mod verdict;
pub mod verify;

pub use create::{Made, Progress, Silent, create};
pub use error::BackupError;
pub use form::Form;
pub use generation::{Generation, StoredFile};
pub use names::GenerationId;
pub use place::Place;
pub use scratch::Scratch;
pub use shelf::Shelf;
pub use source::Source;
pub use target::{Directory, Entry, Patient, Put, Target, TargetError, TargetErrorKind};
pub use verdict::{Outcome, Verdict};
pub use verify::{Depth, Trial, verify};
