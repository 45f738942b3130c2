//! The target seam: where backups are kept. A handful of operations on whole objects, each of which is
//! written once and never changed.
//!
//! Names are relative and use `/`, for example `segment/00000001-….seg.zst`. One conformance suite
//! (`truebook-sim`) runs on every implementation.

mod directory;
mod patient;
mod probe;
#[cfg(feature = "remote")]
pub mod remote;
mod retry;

pub use directory::Directory;
pub use patient::{PATIENCE, Patient};
pub use probe::{ProbeReport, ProbeStep, probe};
#[cfg(feature = "remote")]
pub use remote::{Remote, RemoteOptions};

pub use retry::{Backoff, Pause, Paused, Retrying, Stop};

use crate::disk::RealDisk;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The largest object that is read, in bytes.
pub const OBJECT_BYTES_MAX: u64 = 1 << 30;

/// The weakness of a target that does not keep the condition of [`Target::put_new`] between machines.
pub const OVERWRITES: &str =
    "it does not refuse to create an object twice: two machines could write one name at the same time";

/// What became of an object that was to be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was created, and is durable as far as the target promises.
    Created,
    /// An object of that name is there already; it was left as it is.
    Exists,
}

/// An object as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// Storage for whole objects. Every method may block; none retries by itself.
pub trait Target: Send + Sync + 'static {
    /// What people are shown for an object; for the empty name, where the target is. Never a secret.
    fn describe(&self, name: &str) -> String;

    /// Creates an object unless one of that name exists. When this returns, the whole object is there and
    /// durable, or nothing of it can be read under that name.
    ///
    /// # Errors
    /// See [`TargetErrorKind`]. After an error nobody knows whether the object is there.
    fn put_new(&self, name: &str, content: &[u8]) -> Result<Put, TargetError>;

    /// Reads a whole object of at most `bytes_max` bytes.
    ///
    /// # Errors
    /// [`TargetErrorKind::NotFound`] if there is none, [`TargetErrorKind::TooLarge`] if it is longer.
    fn get(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, TargetError>;

    /// The objects directly below `prefix` (which ends in `/`, or is empty for the top), sorted by name. What
    /// lies deeper is not shown: a directory cannot tell it apart from another one's.
    ///
    /// # Errors
    /// See [`TargetErrorKind`]; a prefix under which nothing is gives an empty list.
    fn list(&self, prefix: &str) -> Result<Vec<Entry>, TargetError>;

    /// Removes an object; that there is none is no error.
    ///
    /// # Errors
    /// See [`TargetErrorKind`].
    fn remove(&self, name: &str) -> Result<(), TargetError>;

    /// What this target is known not to do, in words that stand after its name.
    fn weaknesses(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// How far it is.
    fn distance(&self) -> Distance {
        Distance::Far
    }
}

/// How far a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distance {
    /// On this machine: it answers at once.
    Near,
    /// Behind a network.
    Far,
}

/// A target that is shared.
impl<T: Target + ?Sized> Target for Arc<T> {
    fn describe(&self, name: &str) -> String {
        (**self).describe(name)
    }

    fn put_new(&self, name: &str, content: &[u8]) -> Result<Put, TargetError> {
        (**self).put_new(name, content)
    }

    fn get(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, TargetError> {
        (**self).get(name, bytes_max)
    }

    fn list(&self, prefix: &str) -> Result<Vec<Entry>, TargetError> {
        (**self).list(prefix)
    }

    fn remove(&self, name: &str) -> Result<(), TargetError> {
        (**self).remove(name)
    }

    fn weaknesses(&self) -> Vec<&'static str> {
        (**self).weaknesses()
    }

    fn distance(&self) -> Distance {
        (**self).distance()
    }
}

/// The target at an address: a directory that exists (a path, or `file:///…`), or an object store
/// (`s3://bucket/prefix`, `gs://…`, `az://…`) with keys from the environment. Nothing is sent yet.
///
/// # Errors
/// [`TargetErrorKind::NoTarget`] if there is no such directory. It is not made: under a disk that is not
/// mounted, a backup would go where nobody looks for it.
pub fn from_url(text: &str) -> Result<Arc<dyn Target>, TargetError> {
    let path = match text.split_once("://") {
        None => text,
        Some(("file", path)) if path.starts_with('/') => path,
        Some(("s3" | "gs" | "az", _)) => return from_store(text),
        Some(_) => {
            let what = "it begins with none of s3://, gs://, az:// and file:///, and is no path";
            return Err(TargetError::new(TargetErrorKind::Other, "open", "the target".to_owned(), what));
        }
    };
    if !Path::new(path).is_dir() {
        let what = "there is no such directory";
        return Err(TargetError::new(TargetErrorKind::NoTarget, "open", path.to_owned(), what));
    }
    Ok(Arc::new(Directory::new(Arc::new(RealDisk::new(path)))))
}

#[cfg(feature = "remote")]
fn from_store(text: &str) -> Result<Arc<dyn Target>, TargetError> {
    Ok(Arc::new(Remote::from_url(text)?))
}

#[cfg(not(feature = "remote"))]
fn from_store(_text: &str) -> Result<Arc<dyn Target>, TargetError> {
    let what = "this program was built without object storage (the feature `remote`)";
    Err(TargetError::new(TargetErrorKind::Other, "open", "the object store".to_owned(), what))
}

/// What an error of a target means for who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetErrorKind {
    /// There is no such object.
    NotFound,
    /// The target itself (directory, bucket) is not there.
    NoTarget,
    /// Not allowed: wrong or missing keys, permissions.
    Denied,
    /// No room.
    Full,
    /// Longer than the caller takes.
    TooLarge,
    /// Not reached, no answer, or an answer that asks for patience: trying again may help.
    Unavailable,
    /// Anything else: trying again will not help.
    Other,
}

impl TargetErrorKind {
    /// Whether the same request may succeed a little later.
    pub const fn may_pass(self) -> bool {
        matches!(self, Self::Unavailable)
    }

    /// What somebody can do about it.
    pub const fn way_out(self) -> &'static str {
        match self {
            Self::NotFound => "`truebook backup list` shows what is there",
            Self::NoTarget => "make the directory or bucket, or correct --backup-to",
            Self::Denied => "check the permissions, or the keys in the environment",
            Self::Full => "make room, raise the quota, or keep fewer generations",
            Self::TooLarge => "it is no object of truebook's; see where it came from",
            Self::Unavailable => "nothing: it is tried again by itself",
            Self::Other => "`truebook backup probe` tries each operation by itself",
        }
    }
}

/// An operation that a target refused.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{operation} {object}: {what}")]
pub struct TargetError {
    /// What it means.
    pub kind: TargetErrorKind,
    /// What was being done: `open`, `read`, `create`, `list`, `remove`.
    pub operation: &'static str,
    /// The object, as people know it.
    pub object: String,
    /// What the target said.
    pub what: String,
}

impl TargetError {
    /// Names operation and object of a failure.
    pub fn new(
        kind: TargetErrorKind,
        operation: &'static str,
        object: String,
        what: impl fmt::Display,
    ) -> Self {
        Self { kind, operation, object, what: what.to_string() }
    }
}
