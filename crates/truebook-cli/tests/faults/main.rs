//! The real binary under injected faults: a session of 200 operations is killed, and given I/O errors and a
//! full disk, at every system call that changes the disk. After each, the book is opened again. The same is
//! done to a session that trades, and to a restore.
//!
//! Needs strace. Without it the tests skip with a visible line; with `CI=true` that is a failure.
//! `TRUEBOOK_FAULT_STRIDE=10` looks at every tenth call only, for a quick look.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "these are tests, helpers included")]

mod backups;
mod matrix;
mod restore;
mod session;
mod strace;
mod trading;

use matrix::{Fault, run_matrix};
use session::Upkeep;

#[test]
fn p1_killed_at_every_changing_system_call_the_book_opens_with_all_that_was_acknowledged() {
    run_matrix(Fault::Kill, Upkeep::Inline);
}

#[test]
fn p12_with_an_io_error_at_every_changing_system_call_nothing_is_acknowledged_after_it() {
    run_matrix(Fault::Io, Upkeep::Inline);
}

#[test]
fn p12_with_a_full_disk_at_every_changing_system_call_nothing_is_acknowledged_after_it() {
    run_matrix(Fault::Full, Upkeep::Inline);
}

#[test]
fn p1_killed_while_a_thread_seals_and_checkpoints_the_book_opens_with_all_that_was_acknowledged() {
    run_matrix(Fault::Kill, Upkeep::Thread);
}

#[test]
fn p2_p3_p5_p6_killed_at_every_changing_system_call_while_it_trades_book_and_venue_agree_afterwards() {
    trading::run_matrix(Fault::Kill);
}

#[test]
fn p2_p12_with_an_io_error_at_every_changing_system_call_while_it_trades_book_and_venue_agree_afterwards() {
    trading::run_matrix(Fault::Io);
}

#[test]
fn p2_p12_with_a_full_disk_at_every_changing_system_call_while_it_trades_book_and_venue_agree_afterwards() {
    trading::run_matrix(Fault::Full);
}

#[test]
fn p9_p10_killed_at_every_changing_system_call_of_a_restore_there_is_the_old_book_or_the_restored_one() {
    restore::run_matrix(Fault::Kill);
}

#[test]
fn p9_p10_with_an_io_error_at_every_changing_system_call_of_a_restore_there_is_one_of_the_two_books() {
    restore::run_matrix(Fault::Io);
}

#[test]
fn p9_p10_with_a_full_disk_at_every_changing_system_call_of_a_restore_there_is_one_of_the_two_books() {
    restore::run_matrix(Fault::Full);
}

#[test]
fn p9_killed_at_every_changing_system_call_of_a_backup_no_verified_generation_is_lost_or_wrong() {
    backups::run_matrix(Fault::Kill);
}

#[test]
fn p9_with_an_io_error_at_every_changing_system_call_of_a_backup_no_verified_generation_is_lost_or_wrong() {
    backups::run_matrix(Fault::Io);
}

#[test]
fn p9_with_a_full_disk_at_every_changing_system_call_of_a_backup_no_verified_generation_is_lost_or_wrong() {
    backups::run_matrix(Fault::Full);
}
