//! Making a generation: what the target does not have yet is stored, the generation's own file comes last.

use super::error::BackupError;
use super::form::{Form, Layer};
use super::generation::{GENERATION_FORMAT, Generation, StoredFile, StoredSegment};
use super::lineage::{self, History};
use super::names::{self, GenerationId};
use super::shelf::{Hashes, Shelf, blake3_hex};
use super::source::{BookFile, SegmentBytes, Source};
use super::target::Put;
use crate::journal::scan::End;
use crate::journal::segment::{SegmentIndex, Storage, segment_name};
use crate::journal::{Cut, cut, pack_at};
use std::collections::BTreeMap;
use truebook_core::id::Seq;
use truebook_core::time::Utc;

/// How many objects of the same name are told apart, should one turn out to be something else.
const TWINS_MAX: u32 = 9;

/// What makes generations.
pub(super) const PROGRAM: &str = concat!("truebook ", env!("CARGO_PKG_VERSION"));

/// How far something long has come.
pub trait Progress {
    /// So many objects will be looked at.
    fn total(&mut self, objects: usize);
    /// One more was, with so many bytes.
    fn step(&mut self, object: &str, bytes: u64);
}

/// Shows nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn total(&mut self, _objects: usize) {}
    fn step(&mut self, _object: &str, _bytes: u64) {}
}

/// A generation that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its id.
    pub id: GenerationId,
    /// What it says.
    pub generation: Generation,
    /// How many objects were stored for it; the others were there.
    pub new_objects: u64,
    /// How many bytes they have.
    pub new_bytes: u64,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}

/// Makes a generation of a book on a shelf.
///
/// # Errors
/// What failed. Objects that were stored are used by the next try; no generation was made.
pub fn create(
    source: &Source,
    shelf: &Shelf,
    form: &Form,
    reason: &str,
    now: Utc,
    progress: &mut dyn Progress,
) -> Result<Made, BackupError> {
    assert_eq!(shelf.book(), source.reader.context.manifest.book, "a book is backed up to its own shelf");
    let ids = shelf.generations()?;
    let mut warnings = Vec::new();
    let previous = newest_sound(shelf, &ids, &mut warnings)?;
    let recipients = form.lock.as_ref().map_or_else(Vec::new, |lock| lock.recipients());
    let reusable = previous.as_ref().filter(|previous| previous.generation.recipients == recipients);
    // What others can open is not taken over into a generation for these; nor is what was found damaged.
    let reusable = match reusable {
        Some(previous) if shelf.verdict(&previous.id)?.is_some_and(|verdict| !verdict.is_verified()) => None,
        reusable => reusable,
    };
    let known = known_objects(reusable.map(|previous| &previous.generation));
    let locked_for = recipients_tag(&recipients);
    let mut maker = Maker { source, shelf, form, locked_for, known, new_objects: 0, new_bytes: 0, warnings };
    maker.announce_book()?;
    let mut history = lineage::compare(source, previous.as_ref().map(|previous| &previous.generation))?;
    if reusable.is_none() {
        history.shared.clear();
    }
    let segments = maker.segments(&history, progress)?;
    let state = maker.state()?;
    let number = ids.last().map_or(1, |id| id.number + 1);
    let suspicions = match &previous {
        Some(Previous { id, generation }) => lineage::suspicions(source, id, generation, &history),
        None => Vec::new(),
    };
    maker.compare_clocks(now, previous.as_ref());
    let generation = Generation {
        format: GENERATION_FORMAT,
        book: shelf.book(),
        name: source.name.clone(),
        number,
        previous: previous.map(|previous| previous.id),
        created_at: now,
        reason: reason.to_owned(),
        made_by: PROGRAM.to_owned(),
        first: segments.first().map_or(Seq::ZERO, |segment| segment.first),
        last: source.reader.last,
        state_hash: source.state_hash,
        settings_hash: source.settings_hash,
        holds: source.holds,
        suspicions,
        recipients,
        segments,
        state,
    };
    maker.finish(generation)
}

/// The generation that a new one follows on.
struct Previous {
    id: GenerationId,
    generation: Generation,
}

/// The newest generation that can be read and that nothing speaks against. What is wrong with newer ones is
/// added to `warnings`.
fn newest_sound(
    shelf: &Shelf,
    ids: &[GenerationId],
    warnings: &mut Vec<String>,
) -> Result<Option<Previous>, BackupError> {
    for id in ids.iter().rev() {
        match shelf.read(id) {
            Ok(generation) if generation.suspicions.is_empty() => {
                return Ok(Some(Previous { id: id.clone(), generation }));
            }
            Ok(_) => {}
            Err(failed) if failed.is_damage() => warnings.push(failed.to_string()),
            Err(failed) => return Err(failed),
        }
    }
    Ok(None)
}

/// Tells in an object's name for whom it is locked: for others it is another object.
fn recipients_tag(recipients: &[String]) -> String {
    blake3_hex(recipients.join(" ").as_bytes())[..8].to_owned()
}

