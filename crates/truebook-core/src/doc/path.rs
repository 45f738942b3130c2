//! Names of places in a document.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::str::FromStr;

use super::{DEPTH_MAX, Doc};

/// How long one segment of a [`Path`] may be, in bytes.
pub const SEGMENT_BYTES_MAX: usize = 4096;

/// A place in a document: the keys and array indices from the root to it.
///
/// Written as a JSON Pointer (RFC 6901: `/orders/0/qty`, with `~1` for `/` and `~0` for `~`) or, for
/// people at a keyboard, with dots (`orders.0.qty`, where `\.` is a dot within a key and `\\` a
/// backslash). Empty text is the whole document. It is shown as a JSON Pointer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Path {
    segments: Vec<Arc<str>>,
}

/// The text does not name a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// More segments than a document can be deep.
    #[error("path has more than {DEPTH_MAX} segments")]
    TooDeep,
    /// One segment is longer than [`SEGMENT_BYTES_MAX`].
    #[error("segment {segment} of the path is longer than {SEGMENT_BYTES_MAX} bytes")]
    SegmentTooLong {
        /// Which one, counted from 1.
        segment: usize,
    },
    /// Two dots in a row, or one at an end.
    #[error("segment {segment} of the path is empty (an empty key is written as a JSON pointer: /a//b)")]
    EmptySegment {
        /// Which one, counted from 1.
        segment: usize,
    },
    /// A `~` or `\` before something it does not escape.
    #[error(
        "segment {segment} of the path has an unknown escape (known: ~0 and ~1 after a leading /, \\. and \\\\ with dots)"
    )]
    UnknownEscape {
        /// Which one, counted from 1.
        segment: usize,
    },
    /// A JSON pointer was required, and this has text but no leading `/`.
    #[error("a JSON pointer is empty or starts with /")]
    NotAPointer,
}

impl Path {
    /// The whole document.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a JSON Pointer if the text starts with `/`, else segments with dots between them.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let path = if text.is_empty() || text.starts_with('/') {
            Self::parse_pointer(text)?
        } else {
            Self::parse_dotted(text)?
        };
        path.check_segments()?;
        Ok(path)
    }

    /// From the keys and indices themselves; nothing in them is an escape.
    pub fn from_segments<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Result<Self, PathError> {
        let mut path = Self::root();
        for segment in segments {
            path.push(segment.as_ref())?;
        }
        path.check_segments()?;
        Ok(path)
    }

    /// The JSON Pointer of a place that exists: a document may have longer keys than a path may name,
    /// and a difference must be able to say so.
    pub(super) fn parse_pointer(text: &str) -> Result<Self, PathError> {
        let mut path = Self::root();
        let mut parts = text.split('/');
        if parts.next() != Some("") {
            return Err(PathError::NotAPointer);
        }
        for part in parts {
            path.push_escaped(part)?;
        }
        Ok(path)
    }

    fn parse_dotted(text: &str) -> Result<Self, PathError> {
        let mut path = Self::root();
        let mut segment = String::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '.' => path.push_dotted(&mem::take(&mut segment))?,
                '\\' => match letters.next() {
                    Some(escaped @ ('.' | '\\')) => segment.push(escaped),
                    _ => return Err(path.unknown_escape()),
                },
                plain => segment.push(plain),
            }
        }
        path.push_dotted(&segment)?;
        Ok(path)
    }

    fn push(&mut self, segment: &str) -> Result<(), PathError> {
        if self.segments.len() == DEPTH_MAX {
            return Err(PathError::TooDeep);
        }
        self.segments.push(segment.into());
        Ok(())
    }

    fn push_dotted(&mut self, segment: &str) -> Result<(), PathError> {
        if segment.is_empty() {
            let segment = self.segments.len() + 1;
            return Err(PathError::EmptySegment { segment });
        }
        self.push(segment)
    }

    fn push_escaped(&mut self, part: &str) -> Result<(), PathError> {
        if !part.contains('~') {
            return self.push(part);
        }
        let segment = unescape(part).ok_or_else(|| self.unknown_escape())?;
        self.push(&segment)
    }

    fn unknown_escape(&self) -> PathError {
        let segment = self.segments.len() + 1;
        PathError::UnknownEscape { segment }
    }

    fn check_segments(&self) -> Result<(), PathError> {
        let long = |segment: &Arc<str>| segment.len() > SEGMENT_BYTES_MAX;
        match self.segments.iter().position(long) {
            Some(index) => Err(PathError::SegmentTooLong { segment: index + 1 }),
            None => Ok(()),
        }
    }

    /// The keys and indices from the root on, without escapes.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.segments.iter().map(AsRef::as_ref)
    }

    /// How many segments there are; 0 for the whole document.
    pub fn depth(&self) -> usize {
        self.segments.len()
    }

    /// The first so many segments.
    pub(super) fn first(&self, depth: usize) -> Self {
        Self { segments: self.segments[..depth].to_vec() }
    }

    /// The segments that both begin with.
    pub(super) fn shared_with(&self, other: &Self) -> Self {
        let pairs = self.segments.iter().zip(&other.segments);
        self.first(pairs.take_while(|(one, two)| one == two).count())
    }

    /// Whether this is the whole document.
    pub fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// One step for each segment, for walks that may have to say where they stopped.
    pub(super) fn steps(&self) -> impl ExactSizeIterator<Item = Step<'_>> + DoubleEndedIterator {
        (0..self.segments.len()).map(|index| Step { path: self, index })
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&pointer(&self.segments))
    }
}

