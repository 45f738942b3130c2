//! What truebook is tested with: a disk that loses what was not synced, and the contracts that every disk and every
//! target of backups keeps.
//!
//! Everything here is deterministic: the same seed and the same calls give the same bytes.

pub mod crash;
pub mod disk;
pub mod disk_contract;
pub mod large;
pub mod model;
mod rng;
pub mod target_contract;
pub mod trade;
pub mod workload;
pub mod world;

pub use disk::SimDisk;
pub use rng::Rng;
pub use world::SimClock;
