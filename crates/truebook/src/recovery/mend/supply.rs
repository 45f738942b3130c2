//! What backups hold of a segment: target by target in the order in which they were given, in each the newest
//! generation first. What cannot be used is told once and passed over.

use crate::backup::generation::StoredSegment;
use crate::backup::tail;
use crate::backup::target::{Distance, PATIENCE, Patient};
use crate::backup::{BackupError, Fallback, Generation, GenerationId, Shelf};
use crate::journal::Context;
use crate::journal::load::{Fault, check_page, start, unpack};
use crate::journal::scan::End;
use crate::journal::segment::{Chain, OpenInfo, SegmentIndex, Storage, parse_name};
use crate::recovery::report::{Finding, FindingKind, Weight};
use std::collections::BTreeSet;
use std::sync::Arc;
use truebook_core::event::Record;
use truebook_core::hash::ChainHash;
use truebook_core::id::Seq;

/// How many generations of a target are looked at, newest first.
const GENERATIONS_MAX: usize = 64;

/// A segment as a backup holds it: one contiguous run of events from its first one on.
pub(super) struct Piece {
    /// What its opening frame says.
    pub open: OpenInfo,
    /// The JSON of its events, in the clear.
    pub events: Vec<Vec<u8>>,
    /// The file as it is stored in a book's directory, and its form; `None` once it was extended.
    pub file: Option<(Storage, Vec<u8>)>,
    /// The generation that it is from.
    pub origin: Origin,
}

/// Where something was taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// The generation.
    pub generation: GenerationId,
    /// The target, as people know it.
    pub place: String,
}

/// A generation of a target.
pub(super) struct Stocked {
    /// Its id.
    pub id: GenerationId,
    /// What it says.
    pub generation: Generation,
}

/// A target and what is known of it so far.
struct Shop {
    shelf: Shelf,
    /// Not listed yet: `None`. Newest first.
    ids: Option<Vec<GenerationId>>,
    read: Vec<Stocked>,
    /// What was shipped after the newest generation; `None` before anybody asked.
    shipped: Option<Vec<tail::Piece>>,
}

/// All backups.
pub(super) struct Supply {
    shops: Vec<Shop>,
    /// Objects that were found unusable, and where.
    useless: BTreeSet<(usize, String)>,
    /// What should be told.
    pub notes: Vec<Finding>,
}

impl Supply {
    /// The backups of a book in these places.
    pub(super) fn new(context: &Context, places: &[Fallback]) -> Self {
        let shop = |place: &Fallback| {
            let patient = Arc::new(Patient::new(Arc::clone(&place.target), PATIENCE));
            let shelf = Shelf::new(patient, context.manifest.book, place.unlock.clone());
            Shop { shelf, ids: None, read: Vec::new(), shipped: None }
        };
        Self { shops: places.iter().map(shop).collect(), useless: BTreeSet::new(), notes: Vec::new() }
    }

    /// How many places there are.
    pub(super) fn places(&self) -> usize {
        self.shops.len()
    }

    /// Those of them that answer at once.
    pub(super) fn near_places(&self) -> Vec<usize> {
        let near = |place: &usize| self.shops[*place].shelf.target().distance() == Distance::Near;
        (0..self.shops.len()).filter(near).collect()
    }

    /// The `nth` newest generation of a place that can be used; `None` after the last one.
    pub(super) fn generation(&mut self, place: usize, nth: usize) -> Option<&Stocked> {
        if self.shops[place].ids.is_none() {
            self.list(place);
        }
        // Bounded: each turn takes an id away.
        while self.shops[place].read.len() <= nth {
            let shop = &mut self.shops[place];
            let id = shop.ids.as_mut().filter(|ids| !ids.is_empty())?.remove(0);
            match shop.shelf.read(&id) {
                Ok(generation) if generation.suspicions.is_empty() => {
                    shop.read.push(Stocked { id, generation });
                }
                Ok(generation) => {
                    let what = format!("generation {id} is not used: {}", generation.suspicions.join("; "));
                    self.note(place, what);
                }
                Err(failed) => self.fail(place, &failed),
            }
        }
        self.shops[place].read.get(nth)
    }

    fn list(&mut self, place: usize) {
        let shop = &mut self.shops[place];
        match shop.shelf.generations() {
            Ok(mut ids) => {
                ids.reverse();
                ids.truncate(GENERATIONS_MAX);
                shop.ids = Some(ids);
            }
            Err(failed) => {
                shop.ids = Some(Vec::new());
                self.fail(place, &failed);
            }
        }
    }

    /// Tells of a failure. If the target itself fails, nothing more is asked of it.
    fn fail(&mut self, place: usize, failed: &BackupError) {
        let is_local = failed.is_damage() || matches!(failed, BackupError::Locked { .. });
        if !is_local && !matches!(failed, BackupError::Generation { .. } | BackupError::NoGeneration { .. }) {
            self.shops[place].ids = Some(Vec::new());
        }
        self.note(place, failed.to_string());
    }

    fn note(&mut self, place: usize, what: String) {
        let file = self.shops[place].shelf.describe("");
        let known = self.notes.iter().any(|note| note.file == file && note.what == what);
        if !known {
            let action = "nothing: the next backup is tried; `truebook backup verify` shows what is wrong with this one";
            self.notes.push(Finding {
                kind: FindingKind::Backup,
                weight: Weight::Note,
                file,
                offset: None,
                what,
                action: action.to_owned(),
            });
        }
    }

    /// Why a piece was refused.
    pub(super) fn refuse(&mut self, place: usize, id: &GenerationId, index: SegmentIndex, why: &str) {
        self.note(place, format!("segment {index} of generation {id} is not used: {why}"));
    }

