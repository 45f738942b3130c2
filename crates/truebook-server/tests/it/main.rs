//! The paper venue over HTTP, with the adapter of this project and with clients that nobody here wrote.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must stop")]

mod adapter;
mod compat;
mod contract;
mod support;
mod wire_faults;
