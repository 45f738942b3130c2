//! truebook beside its peers, on the disk at hand.
//!
//! ```text
//! cargo run --release -p truebook-bench -- all            # under three minutes
//! cargo run --release -p truebook-bench -- all --quick    # under twenty seconds
//! cargo run --release -p truebook-bench -- append --json  # one part, for a program to read
//! ```
//!
//! The peers take turns within one run, on one file system, so that whatever drifts (the disk, the
//! neighbours, the clock speed) meets all of them alike. Only the ratios travel from one machine to another.
//! Nothing here asserts a time.
//!
//! `SQLite` has to be built with `-DHAVE_FDATASYNC=1` to be a fair peer, as its own configure script would;
//! `.cargo/config.toml` sees to that, and `flushes` says so when it was not.
//!
//! `--dir` chooses the disk; by default it is the one this program lies on, as the system's temporary folder
//! is often memory, where a flush costs nothing and proves nothing. It runs on Linux: the measures read
//! `/proc` and use `strace`.

mod bench;
mod cli;
mod engine;
mod error;
mod events;
mod figures;
mod group_commit;
mod load;
mod measure;
mod orders;
mod peers;
mod process;
mod records;
mod report;
mod rng;
mod scale;
mod setup;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::run(cli::Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report::print_failure(&failure);
            ExitCode::from(2)
        }
    }
}
