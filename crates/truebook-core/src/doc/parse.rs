//! Strict JSON (RFC 8259), with the place of the first fault.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::btree_map::Entry;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::str;

use super::path::push_pointer_segment;
use super::write::plain_len;
use super::{DEPTH_MAX, Doc, Members, Number, number};

/// What a text may be before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How deep objects and arrays may be nested. More than [`DEPTH_MAX`] counts as that.
    pub depth_max: usize,
    /// How long the whole text may be, in bytes.
    pub bytes_max: usize,
}

/// The deepest there is, and 64 MiB.
impl Default for Limits {
    fn default() -> Self {
        Self { depth_max: DEPTH_MAX, bytes_max: 64 * 1024 * 1024 }
    }
}

/// The text is not a JSON document that can be kept exactly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    kind: ParseErrorKind,
    line: usize,
    column: usize,
    offset: usize,
    path: String,
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The text ends within a value, or holds none.
    #[error("unexpected end of text")]
    UnexpectedEnd,
    /// Something else is required here.
    #[error("expected {expected}, found {found:?}")]
    Unexpected {
        /// What could have been here.
        expected: &'static str,
        /// What is here.
        found: char,
    },
    /// `NaN`, `Infinity` or one of their spellings.
    #[error("JSON has no NaN or infinity: store null or a string")]
    NotFinite,
    /// A number outside the grammar, such as `01`, `1.` or `+1`.
    #[error("not a JSON number")]
    Number,
    /// A second member of an object has the same key.
    #[error("duplicate key {key:?}")]
    DuplicateKey {
        /// The key; the beginning of it, if it is long.
        key: String,
    },
    /// A control character stands in a string unescaped.
    #[error("control character 0x{byte:02x} in a string: write it as an escape")]
    ControlCharacter {
        /// Which one.
        byte: u8,
    },
    /// A backslash in a string before something it does not escape.
    #[error("unknown escape in a string")]
    Escape,
    /// Half of a surrogate pair in `\u` escapes: no character.
    #[error("lone surrogate in a string")]
    LoneSurrogate,
    /// The bytes are not UTF-8.
    #[error("invalid UTF-8")]
    Utf8,
    /// The text starts with U+FEFF.
    #[error("byte order mark: save the text as UTF-8 without one")]
    ByteOrderMark,
    /// More text after the document.
    #[error("more text after the end of the document")]
    TrailingData,
    /// Nested deeper than the limit.
    #[error("nested deeper than {depth_max} levels")]
    TooDeep {
        /// The limit.
        depth_max: usize,
    },
    /// Longer than the limit.
    #[error("longer than {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: usize,
    },
}

impl ParseError {
    /// What is wrong.
    pub fn kind(&self) -> &ParseErrorKind {
        &self.kind
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column in characters, counted from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// The place in bytes from the start of the text.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// JSON Pointer of the value in which the fault is, as far as it is known.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn locate(fault: Fault, bytes: &[u8]) -> Self {
        let before = bytes.get(..fault.0.offset).unwrap_or(bytes);
        let line_start = before.iter().rposition(|byte| *byte == b'\n');
        let on_line = &before[line_start.map_or(0, |at| at + 1)..];
        Self {
            line: count(before, |byte| byte == b'\n') + 1,
            // A character has one byte that is not a continuation.
            column: count(on_line, |byte| byte & 0xc0 != 0x80) + 1,
            offset: fault.0.offset,
            path: fault.pointer(),
            kind: fault.0.kind,
        }
    }
}

fn count(bytes: &[u8], which: impl Fn(u8) -> bool) -> usize {
    bytes.iter().filter(|byte| which(**byte)).count()
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, line, column, .. } = self;
        write!(f, "{kind} at line {line} column {column}")?;
        if self.path.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.path)
    }
}

impl core::error::Error for ParseError {}

/// A fault on its way out of the nested values: each adds its own name to the trail.
///
/// One pointer wide: it is part of the result of every value that is read.
struct Fault(Box<FaultParts>);

struct FaultParts {
    kind: ParseErrorKind,
    offset: usize,
    /// Innermost first.
    trail: Vec<String>,
}

impl Fault {
    fn new(kind: ParseErrorKind, offset: usize) -> Self {
        let trail = Vec::new();
        Self(Box::new(FaultParts { kind, offset, trail }))
    }

    fn within(mut self, segment: &str) -> Self {
        self.0.trail.push(segment.into());
        self
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for segment in self.0.trail.iter().rev() {
            push_pointer_segment(&mut pointer, segment);
        }
        pointer
    }
}

pub(super) fn document(bytes: &[u8], limits: Limits) -> Result<Doc, ParseError> {
    checked(bytes, limits).map_err(|fault| ParseError::locate(fault, bytes))
}

fn checked(bytes: &[u8], limits: Limits) -> Result<Doc, Fault> {
    let bytes_max = limits.bytes_max;
    if bytes.len() > bytes_max {
        return Err(Fault::new(ParseErrorKind::TooLong { bytes_max }, 0));
    }
    if bytes.starts_with("\u{feff}".as_bytes()) {
        return Err(Fault::new(ParseErrorKind::ByteOrderMark, 0));
    }
    match str::from_utf8(bytes) {
        Ok(text) => Parser::new(text, limits).document(),
        Err(error) => {
            let valid = str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            Err(not_utf8(valid, limits))
        }
    }
}

