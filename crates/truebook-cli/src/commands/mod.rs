//! One file a command.

mod checkpoint;
mod completions;
mod drill;
mod export;
mod import;
mod init;
mod log;
mod pipe;
mod recover;
mod settings;
mod state;
mod status;
mod verify;

use crate::errors::{Failure, Outcome};
use crate::flags::{Command, Flags};
use crate::needs::Needs;

/// Does what was asked.
pub(crate) fn run(flags: &Flags) -> Result<Outcome, Failure> {
    if let Command::Completions(args) = &flags.command {
        return completions::run(args);
    }
    let needs = Needs::new(&flags.globals)?;
    match &flags.command {
        Command::Init(args) => init::run(&needs, args),
        Command::State(args) => state::run(&needs, args),
        Command::Import(args) => import::run(&needs, args),
        Command::Status => status::run(&needs),
        Command::Log(args) => log::run(&needs, args),
        Command::Verify => verify::run(&needs),
        Command::Checkpoint => checkpoint::run(&needs),
        Command::Settings(args) => settings::run(&needs, args),
        Command::Recover(args) => recover::run(&needs, args),
        Command::Export(args) => export::run(&needs, args),
        Command::Pipe(args) => pipe::run(&needs, args),
        Command::Drill(args) => drill::run(&needs, args),
        Command::Completions(args) => completions::run(args),
    }
}
