//! What the core promises, for arbitrary facts.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must stop")]

mod brackets;
mod events;
mod fold;
mod legal_orders;
mod life;
mod newtypes;
mod positions;
mod strategies;
