//! The commands and what each takes.

use super::{
    AuditArgs, AuditChildArgs, BackupArgs, BackupPlaceArgs, BlockArgs, CorrectArgs, DemoArgs, DemoBotArgs,
    FillsArgs, KeeperArgs, OrdersArgs, PaperArgs, ReasonArgs, ReconcileArgs, RestoreArgs, RunArgs, Source,
};
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use truebook::book::OnChangedSettings;
use truebook::core::doc::Path;
use truebook::core::event::Event;
use truebook::core::id::{AccountName, BookName, InstallationTag, VenueName};
use truebook::core::identity::Mode;
use truebook::manifest::ReadableCopy;

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a book
    Init(InitArgs),
    /// Read and change the bot's own variables, one JSON document
    State(StateArgs),
    /// Take over the state file of another system, with its positions and live orders
    Import(ImportArgs),
    /// The book in a few figures; works beside the process that holds it
    ///
    /// Exit code 1 if events are lost, so that the figures are not those of the last acknowledged event.
    Status,
    /// Show the events of the journal, oldest first; works beside the process that holds the book
    Log(LogArgs),
    /// Read every byte, replay every event, compare every checkpoint; exit code 1 if something is damaged
    Verify,
    /// Make a checkpoint and rewrite the readable copy now
    Checkpoint,
    /// Show, compare and accept settings
    Settings(SettingsArgs),
    /// See what can be saved of a book that has lost events, and go on with it
    ///
    /// Without --accept-loss nothing is changed: it prints what would be kept and what would be lost; exit
    /// code 1 if something would.
    Recover(RecoverArgs),
    /// Put the book back from a backup, as it was at a point
    ///
    /// The plan is printed first. The book is fetched, laid down beside the old one and replayed; only when that
    /// has proved it, it takes the old one's place. What was there is kept in aside/. Sequence numbers that existed
    /// are never used again, and the restore is an event in the book.
    Restore(RestoreArgs),
    /// Backups: make, list, prove and rotate them
    Backup(BackupArgs),
    /// Write the book out for other programs; an encrypted book is written in the clear
    Export(ExportArgs),
    /// A session for any language: one JSON command a line in, one JSON answer a line out
    ///
    /// Each answer comes only when what it says is durable. Commands:
    ///
    ///   {"op":"set","path":"/a/b","value":…}   {"op":"merge","path":"/a","patch":{…}}
    ///   {"op":"save","vars":{…}}               {"op":"remove","path":"/a/b"}
    ///   {"op":"get","path":"/a"}               {"op":"checkpoint"}  {"op":"status"}  {"op":"close"}
    ///
    /// Any of them may have an "id", which the answer repeats. Answers:
    ///
    ///   {"ok":true,"seq":N}      {"ok":true,"unchanged":true}
    ///   {"ok":true,"found":true,"value":…}     {"ok":false,"error":…,"try":…}
    ///
    /// The end of the input, "close", SIGTERM and SIGINT end the session with a last checkpoint.
    /// Once a write has failed every answer is a failure, and the exit code is 2.
    #[command(verbatim_doc_comment)]
    Pipe(PipeArgs),
    /// Show the live orders, or all
    Orders(OrdersArgs),
    /// Show what is held, what it cost, what was won with it, and why new risk is refused
    Positions,
    /// Show executions, read from the journal
    Fills(FillsArgs),
    /// Bring book and venue to agreement, or show what that would take
    Reconcile(ReconcileArgs),
    /// Correct a position by hand, with a reason
    Correct(CorrectArgs),
    /// Refuse new risk in an instrument
    Block(BlockArgs),
    /// Allow new risk in an instrument again, once somebody looked at what refused it
    Unblock(BlockArgs),
    /// Refuse all new risk
    Halt(ReasonArgs),
    /// Allow new risk again
    Resume(ReasonArgs),
    /// Trade: recover, reconcile, keep book and venue in agreement and run a strategy, until SIGTERM or SIGINT
    Run(RunArgs),
    /// A venue that exists only here, speaking Alpaca's Trading API v2, with faults on demand
    ///
    /// What it has is kept in --data DIR if that is given, and forgotten at the end otherwise.
    Paper(PaperArgs),
    /// See it: a bot is killed again and again while it trades, and its book is audited against the venue
    ///
    /// Exit code 1 if anything was lost, sent twice, left unprotected or is not in agreement.
    Demo(DemoArgs),
    #[command(hide = true)]
    DemoBot(DemoBotArgs),
    /// Run drills: incidents as short texts, against the real book and a scripted venue
    ///
    /// Without FILE the drills that come with truebook are run. Each runs in a directory of its own that is
    /// removed again; no book of yours is touched. Exit code 1 if an expectation did not hold, 2 if a drill
    /// could not be run.
    Drill(DrillArgs),
    /// Prove the claims on this machine and this disk, on a copy of the book; works beside a bot
    ///
    /// The book itself is only read. Its copy is killed in the middle of saves, damaged, filled up, restored,
    /// and so on; then every line of the checklist is printed with what was run, how often, and what came
    /// out: pass, warn, `not_tested` or fail. Exit code 0 if nothing failed, 1 if something did, 2 if the audit
    /// itself could not be done.
    Audit(AuditArgs),
    #[command(hide = true)]
    AuditChild(AuditChildArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

impl Command {
    /// Where this command was told that backups are.
    pub(crate) const fn backup_places(&self) -> Option<&BackupPlaceArgs> {
        match self {
            Self::Run(args) => Some(&args.backups.form.place),
            Self::Pipe(args) => Some(&args.backups.form.place),
            Self::Restore(args) => Some(&args.place),
            _ => None,
        }
    }
}

/// `drill`.
#[derive(Debug, Args)]
pub(crate) struct DrillArgs {
    /// Drills to run, as docs/DRILLS.md describes them [default: those that come with truebook]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// What people call the book [default: the directory's name]
    #[arg(long, value_parser = BookName::new)]
    pub(crate) name: Option<BookName>,
    /// Where the bot trades
    #[arg(long, default_value = "paper", value_parser = VenueName::new)]
    pub(crate) venue: VenueName,
    /// The account there
    #[arg(long, default_value = "default", value_parser = AccountName::new)]
    pub(crate) account: AccountName,
    /// Practice or real money
    #[arg(long, value_enum, default_value_t = ModeArg::Paper)]
    pub(crate) mode: ModeArg,
    /// The bot's settings, TOML or JSON; values of keys that look like secrets are stored as a hash only
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<Source>,
    /// What becomes of the readable copy, `bot_state.json` [default: plain, or encrypted in an encrypted book]
    #[arg(long, value_enum)]
    pub(crate) readable: Option<ReadableArg>,
    /// The tag of a book that was lost and is made again: 8 hexadecimal digits, with which its client order
    /// ids begin [default: a new one]
    #[arg(long, value_name = "TAG", value_parser = parse_installation)]
    pub(crate) installation: Option<InstallationTag>,
}

fn parse_installation(text: &str) -> Result<InstallationTag, &'static str> {
    InstallationTag::from_hex(text).ok_or("a tag has 8 lower-case hexadecimal digits")
}

