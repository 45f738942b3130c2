//! Identifiers. None has a default, none can be mixed up with another.

use crate::hash::hex_bytes;
use crate::text::Text;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

hex_bytes! {
    /// A book: 128 random bits, given once when it is created.
    BookId, 16
}

hex_bytes! {
    /// An installation: 32 random bits that begin every client order id it makes, so that its orders are
    /// recognised at the venue.
    InstallationTag, 4
}

hex_bytes! {
    /// A client order id: 32-bit installation tag, then 96 bits of hash of book, key, role and attempt.
    /// 32 lower-case hexadecimal digits are within the length and alphabet of every venue that is served.
    OrderId, 16
}

hex_bytes! {
    /// What the book remembers of a key or an execution id for ever: 128 bits of its hash.
    SeenId, 16
}

impl OrderKey {
    /// How the keys of orders begin that were taken in by what the venue tells, which does not know keys.
    pub const ADOPTED: &'static str = "adopted/";

    /// Whether it stands for a key that this book does not know.
    pub fn is_adopted(&self) -> bool {
        self.as_str().starts_with(Self::ADOPTED)
    }
}

impl OrderId {
    /// The one id that this book will ever use for this key, role and attempt.
    pub fn derive(tag: InstallationTag, book: BookId, key: &OrderKey, role: &str, attempt: u32) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("truebook client order id v1");
        hasher.update(book.as_bytes());
        for part in [key.as_str(), role] {
            // Lengths keep ("ab", "c") and ("a", "bc") apart.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&attempt.to_le_bytes());
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(tag.as_bytes());
        bytes[4..].copy_from_slice(&hasher.finalize().as_bytes()[..12]);
        Self(bytes)
    }

    /// The installation that made this id.
    pub fn tag(self) -> InstallationTag {
        let mut tag = [0; 4];
        tag.copy_from_slice(&self.0[..4]);
        InstallationTag::from_bytes(tag)
    }
}

/// Position of an event in the journal: 1 is the first, no number is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Seq(u64);

impl Seq {
    /// Before the first event.
    pub const ZERO: Self = Self(0);

    /// The highest that is read from a file or a name: what is larger was never written, and counting on
    /// from it must not overflow.
    pub const MAX: Self = Self(1 << 62);

    /// From a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number after this one.
    ///
    /// # Panics
    /// After 2^64 - 1 events, which at a million a second takes half a million years.
    #[must_use]
    pub const fn next(self) -> Self {
        assert!(self.0 < u64::MAX, "sequence numbers are used up");
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Seq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let seq = Self(u64::deserialize(deserializer)?);
        if seq <= Self::MAX { Ok(seq) } else { Err(de::Error::custom("a sequence number beyond the limit")) }
    }
}

/// Why a text is no identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} must have 1 to {bytes_max} bytes without control characters, this one has {bytes}{problem}")]
pub struct IdError {
    what: &'static str,
    bytes_max: usize,
    bytes: usize,
    problem: &'static str,
}

fn check(what: &'static str, bytes_max: usize, text: &str) -> Result<(), IdError> {
    let control = has_control(text);
    let problem = if control { " and a control character" } else { "" };
    if text.is_empty() || text.len() > bytes_max || control {
        return Err(IdError { what, bytes_max, bytes: text.len(), problem });
    }
    Ok(())
}

fn has_control(text: &str) -> bool {
    // Nearly every id is ASCII, and that is checked without a branch a character.
    let (ascii, control) = text.bytes().fold((true, false), |(ascii, control), byte| {
        (ascii & byte.is_ascii(), control | byte.is_ascii_control())
    });
    control || (!ascii && text.chars().any(char::is_control))
}

/// Reads a string without a copy in between.
struct TextVisitor<T>(&'static str, fn(&str) -> Result<T, IdError>);

impl<T> de::Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).map_err(E::custom)
    }
}

/// `$usual` is the length in bytes up to which one is kept in place.
macro_rules! text_id {
    ($(#[$docs:meta])* $name:ident, $usual:literal, $what:literal, $max:literal) => {
        $(#[$docs])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Text<$usual>);

        impl $name {
            /// The longest allowed, in bytes.
            pub const BYTES_MAX: usize = $max;

            /// Checks length (1 to [`Self::BYTES_MAX`] bytes) and that there is no control character.
            pub fn new(text: &str) -> Result<Self, IdError> {
                check($what, Self::BYTES_MAX, text)?;
                Ok(Self(Text::from(text)))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(TextVisitor($what, $name::new))
            }
        }
    };
}

text_id! {
    /// The bot's own name for an order it wants: one key is at most one order (promise P3).
    OrderKey, 38, "an order key", 128
}
text_id! {
    /// What is traded, as the venue writes it: `TSLA`, `BTC/USD`.
    Instrument, 22, "an instrument", 64
}
text_id! {
    /// The venue's own id of an order.
    VenueOrderId, 38, "a venue order id", 128
}
text_id! {
    /// The venue's id of one execution; the same execution reported twice bears the same id.
    ExecutionId, 38, "an execution id", 128
}
text_id! {
    /// A currency or coin that amounts and fees are counted in.
    Asset, 22, "an asset", 32
}
text_id! {
    /// A venue: `alpaca`, `ibkr`, `paper`.
    VenueName, 22, "a venue", 64
}
text_id! {
    /// An account at a venue.
    AccountName, 22, "an account", 128
}
text_id! {
    /// What people call a book.
    BookName, 22, "a book's name", 128
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn derive(key: &str, role: &str, attempt: u32) -> OrderId {
        let tag = InstallationTag::from_bytes([0xab; 4]);
        let book = BookId::from_bytes([7; 16]);
        OrderId::derive(tag, book, &OrderKey::new(key).unwrap(), role, attempt)
    }

    #[test]
    fn p3_a_client_order_id_is_a_function_of_book_key_role_and_attempt() {
        assert_eq!(derive("k", "entry", 0), derive("k", "entry", 0));
        assert_ne!(derive("k", "entry", 0), derive("k", "stop", 0));
        assert_ne!(derive("k", "entry", 0), derive("k", "entry", 1));
        assert_ne!(derive("ke", "ntry", 0), derive("k", "entry", 0));
    }

    #[test]
    fn a_client_order_id_has_32_lower_case_hexadecimal_digits_and_begins_with_the_tag() {
        let text = derive("k", "entry", 0).to_string();
        assert_eq!(text.len(), 32);
        assert!(text.starts_with("abababab"));
        assert!(text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f')));
    }

    #[test]
    fn an_empty_long_or_control_character_id_is_refused() {
        assert!(OrderKey::new("").is_err());
        assert!(OrderKey::new(&"k".repeat(128)).is_ok());
        assert!(OrderKey::new(&"k".repeat(129)).is_err());
        assert!(Instrument::new("A\nB").is_err());
    }
}
