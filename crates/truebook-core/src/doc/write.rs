//! The two texts of a document: canonical for hashes and files, pretty for people.

use alloc::string::String;
use core::fmt::{self, Write};

use super::Doc;

/// How much canonical text is gathered before it goes to the sink.
const CHUNK_BYTES: usize = 8 * 1024;

/// Whether a byte ends a run of text that stands in a JSON string as it is.
fn ends_plain_run(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// How many bytes at the start stand in a JSON string as they are: eight at a time while they do.
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    let plain_words = words.iter().take_while(|word| is_plain_word(**word));
    let len = plain_words.count() * 8;
    let rest = &bytes[len..];
    let end = rest.iter().position(|byte| ends_plain_run(*byte));
    len + end.unwrap_or(rest.len())
}

/// [`ends_plain_run`] for none of eight bytes.
fn is_plain_word(word: [u8; 8]) -> bool {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    const QUOTES: u64 = u64::from_le_bytes([b'"'; 8]);
    const BACKSLASHES: u64 = u64::from_le_bytes([b'\\'; 8]);
    let word = u64::from_le_bytes(word);
    // The high bit of a byte is set by the subtraction if the byte was less than what is taken off;
    // a borrow can only come from a byte that is itself one of those looked for.
    let less = |word: u64, bound: u64| word.wrapping_sub(bound) & !word;
    let control = less(word, ONES * 0x20);
    let quote = less(word ^ QUOTES, ONES);
    let backslash = less(word ^ BACKSLASHES, ONES);
    (control | quote | backslash) & HIGHS == 0
}

/// A writer into a `String` cannot fail.
pub(super) fn to_string(doc: &Doc, write: fn(&Doc, &mut String) -> fmt::Result) -> String {
    let mut text = String::new();
    let written = write(doc, &mut text);
    debug_assert!(written.is_ok());
    text
}

pub(super) fn compact<W: Write + ?Sized>(doc: &Doc, out: &mut W) -> fmt::Result {
    match doc {
        Doc::Array(items) => {
            let mut before = '[';
            for item in items.iter() {
                out.write_char(before)?;
                compact(item, out)?;
                before = ',';
            }
            out.write_str(if before == ',' { "]" } else { "[]" })
        }
        Doc::Object(members) => {
            let mut before = '{';
            for (key, value) in members.iter() {
                out.write_char(before)?;
                string(key, out)?;
                out.write_char(':')?;
                compact(value, out)?;
                before = ',';
            }
            out.write_str(if before == ',' { "}" } else { "{}" })
        }
        scalar => self::scalar(scalar, out),
    }
}

pub(super) fn pretty<W: Write + ?Sized>(doc: &Doc, out: &mut W) -> fmt::Result {
    pretty_at(doc, 0, out)
}

fn pretty_at<W: Write + ?Sized>(doc: &Doc, depth: usize, out: &mut W) -> fmt::Result {
    match doc {
        Doc::Array(items) if !items.is_empty() => {
            let mut before = "[";
            for item in items.iter() {
                out.write_str(before)?;
                new_line(depth + 1, out)?;
                pretty_at(item, depth + 1, out)?;
                before = ",";
            }
            new_line(depth, out)?;
            out.write_char(']')
        }
        Doc::Object(members) if !members.is_empty() => {
            let mut before = "{";
            for (key, value) in members.iter() {
                out.write_str(before)?;
                new_line(depth + 1, out)?;
                string(key, out)?;
                out.write_str(": ")?;
                pretty_at(value, depth + 1, out)?;
                before = ",";
            }
            new_line(depth, out)?;
            out.write_char('}')
        }
        flat => compact(flat, out),
    }
}

fn new_line<W: Write + ?Sized>(depth: usize, out: &mut W) -> fmt::Result {
    out.write_char('\n')?;
    (0..depth).try_for_each(|_| out.write_str("  "))
}

fn scalar<W: Write + ?Sized>(doc: &Doc, out: &mut W) -> fmt::Result {
    match doc {
        Doc::Bool(true) => out.write_str("true"),
        Doc::Bool(false) => out.write_str("false"),
        Doc::Number(number) => out.write_str(number.as_str()),
        Doc::String(text) => string(text, out),
        Doc::Null | Doc::Array(_) | Doc::Object(_) => out.write_str("null"),
    }
}

/// Writes a string in quotes. Only what JSON does not allow in one is escaped.
pub(super) fn string<W: Write + ?Sized>(text: &str, out: &mut W) -> fmt::Result {
    out.write_char('"')?;
    let mut rest = text;
    loop {
        let (plain, escaped) = rest.split_at(plain_len(rest.as_bytes()));
        out.write_str(plain)?;
        let Some(byte) = escaped.bytes().next() else {
            break;
        };
        escape(byte, out)?;
        rest = &escaped[1..];
    }
    out.write_char('"')
}

fn escape<W: Write + ?Sized>(byte: u8, out: &mut W) -> fmt::Result {
    match byte {
        b'"' => out.write_str("\\\""),
        b'\\' => out.write_str("\\\\"),
        b'\n' => out.write_str("\\n"),
        b'\t' => out.write_str("\\t"),
        b'\r' => out.write_str("\\r"),
        0x08 => out.write_str("\\b"),
        0x0c => out.write_str("\\f"),
        control => write!(out, "\\u{control:04x}"),
    }
}

pub(super) fn chunks<W: Write + ?Sized>(doc: &Doc, sink: &mut W) -> fmt::Result {
    let mut gathered = Chunked { text: String::with_capacity(CHUNK_BYTES), sink };
    compact(doc, &mut gathered)?;
    gathered.flush()
}

/// Gathers the many short writes of a document: a hasher is slow on those.
struct Chunked<'a, W: Write + ?Sized> {
    text: String,
    sink: &'a mut W,
}

impl<W: Write + ?Sized> Chunked<'_, W> {
    fn flush(&mut self) -> fmt::Result {
        self.sink.write_str(&self.text)?;
        self.text.clear();
        Ok(())
    }
}

impl<W: Write + ?Sized> Write for Chunked<'_, W> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if self.text.len() + piece.len() > CHUNK_BYTES {
            self.flush()?;
        }
        if piece.len() > CHUNK_BYTES {
            return self.sink.write_str(piece);
        }
        self.text.push_str(piece);
        Ok(())
    }
}
