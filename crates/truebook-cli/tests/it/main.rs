//! The command as people and programs use it: the real binary, real directories.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must stop")]

mod audit;
mod backup;
mod bad_input;
mod demo;
mod drill;
mod encryption;
mod export;
mod holder;
mod identity;
mod import;
mod life;
mod log;
mod mending;
mod pipe;
mod readable;
mod recover;
mod restore;
mod support;
mod trading;
