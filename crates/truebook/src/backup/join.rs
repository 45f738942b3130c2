//! Joining shipped pieces to a journal: segments are made of them, each proved by the hash chain that the
//! writer had.

use super::tail::Piece;
use crate::frame::{self, Form, Header, Kind};
use crate::journal::load::{self, Fault};
use crate::journal::segment::{
    Chain, OpenInfo, PAGE_BYTES, SealInfo, SegmentIndex, Storage, build_page, open_frame, seal_frame,
};
use crate::journal::{Context, Cut};
use truebook_core::hash::ChainHash;
use truebook_core::id::Seq;

/// A segment made of what was there and what was shipped.
pub struct Joined {
    /// Its index.
    pub index: SegmentIndex,
    /// Its events, in the form of a sealed segment.
    pub cut: Cut,
}

/// A segment that grows.
struct Growing {
    index: SegmentIndex,
    open: OpenInfo,
    /// Header page, opening frame, events in the clear.
    content: Vec<u8>,
    chain: Chain,
    next: Seq,
}

/// Joins pieces to the last segment of a journal, given unpacked and in the form of a sealed one, with its
/// index. The first piece that does not fit ends it. The last segment itself is part of the answer.
///
/// # Errors
/// If the last segment cannot be read.
pub fn join(
    context: &Context,
    index: SegmentIndex,
    sealed: &[u8],
    pieces: Vec<Piece>,
) -> Result<Vec<Joined>, Fault> {
    let mut growing = Growing::from_sealed(context, index, sealed)?;
    let mut joined = Vec::new();
    for piece in pieces {
        if piece.head.segment != growing.index {
            let Some(new) = growing.follow(context, &piece) else { break };
            joined.push(std::mem::replace(&mut growing, new).finish());
        }
        if !growing.take(&piece) {
            break;
        }
    }
    if growing.next > growing.open.first {
        joined.push(growing.finish());
    }
    Ok(joined)
}

impl Growing {
    fn from_sealed(context: &Context, index: SegmentIndex, sealed: &[u8]) -> Result<Self, Fault> {
        let (open, mut scan) = load::start(context, index, Storage::Compressed, sealed)?;
        let (mut valid, mut chain) = (scan.valid_bytes(), scan.chain().clone());
        while scan.next_event().is_some() {
            (valid, chain) = (scan.valid_bytes(), scan.chain().clone());
        }
        let next = scan.next_seq();
        assert!(valid >= PAGE_BYTES, "frames follow the header page");
        Ok(Self { index, open, content: sealed[..valid].to_vec(), chain, next })
    }

    /// An empty segment after this one, if the piece begins one that follows on it.
    fn follow(&self, context: &Context, piece: &Piece) -> Option<Self> {
        let open = &piece.head.open;
        let follows = piece.head.segment > self.index
            && open.prev == self.chain.hash()
            && open.first >= self.next
            && piece.head.first == open.first;
        if !follows {
            return None;
        }
        let capacity = u64::from(context.options.segment_bytes);
        let mut content = build_page(piece.head.segment, &context.manifest, capacity);
        content.extend_from_slice(&open_frame(open));
        let chain = Chain::begin(context.manifest.book, piece.head.segment, open.prev);
        Some(Self { index: piece.head.segment, open: open.clone(), content, chain, next: open.first })
    }

    /// Takes the events of a piece that are new; not if that does not give the chain that the writer had.
    fn take(&mut self, piece: &Piece) -> bool {
        let known = self.next.get().checked_sub(piece.head.first.get());
        let Some(known) = known.and_then(|known| usize::try_from(known).ok()) else { return false };
        if piece.head.open != self.open || known > piece.events.len() {
            return false;
        }
        let (mut chain, mut content, mut next) = (self.chain.clone(), Vec::new(), self.next);
        for json in &piece.events[known..] {
            chain.add(next, json);
            let header = Header { kind: Kind::Event, form: Form::Plain, seq: next, behind: 0 };
            frame::append(&mut content, header, json);
            next = next.next();
        }
        if !is_same(&chain, piece.head.after) {
            return false;
        }
        self.content.extend_from_slice(&content);
        (self.chain, self.next) = (chain, next);
        true
    }

    fn finish(mut self) -> Joined {
        let (next, chain) = (self.next, self.chain.hash());
        let valid_bytes = self.content.len();
        self.content.extend_from_slice(&seal_frame(&SealInfo { next, chain }));
        let cut = Cut { open: self.open, next, chain, sealed: self.content, end: None, valid_bytes };
        Joined { index: self.index, cut }
    }
}

fn is_same(chain: &Chain, wanted: ChainHash) -> bool {
    chain.hash() == wanted
}
