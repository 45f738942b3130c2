//! Targets of backups against a real S3 server, with faults on the way to it; and what the standard tools open.
//!
//! Without the server (and without a network to install it from), or without a tool, a test skips with a
//! visible line; where `CI=true`, that is a failure.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must stop")]

mod contract;
mod faults;
mod killed;
mod probing;
mod proxy;
mod server;
mod tools;

/// Says that a test is left out, which CI must not do.
fn skip(what: &str, why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what} cannot be tested: {why}");
    println!("SKIPPED: {what}: {why}");
}
