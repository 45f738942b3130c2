//! What the book's own files still say about a segment that cannot be read as a whole, and about those beside
//! it. Every frame speaks for itself: check sum, sequence number and, if encrypted, its tag.

use crate::error::FileError;
use crate::frame::{Frame, Kind};
use crate::journal::Context;
use crate::journal::load::{Fault, Loaded, check_page, load, load_bytes, opening};
use crate::journal::scan::valid_frames;
use crate::journal::segment::{Chain, OpenInfo, PAGE_BYTES, PageError, SegmentIndex, Storage, segment_name};
use crate::recovery::inventory::Inventory;
use crate::recovery::salvage::{event_json, readable_bytes};
use std::collections::BTreeMap;
use truebook_core::hash::ChainHash;
use truebook_core::id::Seq;

/// So many readable segments behind a damaged one are asked what must come before them.
const WITNESSES_MAX: usize = 4;

/// What is left of a segment.
#[derive(Default)]
pub(super) struct Local {
    /// What its own opening frame says.
    pub open: Option<OpenInfo>,
    /// Its events, wherever they stand in it.
    pub events: BTreeMap<Seq, LocalEvent>,
    /// Up to before here opening can read it already.
    pub read_to: Option<Seq>,
    /// Whether something may have stood behind its last event that nobody can tell.
    pub tail: Tail,
}

/// An event as it stands in a damaged segment.
pub(super) struct LocalEvent {
    /// Its JSON, in the clear.
    pub json: Vec<u8>,
    /// Distance to the first sequence number of its commit.
    pub behind: u32,
}

/// What is known of a segment's end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tail {
    /// The file is as long as it was made: what is not there was never written, or left its traces.
    Whole,
    /// The file was cut short, emptied, or is gone.
    #[default]
    Gone,
}

impl Local {
    /// Reads what is left of a segment.
    pub(super) fn read(
        context: &Context,
        inventory: &Inventory,
        index: SegmentIndex,
    ) -> Result<Self, FileError> {
        let Some(storage) = inventory.storage(index) else { return Ok(Self::default()) };
        let mut local = Self::default();
        match load(context, index, storage) {
            Ok(Loaded::Events(segment)) => local.read_to = Some(segment.next()),
            Err(Fault::File(failed)) => return Err(failed),
            _ => {}
        }
        // A segment that does not unpack gives nothing.
        let Some(bytes) = readable_bytes(context, index, storage) else { return Ok(local) };
        local.tail = tail(context, index, storage, &bytes);
        local.open = opening(&bytes);
        for (_, frame) in valid_frames(&bytes, PAGE_BYTES) {
            local.take(context, storage, &frame);
        }
        Ok(local)
    }

    fn take(&mut self, context: &Context, storage: Storage, frame: &Frame<'_>) {
        if frame.header.kind != Kind::Event {
            return;
        }
        if let Some(json) = event_json(context, storage, frame) {
            let behind = frame.header.behind;
            self.events.entry(frame.header.seq).or_insert(LocalEvent { json, behind });
        }
    }

    /// The highest sequence number that any of its frames bears.
    pub(super) fn highest(&self) -> Option<Seq> {
        self.events.keys().next_back().copied()
    }

    /// A sequence number up to which events are known to have been durable: when a commit was written, all
    /// before it was; and what was cut off at the end was something.
    pub(super) fn known(&self) -> Seq {
        let before = |(seq, event): (&Seq, &LocalEvent)| {
            seq.get().saturating_sub(u64::from(event.behind)).saturating_sub(1)
        };
        let proven = Seq::new(self.events.iter().map(before).max().unwrap_or(0));
        match (self.tail, self.highest()) {
            (Tail::Gone, Some(highest)) => highest.next(),
            _ => proven,
        }
    }

    /// Forgets what it says: it is of another history.
    pub(super) fn distrust(&mut self) {
        (self.open, self.read_to) = (None, None);
        self.events.clear();
        self.tail = Tail::Gone;
    }
}

fn tail(context: &Context, index: SegmentIndex, storage: Storage, bytes: &[u8]) -> Tail {
    let length = bytes.len() as u64;
    let made = match check_page(bytes, index, context.manifest.book) {
        Ok(made) => made,
        // Whoever made it asked for this much at least.
        Err(PageError::Damaged) => u64::from(context.options.segment_bytes),
        Err(_) => return Tail::Gone,
    };
    if storage != Storage::Raw || length >= made { Tail::Whole } else { Tail::Gone }
}

/// Where a journal has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached {
    /// Sequence number of the next event.
    pub next: Seq,
    /// The hash chain before it.
    pub chain: ChainHash,
}

/// What the book's own files say about what stands before and behind a segment.
pub(super) struct Neighbours {
    /// Where the journal has come to before it; `None` if that cannot be read.
    pub before: Option<Reached>,
    /// The opening frames of the next readable segments, nearest first.
    pub after: Vec<(SegmentIndex, OpenInfo)>,
}

impl Neighbours {
    /// Looks at the segments around one.
    pub(super) fn of(
        context: &Context,
        inventory: &Inventory,
        index: SegmentIndex,
    ) -> Result<Self, FileError> {
        let mut after = Vec::new();
        for next in inventory.segments.range(index.next()..).map(|(next, _)| *next) {
            if after.len() >= WITNESSES_MAX {
                break;
            }
            let storage = inventory.storage(next).unwrap_or(Storage::Raw);
            match load_bytes(context, next, storage) {
                Ok(loaded) => after.extend(opening(&loaded.bytes).map(|open| (next, open))),
                Err(Fault::File(failed)) => return Err(failed),
                Err(_) => {}
            }
        }
        Ok(Self { before: before(context, inventory, index)?, after })
    }
}

/// Where the journal has come to before a segment.
fn before(
    context: &Context,
    inventory: &Inventory,
    index: SegmentIndex,
) -> Result<Option<Reached>, FileError> {
    for earlier in inventory.segments.range(..index).rev().map(|(earlier, _)| *earlier) {
        let storage = inventory.storage(earlier).unwrap_or(Storage::Raw);
        match load(context, earlier, storage) {
            Ok(Loaded::Events(segment)) => {
                return Ok(Some(Reached { next: segment.next(), chain: segment.chain.hash() }));
            }
            Ok(Loaded::Empty) => {}
            Err(Fault::File(failed)) => return Err(failed),
            Err(_) => return Ok(None),
        }
    }
    let genesis = Reached { next: Seq::new(1), chain: Chain::genesis(context.manifest.book) };
    Ok((index == SegmentIndex::FIRST).then_some(genesis))
}

/// Whether a segment's file holds nothing that anybody wrote.
pub(super) fn is_unwritten(context: &Context, index: SegmentIndex, storage: Storage) -> bool {
    storage == Storage::Raw && matches!(load(context, index, storage), Ok(Loaded::Empty))
}

/// The name that a mended segment's file gets, and other forms of it that would be read instead.
pub(super) fn names(inventory: &Inventory, index: SegmentIndex, storage: Storage) -> (String, Vec<String>) {
    let forms = inventory.segments.get(&index).map_or(&[][..], Vec::as_slice);
    let counted_before = forms.iter().filter(|form| **form < storage);
    (segment_name(index, storage), counted_before.map(|form| segment_name(index, *form)).collect())
}
