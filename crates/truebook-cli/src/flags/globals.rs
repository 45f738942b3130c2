//! Options of every command.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use truebook::book::{CHECKPOINT_EVENTS, OnDamage, Upkeep};
use truebook::journal::SEGMENT_BYTES_DEFAULT;

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Globals {
    /// Directory of the book [default: data]
    #[arg(long, global = true, value_name = "DIR", env = "TRUEBOOK_DATA")]
    pub(crate) data: Option<PathBuf>,

    /// Print JSON, a documented contract, instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Key of an encrypted book: a file with 64 hexadecimal digits that only its owner can read (mode 0600).
    /// Or put the digits into `TRUEBOOK_KEY`
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "passphrase_file")]
    pub(crate) key_file: Option<PathBuf>,

    /// Passphrase of an encrypted book: a file that only its owner can read (mode 0600). Or put it into
    /// `TRUEBOOK_PASSPHRASE`
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,

    /// Who does the background work
    #[arg(long, global = true, hide = true, value_enum, default_value_t = UpkeepArg::Thread)]
    pub(crate) upkeep: UpkeepArg,

    /// Length of a journal segment
    #[arg(long, global = true, hide = true, value_name = "BYTES", default_value_t = SEGMENT_BYTES_DEFAULT)]
    pub(crate) segment_bytes: u32,

    /// A checkpoint is made after this many events
    #[arg(long, global = true, hide = true, value_name = "N", default_value_t = CHECKPOINT_EVENTS)]
    pub(crate) checkpoint_events: u64,

    /// What to do when opening a book for writing finds damage that a backup can mend
    #[arg(long, global = true, value_enum, default_value_t = OnDamageArg::Mend)]
    pub(crate) on_damage: OnDamageArg,
}

/// See [`Upkeep`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum UpkeepArg {
    Thread,
    Inline,
}

impl From<UpkeepArg> for Upkeep {
    fn from(typed: UpkeepArg) -> Self {
        match typed {
            UpkeepArg::Thread => Self::Thread,
            UpkeepArg::Inline => Self::Inline,
        }
    }
}

/// See [`OnDamage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnDamageArg {
    /// Mend it, tell, and record it in the book
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
