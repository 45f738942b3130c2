//! Where the audit works: a directory of its own on the book's disk, with a copy of the book from which every
//! drill gets a copy of its own. The live book is read once, to make the copy, and never opened.

use super::copy::{self, Size, at};
use crate::commands::child::Child;
use crate::errors::Failure;
use crate::flags::{AuditArgs, AuditDrill, Globals, PlantArg};
use crate::needs::Needs;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use truebook::book::{CheckpointSchedule, OpenError, OpenOptions, Peek, Upkeep};
use truebook::crypt::KeySource;
use truebook::journal::JournalOptions;
use truebook::world::{Clock, SystemClock};
use truebook::{Book, World};

/// A writer moves files while they are copied; after this many collisions something else is wrong.
const COPY_TRIES_MAX: u32 = 20;
const COPY_PAUSE: Duration = Duration::from_millis(50);

/// Small segments and frequent checkpoints, so that a short drill meets every kind of work.
pub(super) const SEGMENT_BYTES: u32 = 32 * 1024;
pub(super) const CHECKPOINT_EVENTS: u64 = 200;

/// The stage of an audit.
pub(super) struct Stage<'a> {
    pub(super) needs: &'a Needs,
    pub(super) args: &'a AuditArgs,
    /// The live book: to be looked at only.
    pub(super) live: PathBuf,
    pub(super) size: Size,
    pub(super) globals: &'a Globals,
    dir: PathBuf,
    key: Option<KeySource>,
    program: PathBuf,
}

impl<'a> Stage<'a> {
    pub(super) fn set(needs: &'a Needs, globals: &'a Globals, args: &'a AuditArgs) -> Result<Self, Failure> {
        let live = needs.data().to_owned();
        if copy::files(&live).map_err(|failed| at("read", &live, &failed))?.is_empty() {
            return Err(OpenError::NoBook { path: live.display().to_string() }.into());
        }
        let program = std::env::current_exe()
            .map_err(|failed| Failure::new("find this program").with_cause(&failed))?;
        let dir = own_dir(&live, args.scratch.as_deref())?;
        copy::make_private_dir(&dir).map_err(|failed| at("make", &dir, &failed))?;
        let size = Size::default();
        let mut stage = Self { needs, args, live, size, globals, dir, key: needs.key(), program };
        stage.size = stage.copy_live()?;
        if args.plant == Some(PlantArg::DamagedCopy) {
            super::plant::damage(&stage.base())?;
        }
        Ok(stage)
    }

    /// Copies the live book. What looks damaged may be a file that was replaced between two reads, so that is
    /// believed only when it is seen again.
    fn copy_live(&self) -> Result<Size, Failure> {
        let base = self.base();
        let mut seen_damaged = 0;
        for _ in 0..COPY_TRIES_MAX {
            match copy::live(&self.live, &base) {
                Ok(size) => match self.peek(&base) {
                    Ok(peek) if !peek.report.has_damage() => return Ok(size),
                    Err(failed @ OpenError::Key(_)) => return Err(failed.into()),
                    _ if seen_damaged >= 2 => return Ok(size),
                    _ => seen_damaged += 1,
                },
                Err(failed) if failed.kind() == io::ErrorKind::NotFound => {}
                Err(failed) => return Err(at("copy", &self.live, &failed)),
            }
            std::fs::remove_dir_all(&base).map_err(|failed| at("remove", &base, &failed))?;
            std::thread::sleep(COPY_PAUSE);
        }
        let tries = format!("its files changed under every one of {COPY_TRIES_MAX} tries to copy it");
        Err(Failure::new(format!("{}: {tries}", self.live.display())))
    }

