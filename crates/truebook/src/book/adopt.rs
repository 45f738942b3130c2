//! Adopting a readable copy: a hand-edited one, or an older one that was put back.

use super::readable::{self, READABLE_FILE};
use super::{Book, Recorded, WriteError};
use crate::aside::ASIDE_DIR;
use crate::disk::read_file;
use serde::Serialize;
use truebook_core::event::Origin;

/// The largest file that is adopted, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// Why a copy was not adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// There is nothing to adopt.
    #[error(
        "there is no edited copy to adopt: neither {readable} nor a copy in {aside} differs from the book"
    )]
    Nothing {
        /// The readable copy.
        readable: String,
        /// Where displaced copies are.
        aside: String,
    },
    /// The file cannot be used.
    #[error("{file}: {why}")]
    Unusable {
        /// The file.
        file: String,
        /// Why not.
        why: String,
    },
    /// It was not recorded.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// A copy that was adopted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adopted {
    /// The file.
    pub file: String,
    /// Under which sequence number; `None` if its variables were those of the book already.
    pub seq: Option<u64>,
    /// What in it was not adopted: only the variables are.
    pub left_out: Vec<&'static str>,
}

impl Book {
    /// Takes the variables of a copy in place of the book's: of the readable copy if it was edited, or else
    /// of the newest copy that was set aside. Positions and orders come from fills and are left alone.
    ///
    /// # Errors
    /// See [`AdoptError`]; the book is unchanged then.
    pub fn adopt(&self) -> Result<Adopted, AdoptError> {
        let name = self.find_copy()?;
        let file = self.0.shared.context.disk.describe(&name);
        let bytes = read_file(&*self.0.shared.context.disk, &name, FILE_BYTES_MAX)
            .map_err(|source| AdoptError::Unusable { file: file.clone(), why: source.to_string() })?;
        let adopted = self.adopt_bytes(file, &bytes)?;
        self.mark_adopted(&name)?;
        Ok(adopted)
    }

    /// An adopted copy is kept under another name, so that it does not come up again.
    fn mark_adopted(&self, name: &str) -> Result<(), WriteError> {
        let Some(copy) = name.strip_prefix(ASIDE_DIR).and_then(|rest| rest.strip_prefix('/')) else {
            return Ok(());
        };
        let context = &self.0.shared.context;
        context.put_in_place(name, &format!("{ASIDE_DIR}/adopted-{copy}")).map_err(WriteError::from)
    }

    /// Takes the variables of this copy, read from `file`, in place of the book's.
    ///
    /// # Errors
    /// See [`AdoptError`]; the book is unchanged then.
    pub fn adopt_bytes(&self, file: String, bytes: &[u8]) -> Result<Adopted, AdoptError> {
        let unusable = |why: String| AdoptError::Unusable { file: file.clone(), why };
        let text = readable::open(&self.0.shared.context, bytes).map_err(unusable)?;
        let (vars, section) = readable::split(&text).map_err(unusable)?;
        let recorded = self.save_as(Origin::Adopt, &vars)?;
        self.checkpoint()?;
        let seq = match recorded {
            Recorded::Durable(seq) => Some(seq.get()),
            Recorded::Unchanged => None,
        };
        let left_out = if section.is_some() { vec!["positions", "orders"] } else { Vec::new() };
        Ok(Adopted { file, seq, left_out })
    }

    fn find_copy(&self) -> Result<String, AdoptError> {
        let disk = &self.0.shared.context.disk;
        let vars = self.vars()?;
        let differs = |name: &str| {
            let bytes = read_file(&**disk, name, FILE_BYTES_MAX).ok()?;
            let text = readable::open(&self.0.shared.context, &bytes).ok()?;
            let (found, _) = readable::split(&text).ok()?;
            Some(found != vars)
        };
        if differs(READABLE_FILE) == Some(true) {
            return Ok(READABLE_FILE.to_owned());
        }
        let aside = disk.list(ASIDE_DIR).unwrap_or_default();
        let copies = aside.iter().rev().filter(|file| file.starts_with(READABLE_FILE));
        let mut copies = copies.map(|file| format!("{ASIDE_DIR}/{file}"));
        // Only the newest one that can be read: once it is adopted, an older one must not come up instead.
        let newest = copies.find_map(|name| differs(&name).map(|differs| (name, differs)));
        let found = newest.and_then(|(name, differs)| differs.then_some(name));
        found.ok_or_else(|| AdoptError::Nothing {
            readable: disk.describe(READABLE_FILE),
            aside: disk.describe(ASIDE_DIR),
        })
    }
}
