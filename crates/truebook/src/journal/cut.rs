//! A segment up to an event, in the form of a sealed one: what backups hold of the segment that is being
//! written, and what a book that is restored to an earlier event keeps of the last.

use super::context::Context;
use super::load::{self, Fault};
use super::scan::End;
use super::segment::{OpenInfo, SealInfo, SegmentIndex, Storage, seal_frame};
use truebook_core::hash::ChainHash;
use truebook_core::id::Seq;

/// The events of a segment up to one of them.
pub struct Cut {
    /// What the opening frame says.
    pub open: OpenInfo,
    /// Sequence number after the last event.
    pub next: Seq,
    /// The hash chain after it.
    pub chain: ChainHash,
    /// Header page, opening frame, events in the clear, seal.
    pub sealed: Vec<u8>,
    /// How the events end in the segment; `None` if it goes on after the cut.
    pub end: Option<End>,
    /// Where the last event that was taken ends in the segment.
    pub valid_bytes: usize,
}

/// Cuts an unpacked segment, whose header page was checked, after event `until` or its last one, whichever
/// comes first. `None` if it holds no event up to there.
///
/// # Errors
/// If its opening frame cannot be read.
pub fn cut(
    context: &Context,
    index: SegmentIndex,
    storage: Storage,
    bytes: &[u8],
    until: Seq,
) -> Result<Option<Cut>, Fault> {
    let (open, mut scan) = load::start(context, index, storage, bytes)?;
    let encrypted = storage == Storage::Raw && context.cipher.is_some();
    // Without encryption the frames stay as they are.
    let mut opened = encrypted.then(|| bytes[..scan.valid_bytes()].to_vec());
    let mut valid_bytes = scan.valid_bytes();
    while scan.next_seq() <= until {
        let Some(event) = scan.next_event() else { break };
        if let Some(opened) = &mut opened {
            load::append_plain(opened, bytes, &event);
        }
        valid_bytes = scan.valid_bytes();
    }
    let (next, chain) = (scan.next_seq(), scan.chain().hash());
    if next == open.first {
        return Ok(None);
    }
    assert!(next > open.first, "a cut holds an event");
    let mut sealed = opened.unwrap_or_else(|| bytes[..valid_bytes].to_vec());
    sealed.extend_from_slice(&seal_frame(&SealInfo { next, chain }));
    Ok(Some(Cut { open, next, chain, sealed, end: scan.end(), valid_bytes }))
}
