//! A JSON number as its exact text.

use alloc::string::ToString;
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

/// A JSON number, kept as the text it was written as.
///
/// Nothing is rounded or normalised: prices, quantities and ids of any length come back digit for
/// digit. Equality is that of the text.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Arc<str>);

/// The text is not a number in the grammar of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON number: unexpected text at byte {offset}")]
pub struct NumberError {
    /// Where the grammar is left, in bytes from the start.
    pub offset: usize,
}

impl Number {
    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value, if it is written as an integer and fits.
    pub fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// The value, if it is written as an integer without a sign and fits.
    pub fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// For text that [`scan`] has already accepted.
    pub(super) fn from_scanned(text: &str) -> Self {
        debug_assert_eq!(scan(text.as_bytes()), Ok(text.len()));
        Self(text.into())
    }
}

impl FromStr for Number {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        let len = scan(text.as_bytes()).map_err(|offset| NumberError { offset })?;
        if len < text.len() {
            return Err(NumberError { offset: len });
        }
        Ok(Self(text.into()))
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(value.to_string().into())
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(value.to_string().into())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many bytes at the start are one number, or where the grammar is left.
pub(super) fn scan(bytes: &[u8]) -> Result<usize, usize> {
    let sign = usize::from(bytes.first() == Some(&b'-'));
    let whole = digits(bytes, sign)?;
    if bytes[sign] == b'0' && whole > sign + 1 {
        return Err(sign + 1);
    }
    exponent(bytes, fraction(bytes, whole)?)
}

fn fraction(bytes: &[u8], at: usize) -> Result<usize, usize> {
    match bytes.get(at) {
        Some(b'.') => digits(bytes, at + 1),
        _ => Ok(at),
    }
}

fn exponent(bytes: &[u8], at: usize) -> Result<usize, usize> {
    match bytes.get(at..) {
        Some([b'e' | b'E', b'+' | b'-', ..]) => digits(bytes, at + 2),
        Some([b'e' | b'E', ..]) => digits(bytes, at + 1),
        _ => Ok(at),
    }
}

/// The end of the digits at `from`; at least one is required.
fn digits(bytes: &[u8], from: usize) -> Result<usize, usize> {
    let rest = bytes.get(from..).unwrap_or_default();
    match rest.iter().take_while(|byte| byte.is_ascii_digit()).count() {
        0 => Err(from),
        count => Ok(from + count),
    }
}
