//! The adapters against servers that misbehave on the wire, and against what brokers published.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must stop")]

#[cfg(feature = "alpaca")]
mod broker_data;
#[cfg(feature = "alpaca")]
mod pages;
#[cfg(feature = "alpaca")]
mod server;
#[cfg(feature = "alpaca")]
mod wire;