/// The text before the first wrong byte is read for the place of that byte, or for a fault before it.
fn not_utf8(valid: &str, limits: Limits) -> Fault {
    let end = valid.len();
    let mut utf8 = Fault::new(ParseErrorKind::Utf8, end);
    match Parser::new(valid, limits).document() {
        Err(earlier) if earlier.0.offset < end => return earlier,
        Err(at_end) => utf8.0.trail = at_end.0.trail,
        Ok(_) => {}
    }
    utf8
}

struct Parser<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// Always on the boundary of a character.
    pos: usize,
    depth_max: usize,
    /// The elements of all arrays being read: each array is then made in its exact size.
    elements: Vec<Doc>,
    keys: KeyCache,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, limits: Limits) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            pos: 0,
            depth_max: limits.depth_max.min(DEPTH_MAX),
            elements: Vec::new(),
            keys: KeyCache::default(),
        }
    }

    fn document(mut self) -> Result<Doc, Fault> {
        let doc = self.value(self.depth_max)?;
        match self.peek() {
            None => Ok(doc),
            Some(_) => Err(self.fault(ParseErrorKind::TrailingData)),
        }
    }

    /// Reads a value in which `depth` more levels may be opened. Recursion is bounded by that.
    fn value(&mut self, depth: usize) -> Result<Doc, Fault> {
        match self.peek() {
            Some(b'"') => Ok(Doc::String(self.string()?.into())),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Doc::Bool(true)),
            Some(b'f') => self.literal("false", Doc::Bool(false)),
            Some(b'n') => self.literal("null", Doc::Null),
            _ => Err(self.no_value()),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Doc, Fault> {
        let below = self.open(depth)?;
        let mut members = Members::new();
        if self.take(b'}') {
            return Ok(members.into());
        }
        loop {
            let (key, key_at) = self.key()?;
            let place = match members.entry(key) {
                Entry::Vacant(place) => place,
                Entry::Occupied(first) => return Err(duplicate(first.key(), key_at)),
            };
            self.require(b':', "`:`")?;
            match self.value(below) {
                Ok(value) => _ = place.insert(value),
                Err(fault) => return Err(fault.within(place.key())),
            }
            if !self.take(b',') {
                self.require(b'}', "`,` or `}`")?;
                return Ok(members.into());
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Doc, Fault> {
        let below = self.open(depth)?;
        let first = self.elements.len();
        if self.take(b']') {
            return Ok(Vec::new().into());
        }
        loop {
            match self.value(below) {
                Ok(value) => self.elements.push(value),
                Err(fault) => {
                    let index = self.elements.len() - first;
                    return Err(fault.within(&index.to_string()));
                }
            }
            if !self.take(b',') {
                self.require(b']', "`,` or `]`")?;
                return Ok(self.elements.drain(first..).collect::<Vec<_>>().into());
            }
        }
    }

    /// Past an opening bracket, if another level is allowed; returns how many are left.
    fn open(&mut self, depth: usize) -> Result<usize, Fault> {
        let depth_max = self.depth_max;
        let Some(below) = depth.checked_sub(1) else {
            return Err(self.fault(ParseErrorKind::TooDeep { depth_max }));
        };
        self.pos += 1;
        Ok(below)
    }

    /// A key and where it starts.
    fn key(&mut self) -> Result<(Arc<str>, usize), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in quotes"));
        }
        let at = self.pos;
        let key = self.string()?;
        Ok((self.keys.share(&key), at))
    }

    fn number(&mut self) -> Result<Doc, Fault> {
        match number::scan(&self.bytes[self.pos..]) {
            Ok(len) => {
                let text = &self.text[self.pos..self.pos + len];
                self.pos += len;
                Ok(Number::from_scanned(text).into())
            }
            Err(_) if self.is_not_finite() => Err(self.fault(ParseErrorKind::NotFinite)),
            Err(at) if self.pos + at == self.bytes.len() => {
                self.pos += at;
                Err(self.fault(ParseErrorKind::UnexpectedEnd))
            }
            Err(_) => Err(self.fault(ParseErrorKind::Number)),
        }
    }

    fn literal(&mut self, word: &str, value: Doc) -> Result<Doc, Fault> {
        if !self.bytes[self.pos..].starts_with(word.as_bytes()) {
            return Err(self.no_value());
        }
        self.pos += word.len();
        Ok(value)
    }

    /// The string whose quote is next. Without escapes it is a piece of the text.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        self.pos += 1;
        let head = self.plain_run();
        if self.bytes.get(self.pos) == Some(&b'"') {
            self.pos += 1;
            return Ok(Cow::Borrowed(head));
        }
        self.escaped_string(head).map(Cow::Owned)
    }

    fn escaped_string(&mut self, head: &str) -> Result<String, Fault> {
        let mut string = String::from(head);
        loop {
            match self.bytes.get(self.pos) {
                Some(b'"') => break,
                Some(b'\\') => string.push(self.escape()?),
                Some(&byte) => return Err(self.fault(ParseErrorKind::ControlCharacter { byte })),
                None => return Err(self.fault(ParseErrorKind::UnexpectedEnd)),
            }
            string.push_str(self.plain_run());
        }
        self.pos += 1;
        Ok(string)
    }

    fn plain_run(&mut self) -> &'a str {
        let start = self.pos;
        self.pos += plain_len(&self.bytes[start..]);
        &self.text[start..self.pos]
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let letter = match self.bytes.get(self.pos + 1) {
            Some(plain @ (b'"' | b'\\' | b'/')) => char::from(*plain),
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => return self.unicode_escape(),
            Some(_) => return Err(self.fault(ParseErrorKind::Escape)),
            None => return Err(self.end()),
        };
        self.pos += 2;
        Ok(letter)
    }

    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let start = self.pos;
        let unit = self.utf16_unit()?;
        let mut units = Vec::from([unit]);
        if matches!(unit, 0xd800..=0xdbff) && self.bytes[self.pos..].starts_with(b"\\u") {
            units.push(self.utf16_unit()?);
        }
        match char::decode_utf16(units).next() {
            Some(Ok(letter)) => Ok(letter),
            _ => Err(Fault::new(ParseErrorKind::LoneSurrogate, start)),
        }
    }

    /// Reads `\u` and four hexadecimal digits.
    fn utf16_unit(&mut self) -> Result<u16, Fault> {
        let Some(digits) = self.bytes.get(self.pos + 2..self.pos + 6) else {
            return Err(self.end());
        };
        let unit = digits.iter().try_fold(0, |unit: u16, digit| {
            let digit = char::from(*digit).to_digit(16)?;
            Some(unit << 4 | u16::try_from(digit).ok()?)
        });
        let unit = unit.ok_or_else(|| self.fault(ParseErrorKind::Escape))?;
        self.pos += 6;
        Ok(unit)
    }

    /// The next byte that is not white space; the parser stands on it afterwards.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.bytes.get(self.pos) {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(*byte);
            }
            self.pos += 1;
        }
        None
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.pos += usize::from(is_next);
        is_next
    }

    fn require(&mut self, byte: u8, expected: &'static str) -> Result<(), Fault> {
        if self.take(byte) {
            return Ok(());
        }
        Err(self.unexpected(expected))
    }

    #[cold]
    fn fault(&self, kind: ParseErrorKind) -> Fault {
        Fault::new(kind, self.pos)
    }

    #[cold]
    fn end(&self) -> Fault {
        Fault::new(ParseErrorKind::UnexpectedEnd, self.bytes.len())
    }

    #[cold]
    fn no_value(&self) -> Fault {
        if self.is_not_finite() {
            return self.fault(ParseErrorKind::NotFinite);
        }
        self.unexpected("a value")
    }

    #[cold]
    fn unexpected(&self, expected: &'static str) -> Fault {
        let rest = self.text.get(self.pos..).unwrap_or_default();
        match rest.chars().next() {
            Some(found) => self.fault(ParseErrorKind::Unexpected { expected, found }),
            None => self.end(),
        }
    }

    /// Whether here is one of the spellings of what other languages write for no number.
    fn is_not_finite(&self) -> bool {
        let rest = self.text.get(self.pos..).unwrap_or_default();
        let word = rest.strip_prefix(['-', '+']).unwrap_or(rest).get(..3);
        word.is_some_and(|word| word.eq_ignore_ascii_case("nan") || word.eq_ignore_ascii_case("inf"))
    }
}

