//! Where backups are, as people write it: a directory, or the URL of an object store.

use super::target::{Backoff, Distance, Retrying, Stop, Target, TargetError, from_url};
use crate::error::FileError;
use crate::world::SystemEntropy;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the directory beside a book is called.
const SIBLING_SUFFIX: &str = ".backups";

/// Why a place cannot be used for a book's backups.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// What destroys the book would destroy them too.
    #[error("{place} is inside the book's directory: what destroys the book destroys its backups")]
    Inside {
        /// The place.
        place: String,
    },
    /// It is not there, or its name makes no sense.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The directory beside the book could not be made.
    #[error(transparent)]
    File(#[from] FileError),
}

impl PlaceError {
    /// What would help.
    pub const fn way_out(&self) -> Option<&'static str> {
        match self {
            Self::Inside { .. } => Some("--backup-to a directory elsewhere, best on another disk"),
            Self::Target(failed) => Some(failed.kind.way_out()),
            Self::File(_) => None,
        }
    }
}

/// The directory beside a book, where backups are if nobody says otherwise.
pub fn sibling(data: &Path) -> PathBuf {
    let whole = whole(data);
    let name = whole.file_name().map_or_else(|| "data".into(), |name| name.to_string_lossy().into_owned());
    whole.with_file_name(format!("{name}{SIBLING_SUFFIX}"))
}

/// Also when the directory was given as `.`.
fn whole(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    std::fs::canonicalize(&path).unwrap_or(path)
}

/// How far a place is.
pub fn distance(place: &str) -> Distance {
    match place.split_once("://") {
        None | Some(("file", _)) => Distance::Near,
        Some(_) => Distance::Far,
    }
}

/// The place as a target. What is far and does not answer is tried again a few times.
///
/// # Errors
/// As [`from_url`]. Nothing is sent yet.
pub fn open(place: &str) -> Result<Arc<dyn Target>, TargetError> {
    let target = from_url(place)?;
    match distance(place) {
        Distance::Near => Ok(target),
        Distance::Far => {
            let pause = Arc::new(Stop::default());
            Ok(Arc::new(Retrying::new(target, Backoff::default(), pause, Arc::new(SystemEntropy))))
        }
    }
}

/// The place as a target that a book is backed up to: not inside its directory, and the directory beside it is
/// made.
///
/// # Errors
/// See [`PlaceError`].
pub fn open_to_write(data: &Path, place: &str) -> Result<Arc<dyn Target>, PlaceError> {
    if distance(place) == Distance::Far {
        return Ok(open(place)?);
    }
    let directory = whole(Path::new(place.strip_prefix("file://").unwrap_or(place)));
    if directory.starts_with(whole(data)) {
        return Err(PlaceError::Inside { place: place.to_owned() });
    }
    if directory == sibling(data) {
        std::fs::create_dir_all(&directory)
            .map_err(|source| FileError::new("create the directory", place.to_owned(), source))?;
    }
    Ok(open(place)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_are_beside_the_book_and_never_inside_it() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        std::fs::create_dir(&data).unwrap();
        let beside = sibling(&data);
        assert!(beside.ends_with("data.backups") && !beside.exists());
        open_to_write(&data, &beside.display().to_string()).unwrap();
        assert!(beside.is_dir());
        let inside = data.join("backups").display().to_string();
        assert!(matches!(open_to_write(&data, &inside), Err(PlaceError::Inside { .. })));
        let missing = place.path().join("elsewhere").display().to_string();
        assert!(matches!(open_to_write(&data, &missing), Err(PlaceError::Target(_))));
    }

    #[test]
    fn only_what_is_behind_a_network_is_far() {
        for near in ["backups", "/mnt/backups", "file:///mnt/backups"] {
            assert_eq!(distance(near), Distance::Near, "{near}");
        }
        for far in ["s3://bucket/prefix", "gs://bucket", "az://container"] {
            assert_eq!(distance(far), Distance::Far, "{far}");
        }
    }
}
