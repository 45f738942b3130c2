//! Putting a staged book in the place of what is there: once the file `RESTORE` is durable it will happen,
//! whatever comes in between; until then nothing has.
//!
//! The file lists the moves. First everything that stands there is moved to `aside/restore-…`; when that is
//! durable the file is written anew and says so; then the staged files are moved in. Each half can be done
//! again from any point in between: in the first a name that is still there is the old file, in the second a
//! file that is still staged has not been moved yet.

use crate::aside::ASIDE_DIR;
use crate::book::OpenError;
use crate::disk::{Disk, Told, parent, read_file, replace_file};
use crate::envelope;
use crate::error::FileError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io;
use truebook_core::id::Seq;
use truebook_core::time::Utc;

/// Says that a restore is decided, and how far it has come.
pub const MARKER_FILE: &str = "RESTORE";

/// Where a book is staged before it takes the place of the old one.
pub const STAGING_DIR: &str = "restoring";

const MARKER_FORMAT: u32 = 1;
const MARKER_BYTES_MAX: u64 = 256 << 20;
const ENVELOPE: &str = "restore";

/// How many places with the same time are told apart.
const TWINS_MAX: u32 = 1000;

/// What must be moved, and how far that has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Marker {
    format: u32,
    /// The generation that is put in place.
    pub generation: String,
    /// The last event that is kept.
    pub to: Seq,
    /// When it was decided.
    pub at: Utc,
    /// The directory for what is displaced.
    pub kept_in: String,
    /// Which half is under way.
    pub step: Step,
    /// Files that are displaced.
    pub out: Vec<String>,
    /// Files that take their place.
    pub into: Vec<String>,
}

/// Half of a swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// What stands there is moved out.
    Out,
    /// What is staged is moved in.
    In,
}

/// A place for what is displaced, which nobody has used yet.
pub(super) fn free_place(disk: &dyn Disk, now: Utc) -> Result<String, FileError> {
    let stamp: String = now.to_string().chars().filter(|c| !matches!(c, '-' | ':' | '.')).collect();
    for twin in 0..TWINS_MAX {
        let suffix = if twin == 0 { String::new() } else { format!("-{twin}") };
        let candidate = format!("{ASIDE_DIR}/restore-{stamp}{suffix}");
        match disk.list(&candidate) {
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(candidate),
            Err(source) => return Err(Told(disk).failed("look for", &candidate, source)),
            Ok(_) => {}
        }
    }
    Err(Told(disk).failed("find a free name in", ASIDE_DIR, io::ErrorKind::AlreadyExists.into()))
}

impl Marker {
    /// Everything `out` goes, everything `into` comes.
    pub(super) fn new(
        generation: String,
        to: Seq,
        at: Utc,
        kept_in: String,
        out: Vec<String>,
        into: Vec<String>,
    ) -> Self {
        assert!(!into.is_empty(), "a book has files");
        Self { format: MARKER_FORMAT, generation, to, at, kept_in, step: Step::Out, out, into }
    }

    fn to_file(&self) -> Vec<u8> {
        // All fields are strings and numbers: nothing here can fail to serialise.
        envelope::wrap(ENVELOPE, &serde_json::to_vec(self).unwrap_or_default())
    }

    fn from_file(file: &[u8]) -> Result<Self, String> {
        let body = envelope::unwrap(ENVELOPE, file).map_err(|failed| failed.to_string())?;
        let marker: Self = serde_json::from_slice(body).map_err(|failed| failed.to_string())?;
        if marker.format > MARKER_FORMAT {
            return Err(format!("it has format {}, this program reads up to {MARKER_FORMAT}", marker.format));
        }
        Ok(marker)
    }

    fn write(&self, disk: &dyn Disk) -> Result<(), FileError> {
        Ok(replace_file(disk, MARKER_FILE, &self.to_file())?)
    }

    fn aside(&self, name: &str) -> String {
        format!("{}/{name}", self.kept_in)
    }
}

fn staged(name: &str) -> String {
    format!("{STAGING_DIR}/{name}")
}

/// Whether a restore is decided and not finished.
pub fn is_pending(disk: &dyn Disk) -> Result<bool, FileError> {
    Told(disk).exists(MARKER_FILE)
}

/// For readers: a half-restored book is not read as if it were one.
///
/// # Errors
/// [`OpenError::Unfinished`] if a restore is decided and not finished.
pub(crate) fn refuse_pending(disk: &dyn Disk) -> Result<(), OpenError> {
    if is_pending(disk)? { Err(OpenError::Unfinished { path: disk.describe("") }) } else { Ok(()) }
}

/// Decides a restore, and does it.
pub(super) fn swap(disk: &dyn Disk, marker: &Marker) -> Result<(), FileError> {
    assert_eq!(marker.step, Step::Out, "a restore begins with moving out");
    // Whatever needs room is done while nothing is decided yet.
    make_dirs(disk, marker.out.iter().map(|name| marker.aside(name)))?;
    make_book_dirs(disk)?;
    keep_unusable_marker(disk, marker)?;
    marker.write(disk)?;
    carry_out(disk, marker.clone())
}

