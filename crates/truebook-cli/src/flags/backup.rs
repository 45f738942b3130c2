//! Where backups are, and putting a book back from them.

use super::trading::parse_time;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use truebook::backup::form::LEVEL_DEFAULT;
use truebook::backup::keeper::GENERATION_INTERVAL;
use truebook::core::id::{BookId, Seq};
use truebook::core::retention::KEEP_LAST;
use truebook::core::time::Utc;

/// Where backups are, and what opens them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Backups")]
#[expect(clippy::struct_field_names, reason = "they are named as they are typed")]
pub(crate) struct BackupPlaceArgs {
    /// A place for backups: a directory or a URL; may be given more than once [default: the directory DATA.backups
    /// beside the book]
    #[arg(long, value_name = "URL", env = "TRUEBOOK_BACKUP_TO", value_delimiter = ',')]
    pub(crate) backup_to: Vec<String>,

    /// Opens backups that are encrypted: an age identity file
    #[arg(long, value_name = "FILE", env = "TRUEBOOK_BACKUP_IDENTITY")]
    pub(crate) backup_identity: Option<PathBuf>,

    /// Opens an identity file that is protected by a passphrase: a file with the passphrase, which only its
    /// owner can read (mode 0600)
    #[arg(long, value_name = "FILE", env = "TRUEBOOK_BACKUP_PASSPHRASE_FILE")]
    pub(crate) backup_passphrase_file: Option<PathBuf>,
}

/// How backups are made.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Backups")]
pub(crate) struct BackupFormArgs {
    #[command(flatten)]
    pub(crate) place: BackupPlaceArgs,

    /// Encrypts backups for this age recipient (age1…); may be given more than once. What is encrypted for
    /// others only cannot be verified here
    #[arg(long, value_name = "RECIPIENT", env = "TRUEBOOK_BACKUP_RECIPIENT", value_delimiter = ',')]
    pub(crate) backup_recipient: Vec<String>,

    /// zstd level of backups, 1 (quick) to 19 (small)
    #[arg(long, value_name = "N", default_value_t = LEVEL_DEFAULT, value_parser = clap::value_parser!(i32).range(1..=19))]
    pub(crate) backup_level: i32,

    /// How many of the newest verified generations are kept
    #[arg(long, value_name = "N", default_value_t = KEEP_LAST)]
    pub(crate) keep_last: u32,
    /// The newest of each of so many hours is kept too
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) keep_hourly: u32,
    /// The newest of each of so many days is kept too
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) keep_daily: u32,
    /// The newest of each of so many weeks is kept too
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) keep_weekly: u32,
    /// The newest of each of so many months is kept too
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) keep_monthly: u32,
}

/// Backups that are made by themselves.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Backups")]
pub(crate) struct KeeperArgs {
    #[command(flatten)]
    pub(crate) form: BackupFormArgs,
    /// A generation is made after this time, if something changed
    #[arg(long, value_name = "SECONDS", default_value_t = GENERATION_INTERVAL.as_secs())]
    pub(crate) backup_every: u64,
    /// Make no backups
    #[arg(long, conflicts_with = "backup_to")]
    pub(crate) no_backups: bool,
}

/// `backup`.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    #[command(subcommand)]
    pub(crate) command: BackupCommand,
}

/// What `backup` does.
#[derive(Debug, Subcommand)]
pub(crate) enum BackupCommand {
    /// Make a generation in every place, prove it, and rotate; works beside a bot
    Create(BackupCreateArgs),
    /// Show the generations, and what is known of each
    List(BackupFormArgs),
    /// Restore generations into a trial place, replay them and compare the state
    Verify(BackupVerifyArgs),
    /// Remove what the rules do not keep
    Prune(BackupPruneArgs),
    /// Copy new events to the places as they come, until stopped; works beside a bot
    Follow(BackupFollowArgs),
    /// Show how far each place is behind the book
    Status(BackupFormArgs),
    /// Try each operation on each place, and name what a place does not do
    Probe(BackupFormArgs),
}

