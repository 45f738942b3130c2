//! Integration tests of the simulation: first that it can be trusted, then what it shows.

#![allow(
    clippy::unwrap_used,
    reason = "these are tests, helpers included; clippy.toml only knows the marked ones"
)]

mod contract;
mod crashes;
mod damage;
mod full_disk;
mod replacing;
mod sim_disk;
mod sim_faults;
mod tidy;
