//! Documents within the JSON of others.
//!
//! A document goes through serde as raw JSON text. Serde's data model has only binary numbers:
//! through it `600.0` would come back as another text and a 20-digit integer as another number, and
//! a map type of another crate would settle duplicate keys silently. As text, what is read is what
//! was written, by the rules of [`Doc::parse`] alone. The price: it works with `serde_json` only, and
//! not below `#[serde(flatten)]`, `untagged` or an internal tag, which buffer through that model.

use alloc::boxed::Box;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Doc, Limits};

impl Serialize for Doc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_compact();
        let raw: &RawValue = serde_json::from_str(&text).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Doc {
    /// The text is owned, not borrowed: a reader has nothing to lend, and a deserializer can be asked
    /// only once. The copy is small beside the parse. Its length is whatever the caller let in: a
    /// document that was accepted piece by piece must be readable as a whole.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let limits = Limits { bytes_max: usize::MAX, ..Limits::default() };
        Self::parse(raw.get(), limits).map_err(|error| {
            // Not by line: serde_json takes one at the end of a message for its own, which counts
            // from the start of the whole text.
            let (kind, offset, path) = (error.kind(), error.offset(), error.path());
            D::Error::custom(format_args!("{kind} at byte {offset} of the document, in {path:?}"))
        })
    }
}
