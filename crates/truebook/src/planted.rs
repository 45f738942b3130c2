//! Planted bugs; see [`truebook_core::planted`].

pub use truebook_core::planted::Bug;
#[cfg(feature = "planted")]
pub use truebook_core::planted::plant;

pub(crate) use truebook_core::planted::is;
