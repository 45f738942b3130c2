//! The `truebook` command: `flags` is what was typed, `needs` what a command gets of it, `commands` has one
//! file a command, `output` what people and programs read, `errors` how it ends.

mod commands;
mod errors;
mod flags;
mod needs;
mod output;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let flags = flags::Flags::parse();
    let channel = flags.error_channel();
    match commands::run(&flags) {
        Ok(outcome) => outcome.exit_code(),
        Err(failure) => errors::report(&failure, channel),
    }
}
