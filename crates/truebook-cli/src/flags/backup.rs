//! Where backups are, and putting a book back from them.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use truebook::book::OnDamage;
use truebook::core::id::{BookId, Seq};
use truebook::core::time::Utc;

/// Where backups are, and what opens them.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Backups")]
pub(crate) struct BackupPlaceArgs {
    /// A place for backups: a directory or a URL; may be given more than once [default: the directory DATA.backups
    /// beside the book]
    #[arg(long, global = true, value_name = "URL", env = "TRUEBOOK_BACKUP_TO", value_delimiter = ',')]
    pub(crate) backup_to: Vec<String>,

    /// Opens backups that are encrypted: an age identity file
    #[arg(long, global = true, value_name = "FILE", env = "TRUEBOOK_BACKUP_IDENTITY")]
    pub(crate) backup_identity: Option<PathBuf>,

    /// Opens an identity file that is protected by a passphrase: a file with the passphrase, which only its
    /// owner can read (mode 0600)
    #[arg(long, global = true, value_name = "FILE", env = "TRUEBOOK_BACKUP_PASSPHRASE_FILE")]
    pub(crate) backup_passphrase_file: Option<PathBuf>,

    /// What to do when opening a book for writing finds damage that a backup can mend
    #[arg(long, global = true, value_enum, default_value_t = OnDamageArg::Mend)]
    pub(crate) on_damage: OnDamageArg,
}

/// What to do about damage that a backup can mend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnDamageArg {
    /// Mend it, tell, and record it in the book
    #[default]
    Mend,
    /// Change nothing, and print what a backup can give back and the command that does it
    Ask,
}

impl From<OnDamageArg> for OnDamage {
    fn from(typed: OnDamageArg) -> Self {
        match typed {
            OnDamageArg::Mend => Self::Mend,
            OnDamageArg::Ask => Self::Ask,
        }
    }
}

/// `restore`.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("point").multiple(false))]
pub(crate) struct RestoreArgs {
    /// From where: a directory or a URL [default: the first of --backup-to that can be used]
    #[arg(long, value_name = "URL")]
    pub(crate) from: Option<String>,
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

fn parse_time(text: &str) -> Result<Utc, &'static str> {
    Utc::parse(text).ok_or("a time is written 2026-11-27T10:55:22Z")
}

fn parse_book(text: &str) -> Result<BookId, &'static str> {
    BookId::from_hex(text).ok_or("a book's id has 32 lower-case hexadecimal digits")
}
