//! Edits of valid bytes, read from a script of random bytes.

use crate::frame;
use crate::journal::segment::PAGE_BYTES;
use std::ops::Range;

/// One edit. Places are fractions of the length in 65536ths, frames are counted modulo their number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants say it")]
pub enum Edit {
    /// Flips the bits of `mask` in one byte.
    Flip { at: u16, mask: u8 },
    /// Cuts everything off from here.
    Cut { at: u16 },
    /// Zeros.
    Blank { at: u16, length: u16 },
    /// Copies bytes over others.
    Splice { from: u16, to: u16, length: u16 },
    /// Puts bytes in between.
    Grow { at: u16, length: u16, byte: u8 },
    /// Writes a little-endian number: lengths and sequence numbers that are far off.
    Number { at: u16, shift: u8 },
    /// Puts a copy of a frame behind it.
    Double { frame: u8 },
    /// Exchanges two frames.
    Swap { one: u8, other: u8 },
    /// Takes a frame out.
    Drop { frame: u8 },
    /// Zeros a frame.
    Erase { frame: u8 },
}

const EDITS_MAX: usize = 32;

impl Edit {
    /// Reads a script: six bytes an edit.
    pub fn read(script: &[u8]) -> Vec<Self> {
        script.chunks_exact(6).take(EDITS_MAX).map(Self::read_one).collect()
    }

    fn read_one(bytes: &[u8]) -> Self {
        let (one, other) =
            (u16::from_le_bytes([bytes[1], bytes[2]]), u16::from_le_bytes([bytes[3], bytes[4]]));
        let last = bytes[5];
        match bytes[0] % 10 {
            0 => Self::Flip { at: one, mask: last.max(1) },
            1 => Self::Cut { at: one },
            2 => Self::Blank { at: one, length: other },
            3 => Self::Splice { from: one, to: other, length: u16::from(last) },
            4 => Self::Grow { at: one, length: other % 512, byte: last },
            5 => Self::Number { at: one, shift: last },
            6 => Self::Double { frame: last },
            7 => Self::Swap { one: bytes[1], other: last },
            8 => Self::Drop { frame: last },
            _ => Self::Erase { frame: last },
        }
    }
}

/// Makes edits in their order. Those of frames need the bytes of a segment and do nothing to others.
pub fn edit(bytes: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for edit in edits {
        edit_once(&mut bytes, *edit);
    }
    bytes
}

fn edit_once(bytes: &mut Vec<u8>, edit: Edit) {
    let length = bytes.len();
    let place = |at: u16| length * usize::from(at) / 65_536;
    let span = |at: u16, count: u16| place(at)..length.min(place(at) + usize::from(count));
    match edit {
        Edit::Flip { at, mask } => bytes[span(at, 1)].iter_mut().for_each(|byte| *byte ^= mask),
        Edit::Cut { at } => bytes.truncate(place(at)),
        Edit::Blank { at, length } => bytes[span(at, length)].fill(0),
        Edit::Splice { from, to, length: count } => {
            let source = span(from, count);
            let source = source.start..source.end.min(source.start + length - place(to));
            bytes.copy_within(source, place(to));
        }
        Edit::Grow { at, length, byte } => {
            let at = place(at);
            bytes.splice(at..at, std::iter::repeat_n(byte, usize::from(length)));
        }
        Edit::Number { at, shift } => {
            let number = (1_u64 << (shift % 64)).wrapping_sub(u64::from(shift / 64)).to_le_bytes();
            let target = span(at, 8);
            let count = target.len();
            bytes[target].copy_from_slice(&number[..count]);
        }
        Edit::Double { frame } => {
            if let Some(range) = nth_frame(bytes, frame) {
                let copy = bytes[range.clone()].to_vec();
                bytes.splice(range.end..range.end, copy);
            }
        }
        Edit::Swap { one, other } => swap(bytes, one, other),
        Edit::Drop { frame } => {
            if let Some(range) = nth_frame(bytes, frame) {
                bytes.drain(range);
            }
        }
        Edit::Erase { frame } => {
            if let Some(range) = nth_frame(bytes, frame) {
                bytes[range].fill(0);
            }
        }
    }
}

fn swap(bytes: &mut Vec<u8>, one: u8, other: u8) {
    let (Some(one), Some(other)) = (nth_frame(bytes, one), nth_frame(bytes, other)) else { return };
    let (first, second) = if one.start <= other.start { (one, other) } else { (other, one) };
    if first == second {
        return;
    }
    let mut swapped = bytes[second.clone()].to_vec();
    swapped.extend_from_slice(&bytes[first.end..second.start]);
    swapped.extend_from_slice(&bytes[first.clone()]);
    bytes.splice(first.start..second.end, swapped);
}

fn nth_frame(bytes: &[u8], frame: u8) -> Option<Range<usize>> {
    let frames = frame_ranges(bytes);
    let count = frames.len();
    frames.into_iter().nth(usize::from(frame).checked_rem(count)?)
}

/// Where the frames of a segment are, by their lengths alone.
pub(super) fn frame_ranges(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut at = PAGE_BYTES;
    while let Some(head) = bytes.get(at..at + frame::HEADER_BYTES) {
        let payload = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let whole = frame::frame_bytes(payload.min(frame::PAYLOAD_BYTES_MAX));
        if head.iter().all(|byte| *byte == 0) || at + whole > bytes.len() {
            break;
        }
        ranges.push(at..at + whole);
        at += whole;
    }
    ranges
}