fn known_objects(previous: Option<&Generation>) -> BTreeMap<String, StoredFile> {
    let files = previous.into_iter().flat_map(Generation::files);
    files.map(|file| (content_key(&file.path, &file.content_blake3), file.clone())).collect()
}

fn content_key(path: &str, content_blake3: &str) -> String {
    format!("{content_blake3} {path}")
}

/// Whether a file is compressed already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packed {
    Yes,
    No,
}

struct Maker<'a> {
    source: &'a Source,
    shelf: &'a Shelf,
    form: &'a Form,
    locked_for: String,
    /// Files of the generation before, by path and content.
    known: BTreeMap<String, StoredFile>,
    new_objects: u64,
    new_bytes: u64,
    warnings: Vec<String>,
}

impl Maker<'_> {
    /// The target tells which books it holds.
    fn announce_book(&self) -> Result<(), BackupError> {
        let object = names::book_object(self.shelf.book());
        match self.shelf.target().put_new(&object, self.source.name.as_str().as_bytes())? {
            Put::Created | Put::Exists => Ok(()),
        }
    }

    fn compare_clocks(&mut self, now: Utc, previous: Option<&Previous>) {
        let ahead = previous.filter(|previous| now < previous.generation.created_at);
        if let Some(Previous { id, generation }) = ahead {
            self.warnings.push(format!(
                "this machine's clock says {now}, which is before generation {id} was made ({}): set the \
                 clock; generations are ordered by number, so nothing is lost",
                generation.created_at
            ));
        }
    }

    fn segments(
        &mut self,
        history: &History,
        progress: &mut dyn Progress,
    ) -> Result<Vec<StoredSegment>, BackupError> {
        let mut stored = history.shared.clone();
        let inventory = self.source.reader.inventory()?;
        let begin = stored.last().map_or(SegmentIndex::FIRST, |segment| segment.index.next());
        let indices: Vec<_> = inventory.segments.range(begin..).map(|(index, _)| *index).collect();
        progress.total(indices.len());
        for index in indices {
            let Some(found) = self.source.reader.segment(index)? else { continue };
            let Some(segment) = self.segment(index, &found)? else { break };
            progress.step(&segment.file.object, segment.file.bytes);
            check_link(self.source, stored.last(), &segment, found.storage)?;
            stored.push(segment);
        }
        self.check_end(&stored)?;
        Ok(stored)
    }

    /// Stores a segment up to the source's event; `None` if it begins after that.
    fn segment(
        &mut self,
        index: SegmentIndex,
        found: &SegmentBytes,
    ) -> Result<Option<StoredSegment>, BackupError> {
        let context = &self.source.reader.context;
        let part = cut(context, index, found.storage, &found.bytes, self.source.reader.last)
            .map_err(|fault| self.source.reader.damaged(index, found.storage, fault))?;
        let Some(part) = part else { return Ok(None) };
        let (storage, content) = self.packed_segment(index, found.storage, &part)?;
        let object = names::segment_object(self.shelf.book(), index, part.next, part.chain, storage);
        let file = self.put(&segment_name(index, storage), &object, &content, Packed::Yes)?;
        let (first, prev) = (part.open.first, part.open.prev);
        Ok(Some(StoredSegment { index, first, next: part.next, prev, chain: part.chain, file }))
    }

    /// A sealed segment as it is; anything else is packed for the backup.
    fn packed_segment(
        &self,
        index: SegmentIndex,
        storage: Storage,
        part: &Cut,
    ) -> Result<(Storage, Vec<u8>), BackupError> {
        let context = &self.source.reader.context;
        let is_whole = part.end == Some(End::Sealed);
        let same_level = self.form.level == context.options.compression_level;
        if storage != Storage::Raw && is_whole && same_level {
            return Ok((storage, self.source.reader.stored_segment(index, storage)?));
        }
        pack_at(context, self.form.level, index, &part.sealed)
            .map_err(|source| context.failed("compress", &segment_name(index, storage), source).into())
    }

    /// The journal must reach the source's event: a shorter one is damaged.
    fn check_end(&self, stored: &[StoredSegment]) -> Result<(), BackupError> {
        let reached = stored.last().map_or(Seq::ZERO, |segment| Seq::new(segment.next.get() - 1));
        if reached >= self.source.reader.last {
            return Ok(());
        }
        let what = format!("it ends with event {reached}, but event {} was durable", self.source.reader.last);
        Err(BackupError::Source { file: self.source.reader.context.disk.describe("journal"), what })
    }

    fn state(&mut self) -> Result<Vec<StoredFile>, BackupError> {
        let mut stored = Vec::new();
        let find = |path: &str, blake3: &str| self.known.get(&content_key(path, blake3)).cloned();
        for file in self.source.reader.state_files(&find)? {
            stored.push(match file {
                BookFile::Stored(known) => known,
                BookFile::Read { path, content } => {
                    let object = names::state_object(self.shelf.book(), &path, &content);
                    self.put(&path, &object, &content, Packed::No)?
                }
            });
        }
        Ok(stored)
    }

    /// Stores a file unless the generation before has it.
    fn put(
        &mut self,
        path: &str,
        object: &str,
        content: &[u8],
        packed: Packed,
    ) -> Result<StoredFile, BackupError> {
        let content_blake3 = blake3_hex(content);
        if let Some(known) = self.known.get(&content_key(path, &content_blake3)) {
            return Ok(known.clone());
        }
        let stored = match packed {
            Packed::Yes => self.form.store_packed(content),
            Packed::No => self.form.store(content),
        };
        let (layers, stored) =
            stored.map_err(|source| self.source.reader.context.failed("pack", path, source))?;
        let hashes = Hashes::of(&stored);
        let mut file = StoredFile {
            path: path.to_owned(),
            content_bytes: content.len() as u64,
            content_blake3,
            object: String::new(),
            layers,
            bytes: stored.len() as u64,
            blake3: hashes.blake3,
            sha256: hashes.sha256,
        };
        self.put_object(object, &stored, &mut file)?;
        Ok(file)
    }

    /// Stores an object under its name, or under another one if that is taken by something that cannot be
    /// shown to be the same: what a crash or another machine left there is never written over.
    fn put_object(&mut self, object: &str, stored: &[u8], file: &mut StoredFile) -> Result<(), BackupError> {
        for twin in 0..=TWINS_MAX {
            let name = self.object_name(object, twin, &file.layers);
            match self.shelf.target().put_new(&name, stored)? {
                Put::Created => {
                    file.object = name;
                    self.new_objects += 1;
                    self.new_bytes += file.bytes;
                    return Ok(());
                }
                Put::Exists => {
                    if let Some(same) = self.same_object(&name, file)? {
                        *file = same;
                        return Ok(());
                    }
                }
            }
        }
        let what = format!("{TWINS_MAX} objects of this name hold something else");
        Err(BackupError::Damaged { object: self.shelf.describe(object), what })
    }

    /// The file as the object that is there holds it, if it holds the same content.
    fn same_object(&self, name: &str, file: &StoredFile) -> Result<Option<StoredFile>, BackupError> {
        let there = self.shelf.target().get(name, super::target::OBJECT_BYTES_MAX)?;
        let hashes = Hashes::of(&there);
        let found = StoredFile {
            object: name.to_owned(),
            bytes: there.len() as u64,
            blake3: hashes.blake3,
            sha256: hashes.sha256,
            ..file.clone()
        };
        if found.blake3 == file.blake3 {
            return Ok(Some(found));
        }
        match self.shelf.fetch(&found) {
            Ok(_same) => Ok(Some(found)),
            Err(BackupError::Damaged { .. } | BackupError::Locked { .. }) => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    /// `…`, `…~2`, and what each layer adds.
    fn object_name(&self, object: &str, twin: u32, layers: &[Layer]) -> String {
        let mut name = object.to_owned();
        if twin > 0 {
            name = format!("{name}~{}", twin + 1);
        }
        for layer in layers {
            name = match layer {
                Layer::Zstd => format!("{name}.zst"),
                Layer::Age => format!("{name}.{}.age", self.locked_for),
            };
        }
        name
    }

    /// The generation's own file, when all that it names is there.
    fn finish(self, generation: Generation) -> Result<Made, BackupError> {
        self.check_objects(&generation)?;
        let (id, file) = (generation.id(), generation.to_file());
        let object = names::generation_object(self.shelf.book(), &id);
        match self.shelf.target().put_new(&object, &file)? {
            Put::Created | Put::Exists => {}
        }
        let Self { new_objects, new_bytes, mut warnings, .. } = self;
        warnings.extend(generation.suspicions.iter().cloned());
        Ok(Made { id, generation, new_objects, new_bytes, warnings })
    }

    /// Objects of an older generation may have been removed with it, by somebody else, meanwhile.
    fn check_objects(&self, generation: &Generation) -> Result<(), BackupError> {
        let there: BTreeMap<String, u64> =
            self.shelf.objects()?.into_iter().map(|entry| (entry.name, entry.bytes)).collect();
        for file in generation.files() {
            let what = match there.get(&file.object) {
                Some(bytes) if *bytes == file.bytes => continue,
                Some(bytes) => format!("it has {bytes} bytes, {} were stored", file.bytes),
                None => "it is missing, though an older generation names it".to_owned(),
            };
            return Err(BackupError::Damaged { object: self.shelf.describe(&file.object), what });
        }
        Ok(())
    }
}

/// Segments follow on each other by sequence number and hash chain.
fn check_link(
    source: &Source,
    before: Option<&StoredSegment>,
    segment: &StoredSegment,
    storage: Storage,
) -> Result<(), BackupError> {
    let fits = before.is_none_or(|before| before.chain == segment.prev && before.next <= segment.first);
    if fits {
        return Ok(());
    }
    let file = source.reader.context.disk.describe(&segment_name(segment.index, storage));
    Err(BackupError::Source { file, what: "it does not follow on the segment before it".to_owned() })
}