/// See [`Mode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// Practice
    Paper,
    /// Real money
    Live,
}

impl From<ModeArg> for Mode {
    fn from(typed: ModeArg) -> Self {
        match typed {
            ModeArg::Paper => Self::Paper,
            ModeArg::Live => Self::Live,
        }
    }
}

/// See [`ReadableCopy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReadableArg {
    /// Plain JSON; not possible in an encrypted book
    Plain,
    /// Encrypted; only in an encrypted book
    Encrypted,
    /// None is written
    Off,
}

impl From<ReadableArg> for ReadableCopy {
    fn from(typed: ReadableArg) -> Self {
        match typed {
            ReadableArg::Plain => Self::Plain,
            ReadableArg::Encrypted => Self::Encrypted,
            ReadableArg::Off => Self::Off,
        }
    }
}

/// `state`.
#[derive(Debug, Args)]
pub(crate) struct StateArgs {
    #[command(subcommand)]
    pub(crate) command: StateCommand,
}

/// The commands below `state`. A PATH is written `/orders/101/qty` or `orders.101.qty`.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Print the value at a path; exit code 1 if there is none
    Get {
        /// `/orders/101/qty` or `orders.101.qty`; without it, the whole document
        #[arg(value_parser = Path::parse)]
        path: Option<Path>,
    },
    /// Set the value at a path; exit code 0 only when it is durable
    Set {
        /// `/orders/101/qty` or `orders.101.qty`; objects that are missing on the way are made
        #[arg(value_parser = Path::parse)]
        path: Path,
        /// JSON, or else plain text, which is stored as a string; - reads it from standard input
        #[arg(allow_negative_numbers = true)]
        value: String,
    },
    /// Merge a JSON object in (RFC 7396): objects are merged, null removes, all else replaces
    ///
    /// truebook state merge JSON, or truebook state merge PATH JSON; JSON may be - for standard input.
    #[command(override_usage = "truebook state merge [OPTIONS] [PATH] <JSON>")]
    Merge {
        /// Where to merge, and what
        #[arg(value_names = ["PATH", "JSON"], num_args = 1..=2, required = true, allow_negative_numbers = true)]
        path_and_json: Vec<String>,
    },
    /// Save the whole document; only the difference is written, and nothing if there is none
    Save {
        /// A JSON file, or - for standard input
        #[arg(value_name = "FILE")]
        source: Source,
    },
    /// Remove the value at a path; exit code 1 if there is none
    #[command(name = "rm")]
    Remove {
        /// `/orders/101/qty` or `orders.101.qty`
        #[arg(value_parser = Path::parse)]
        path: Path,
    },
    /// Take the variables of an edited or older copy of `bot_state.json` in place of the book's
    ///
    /// Positions and orders in it are left alone: they come from fills.
    Adopt {
        /// The copy [default: the edited `bot_state.json`, or the newest one that was set aside]
        #[arg(value_name = "FILE")]
        source: Option<Source>,
    },
}

