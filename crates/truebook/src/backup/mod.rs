//! Backups that are proven: generations of the book in a target, restored elsewhere before they count.
//!
//! A [`Generation`] names the files that make a book directory up to one event: sealed segments, a checkpoint
//! and what that needs. Files are stored once, under names that follow from their content; the generation's
//! own file comes last, so a half-made generation is not one.

#[cfg(feature = "encrypt")]
pub mod age;
pub mod form;
pub mod generation;
pub mod names;
pub mod target;

#[cfg(feature = "encrypt")]
pub use age::{AgeError, Identities, PassphraseIdentity, Recipients, new_passphrase_identity};
pub use generation::{Generation, StoredFile};
pub use names::GenerationId;
pub use target::{Directory, Entry, Put, Target, TargetError, TargetErrorKind};
#[cfg(feature = "remote")]
pub use target::{Remote, RemoteOptions};
