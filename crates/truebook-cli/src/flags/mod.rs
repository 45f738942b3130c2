//! What was typed.

mod audit;
mod backup;
mod commands;
mod globals;
mod source;
mod trading;

pub(crate) use audit::{AuditArgs, AuditChild, AuditChildArgs, AuditDrill, PlantArg};
pub(crate) use backup::{
    BackupArgs, BackupCommand, BackupCreateArgs, BackupFollowArgs, BackupFormArgs, BackupPlaceArgs,
    BackupPruneArgs, BackupVerifyArgs, KeeperArgs, RestoreArgs,
};
pub(crate) use commands::{
    Command, CompletionsArgs, DrillArgs, ExportArgs, ExportForm, ImportArgs, InitArgs, LogArgs, PipeArgs,
    ReadableArg, RecoverArgs, SettingsArgs, SettingsCommand, StateArgs, StateCommand,
};
pub(crate) use globals::{Globals, OnDamageArg, UpkeepArg};
pub(crate) use source::Source;
pub(crate) use trading::{
    BlockArgs, ClassArg, CorrectArgs, DemoArgs, DemoBot, DemoBotArgs, FaultArgs, FillsArgs, OrdersArgs,
    PaperArgs, ReasonArgs, ReconcileArgs, RunArgs, StrategyArg, VenueArgs, WithoutArg,
};

use crate::errors::ErrorChannel;
use clap::Parser;

const AFTER_HELP: &str = "\
Exit codes: 0 fine, 1 checked and found differences or damage, 2 could not do it.
With --json, a failure is printed on standard output too: {\"ok\":false,\"error\":…,\"causes\":[…],\"try\":…}

A book is encrypted if a key or passphrase is given when it is made (--key-file, --passphrase-file,
TRUEBOOK_KEY, TRUEBOOK_PASSPHRASE); the same one is then needed for everything else.";

/// Keeps a trading bot's book (its variables, orders, fills and positions) crash-safe and provable.
#[derive(Debug, Parser)]
#[command(name = "truebook", version, after_help = AFTER_HELP, max_term_width = 110)]
pub(crate) struct Flags {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Flags {
    /// Where failures are told: whoever reads JSON gets them as JSON.
    pub(crate) fn error_channel(&self) -> ErrorChannel {
        match self.command {
            Command::Pipe(_) => ErrorChannel::JsonToo,
            _ if self.globals.json => ErrorChannel::JsonToo,
            _ => ErrorChannel::StderrOnly,
        }
    }
}