    /// Fetches a segment of a generation and reads every event of it; `None` if it cannot be used.
    pub(super) fn fetch(
        &mut self,
        context: &Context,
        place: usize,
        id: &GenerationId,
        stored: &StoredSegment,
    ) -> Option<Piece> {
        let shelf = &self.shops[place].shelf;
        let object = (place, stored.file.object.clone());
        if self.useless.contains(&object) {
            return None;
        }
        let origin = Origin { generation: id.clone(), place: shelf.describe("") };
        let fetched = shelf.fetch(&stored.file);
        let problem = match fetched {
            Ok(file) => match read(context, stored, file, origin) {
                Ok(piece) => return Some(piece),
                Err(what) => BackupError::Damaged { object: shelf.describe(&object.1), what },
            },
            Err(failed) => failed,
        };
        self.useless.insert(object);
        self.fail(place, &problem);
        None
    }

    /// Adds what was shipped of a segment after a place's newest generation, of which `piece` is what it holds.
    pub(super) fn extended(
        &mut self,
        context: &Context,
        place: usize,
        index: SegmentIndex,
        piece: Option<Piece>,
    ) -> Option<Piece> {
        let Some(newest) = self.generation(place, 0) else { return piece };
        let (id, last) = (newest.id.clone(), newest.generation.last);
        if self.shops[place].shipped.is_none() {
            let shop = &self.shops[place];
            let read = tail::read_after(&shop.shelf, context, last);
            // Noted as empty first: a place that fails is not asked twice.
            self.shops[place].shipped = Some(Vec::new());
            match read {
                Ok(shipped) => self.shops[place].shipped = Some(shipped),
                Err(failed) => self.fail(place, &failed),
            }
        }
        let origin = Origin { generation: id, place: self.shops[place].shelf.describe("") };
        let shipped = self.shops[place].shipped.iter().flatten();
        extend(context, index, piece, shipped.filter(|shipped| shipped.head.segment == index), &origin)
    }
}

/// Adds shipped events to a piece as long as they continue it and give the hash chain that the writer had.
fn extend<'a>(
    context: &Context,
    index: SegmentIndex,
    mut piece: Option<Piece>,
    shipped: impl Iterator<Item = &'a tail::Piece>,
    origin: &Origin,
) -> Option<Piece> {
    for more in shipped {
        let begins = more.head.first == more.head.open.first;
        let made =
            || Piece { open: more.head.open.clone(), events: Vec::new(), file: None, origin: origin.clone() };
        let Some(grown) = piece.take().or_else(|| begins.then(made)) else { continue };
        piece = Some(match continued(context, index, &grown, more) {
            Some(events) => Piece { events, file: None, ..grown },
            None => grown,
        });
    }
    piece.filter(|piece| !piece.events.is_empty())
}

/// The events of a segment with those that a shipped piece adds; `None` if it does not fit or adds nothing.
fn continued(
    context: &Context,
    index: SegmentIndex,
    piece: &Piece,
    more: &tail::Piece,
) -> Option<Vec<Vec<u8>>> {
    let next = Seq::new(piece.open.first.get() + piece.events.len() as u64);
    let known = usize::try_from(next.get().checked_sub(more.head.first.get())?).ok()?;
    let new = more.events.get(known..).filter(|new| !new.is_empty() && more.head.open == piece.open)?;
    let events: Vec<Vec<u8>> = piece.events.iter().chain(new).cloned().collect();
    let is_readable = new.iter().all(|json| Record::decode(json).is_ok());
    (is_readable && chain_of(context, index, &piece.open, &events) == more.head.after).then_some(events)
}

/// The hash chain of a segment after these events, its first ones.
pub(super) fn chain_of(
    context: &Context,
    index: SegmentIndex,
    open: &OpenInfo,
    events: &[Vec<u8>],
) -> ChainHash {
    let mut chain = Chain::begin(context.manifest.book, index, open.prev);
    for (seq, json) in (open.first.get()..).map(Seq::new).zip(events) {
        chain.add(seq, json);
    }
    chain.hash()
}

/// Reads a stored segment: every event is decoded, the hash chain computed anew.
fn read(context: &Context, stored: &StoredSegment, file: Vec<u8>, origin: Origin) -> Result<Piece, String> {
    let index = stored.index;
    let name = stored.file.path.rsplit('/').next().unwrap_or_default();
    let storage = match parse_name(name) {
        Some((named, storage)) if named == index && storage != Storage::Raw => storage,
        _ => return Err(format!("`{}` is no name of sealed segment {index}", stored.file.path)),
    };
    let told = |fault: Fault| fault.to_string();
    let bytes = unpack(context, index, storage, file.clone()).map_err(told)?;
    check_page(&bytes, index, context.manifest.book).map_err(|failed| failed.to_string())?;
    let (open, mut scan) = start(context, index, storage, &bytes).map_err(told)?;
    let mut events = Vec::new();
    while let Some(event) = scan.next_event() {
        Record::decode(&event.json).map_err(|failed| format!("event {}: {failed}", event.seq))?;
        events.push(event.json.into_owned());
    }
    if scan.end() != Some(End::Sealed) {
        return Err("its events do not end with a seal".to_owned());
    }
    let fits = (open.first, scan.next_seq(), open.prev, scan.chain().hash())
        == (stored.first, stored.next, stored.prev, stored.chain);
    if !fits {
        return Err("it does not hold the events that the generation names".to_owned());
    }
    assert_eq!(Seq::new(open.first.get() + events.len() as u64), stored.next, "events have no gap");
    Ok(Piece { open, events, file: Some((storage, file)), origin })
}
