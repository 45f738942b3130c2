//! The bytes of one file: as programs see them, as the platter has them, and what lies between.

use super::crash::Fate;
use crate::Rng;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// One file's bytes. Cloning is cheap: bytes are shared until one side writes.
#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    /// What reads return.
    view: Arc<Vec<u8>>,
    /// What is there after a power loss that loses everything un-synced.
    durable: Arc<Vec<u8>>,
    /// Written since the last sync, oldest first.
    pending: Vec<Piece>,
}

/// The part of a write that falls into one sector.
#[derive(Clone, Debug)]
struct Piece {
    offset: usize,
    written: Arc<[u8]>,
    part: Range<usize>,
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        &self.written[self.part.clone()]
    }

    fn sector(&self) -> usize {
        self.offset / SECTOR_BYTES
    }
}

impl Content {
    /// Bytes that survive everything.
    pub(super) fn settled(bytes: Vec<u8>) -> Content {
        let shared = Arc::new(bytes);
        Content { view: Arc::clone(&shared), durable: shared, pending: Vec::new() }
    }

    pub(super) fn view(&self) -> &[u8] {
        &self.view
    }

    #[cfg(test)]
    fn durable(&self) -> &[u8] {
        &self.durable
    }

    pub(super) fn write(&mut self, offset: usize, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        overlay(Arc::make_mut(&mut self.view), offset, data);
        self.pending.extend(pieces(offset, data));
    }

    /// Replaces all bytes, without making them durable.
    pub(super) fn overwrite(&mut self, data: &[u8]) {
        Arc::make_mut(&mut self.view).clear();
        self.pending.clear();
        self.write(0, data);
    }

    /// A sync that succeeds. What an earlier failed sync dropped is no longer pending, and so stays lost.
    pub(super) fn sync(&mut self) {
        if self.pending.is_empty() && self.durable.len() == self.view.len() {
            return;
        }
        let durable = Arc::make_mut(&mut self.durable);
        durable.resize(self.view.len(), 0);
        for piece in self.pending.drain(..) {
            overlay(durable, piece.offset, piece.bytes());
        }
    }

    /// A sync that fails: some pages are marked clean although they never reached the disk, the others
    /// stay un-synced. Reads go on showing all of them.
    pub(super) fn fail_sync(&mut self, rng: &mut Rng) {
        let mut fate = Fate::random(rng);
        let mut dropped = BTreeSet::new();
        for piece in &self.pending {
            if !fate.keeps() {
                dropped.insert(piece.sector());
            }
        }
        self.pending.retain(|piece| !dropped.contains(&piece.sector()));
    }

    /// What a power loss leaves.
    ///
    /// Sectors are lost independently of each other. Within a sector a later write never survives an
    /// earlier one that is lost: both lie in the same page, which is written whole.
    pub(super) fn after_power_loss(&self, fate: &mut Fate) -> Content {
        if self.pending.is_empty() && self.durable.len() == self.view.len() {
            return Content {
                view: Arc::clone(&self.durable),
                durable: Arc::clone(&self.durable),
                pending: Vec::new(),
            };
        }
        let mut found = self.durable.as_ref().clone();
        self.overlay_survivors(&mut found, fate);
        // The new length may have survived although the data did not; the gap reads as zeros.
        if found.len() < self.view.len() && fate.keeps() {
            found.resize(self.view.len(), 0);
        }
        Content::settled(found)
    }

    fn overlay_survivors(&self, found: &mut Vec<u8>, fate: &mut Fate) {
        let mut lost = BTreeSet::new();
        for piece in &self.pending {
            if !lost.contains(&piece.sector()) && fate.keeps() {
                overlay(found, piece.offset, piece.bytes());
            } else {
                lost.insert(piece.sector());
            }
        }
    }

    /// Damages one byte, seen and durable alike. Un-synced writes are left alone.
    pub(super) fn flip(&mut self, offset: usize, mask: u8) {
        for bytes in [&mut self.view, &mut self.durable] {
            if let Some(byte) = Arc::make_mut(bytes).get_mut(offset) {
                *byte ^= mask;
            }
        }
    }
}

/// Cuts a write at the sector boundaries.
fn pieces(offset: usize, data: &[u8]) -> Vec<Piece> {
    let written: Arc<[u8]> = data.into();
    let mut cut = Vec::with_capacity(data.len() / SECTOR_BYTES + 2);
    let mut start = 0;
    while start < data.len() {
        let to_boundary = SECTOR_BYTES - (offset + start) % SECTOR_BYTES;
        let end = data.len().min(start + to_boundary);
        cut.push(Piece { offset: offset + start, written: Arc::clone(&written), part: start..end });
        start = end;
    }
    cut
}

/// Writes `data` over `bytes` at `offset`; a gap before it becomes zeros.
fn overlay(bytes: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if bytes.len() < end {
        bytes.resize(end, 0);
    }
    bytes[offset..end].copy_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_is_cut_at_sector_boundaries() {
        let cut = pieces(500, &[1; 600]);
        let lengths: Vec<(usize, usize)> =
            cut.iter().map(|piece| (piece.offset, piece.bytes().len())).collect();
        assert_eq!(lengths, [(500, 12), (512, 512), (1024, 76)]);
    }

    #[test]
    fn within_a_sector_a_later_write_never_survives_an_earlier_one() {
        let mut content = Content::settled(vec![0; SECTOR_BYTES]);
        content.write(0, b"first");
        content.write(5, b"second");
        for seed in 0..500 {
            let found = content.after_power_loss(&mut Fate::random(&mut Rng::new(seed)));
            let text = &found.view()[..11];
            assert!([&b"firstsecond"[..], b"first\0\0\0\0\0\0", &[0; 11]].contains(&text), "{text:?}");
        }
    }

    #[test]
    fn a_failed_sync_leaves_the_view_alone() {
        let mut content = Content::default();
        content.write(0, &[7; 4096]);
        content.fail_sync(&mut Rng::new(3));
        assert_eq!(content.view(), [7; 4096]);
        assert!(content.durable().is_empty());
    }
}
