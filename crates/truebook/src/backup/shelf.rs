//! A book's part of a target: its generations, what was found out about them, and reading their files.

use super::error::BackupError;
use super::form::{self, Unlock};
use super::generation::{GENERATION_BYTES_MAX, Generation, StoredFile};
use super::names::{self, GenerationId};
use super::target::{Entry, OBJECT_BYTES_MAX, Put, Target, TargetErrorKind};
use super::verdict::{VERDICT_BYTES_MAX, Verdict};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use truebook_core::hash::to_hex;
use truebook_core::id::BookId;

/// The longest name of a book, in bytes.
const BOOK_NAME_BYTES_MAX: u64 = 4096;

/// A book's part of a target.
#[derive(Clone)]
pub struct Shelf {
    target: Arc<dyn Target>,
    book: BookId,
    unlock: Option<Arc<dyn Unlock>>,
}

/// Hashes of an object, as a generation names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// BLAKE3 in hexadecimal digits.
    pub blake3: String,
    /// SHA-256 in hexadecimal digits.
    pub sha256: String,
}

impl Hashes {
    /// The hashes of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { blake3: blake3_hex(bytes), sha256: to_hex(&Sha256::digest(bytes)) }
    }
}

/// BLAKE3 in hexadecimal digits.
pub(super) fn blake3_hex(bytes: &[u8]) -> String {
    to_hex(blake3::hash(bytes).as_bytes())
}

/// The books of which a target holds something, with their names.
///
/// # Errors
/// The target's.
pub fn books(target: &dyn Target) -> Result<BTreeMap<BookId, String>, BackupError> {
    let mut books = BTreeMap::new();
    for entry in target.list(names::BOOKS_PREFIX)? {
        let Some(book) = names::parse_book(&entry.name) else { continue };
        let name = target.get(&entry.name, BOOK_NAME_BYTES_MAX)?;
        books.insert(book, String::from_utf8_lossy(&name).into_owned());
    }
    Ok(books)
}

/// The book of a target that is meant: the one that is wanted, the one that is here, or the only one there is.
///
/// # Errors
/// [`BackupError::Asked`] if there is none such, or nobody can tell.
pub fn which_book(
    target: &dyn Target,
    wanted: Option<BookId>,
    here: Option<BookId>,
) -> Result<BookId, BackupError> {
    let books = books(target)?;
    let place = target.describe("");
    let there: Vec<String> = books.iter().map(|(book, name)| format!("{book} ({name})")).collect();
    let asked = |what: String| Err(BackupError::Asked(what));
    if let Some(book) = wanted {
        let found = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        return if books.contains_key(&book) {
            Ok(book)
        } else {
            asked(format!("{place} has no backup of book {book}; it has: {found}"))
        };
    }
    match (here.filter(|book| books.contains_key(book)), books.keys().next(), books.len()) {
        (Some(book), ..) => Ok(book),
        (None, Some(book), 1) => Ok(*book),
        (None, None, _) => {
            asked(format!("there is no backup in {place}; name the place if backups are elsewhere"))
        }
        (None, Some(_), _) => {
            asked(format!("{place} has backups of several books; say which by its id: {}", there.join(", ")))
        }
    }
}

impl Shelf {
    /// The part of `book` in `target`; `unlock` opens what is encrypted for the backup.
    pub fn new(target: Arc<dyn Target>, book: BookId, unlock: Option<Arc<dyn Unlock>>) -> Self {
        Self { target, book, unlock }
    }

    /// Where it is.
    pub fn target(&self) -> &dyn Target {
        &*self.target
    }

    /// What opens what is encrypted for the backup.
    pub(crate) fn unlock(&self) -> Option<&dyn Unlock> {
        self.unlock.as_deref()
    }

    /// Whose it is.
    pub const fn book(&self) -> BookId {
        self.book
    }

    /// What people are shown for an object.
    pub fn describe(&self, object: &str) -> String {
        self.target.describe(object)
    }

    /// The generations that are there, oldest first.
    ///
    /// # Errors
    /// The target's.
    pub fn generations(&self) -> Result<Vec<GenerationId>, BackupError> {
        let entries = self.target.list(&names::generation_prefix(self.book))?;
        let mut ids: Vec<_> =
            entries.iter().filter_map(|entry| names::parse_generation(self.book, &entry.name)).collect();
        ids.sort();
        Ok(ids)
    }

    /// Reads a generation's own file.
    ///
    /// # Errors
    /// [`BackupError::NoGeneration`] if there is none, [`BackupError::Generation`] if it is damaged.
    pub fn read(&self, id: &GenerationId) -> Result<Generation, BackupError> {
        let object = names::generation_object(self.book, id);
        let file = self.target.get(&object, GENERATION_BYTES_MAX).map_err(|failed| match failed.kind {
            TargetErrorKind::NotFound => BackupError::no_generation(id, self.describe("")),
            _ => failed.into(),
        })?;
        Generation::from_file(&file, id, self.book)
            .map_err(|source| BackupError::Generation { object: self.describe(&object), source })
    }

