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

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn digit(nibble: u8) -> char {
    char::from(DIGITS[usize::from(nibble & 15)])
}

/// Reads exactly `N` bytes from `2 * N` lower-case hexadecimal digits; upper case is refused, so that one
/// value has one spelling.
pub fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0_u8; N];
    // Values above 15 mark what is no digit; looked at once, at the end.
    let mut seen = 0;
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (NIBBLES[usize::from(pair[0])], NIBBLES[usize::from(pair[1])]);
        seen |= high | low;
        *byte = (high << 4) | (low & 15);
    }
    (seen <= 15).then_some(bytes)
}

/// Value of each lower-case hexadecimal digit, and 255 for every other byte.
const NIBBLES: [u8; 256] = {
    let mut nibbles = [255; 256];
    let mut value = 0;
    while value < 16 {
        nibbles[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    nibbles
};

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

/// Puts two digits a byte into the beginning of `place`.
pub(crate) fn put_hex(bytes: &[u8], place: &mut [u8]) {
    for (pair, byte) in place.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
}

pub(crate) fn serialize_hex<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    assert!(bytes.len() * 2 <= HEX_DIGITS_MAX, "hexadecimal newtypes have at most 32 bytes");
    let mut text = [0_u8; HEX_DIGITS_MAX];
    put_hex(bytes, &mut text);
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
/// against somebody who chooses elements to collide: a million elements are added at every opening, so the
/// elements are mixed, not hashed cryptographically.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetHash([u64; 4]);

impl SetHash {
    /// Adds an element, given as words that say all of it.
    pub fn add(&mut self, element: &[u64]) {
        let mut mixer = Mixer::default();
        mixer.take_word(element.len() as u64);
        for word in element {
            mixer.take_word(*word);
        }
        for (lane, word) in self.0.iter_mut().zip(mixer.finish()) {
            *lane = lane.wrapping_add(word);
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

/// Mixes bytes into 128 bits, well spread but not secret: the finisher of `SplitMix64` (Steele, Lea and
/// Flood, 2014) after each word, in two rows that differ in their constants.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mixer([u64; 2]);

impl Mixer {
    const ROWS: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03];

    /// Takes bytes in, and how many they are.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        self.take_word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.take_word(u64::from_le_bytes(word));
        }
    }

    fn take_word(&mut self, word: u64) {
        for (row, constant) in self.0.iter_mut().zip(Self::ROWS) {
            *row = mix((*row ^ word).wrapping_add(constant));
        }
    }

    /// Four words of the 128 bits.
    pub(crate) fn finish(self) -> [u64; 4] {
        let [one, other] = self.0;
        [one, other, mix(one ^ other.rotate_left(32)), mix(one.wrapping_add(other))]
    }
}

/// Spreads every bit over the whole word.
pub(crate) const fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
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
    fn one_changed_bit_changes_about_half_of_all_mixed_bits() {
        let mixed = |bytes: &[u8]| {
            let mut mixer = Mixer::default();
            mixer.take(bytes);
            mixer.finish()
        };
        let plain = [7; 25];
        for bit in 0..plain.len() * 8 {
            let mut flipped = plain;
            flipped[bit / 8] ^= 1 << (bit % 8);
            let pairs = mixed(&plain).into_iter().zip(mixed(&flipped));
            let changed: u32 = pairs.map(|(one, other)| (one ^ other).count_ones()).sum();
            assert!((80..=176).contains(&changed), "bit {bit}: {changed} of 256");
        }
        assert_ne!(mixed(&[0]), mixed(&[0, 0]));
    }

    #[test]
    fn a_set_hash_does_not_depend_on_the_order_of_its_elements() {
        let (mut one, mut other) = (SetHash::default(), SetHash::default());
        for element in [[1], [2], [3]] {
            one.add(&element);
        }
        for element in [[3], [1], [2]] {
            other.add(&element);
        }
        assert_eq!(one, other);
        other.add(&[4]);
        assert_ne!(one, other);
        let text = serde_json::to_string(&other).unwrap();
        assert_eq!(serde_json::from_str::<SetHash>(&text).unwrap(), other);
    }
}
