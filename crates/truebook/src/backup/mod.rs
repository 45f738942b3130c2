//! Backups that are proven: generations of the book in a target, restored elsewhere before they count.
//!
//! A [`Generation`] names the files that make a book directory up to one event: sealed segments, a checkpoint
//! and what that needs. Files are stored once, under names that follow from their content; the generation's
//! own file comes last, so a half-made generation is not one.

pub mod address;
#[cfg(feature = "encrypt")]
pub mod age;
pub mod before;
pub mod create;
pub mod error;
pub mod fallback;
pub mod form;
pub mod generation;
pub mod inspect;
pub mod join;
pub mod keeper;
mod lineage;
pub mod names;
pub mod prune;
pub mod restore;
pub mod scratch;
pub mod shelf;
pub mod source;
pub mod tail;
pub mod target;
pub mod verdict;
pub mod verify;

#[cfg(feature = "encrypt")]
pub use age::{AgeError, Identities, PassphraseIdentity, Recipients, new_passphrase_identity};
pub use before::{keep_before, keep_before_restore};
pub use create::{Made, Progress, Silent, create};
pub use error::BackupError;
pub use fallback::Fallback;
pub use form::Form;
pub use generation::{Generation, StoredFile};
pub use inspect::{Inspection, inspect, next_part};
pub use keeper::{Keeper, KeeperOptions, LatePlace, Place, PlaceStatus, Schedule, Shipping};
pub use names::GenerationId;
pub use prune::{Listed, Pruned, list, prune};
pub use scratch::Scratch;
pub use shelf::Shelf;
pub use source::{Reader, Source};
pub use target::{Directory, Entry, Patient, Put, Target, TargetError, TargetErrorKind};
#[cfg(feature = "remote")]
pub use target::{Remote, RemoteOptions};
pub use verdict::{Outcome, Verdict};
pub use verify::{Depth, Trial, verify};