    /// The generation of this name: the whole id, or its number.
    ///
    /// # Errors
    /// [`BackupError::NoGeneration`] if there is none or, by number, more than one.
    pub fn find(&self, wanted: &str) -> Result<GenerationId, BackupError> {
        let ids = self.generations()?;
        let number = wanted.trim_start_matches('g').parse::<u64>().ok();
        let mut fitting = ids.into_iter().filter(|id| id.to_string() == wanted || Some(id.number) == number);
        match (fitting.next(), fitting.next()) {
            (Some(id), None) => Ok(id),
            _ => Err(BackupError::NoGeneration { wanted: wanted.to_owned(), place: self.describe("") }),
        }
    }

    /// Reads a file of a generation as it is in the book's directory: the object's hashes are compared, its
    /// layers taken off, and the file's own hash compared.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] names the object and what is wrong; [`BackupError::Locked`] if it cannot be
    /// opened with what is at hand.
    pub fn fetch(&self, file: &StoredFile) -> Result<Vec<u8>, BackupError> {
        let stored = self.fetch_stored(file)?;
        let content = form::open(stored, &file.layers, file.content_bytes, self.unlock.as_deref())
            .map_err(|failed| BackupError::opened(self.describe(&file.object), &failed))?;
        if blake3_hex(&content) != file.content_blake3 {
            let what = "it opens to something else than was stored".to_owned();
            return Err(BackupError::Damaged { object: self.describe(&file.object), what });
        }
        Ok(content)
    }

    /// Reads an object and compares its hashes, without opening it: needs no key.
    ///
    /// # Errors
    /// As [`Self::fetch`].
    pub fn fetch_stored(&self, file: &StoredFile) -> Result<Vec<u8>, BackupError> {
        let stored = self.target.get(&file.object, OBJECT_BYTES_MAX)?;
        let damaged = |what: String| BackupError::Damaged { object: self.describe(&file.object), what };
        if stored.len() as u64 != file.bytes {
            return Err(damaged(format!("it has {} bytes, {} were stored", stored.len(), file.bytes)));
        }
        let hashes = Hashes::of(&stored);
        if hashes.blake3 != file.blake3 {
            return Err(damaged("its BLAKE3 hash is not the one that the generation names".to_owned()));
        }
        if hashes.sha256 != file.sha256 {
            return Err(damaged("its SHA-256 hash is not the one that the generation names".to_owned()));
        }
        Ok(stored)
    }

    /// What was last found out about each generation.
    ///
    /// # Errors
    /// The target's. An outcome that cannot be read is none.
    pub fn verdicts(&self) -> Result<BTreeMap<GenerationId, Verdict>, BackupError> {
        self.newest_verdicts(|_| true)
    }

    /// What was last found out about a generation.
    ///
    /// # Errors
    /// As [`Self::verdicts`].
    pub fn verdict(&self, id: &GenerationId) -> Result<Option<Verdict>, BackupError> {
        Ok(self.newest_verdicts(|other| other == id)?.remove(id))
    }

    fn newest_verdicts(
        &self,
        is_wanted: impl Fn(&GenerationId) -> bool,
    ) -> Result<BTreeMap<GenerationId, Verdict>, BackupError> {
        let mut verdicts: BTreeMap<GenerationId, Verdict> = BTreeMap::new();
        for entry in self.target.list(&names::verified_prefix(self.book))? {
            let id = names::parse_verified(self.book, &entry.name).filter(|id| is_wanted(id));
            let Some(id) = id else { continue };
            let file = match self.target.get(&entry.name, VERDICT_BYTES_MAX) {
                Ok(file) => file,
                // Removed with its generation between the two looks.
                Err(failed) if failed.kind == TargetErrorKind::NotFound => continue,
                Err(failed) => return Err(failed.into()),
            };
            let Some(verdict) = Verdict::from_file(&file).filter(|verdict| verdict.generation == id) else {
                continue;
            };
            let is_newer = verdicts.get(&id).is_none_or(|known| known.at <= verdict.at);
            if is_newer {
                verdicts.insert(id, verdict);
            }
        }
        Ok(verdicts)
    }

    /// Keeps what was found out about a generation.
    ///
    /// # Errors
    /// The target's.
    pub fn keep(&self, verdict: &Verdict) -> Result<(), BackupError> {
        let object = names::verified_object(self.book, &verdict.generation, verdict.at);
        match self.target.put_new(&object, &verdict.to_file())? {
            Put::Created | Put::Exists => Ok(()),
        }
    }

    /// All objects of the book but its generations' own files.
    ///
    /// # Errors
    /// The target's.
    pub fn objects(&self) -> Result<Vec<Entry>, BackupError> {
        let mut entries = Vec::new();
        for kind in names::OBJECT_KINDS {
            entries.extend(self.target.list(&format!("{}{kind}/", names::book_prefix(self.book)))?);
        }
        Ok(entries)
    }
}