/// One step on a path: from the container at `/a/b` to its child `c`.
#[derive(Clone, Copy)]
pub(super) struct Step<'a> {
    path: &'a Path,
    index: usize,
}

impl Step<'_> {
    pub(super) fn key(&self) -> &Arc<str> {
        &self.path.segments[self.index]
    }

    /// The JSON pointer of the container that the step leaves from.
    pub(super) fn origin(&self) -> String {
        pointer(&self.path.segments[..self.index])
    }
}

impl Doc {
    /// The member or element that one path segment names.
    pub(super) fn child(&self, segment: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.get(segment),
            Self::Array(items) => items.get(parse_index(segment)?),
            _ => None,
        }
    }

    /// [`Doc::child`] to change, with its container copied if it is shared.
    pub(super) fn child_mut(&mut self, segment: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => Arc::make_mut(members).get_mut(segment),
            Self::Array(items) => Arc::make_mut(items).get_mut(parse_index(segment)?),
            _ => None,
        }
    }
}

/// An array index: decimal digits without a leading zero, as RFC 6901 has it.
pub(super) fn parse_index(segment: &str) -> Option<usize> {
    let canonical = segment == "0" || matches!(segment.as_bytes().first(), Some(b'1'..=b'9'));
    segment.parse().ok().filter(|_| canonical)
}

/// A key as it stands in a JSON Pointer: `~0` for `~` and `~1` for `/`.
pub fn escape_segment(key: &str) -> String {
    let mut escaped = String::with_capacity(key.len());
    push_escaped(&mut escaped, key);
    escaped
}

/// Appends `/` and the key as a JSON Pointer has it.
pub(super) fn push_pointer_segment(pointer: &mut String, key: &str) {
    pointer.push('/');
    push_escaped(pointer, key);
}

fn push_escaped(pointer: &mut String, key: &str) {
    for letter in key.chars() {
        match letter {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            plain => pointer.push(plain),
        }
    }
}

fn pointer(segments: &[Arc<str>]) -> String {
    let mut text = String::new();
    for segment in segments {
        push_pointer_segment(&mut text, segment);
    }
    text
}

fn unescape(part: &str) -> Option<String> {
    let mut segment = String::with_capacity(part.len());
    let mut letters = part.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '~' => segment.push(match letters.next()? {
                '0' => '~',
                '1' => '/',
                _ => return None,
            }),
            plain => segment.push(plain),
        }
    }
    Some(segment)
}
