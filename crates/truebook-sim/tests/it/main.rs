//! Integration tests of the simulation: first that it can be trusted, then what it shows.

#![allow(
    clippy::case_sensitive_file_extension_comparisons,
    reason = "the names are truebook's own and have one spelling"
)]
#![allow(
    clippy::unwrap_used,
    reason = "these are tests, helpers included; clippy.toml only knows the marked ones"
)]

mod contract;
mod crashes;
mod damage;
mod full_disk;
mod histories;
mod large_books;
mod mending;
mod replacing;
mod restored;
mod restoring;
mod sim_disk;
mod sim_faults;
mod tidy;
mod trading;
mod venues;
