//! Sealed JSON files: one line with a body and the BLAKE3 hash of the body's bytes.
//!
//! `{"truebook-checkpoint":<body>,"blake3":"<64 hexadecimal digits>"}` and a newline. Everything outside
//! the body has one spelling, so that any changed byte is noticed. Anyone can check a file by hand:
//! cut the body out and hash it.

use truebook_core::hash::to_hex;

/// Why a file is no intact sealed file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It does not begin or end as such a file does.
    #[error("it is not a whole truebook file (offset {offset})")]
    Shape {
        /// Where it differs, in bytes from the beginning.
        offset: u64,
    },
    /// The body does not have the stored hash.
    #[error("its content does not have the hash stored in it")]
    Hash,
}

const BEFORE_HASH: &str = ",\"blake3\":\"";
const AFTER_HASH: &str = "\"}\n";
const TAIL_BYTES: usize = BEFORE_HASH.len() + 64 + AFTER_HASH.len();

fn head(name: &str) -> String {
    format!("{{\"truebook-{name}\":")
}

/// Wraps a body, which must be one JSON value.
pub fn wrap(name: &str, body: &[u8]) -> Vec<u8> {
    let mut out = head(name).into_bytes();
    out.reserve(body.len() + TAIL_BYTES);
    out.extend_from_slice(body);
    out.extend_from_slice(BEFORE_HASH.as_bytes());
    out.extend_from_slice(to_hex(blake3::hash(body).as_bytes()).as_bytes());
    out.extend_from_slice(AFTER_HASH.as_bytes());
    debug_assert_eq!(unwrap(name, &out), Ok(body), "what is written can be read");
    out
}

/// The body of an intact file.
pub fn unwrap<'a>(name: &str, file: &'a [u8]) -> Result<&'a [u8], EnvelopeError> {
    let head = head(name);
    if let Some(offset) = first_difference(file, head.as_bytes()) {
        return Err(EnvelopeError::Shape { offset });
    }
    let inner = &file[head.len()..];
    let body_bytes =
        inner.len().checked_sub(TAIL_BYTES).ok_or(EnvelopeError::Shape { offset: file.len() as u64 })?;
    let (body, tail) = inner.split_at(body_bytes);
    let hash = to_hex(blake3::hash(body).as_bytes());
    let wanted = format!("{BEFORE_HASH}{hash}{AFTER_HASH}");
    let Some(offset) = first_difference(tail, wanted.as_bytes()) else {
        return Ok(body);
    };
    let in_hash = (BEFORE_HASH.len()..BEFORE_HASH.len() + 64).contains(&usize::try_from(offset).unwrap_or(0));
    let offset = offset + (head.len() + body.len()) as u64;
    Err(if in_hash { EnvelopeError::Hash } else { EnvelopeError::Shape { offset } })
}

fn first_difference(found: &[u8], wanted: &[u8]) -> Option<u64> {
    let differs = wanted.iter().enumerate().find(|(at, byte)| found.get(*at) != Some(*byte));
    differs.map(|(at, _)| at as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p7_every_flipped_bit_of_a_sealed_file_is_noticed() {
        let file = wrap("test", b"{\"a\":1}");
        assert_eq!(unwrap("test", &file), Ok(&b"{\"a\":1}"[..]));
        for byte in 0..file.len() {
            for bit in 0..8 {
                let mut flipped = file.clone();
                flipped[byte] ^= 1 << bit;
                assert!(unwrap("test", &flipped).is_err(), "byte {byte} bit {bit}");
            }
        }
    }

    #[test]
    fn p7_a_cut_or_empty_or_wrongly_named_file_is_refused() {
        let file = wrap("test", b"{}");
        for length in 0..file.len() {
            assert!(unwrap("test", &file[..length]).is_err());
        }
        assert!(unwrap("other", &file).is_err());
        assert!(unwrap("test", &[0; 4096]).is_err());
    }
}