/// `backup create`.
#[derive(Debug, Args)]
pub(crate) struct BackupCreateArgs {
    #[command(flatten)]
    pub(crate) form: BackupFormArgs,
    /// Why; kept with the generation
    #[arg(long, value_name = "TEXT", default_value = "by hand")]
    pub(crate) reason: String,
    /// Neither prove nor rotate
    #[arg(long)]
    pub(crate) no_verify: bool,
}

/// `backup verify`.
#[derive(Debug, Args)]
pub(crate) struct BackupVerifyArgs {
    /// Which one, by id or number [default: the newest in each place]
    pub(crate) generation: Option<String>,
    #[command(flatten)]
    pub(crate) form: BackupFormArgs,
    /// Every generation
    #[arg(long, conflicts_with = "generation")]
    pub(crate) all: bool,
    /// From the first event on, not only what is new since the newest verified one
    #[arg(long)]
    pub(crate) full: bool,
    /// Look through the part of all objects that was not read for the longest time instead
    #[arg(long, conflicts_with_all = ["generation", "all", "full"])]
    pub(crate) part: bool,
}

/// `backup prune`.
#[derive(Debug, Args)]
pub(crate) struct BackupPruneArgs {
    #[command(flatten)]
    pub(crate) form: BackupFormArgs,
    /// Show what would be removed, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `backup follow`.
#[derive(Debug, Args)]
pub(crate) struct BackupFollowArgs {
    #[command(flatten)]
    pub(crate) form: BackupFormArgs,
    /// Stop after this time [default: never]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) seconds: Option<u64>,
}

/// `restore`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("point").multiple(false))]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own on the command line")]
pub(crate) struct RestoreArgs {
    /// From where: a directory or a URL [default: the first of --backup-to that can be used]
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
    #[command(flatten)]
    pub(crate) place: BackupPlaceArgs,
    /// Show the generations that are there, and stop
    #[arg(long, conflicts_with = "point")]
    pub(crate) list: bool,
    /// All of the newest verified generation; this is the default
    #[arg(long, group = "point")]
    pub(crate) latest: bool,
    /// All of this generation, by its id or number, verified or not
    #[arg(long, value_name = "G", group = "point")]
    pub(crate) generation: Option<String>,
    /// Up to this event
    #[arg(long, value_name = "N", group = "point")]
    pub(crate) to_seq: Option<u64>,
    /// Up to the last event before the first one that was written later than this, in UTC
    /// (2026-11-27T10:55:22Z)
    #[arg(long, value_name = "TIME", group = "point", value_parser = parse_time)]
    pub(crate) to_time: Option<Utc>,
    /// Which book, if the backups hold several and none is in --data
    #[arg(long, value_name = "ID", value_parser = parse_book)]
    pub(crate) book: Option<BookId>,
    /// Print what would be done, and stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    /// Replay every event, even of a verified generation: otherwise of that only what comes after its checkpoint
    #[arg(long)]
    pub(crate) replay_all: bool,
    /// Why; recorded in the book
    #[arg(long, value_name = "TEXT", default_value = "restored by hand")]
    pub(crate) why: String,
    /// Restore nothing: record in a book that was restored that what happened since is known, with this reason
    #[arg(long, value_name = "REASON", conflicts_with_all = ["point", "list", "dry_run"])]
    pub(crate) accept_gap: Option<String>,
}

impl RestoreArgs {
    /// `--to-seq`.
    pub(crate) fn seq(&self) -> Option<Seq> {
        self.to_seq.map(|number| Seq::new(number.min(Seq::MAX.get())))
    }
}

fn parse_book(text: &str) -> Result<BookId, &'static str> {
    BookId::from_hex(text).ok_or("a book's id has 32 lower-case hexadecimal digits")
}
