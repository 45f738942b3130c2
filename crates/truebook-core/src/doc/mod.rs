//! The bot's variables as one JSON document.
//!
//! A [`Doc`] keeps what was written: a number stays the text it came as (`600.0` is not `600`, and a
//! 20-digit id loses no digit), and an object has each key once. Its containers are shared, so a
//! clone is a snapshot that costs nothing and a change copies only the containers on its path.
//!
//! [`Path`] names a place in a document, [`diff`] says what changed between two of them as a list of
//! [`Op`]s, and [`apply`] makes those changes again.

mod diff;
mod edit;
mod number;
mod parse;
mod path;
mod serde_text;
mod write;

#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

pub use diff::{ApplyCause, ApplyError, Op, apply, diff, diff_merge, scope};
pub use edit::SetError;
pub use number::{Number, NumberError};
pub use parse::{Limits, ParseError, ParseErrorKind};
pub use path::{Path, PathError, SEGMENT_BYTES_MAX, escape_segment};

/// How deep objects and arrays may be nested in a document.
///
/// A bound of the format, not a setting: whatever was accepted once must be readable at every later
/// start, and what walks a document may recurse because of it.
pub const DEPTH_MAX: usize = 128;

/// The members of an object, in the byte order of their keys.
pub type Members = BTreeMap<Arc<str>, Doc>;

/// A JSON value. Cloning it is O(1); [`Arc::make_mut`] copies a container when it is changed while
/// another clone still holds it.
///
/// Two documents are equal when their structure is, numbers by their text: `1.0` is not `1`.
///
/// A document from [`Doc::parse`], [`Doc::set`] or [`Doc::merge_at`] is never nested deeper than
/// [`DEPTH_MAX`]. Who builds one by hand from untrusted input asks [`Doc::is_within_depth`].
#[derive(Clone, PartialEq, Eq, Default)]
pub enum Doc {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as its exact text.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Arc<Vec<Doc>>),
    /// An object.
    Object(Arc<Members>),
}

impl Doc {
    /// An empty object: what a new book starts with.
    pub fn object() -> Self {
        Self::Object(Arc::new(Members::new()))
    }

    /// Reads strict JSON (RFC 8259) and refuses what would not come back as it was meant: duplicate
    /// keys, `NaN`, lone surrogates, invalid UTF-8, a byte order mark, trailing data.
    pub fn parse<T: AsRef<[u8]> + ?Sized>(text: &T, limits: Limits) -> Result<Self, ParseError> {
        parse::document(text.as_ref(), limits)
    }

    /// Writes the canonical text: keys sorted by their bytes, no white space, the least escaping.
    /// The same document always gives the same bytes.
    pub fn write_compact<W: fmt::Write + ?Sized>(&self, out: &mut W) -> fmt::Result {
        write::compact(self, out)
    }

    /// Feeds the canonical text to `sink` in pieces of a few kibibytes: what a hasher wants, without
    /// the whole text ever being in memory.
    pub fn write_chunks<W: fmt::Write + ?Sized>(&self, sink: &mut W) -> fmt::Result {
        write::chunks(self, sink)
    }

    /// The canonical text as a string. See [`Doc::write_compact`].
    pub fn to_compact(&self) -> String {
        write::to_string(self, write::compact)
    }

    /// The text for people: sorted keys, two spaces a level, `\n` line ends and none at the end.
    pub fn to_pretty(&self) -> String {
        write::to_string(self, write::pretty)
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth value, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(truth) => Some(*truth),
            _ => None,
        }
    }

    /// The number, if this is one.
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The elements, if this is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members, if this is an object.
    pub fn as_object(&self) -> Option<&Members> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// What kind of value this is, as a word for a message: `null`, `boolean`, `number`, `string`,
    /// `array` or `object`.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// About how many bytes the canonical text has; escapes are not counted.
    pub fn approx_bytes(&self) -> usize {
        self.approx_bytes_within(usize::MAX).unwrap_or(usize::MAX)
    }

    /// [`Doc::approx_bytes`], or `None` as soon as it is known to exceed `bytes_max`: a large
    /// document is not walked to learn that it is larger than a small one.
    fn approx_bytes_within(&self, bytes_max: usize) -> Option<usize> {
        let left = match self {
            Self::Null | Self::Bool(_) => bytes_max.checked_sub(4),
            Self::Number(number) => bytes_max.checked_sub(number.as_str().len()),
            Self::String(text) => bytes_max.checked_sub(text.len() + 2),
            Self::Array(items) => {
                items.iter().try_fold(bytes_max.checked_sub(2)?, |left, item| item.spend(left, 1))
            }
            Self::Object(members) => members
                .iter()
                .try_fold(bytes_max.checked_sub(2)?, |left, (key, value)| value.spend(left, key.len() + 4)),
        };
        left.map(|left| bytes_max - left)
    }

    /// What is left of a budget of `left` bytes after this value and `extra` bytes around it.
    fn spend(&self, left: usize, extra: usize) -> Option<usize> {
        let left = left.checked_sub(extra)?;
        self.approx_bytes_within(left).map(|used| left - used)
    }

    /// Whether objects and arrays are nested at most `depth_max` deep here; a scalar has depth 0.
    /// Looks no deeper than that, so it is safe on any document.
    pub fn is_within_depth(&self, depth_max: usize) -> bool {
        let Some(below) = depth_max.checked_sub(1) else {
            return !matches!(self, Self::Array(_) | Self::Object(_));
        };
        match self {
            Self::Array(items) => items.iter().all(|item| item.is_within_depth(below)),
            Self::Object(members) => members.values().all(|item| item.is_within_depth(below)),
            _ => true,
        }
    }
}

impl fmt::Display for Doc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_compact(f)
    }
}

/// As JSON: a failed assertion on a document should be readable.
impl fmt::Debug for Doc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_compact(f)
    }
}

impl From<&str> for Doc {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Doc {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<bool> for Doc {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<Number> for Doc {
    fn from(number: Number) -> Self {
        Self::Number(number)
    }
}

impl From<i64> for Doc {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for Doc {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<Vec<Doc>> for Doc {
    fn from(items: Vec<Doc>) -> Self {
        Self::Array(Arc::new(items))
    }
}

impl From<Members> for Doc {
    fn from(members: Members) -> Self {
        Self::Object(Arc::new(members))
    }
}