/// `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The state file, in its full form (`order_manager`, `portfolio_manager`) or its short form (`orders`);
    /// - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) source: Source,
}

/// `log`.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Wait for more events and show them as they come
    #[arg(long, short)]
    pub(crate) follow: bool,
    /// First event to show
    #[arg(long, value_name = "SEQ", default_value_t = 1)]
    pub(crate) from: u64,
    /// Last event to show
    #[arg(long, value_name = "SEQ")]
    pub(crate) to: Option<u64>,
    /// Only events of this kind; may be given several times
    #[arg(long, value_name = "KIND", value_parser = Event::NAMES)]
    pub(crate) kind: Vec<String>,
}

/// `settings`.
#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    #[command(subcommand)]
    pub(crate) command: SettingsCommand,
}

/// The commands below `settings`.
#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// Print the recorded settings
    Show,
    /// List every key in which a file differs from the recorded settings; exit code 1 if any does
    Check {
        /// TOML or JSON, or - for standard input
        #[arg(value_name = "FILE")]
        source: Source,
    },
    /// Record the settings of a file as the ones in force
    Accept {
        /// TOML or JSON, or - for standard input
        #[arg(value_name = "FILE")]
        source: Source,
    },
}

/// `recover`.
#[derive(Debug, Args)]
pub(crate) struct RecoverArgs {
    /// Go on with what can be brought back, and record the loss
    #[arg(long)]
    pub(crate) accept_loss: bool,
}

/// `export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// In which form
    #[arg(value_enum, value_name = "FORM")]
    pub(crate) form: ExportForm,
    /// File (json, sqlite) or directory (csv) to write, which must not exist
    /// [default: standard output for json, else `truebook-export.sqlite` or `truebook-export`]
    #[arg(long, short, value_name = "PATH")]
    pub(crate) out: Option<PathBuf>,
}

/// What to export to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportForm {
    /// The whole state as one JSON document
    Json,
    /// A directory with events, orders, fills, positions and vars, a file each
    Csv,
    /// A database with the tables events, orders, fills, positions, vars and meta
    Sqlite,
}

/// `pipe`.
#[derive(Debug, Args)]
pub(crate) struct PipeArgs {
    /// The settings in force, to be compared with those recorded
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<Source>,
    /// What to do if they differ
    #[arg(long, value_enum, default_value_t = OnChangedArg::Refuse)]
    pub(crate) on_changed_settings: OnChangedArg,
    /// Refuse a book of another venue
    #[arg(long, value_parser = VenueName::new)]
    pub(crate) venue: Option<VenueName>,
    /// Refuse a book of another account
    #[arg(long, value_parser = AccountName::new)]
    pub(crate) account: Option<AccountName>,
    /// Refuse a book of the other mode
    #[arg(long, value_enum)]
    pub(crate) mode: Option<ModeArg>,
    /// Time between checkpoints
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub(crate) checkpoint_interval: u64,
    /// Trade too: with --venue-url
    #[command(flatten)]
    pub(crate) trading: super::trading::VenueArgs,
    #[command(flatten)]
    pub(crate) backups: KeeperArgs,
}

/// See [`OnChangedSettings`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnChangedArg {
    /// Do not open the book
    Refuse,
    /// Record them as the new ones
    Accept,
    /// Open the book, but tell
    Hold,
}

impl From<OnChangedArg> for OnChangedSettings {
    fn from(typed: OnChangedArg) -> Self {
        match typed {
            OnChangedArg::Refuse => Self::Refuse,
            OnChangedArg::Accept => Self::Accept,
            OnChangedArg::Hold => Self::Hold,
        }
    }
}

/// `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}
