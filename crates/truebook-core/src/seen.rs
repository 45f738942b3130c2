//! What was used once and must never count twice: keys of closed orders and execution ids, for ever.
//!
//! Live orders carry their own key; when an order closes it leaves the live state, and what stays is one
//! entry here. So a checkpoint's cost follows what is live, yet a key that was ever used stays known
//! (promise P3), and an execution that is reported again after years is still recognised.

use crate::hash::{Mixer, SetHash, mix};
use crate::id::{ExecutionId, Instrument, OrderId, SeenId, Seq};
use crate::life::OrderState;
use alloc::vec::Vec;

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
    /// The key of an order that never came to the venue.
    Absent = 6,
    /// The id of an order's replacement.
    Alias = 7,
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
            6 => Some(Self::Absent),
            7 => Some(Self::Alias),
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
            OrderState::Absent => Some(Self::Absent),
            _ => None,
        }
    }

    /// How the order ended; `None` for what is no order's key.
    pub const fn state(self) -> Option<OrderState> {
        match self {
            Self::Filled => Some(OrderState::Filled),
            Self::Cancelled => Some(OrderState::Cancelled),
            Self::Rejected => Some(OrderState::Rejected),
            Self::Expired => Some(OrderState::Expired),
            Self::Absent => Some(OrderState::Absent),
            Self::Execution | Self::Alias => None,
        }
    }

    /// What the digest tells apart. Not how an order ended: a cancel and the fill that overtook it may be
    /// learnt in either order.
    const fn class(self) -> u64 {
        match self {
            Self::Execution => 5,
            Self::Alias => 7,
            _ => 1,
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
///
/// There may be millions: the entries stand in one list that only grows, and the index holds no more of each
/// than its place and a part of its hash.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Those that a run file holds, then those that none holds yet, in the order in which they came.
    entries: Vec<SeenEntry>,
    index: hashbrown::HashTable<Place>,
    /// How many of the entries are saved.
    saved: usize,
    digest: SetHash,
}

/// Where an entry stands in the list.
#[derive(Clone, Copy, Debug)]
struct Place {
    number: u32,
    /// The half of its hash that most others do not share.
    tag: u32,
}

impl Place {
    /// The hash that the index is built on, from the tag alone: it grows without a look at the entries.
    const fn hash(tag: u32) -> u64 {
        (tag as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

impl Seen {
    /// Looks an id up.
    pub fn get(&self, id: SeenId) -> Option<SeenEntry> {
        let tag = tag(id);
        let place = self.index.find(Place::hash(tag), |place| self.is_at(*place, tag, id))?;
        Some(self.entries[place.number as usize])
    }

    fn is_at(&self, place: Place, tag: u32, id: SeenId) -> bool {
        place.tag == tag && self.entries[place.number as usize].id == id
    }

    /// Adds an entry that is not there yet; `false` changes nothing and says that it was there.
    pub fn insert(&mut self, entry: SeenEntry) -> bool {
        self.entries.push(entry);
        let is_new = self.index_from(self.entries.len() - 1);
        if !is_new {
            self.entries.truncate(self.entries.len() - 1);
        }
        is_new
    }

    /// Adds entries that a run file already holds, before any that none holds. `false` if one of them was
    /// there: the whole is then of no use.
    #[must_use]
    pub fn restore(&mut self, mut run: Vec<SeenEntry>) -> bool {
        assert_eq!(self.saved, self.entries.len(), "what is saved is restored first");
        let first = self.entries.len();
        if first == 0 {
            self.entries = run;
        } else {
            self.entries.append(&mut run);
        }
        self.index.reserve(self.entries.len() - first, |place| Place::hash(place.tag));
        self.saved = self.entries.len();
        self.index_from(first)
    }

    /// Takes the entries from this place on into the index, up to one that is there already.
    fn index_from(&mut self, first: usize) -> bool {
        let Self { entries, index, digest, .. } = self;
        let last = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        assert!(last < u32::MAX, "four thousand million entries are more than memory holds");
        (first..entries.len()).all(|at| {
            let entry = entries[at];
            let tag = tag(entry.id);
            let is_same = |place: &Place| place.tag == tag && entries[place.number as usize].id == entry.id;
            match index.entry(Place::hash(tag), is_same, |place| Place::hash(place.tag)) {
                hashbrown::hash_table::Entry::Occupied(_) => false,
                hashbrown::hash_table::Entry::Vacant(place) => {
                    place.insert(Place { number: u32::try_from(at).unwrap_or(u32::MAX), tag });
                    digest.add(&digest_words(&entry));
                    true
                }
            }
        })
    }

    /// All entries, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = SeenEntry> {
        self.entries.iter().copied()
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
        &self.entries[self.saved..]
    }

    /// A run file now holds the first `count` of the unsaved entries.
    pub fn mark_saved(&mut self, count: usize) {
        assert!(count <= self.unsaved().len(), "only unsaved entries can become saved");
        self.saved += count;
    }
}

/// Sequence numbers are left out: the same facts in another legal order are the same set.
fn digest_words(entry: &SeenEntry) -> [u64; 4] {
    let [low, high] = halves(entry.id);
    [low, high, entry.fingerprint, entry.kind.class()]
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
    let mut mixer = Mixer::default();
    for part in parts {
        mixer.take(part);
    }
    mixer.finish()[0]
}

/// Where an id belongs in the index, the same on every machine. Ids are hashes already, yet all bits are
/// mixed: an id that came from elsewhere may have its differences in any of them.
fn tag(id: SeenId) -> u32 {
    let [low, high] = halves(id);
    u32::try_from(mix(low ^ high.rotate_left(32)) >> 32).unwrap_or(0)
}

fn halves(id: SeenId) -> [u64; 2] {
    let id = u128::from_le_bytes(*id.as_bytes());
    [id, id >> 64].map(|part| u64::try_from(part & u128::from(u64::MAX)).unwrap_or(0))
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
    fn ids_that_differ_in_few_bits_do_not_gather_in_one_place() {
        for byte in 0..13 {
            let mut tags: Vec<_> = (0..1_000_u32)
                .map(|n| {
                    let mut id = [7; 16];
                    id[byte..byte + 4].copy_from_slice(&n.to_le_bytes());
                    tag(SeenId::from_bytes(id))
                })
                .collect();
            tags.sort_unstable();
            tags.dedup();
            assert!(tags.len() > 990, "{} tags of a thousand ids", tags.len());
        }
    }

    #[test]
    fn the_digest_is_that_of_the_set_whatever_the_order() {
        let (mut one, mut other) = (Seen::default(), Seen::default());
        for n in 0..9 {
            one.insert(entry(n));
            other.insert(entry(8 - n));
        }
        assert_eq!(one.digest(), other.digest());
    }
}
