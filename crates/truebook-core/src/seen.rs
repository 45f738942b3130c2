//! What was used once and must never count twice: keys of closed orders and execution ids, for ever.
//!
//! Live orders carry their own key; when an order closes it leaves the live state, and what stays is one
//! entry here. So a checkpoint's cost follows what is live, yet a key that was ever used stays known
//! (promise P3), and an execution that is reported again after years is still recognised.

use crate::hash::SetHash;
use crate::id::{ExecutionId, Instrument, OrderId, SeenId, Seq};
use crate::order::OrderState;
use alloc::vec::Vec;
use core::hash::{BuildHasher, Hasher};

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum SeenKind {
    /// The key of an order that was filled whole.
    Filled = 1,
    /// The key of an order that was cancelled.
    Cancelled = 2,
    /// The key of an order that the venue refused.
    Rejected = 3,
    /// The key of an order that ran out.
    Expired = 4,
    /// An execution that was counted.
    Execution = 5,
}

impl SeenKind {
    /// Reads the byte form; `None` for an unknown one.
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Filled),
            2 => Some(Self::Cancelled),
            3 => Some(Self::Rejected),
            4 => Some(Self::Expired),
            5 => Some(Self::Execution),
            _ => None,
        }
    }

    /// The kind for the key of an order that ended like this; `None` if it has not ended.
    pub const fn of_closed(state: OrderState) -> Option<Self> {
        match state {
            OrderState::Filled => Some(Self::Filled),
            OrderState::Cancelled => Some(Self::Cancelled),
            OrderState::Rejected => Some(Self::Rejected),
            OrderState::Expired => Some(Self::Expired),
            _ => None,
        }
    }
}

/// One entry: 33 bytes in a run file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeenEntry {
    /// Hash of the key or of the execution id.
    pub id: SeenId,
    /// What it is.
    pub kind: SeenKind,
    /// Hash of what it was used for, to tell a repetition from a contradiction.
    pub fingerprint: u64,
    /// Event that made the entry.
    pub seq: Seq,
}

/// All entries, and which of them no run file holds yet.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    entries: hashbrown::HashMap<SeenId, Slot, IdHasherBuilder>,
    unsaved: Vec<SeenEntry>,
    digest: SetHash,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    kind: SeenKind,
    fingerprint: u64,
    seq: Seq,
}

impl Seen {
    /// Looks an id up.
    pub fn get(&self, id: SeenId) -> Option<SeenEntry> {
        let slot = self.entries.get(&id)?;
        Some(SeenEntry { id, kind: slot.kind, fingerprint: slot.fingerprint, seq: slot.seq })
    }

    /// Adds an entry that is not there yet; `false` changes nothing and says that it was there.
    pub fn insert(&mut self, entry: SeenEntry) -> bool {
        let is_new = self.restore(entry);
        if is_new {
            self.unsaved.push(entry);
        }
        is_new
    }

    /// Adds an entry that a run file already holds.
    pub fn restore(&mut self, entry: SeenEntry) -> bool {
        let slot = Slot { kind: entry.kind, fingerprint: entry.fingerprint, seq: entry.seq };
        match self.entries.entry(entry.id) {
            hashbrown::hash_map::Entry::Occupied(_) => false,
            hashbrown::hash_map::Entry::Vacant(place) => {
                place.insert(slot);
                self.digest.add(&digest_bytes(&entry));
                true
            }
        }
    }

    /// All entries, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = SeenEntry> {
        let whole = |(id, slot): (&SeenId, &Slot)| SeenEntry {
            id: *id,
            kind: slot.kind,
            fingerprint: slot.fingerprint,
            seq: slot.seq,
        };
        self.entries.iter().map(whole)
    }

    /// Makes room for this many more entries, so that a long replay does not grow step by step.
    pub fn reserve(&mut self, more: usize) {
        self.entries.reserve(more);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Commutative hash of all entries.
    pub const fn digest(&self) -> SetHash {
        self.digest
    }

    /// The entries that no run file holds yet, oldest first.
    pub fn unsaved(&self) -> &[SeenEntry] {
        &self.unsaved
    }

    /// A run file now holds the first `count` of the unsaved entries.
    pub fn mark_saved(&mut self, count: usize) {
        assert!(count <= self.unsaved.len(), "only unsaved entries can become saved");
        self.unsaved.drain(..count);
    }
}

/// Sequence numbers are left out: the same facts in another legal order are the same set.
fn digest_bytes(entry: &SeenEntry) -> [u8; 25] {
    let mut bytes = [0; 25];
    bytes[..16].copy_from_slice(entry.id.as_bytes());
    bytes[16] = entry.kind as u8;
    bytes[17..].copy_from_slice(&entry.fingerprint.to_le_bytes());
    bytes
}

/// The id of an order's key: its client order id, which is a hash of the key already.
pub fn order_seen_id(id: OrderId) -> SeenId {
    SeenId::from_bytes(*id.as_bytes())
}

/// The id of an execution at this book's venue.
pub fn execution_seen_id(instrument: &Instrument, execution: &ExecutionId) -> SeenId {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"execution\0");
    hasher.update(instrument.as_str().as_bytes());
    hasher.update(&[0]);
    hasher.update(execution.as_str().as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    SeenId::from_bytes(id)
}

/// A 64-bit hash of canonical bytes, to tell a repetition from a contradiction.
pub fn fingerprint(parts: &[&[u8]]) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut word = [0; 8];
    word.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    u64::from_le_bytes(word)
}

/// Seen ids are hashes already: their own bits serve as the hash, the same on every machine.
#[derive(Clone, Copy, Debug, Default)]
struct IdHasherBuilder;

impl BuildHasher for IdHasherBuilder {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher(0)
    }
}

struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = self.0.rotate_left(29) ^ u64::from_le_bytes(word);
        }
    }

    fn write_usize(&mut self, _length: usize) {
        // The length of a fixed array says nothing.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u8) -> SeenEntry {
        let kind = SeenKind::Execution;
        SeenEntry { id: SeenId::from_bytes([n; 16]), kind, fingerprint: 7, seq: Seq::new(2) }
    }

    #[test]
    fn p3_what_was_seen_stays_known_and_is_never_added_twice() {
        let mut seen = Seen::default();
        assert!(seen.insert(entry(1)));
        assert!(!seen.insert(entry(1)));
        assert_eq!(seen.get(SeenId::from_bytes([1; 16])), Some(entry(1)));
        assert_eq!(seen.unsaved().len(), 1);
        seen.mark_saved(1);
        assert!(!seen.insert(entry(1)));
        assert_eq!((seen.len(), seen.unsaved().len()), (1, 0));
    }

    #[test]
    fn the_digest_is_that_of_the_set_whatever_the_order() {
        let (mut one, mut other) = (Seen::default(), Seen::default());
        for n in 0..9 {
            one.insert(entry(n));
            other.restore(entry(8 - n));
        }
        assert_eq!(one.digest(), other.digest());
    }
}
