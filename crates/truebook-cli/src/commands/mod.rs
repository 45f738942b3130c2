//! One file a command.

mod audit;
mod backup;
mod block;
mod checkpoint;
mod child;
mod completions;
mod correct;
mod demo;
mod drill;
mod export;
mod fills;
mod halt;
mod import;
mod init;
mod log;
mod orders;
mod paper;
mod pipe;
mod positions;
mod reconcile;
mod recover;
mod restore;
mod run;
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
    let needs = Needs::new(&flags.globals, flags.command.backup_places())?;
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
        Command::Restore(args) => restore::run(&needs, args),
        Command::Backup(args) => backup::run(&needs, args),
        Command::Export(args) => export::run(&needs, args),
        Command::Pipe(args) => pipe::run(&needs, args),
        Command::Orders(args) => orders::run(&needs, args),
        Command::Positions => positions::run(&needs),
        Command::Fills(args) => fills::run(&needs, args),
        Command::Reconcile(args) => reconcile::run(&needs, args),
        Command::Correct(args) => correct::run(&needs, args),
        Command::Block(args) => block::block(&needs, args),
        Command::Unblock(args) => block::unblock(&needs, args),
        Command::Halt(args) => halt::halt(&needs, args),
        Command::Resume(args) => halt::resume(&needs, args),
        Command::Run(args) => run::run(&needs, args),
        Command::Paper(args) => paper::run(&needs, flags.globals.data.as_deref(), args),
        Command::Demo(args) => demo::run(&needs, args),
        Command::DemoBot(args) => demo::bot(&needs, args),
        Command::Drill(args) => drill::run(&needs, args),
        Command::Audit(args) => audit::run(&needs, &flags.globals, args),
        Command::AuditChild(args) => audit::child(&needs, args),
        Command::Completions(args) => completions::run(args),
    }
}