/// A marker that could not be used stays in force until the new one takes its name: what lies around it is
/// no book. So its bytes are copied aside.
fn keep_unusable_marker(disk: &dyn Disk, marker: &Marker) -> Result<(), FileError> {
    if !is_pending(disk)? {
        return Ok(());
    }
    let bytes = read_file(disk, MARKER_FILE, MARKER_BYTES_MAX)
        .map_err(|source| Told(disk).failed("read", MARKER_FILE, source))?;
    let to = marker.aside(MARKER_FILE);
    make_dirs(disk, [to.clone()].into_iter())?;
    Ok(replace_file(disk, &to, &bytes)?)
}

/// Finishes a restore that was decided and interrupted, under the book's lock. `None` if there was none.
///
/// # Errors
/// The disk's: the next opening goes on where this one stopped. [`OpenError::Marker`] if nobody can tell what
/// was decided.
pub(crate) fn finish(disk: &dyn Disk) -> Result<Option<Marker>, OpenError> {
    if !is_pending(disk)? {
        return Ok(None);
    }
    let file = read_file(disk, MARKER_FILE, MARKER_BYTES_MAX)
        .map_err(|source| Told(disk).failed("read", MARKER_FILE, source))?;
    let marker = Marker::from_file(&file)
        .map_err(|what| OpenError::Marker { path: disk.describe(MARKER_FILE), what })?;
    // Whoever was killed may have left it visible and not yet durable: nothing moves before it is.
    Told(disk).sync_dir("")?;
    carry_out(disk, marker.clone())?;
    Ok(Some(marker))
}

/// Both halves, or what is left of them.
fn carry_out(disk: &dyn Disk, mut marker: Marker) -> Result<(), FileError> {
    let told = Told(disk);
    if marker.step == Step::Out {
        move_out(disk, &marker)?;
        marker.step = Step::In;
        marker.write(disk)?;
    }
    assert_eq!(marker.step, Step::In, "nothing is moved in before everything is out");
    move_in(disk, &marker)?;
    told.remove_if_there(MARKER_FILE)?;
    told.sync_dir("")?;
    clear_staging(disk)
}

fn move_out(disk: &dyn Disk, marker: &Marker) -> Result<(), FileError> {
    let told = Told(disk);
    make_dirs(disk, marker.out.iter().map(|name| marker.aside(name)))?;
    for name in &marker.out {
        if !told.exists(name)? {
            continue;
        }
        let to = marker.aside(name);
        if !told.exists(&to)? {
            told.rename(name, &to)?;
        } else if is_same(disk, name, &to)? {
            // A power loss left both names of one move.
            told.remove_if_there(name)?;
        } else {
            told.rename(name, &format!("{to}.{MARKER_FILE}"))?;
        }
    }
    // The new names first: a file must not lose both.
    sync_dirs(disk, marker.out.iter().map(|name| marker.aside(name)))?;
    sync_dirs(disk, marker.out.iter().cloned())
}

fn move_in(disk: &dyn Disk, marker: &Marker) -> Result<(), FileError> {
    let told = Told(disk);
    make_book_dirs(disk)?;
    for name in &marker.into {
        // What is not staged any more was moved before; should it be nowhere, opening finds the damage.
        if told.exists(&staged(name))? {
            told.rename(&staged(name), name)?;
        }
    }
    sync_dirs(disk, marker.into.iter().cloned())?;
    sync_dirs(disk, marker.into.iter().map(|name| staged(name)))
}

fn is_same(disk: &dyn Disk, one: &str, other: &str) -> Result<bool, FileError> {
    let read = |name: &str| {
        read_file(disk, name, u64::MAX).map_err(|source| Told(disk).failed("read", name, source))
    };
    Ok(read(one)? == read(other)?)
}

fn dirs_of(names: impl Iterator<Item = String>) -> BTreeSet<String> {
    names.map(|name| parent(&name).to_owned()).collect()
}

fn make_dirs(disk: &dyn Disk, names: impl Iterator<Item = String>) -> Result<(), FileError> {
    for dir in dirs_of(names).iter().filter(|dir| !dir.is_empty()) {
        // Each directory on the way is an entry of the one above, which must be durable too.
        let ends = dir.match_indices('/').map(|(at, _)| at).chain([dir.len()]);
        for end in ends {
            Told(disk).create_dir(&dir[..end])?;
        }
    }
    Ok(())
}

/// All directories of a book: one of them may have no file yet.
fn make_book_dirs(disk: &dyn Disk) -> Result<(), FileError> {
    super::BOOK_DIRS.iter().filter(|dir| !dir.is_empty()).try_for_each(|dir| Told(disk).create_dir(dir))
}

fn sync_dirs(disk: &dyn Disk, names: impl Iterator<Item = String>) -> Result<(), FileError> {
    dirs_of(names).iter().try_for_each(|dir| Told(disk).sync_dir(dir))
}

/// Removes what an interrupted restore has staged: copies of what is in the target. Only under the lock, and
/// not while a decided restore needs them.
pub(crate) fn clear_staging(disk: &dyn Disk) -> Result<(), FileError> {
    let told = Told(disk);
    if disk.list(STAGING_DIR).is_err_and(|source| source.kind() == io::ErrorKind::NotFound) {
        return Ok(());
    }
    // A decision that was taken back must not come back after a power loss and find other files here.
    told.sync_dir("")?;
    for dir in super::BOOK_DIRS {
        let dir = if dir.is_empty() { STAGING_DIR.to_owned() } else { staged(dir) };
        let files = told.list(&dir)?;
        for file in &files {
            told.remove_if_there(&format!("{dir}/{file}"))?;
        }
        if !files.is_empty() {
            told.sync_dir(&dir)?;
        }
    }
    Ok(())
}
