//! Events behind damage that can still be read. They are used only if a checkpoint covers everything that
//! is missing before them, so that they follow on its state without a gap.

use super::inventory::Inventory;
use crate::crypt::Purpose;
use crate::disk::read_file;
use crate::frame::{Form, Frame, Kind};
use crate::journal::Context;
use crate::journal::load::{FILE_BYTES_MAX, Fault, load_bytes};
use crate::journal::scan::valid_frames;
use crate::journal::segment::{PAGE_BYTES, PageError, SegmentIndex, Storage, segment_name};
use truebook_core::event::Record;
use truebook_core::id::Seq;

/// What was found behind damage.
#[derive(Debug)]
pub struct Salvage {
    /// Events that follow on the state without a gap, the first with the number after the state's last.
    pub following: Vec<Record>,
    /// The lowest sequence number that any valid frame bears.
    pub lowest: Option<Seq>,
    /// The highest one; zero if there is no valid frame.
    pub highest: Seq,
}

impl Salvage {
    /// Whether state and salvage together hold everything that is known to have been durable.
    pub fn completes(&self, state_at: Seq, known_to: Seq) -> bool {
        state_at.get() + self.following.len() as u64 >= known_to.get()
    }
}

/// Looks through the damaged segment and all after it for events above `state_at`.
pub(super) fn salvage(
    context: &Context,
    inventory: &Inventory,
    from: SegmentIndex,
    state_at: Seq,
) -> Salvage {
    let mut found = Salvage { following: Vec::new(), lowest: None, highest: Seq::ZERO };
    for index in inventory.segments.range(from..).map(|(index, _)| *index) {
        let storage = inventory.storage(index).unwrap_or(Storage::Raw);
        // A segment that cannot be unpacked gives nothing; the damage was reported already.
        let Some(bytes) = readable_bytes(context, index, storage) else { continue };
        for (_, frame) in valid_frames(&bytes, PAGE_BYTES) {
            take(context, storage, &frame, state_at, &mut found);
        }
    }
    found
}

/// The bytes of a segment; of a raw one even if its header page is damaged, since every frame speaks for
/// itself.
pub(super) fn readable_bytes(context: &Context, index: SegmentIndex, storage: Storage) -> Option<Vec<u8>> {
    match load_bytes(context, index, storage) {
        Ok(loaded) => Some(loaded.bytes),
        Err(Fault::Page(PageError::Damaged | PageError::Short { .. })) if storage == Storage::Raw => {
            read_file(&*context.disk, &segment_name(index, storage), FILE_BYTES_MAX).ok()
        }
        Err(_) => None,
    }
}

fn take(context: &Context, storage: Storage, frame: &Frame<'_>, state_at: Seq, found: &mut Salvage) {
    let seq = frame.header.seq;
    if frame.header.kind != Kind::Event {
        return;
    }
    let json = event_json(context, storage, frame);
    let Some(record) = json.and_then(|json| Record::decode(&json).ok()) else { return };
    found.highest = found.highest.max(seq);
    found.lowest = Some(found.lowest.map_or(seq, |lowest| lowest.min(seq)));
    if seq.get() == state_at.get() + found.following.len() as u64 + 1 {
        found.following.push(record);
    }
}

/// The plain payload of a valid event frame; `None` if it is not authentic, or not in the form that the segment
/// has.
pub(super) fn event_json(context: &Context, storage: Storage, frame: &Frame<'_>) -> Option<Vec<u8>> {
    match (frame.header.form, &context.cipher) {
        (Form::Plain, None) => Some(frame.payload.to_vec()),
        (Form::Plain, Some(_)) if storage == Storage::Encrypted => Some(frame.payload.to_vec()),
        (Form::Encrypted, Some(cipher)) => {
            cipher.open(Purpose::Frame(frame.header.seq.get()), frame.payload).ok()
        }
        _ => None,
    }
}