#[cold]
fn duplicate(key: &str, offset: usize) -> Fault {
    /// Enough to find it; a message is no place for a megabyte.
    const SHOWN_MAX: usize = 64;
    let key = key.chars().take(SHOWN_MAX).collect();
    Fault::new(ParseErrorKind::DuplicateKey { key }, offset)
}

/// Keys seen lately. The members of one document repeat the same few, and sharing one is quicker
/// and smaller than a copy of each. A miss costs a copy, never a wrong key.
#[derive(Default)]
struct KeyCache {
    slots: Vec<Option<Arc<str>>>,
}

impl KeyCache {
    const SLOTS: usize = 128;

    fn share(&mut self, key: &str) -> Arc<str> {
        if self.slots.is_empty() {
            self.slots.resize(Self::SLOTS, None);
        }
        let slot = &mut self.slots[Self::slot(key.as_bytes())];
        match slot {
            Some(seen) if **seen == *key => Arc::clone(seen),
            _ => Arc::clone(slot.insert(key.into())),
        }
    }

    /// A few letters tell the usual keys apart.
    fn slot(key: &[u8]) -> usize {
        let letters = [key.first(), key.get(key.len() / 2), key.last()];
        let sum = letters
            .into_iter()
            .flatten()
            .fold(key.len(), |sum, letter| sum.wrapping_mul(31) + usize::from(*letter));
        sum % Self::SLOTS
    }
}
