//! Hashes with the name of what they hash, and hexadecimal text.

use alloc::string::String;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Writes lower-case hexadecimal digits, two a byte.
pub fn write_hex(bytes: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    for byte in bytes {
        out.write_char(digit(byte >> 4))?;
        out.write_char(digit(byte & 15))?;
    }
    Ok(())
}

fn digit(nibble: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(nibble & 15)])
}

/// Reads exactly `N` bytes from `2 * N` lower-case hexadecimal digits; upper case is refused, so that one
/// value has one spelling.
pub fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0_u8; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (nibble(pair[0])? << 4) | nibble(pair[1])?;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Defines a newtype over bytes that is shown, stored and read as lower-case hexadecimal digits.
macro_rules! hex_bytes {
    ($(#[$docs:meta])* $name:ident, $bytes:literal) => {
        $(#[$docs])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $bytes]);

        impl $name {
            /// From raw bytes.
            pub const fn from_bytes(bytes: [u8; $bytes]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $bytes] {
                &self.0
            }

            /// Reads lower-case hexadecimal digits; `None` for anything else.
            pub fn from_hex(text: &str) -> Option<Self> {
                $crate::hash::parse_hex(text).map(Self)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::hash::write_hex(&self.0, f)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::hash::serialize_hex(&self.0, serializer)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::hash::deserialize_hex(deserializer).map(Self)
            }
        }
    };
}
pub(crate) use hex_bytes;

/// The longest hexadecimal text that this crate writes: 32 bytes.
const HEX_DIGITS_MAX: usize = 64;

pub(crate) fn serialize_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    assert!(bytes.len() * 2 <= HEX_DIGITS_MAX, "hexadecimal newtypes have at most 32 bytes");
    let mut text = [0_u8; HEX_DIGITS_MAX];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = digit(byte >> 4) as u8;
        pair[1] = digit(byte & 15) as u8;
    }
    let digits = core::str::from_utf8(&text[..bytes.len() * 2]).map_err(serde::ser::Error::custom)?;
    serializer.serialize_str(digits)
}

pub(crate) fn deserialize_hex<'de, const N: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    deserializer.deserialize_str(HexVisitor::<N>)
}

struct HexVisitor<const N: usize>;

impl<const N: usize> de::Visitor<'_> for HexVisitor<N> {
    type Value = [u8; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lower-case hexadecimal digits", 2 * N)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        parse_hex(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }
}

hex_bytes! {
    /// BLAKE3 of a canonical state: two books with the same hash hold the same variables, orders,
    /// positions and used keys.
    StateHash, 32
}

hex_bytes! {
    /// SHA-256 of canonical settings JSON.
    SettingsHash, 32
}

hex_bytes! {
    /// SHA-256 of the bytes of an imported or adopted file.
    SourceHash, 32
}

hex_bytes! {
    /// BLAKE3 over everything in the journal up to and including one segment.
    ChainHash, 32
}

impl StateHash {
    /// The hash of canonical bytes.
    pub fn of(canonical: &[u8]) -> Self {
        Self(*blake3::hash(canonical).as_bytes())
    }
}

impl SourceHash {
    /// The hash of a file's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::Digest;
        Self(sha2::Sha256::digest(bytes).into())
    }
}

/// A commutative hash of a set: the sum of its elements' hashes, in four 64-bit lanes.
///
/// Adding in any order gives the same value, and adding one element costs the same whatever the size of
/// the set; so the hash of a state does not grow with its history. It guards against accidents, not
/// against somebody who chooses elements to collide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetHash([u64; 4]);

impl SetHash {
    /// Adds an element, given as its canonical bytes.
    pub fn add(&mut self, element: &[u8]) {
        let hash = blake3::hash(element);
        for (lane, bytes) in self.0.iter_mut().zip(hash.as_bytes().chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            *lane = lane.wrapping_add(u64::from_le_bytes(word));
        }
    }

    fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (part, lane) in bytes.chunks_exact_mut(8).zip(self.0) {
            part.copy_from_slice(&lane.to_le_bytes());
        }
        bytes
    }

    fn from_bytes(bytes: [u8; 32]) -> Self {
        let mut lanes = [0; 4];
        for (lane, part) in lanes.iter_mut().zip(bytes.chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(part);
            *lane = u64::from_le_bytes(word);
        }
        Self(lanes)
    }
}

impl Serialize for SetHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_hex(&self.to_bytes(), serializer)
    }
}

impl<'de> Deserialize<'de> for SetHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserialize_hex(deserializer).map(Self::from_bytes)
    }
}

/// Hexadecimal text of any bytes.
pub fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    // Writing to a String cannot fail.
    let _ = write_hex(bytes, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_text_round_trips_and_has_one_spelling() {
        assert_eq!(parse_hex::<2>("00ff"), Some([0, 255]));
        assert_eq!(parse_hex::<2>("00FF"), None);
        assert_eq!(parse_hex::<2>("00f"), None);
        assert_eq!(to_hex(&[0, 255, 16]), "00ff10");
    }

    #[test]
    fn a_set_hash_does_not_depend_on_the_order_of_its_elements() {
        let (mut one, mut other) = (SetHash::default(), SetHash::default());
        for element in [b"a", b"b", b"c"] {
            one.add(element);
        }
        for element in [b"c", b"a", b"b"] {
            other.add(element);
        }
        assert_eq!(one, other);
        other.add(b"d");
        assert_ne!(one, other);
        let text = serde_json::to_string(&other).unwrap();
        assert_eq!(serde_json::from_str::<SetHash>(&text).unwrap(), other);
    }
}
