//! Frames: the unit of the journal, a header of 24 bytes and a payload, padded to 8 bytes.
//!
//! ```text
//!  0  u32  payload length in bytes
//!  4  u32  CRC-32C of bytes 0..4, 8..24 and the payload
//!  8  u64  sequence number (for a segment's own frames: of the next event)
//! 16  u32  distance to the first sequence number of the commit that wrote this frame
//! 20  u8   kind: 1 event, 2 open, 3 seal
//! 21  u8   payload form: 0 plain JSON, 1 encrypted
//! 22  u16  zero
//! 24       payload, then zeros up to a multiple of 8
//! ```
//! All numbers are little-endian. The distance to the commit's first frame is what tells a torn tail from
//! damage: a valid frame proves that every earlier *commit* was durable before this one was written.

use truebook_core::id::Seq;

/// Length of a frame's header in bytes.
pub const HEADER_BYTES: usize = 24;

/// Frames begin at multiples of this many bytes.
pub const ALIGN_BYTES: usize = 8;

/// The largest payload in bytes; a larger event is refused before it is written.
pub const PAYLOAD_BYTES_MAX: usize = 64 << 20;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// An event of the book.
    Event = 1,
    /// The first frame of a segment: ties it to the one before.
    Open = 2,
    /// The last frame of a sealed segment: its hash.
    Seal = 3,
}

/// How a payload is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Form {
    /// JSON as it is.
    Plain = 0,
    /// Nonce, ciphertext and tag of XChaCha20-Poly1305.
    Encrypted = 1,
}

/// A frame's header without its check sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame is for.
    pub kind: Kind,
    /// How its payload is written.
    pub form: Form,
    /// Its sequence number.
    pub seq: Seq,
    /// Distance to the first sequence number of its commit.
    pub behind: u32,
}

/// A valid frame within some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The header.
    pub header: Header,
    /// The payload.
    pub payload: &'a [u8],
    /// Length with header and padding, in bytes: the next frame begins there.
    pub bytes: usize,
}

impl Header {
    /// First sequence number of the commit that wrote the frame: everything before it was durable then.
    pub const fn commit_first(&self) -> Seq {
        Seq::new(self.seq.get().saturating_sub(self.behind as u64))
    }
}

/// Why bytes are no valid frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// All of the header is zero: nothing was written here.
    Blank,
    /// There are fewer bytes than the frame says it has.
    Short,
    /// A header field has a value that is never written.
    Header,
    /// The check sum does not fit.
    Checksum,
    /// The padding is not zero.
    Padding,
}

/// Length of a frame with this payload, with header and padding.
pub const fn frame_bytes(payload: usize) -> usize {
    (HEADER_BYTES + payload).next_multiple_of(ALIGN_BYTES)
}

/// Appends a frame whose check sum is not computed yet. Returns where the frame begins.
pub fn append_unsummed(out: &mut Vec<u8>, header: Header, payload: &[u8]) -> usize {
    let start = out.len();
    assert!(start.is_multiple_of(ALIGN_BYTES), "frames begin aligned");
    assert!(payload.len() <= PAYLOAD_BYTES_MAX, "payloads are checked before they are framed");
    let whole = frame_bytes(payload.len());
    out.reserve(whole);
    out.extend_from_slice(&[0; HEADER_BYTES]);
    out.extend_from_slice(payload);
    out.resize(start + whole, 0);
    put_header(&mut out[start..], header, payload.len());
    start
}

fn put_header(frame: &mut [u8], header: Header, payload: usize) {
    let length = u32::try_from(payload).unwrap_or(u32::MAX);
    frame[0..4].copy_from_slice(&length.to_le_bytes());
    frame[8..16].copy_from_slice(&header.seq.get().to_le_bytes());
    frame[16..20].copy_from_slice(&header.behind.to_le_bytes());
    frame[20] = header.kind as u8;
    frame[21] = header.form as u8;
}

/// Computes and stores the check sum of the frame at the beginning of `frame`.
pub fn sum(frame: &mut [u8]) {
    let payload = payload_length(frame);
    let crc = checksum(frame, payload);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
}

