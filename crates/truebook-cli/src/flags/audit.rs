//! `audit`, and the processes that it starts.

use super::BackupPlaceArgs;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// `audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Only these drills, and the lines of the checklist that rest on them alone [default: all]
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NAME")]
    pub(crate) only: Vec<AuditDrill>,
    /// How often what is left to chance is done
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) runs: u32,
    /// What the moments of the kills and the places of the damage follow from
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where the copies are made: a directory on the book's own disk [default: one beside the book's]
    #[arg(long, value_name = "DIR")]
    pub(crate) scratch: Option<PathBuf>,
    /// Keep the copies at the end
    #[arg(long)]
    pub(crate) keep: bool,
    /// Write the result as one page that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: BackupPlaceArgs,
    /// How old the newest verified backup may be, such as 26h, 90m or 7d
    #[arg(long, value_name = "AGE", default_value = "26h", value_parser = parse_age)]
    pub(crate) backup_max_age: Duration,
    /// Something that must make the audit fail, to see that it can
    #[arg(long, hide = true, value_enum)]
    pub(crate) plant: Option<PlantArg>,
}

/// The drills of `audit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum AuditDrill {
    /// Every byte of the copy is read, every event replayed
    WholeBook,
    /// A process that saves without a pause is killed at random moments
    KillDuringSave,
    /// Many threads save and merge, and the process is killed
    ThreadSafety,
    /// Each kind of file is flipped, cut and emptied
    CorruptFile,
    /// The disk runs full while the book saves
    DiskFull,
    /// A backup is made of the copy, the copy is deleted and put back
    RestoreFromBackup,
    /// The age of the newest verified backup
    LastVerifiedBackup,
    /// Executions during a lost connection
    ReconcileAfterDisconnect,
    /// The same key again after a lost reply
    IdempotentOrders,
    /// A second process opens the book
    Lock,
    /// Changed settings
    SettingsMismatch,
    /// Who may read and write the files
    Permissions,
    /// Times in the files
    Utc,
    /// This machine's clock
    Clock,
    /// How long the disk takes to make something durable
    FsyncProbe,
    /// Whether a marked text can be found in a file
    Encryption,
    /// Where the backups are
    Remote,
    /// How small the history becomes
    Compression,
}

/// What can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PlantArg {
    /// After each kill, saves that were acknowledged are wiped out
    LostSaves,
    /// A byte of the copy is changed before anything else
    DamagedCopy,
}

/// The processes of `audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditChildArgs {
    #[command(subcommand)]
    pub(crate) child: AuditChild,
}

/// Which process.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditChild {
    /// Saves until it is killed, and says what is durable
    Save {
        /// How many threads
        #[arg(long)]
        threads: u32,
        /// The number that the first save has
        #[arg(long)]
        from: u64,
        /// What the sizes of the saves follow from
        #[arg(long)]
        seed: u64,
    },
    /// Opens the book and holds it until its input ends
    Hold,
    /// Fills the disk under a copy of this book
    Fill {
        /// The book that is copied to --data
        #[arg(long)]
        base: PathBuf,
    },
}

/// An age: a number with s, m, h or d.
fn parse_age(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no age: write 90m, 26h or 7d");
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}
