//! truebook keeps a trading bot's book — its variables, orders, fills and positions — crash-safe, provable
//! and in agreement with the broker.
//!
//! An append-only journal is the truth; checkpoints and the readable copy are made from it. See
//! `ARCHITECTURE.md` for the promises P1 to P12 and where they are kept.

pub mod aside;
pub mod backup;
pub mod book;
pub mod checkpoint;
pub mod crypt;
pub mod disk;
pub mod drill;
pub mod engine;
pub mod envelope;
pub mod error;
pub mod frame;
#[doc(hidden)]
pub mod fuzzing;
pub mod history;
pub mod journal;
pub mod log;
pub mod manifest;
pub mod paper;
pub mod planted;
pub mod recovery;
pub mod run;
pub mod scratch;
pub mod venue;
pub mod verify;
pub mod world;

pub use book::Book;
pub use truebook_core as core;
pub use world::World;