fn payload_length(frame: &[u8]) -> usize {
    u32::from_le_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize
}

fn checksum(frame: &[u8], payload: usize) -> u32 {
    let crc = crc32c::crc32c(&frame[0..4]);
    crc32c::crc32c_append(crc, &frame[8..HEADER_BYTES + payload])
}

/// Appends a whole frame, check sum included.
pub fn append(out: &mut Vec<u8>, header: Header, payload: &[u8]) {
    let start = append_unsummed(out, header, payload);
    sum(&mut out[start..]);
}

/// Reads the frame at the beginning of `bytes`.
pub fn decode(bytes: &[u8]) -> Result<Frame<'_>, Invalid> {
    let header_bytes = bytes.get(..HEADER_BYTES).ok_or(Invalid::Short)?;
    if header_bytes.iter().all(|byte| *byte == 0) {
        return Err(Invalid::Blank);
    }
    let header = decode_header(header_bytes)?;
    let payload = payload_length(bytes);
    if payload > PAYLOAD_BYTES_MAX {
        return Err(Invalid::Header);
    }
    let whole = frame_bytes(payload);
    if bytes.len() < whole {
        return Err(Invalid::Short);
    }
    let stored = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
    if stored != checksum(bytes, payload) {
        return Err(Invalid::Checksum);
    }
    if bytes[HEADER_BYTES + payload..whole].iter().any(|byte| *byte != 0) {
        return Err(Invalid::Padding);
    }
    Ok(Frame { header, payload: &bytes[HEADER_BYTES..HEADER_BYTES + payload], bytes: whole })
}

fn decode_header(bytes: &[u8]) -> Result<Header, Invalid> {
    let kind = match bytes[20] {
        1 => Kind::Event,
        2 => Kind::Open,
        3 => Kind::Seal,
        _ => return Err(Invalid::Header),
    };
    let form = match bytes[21] {
        0 => Form::Plain,
        1 => Form::Encrypted,
        _ => return Err(Invalid::Header),
    };
    if bytes[22..24] != [0, 0] {
        return Err(Invalid::Header);
    }
    let mut seq = [0; 8];
    seq.copy_from_slice(&bytes[8..16]);
    let seq = Seq::new(u64::from_le_bytes(seq));
    if seq > Seq::MAX {
        return Err(Invalid::Header);
    }
    let behind = u32::from_le_bytes([bytes[16], bytes[17], bytes[18], bytes[19]]);
    Ok(Header { kind, form, seq, behind })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(payload: &[u8]) -> Vec<u8> {
        let header = Header { kind: Kind::Event, form: Form::Plain, seq: Seq::new(77), behind: 3 };
        let mut out = Vec::new();
        append(&mut out, header, payload);
        out
    }

    #[test]
    fn a_frame_round_trips_and_says_where_the_next_begins() {
        let bytes = sample(b"{\"v\":1}");
        let frame = decode(&bytes).unwrap();
        assert_eq!(frame.payload, b"{\"v\":1}");
        assert_eq!((frame.header.seq, frame.header.commit_first()), (Seq::new(77), Seq::new(74)));
        assert_eq!((frame.bytes, bytes.len()), (32, 32));
    }

    #[test]
    fn p7_every_single_flipped_bit_of_a_frame_is_detected() {
        let bytes = sample(b"some payload of odd length");
        for byte in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[byte] ^= 1 << bit;
                assert!(decode(&flipped).is_err(), "byte {byte} bit {bit}");
            }
        }
    }

    #[test]
    fn zeros_are_blank_and_a_cut_frame_is_short() {
        assert_eq!(decode(&[0; 64]), Err(Invalid::Blank));
        let bytes = sample(b"payload");
        assert_eq!(decode(&bytes[..bytes.len() - 1]), Err(Invalid::Short));
        assert_eq!(decode(&bytes[..10]), Err(Invalid::Short));
    }

    proptest! {
        #[test]
        fn p7_any_bytes_decode_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
