//! What a book promises, on a real disk.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on must stop")]

mod backups;
mod behind;
mod broken_leader;
mod clocks;
mod drills;
mod fees;
mod formats;
mod guards;
mod life;
mod limits;
mod own_strategy;
mod paper;
mod reserve;
mod restoring;
mod support;
