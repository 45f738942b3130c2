//! Events behind damage that can still be read. They are used only if a checkpoint covers everything that
//! is missing before them, so that they follow on its state without a gap.

use super::inventory::Inventory;
use crate::crypt::Purpose;
use crate::frame::{Form, Frame, Kind};
use crate::journal::Context;
use crate::journal::load::load_bytes;
use crate::journal::scan::valid_frames;
use crate::journal::segment::{PAGE_BYTES, SegmentIndex, Storage};
use truebook_core::event::Record;
use truebook_core::id::Seq;

/// What was found behind damage.
#[derive(Debug)]
pub struct Salvage {
    /// Events that follow on the state without a gap, the first with the number after the state's last.
    pub following: Vec<Record>,
    /// The highest sequence number that any valid frame bears; zero if there is none.
    pub highest: Seq,
}

impl Salvage {
    /// Whether state and salvage together hold everything that is known to have been durable: the damage
    /// (`from`) is within what the state (`state_at`) covers, and nothing is missing after it.
    pub fn completes(&self, state_at: Seq, from: Seq, known_to: Seq) -> bool {
        from <= state_at && state_at.get() + self.following.len() as u64 >= known_to.get()
    }
}

/// Looks through the damaged segment and all after it for events above `state_at`.
pub fn salvage(context: &Context, inventory: &Inventory, from: SegmentIndex, state_at: Seq) -> Salvage {
    let mut found = Salvage { following: Vec::new(), highest: Seq::ZERO };
    for index in inventory.segments.range(from..).map(|(index, _)| *index) {
        let storage = inventory.storage(index).unwrap_or(Storage::Raw);
        // A segment that cannot be unpacked gives nothing; the damage was reported already.
        let Ok(loaded) = load_bytes(context, index, storage) else { continue };
        for (_, frame) in valid_frames(&loaded.bytes, PAGE_BYTES) {
            take(context, storage, &frame, state_at, &mut found);
        }
    }
    found
}

fn take(context: &Context, storage: Storage, frame: &Frame<'_>, state_at: Seq, found: &mut Salvage) {
    let seq = frame.header.seq;
    if frame.header.kind != Kind::Event {
        return;
    }
    let json = match (frame.header.form, &context.cipher) {
        (Form::Plain, None) => Some(frame.payload.to_vec()),
        (Form::Plain, Some(_)) if storage == Storage::Encrypted => Some(frame.payload.to_vec()),
        (Form::Encrypted, Some(cipher)) => cipher.open(Purpose::Frame(seq.get()), frame.payload).ok(),
        _ => None,
    };
    let Some(record) = json.and_then(|json| Record::decode(&json).ok()) else { return };
    found.highest = found.highest.max(seq);
    if seq.get() == state_at.get() + found.following.len() as u64 + 1 {
        found.following.push(record);
    }
}