    /// The copy of the live book; nothing changes it.
    pub(super) fn base(&self) -> PathBuf {
        self.dir.join("base")
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A copy of the copy, for one drill.
    pub(super) fn fork(&self, name: &str) -> Result<Fork, Failure> {
        self.fork_of(&self.base(), name)
    }

    /// A place for a book that is made for one drill.
    pub(super) fn empty(&self, name: &str) -> Fork {
        let remains = if self.args.keep { Remains::Kept } else { Remains::Removed };
        Fork { path: self.dir.join(name), remains }
    }

    pub(super) fn fork_of(&self, from: &Path, name: &str) -> Result<Fork, Failure> {
        let fork = self.empty(name);
        copy::fork(from, &fork.path).map_err(|failed| at("copy to", &fork.path, &failed))?;
        Ok(fork)
    }

    pub(super) fn key(&self) -> Option<KeySource> {
        self.key.clone()
    }

    pub(super) fn peek(&self, dir: &Path) -> Result<Peek, OpenError> {
        Peek::read(&World::real(dir), self.key())
    }

    /// How copies are opened: small segments, and only whoever appends does the background work.
    pub(super) fn options(&self) -> OpenOptions {
        OpenOptions {
            key: self.key(),
            journal: JournalOptions { segment_bytes: SEGMENT_BYTES, ..JournalOptions::default() },
            upkeep: Upkeep::Inline,
            checkpoints: CheckpointSchedule { events: CHECKPOINT_EVENTS, ..CheckpointSchedule::default() },
            ..OpenOptions::default()
        }
    }

    pub(super) fn open(&self, dir: &Path) -> Result<Book, OpenError> {
        Book::open(World::real(dir), self.options())
    }

    /// What the clock says.
    pub(super) fn now() -> truebook::core::time::Utc {
        SystemClock.now()
    }

    /// This program as a child of the audit, on a copy.
    pub(super) fn child(&self, dir: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(self.child_args(dir));
        command
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Keys in the environment are the child's too; files are named to it.
    pub(super) fn child_args(&self, dir: &Path) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["--data".into(), dir.into()];
        args.extend(["--segment-bytes".into(), SEGMENT_BYTES.to_string().into()]);
        args.extend(["--checkpoint-events".into(), CHECKPOINT_EVENTS.to_string().into()]);
        for (flag, file) in
            [("--key-file", &self.globals.key_file), ("--passphrase-file", &self.globals.passphrase_file)]
        {
            args.extend(file.iter().flat_map(|file| [OsString::from(flag), file.into()]));
        }
        args.push("audit-child".into());
        args
    }

    pub(super) fn start(&self, name: &'static str, dir: &Path, args: &[String]) -> Result<Child, Failure> {
        Child::start(name, self.child(dir).args(args).stdin(Stdio::piped()))
    }

    /// Whether a drill was asked for.
    pub(super) fn wants(&self, drill: AuditDrill) -> bool {
        self.args.only.is_empty() || self.args.only.contains(&drill)
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        if !self.args.keep {
            // What cannot be removed bears a name that tells where it is from.
            drop(std::fs::remove_dir_all(&self.dir));
        }
    }
}

/// A directory that no audit before made: beside the book, so that it is on the same disk.
fn own_dir(live: &Path, scratch: Option<&Path>) -> Result<PathBuf, Failure> {
    let name = format!("audit-{}-{}", std::process::id(), SystemClock.now().nanos());
    if let Some(scratch) = scratch {
        return Ok(scratch.join(format!("truebook-{name}")));
    }
    let whole = live.canonicalize().map_err(|failed| at("find", live, &failed))?;
    let called = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(whole.with_file_name(format!("{called}.{name}")))
}

#[derive(PartialEq, Eq)]
enum Remains {
    Kept,
    Removed,
}

/// A copy for one drill, gone when the drill is over.
pub(super) struct Fork {
    path: PathBuf,
    remains: Remains,
}

impl Fork {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Fork {
    fn drop(&mut self) {
        if self.remains == Remains::Removed {
            // What is left goes with the whole directory.
            drop(std::fs::remove_dir_all(&self.path));
        }
    }
}
