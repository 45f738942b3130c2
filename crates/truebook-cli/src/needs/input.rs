//! Reading input with a limit: what is too long is refused before it fills memory.

use crate::errors::Failure;
use crate::flags::Source;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use truebook::book::settings_from_text;
use truebook::core::doc::{Doc, Limits, ParseError, ParseErrorKind};

/// The largest JSON document or value that is read, in bytes.
pub(crate) const DOCUMENT_BYTES_MAX: u64 = 64 << 20;
/// The largest settings file that is read, in bytes.
const SETTINGS_BYTES_MAX: u64 = 16 << 20;

/// Bytes and where they come from.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Input {
    pub(crate) fn into_text(self) -> Result<String, Failure> {
        let Self { name, bytes } = self;
        String::from_utf8(bytes).map_err(|failed| {
            let offset = failed.utf8_error().valid_up_to();
            Failure::new(format!("{name} is not UTF-8 (byte {offset})"))
        })
    }

    fn into_doc(self) -> Result<Doc, Failure> {
        parse(&self.name, &self.bytes)
    }
}

/// Reads everything, but not more than `bytes_max` bytes.
pub(crate) fn read(source: &Source, bytes_max: u64) -> Result<Input, Failure> {
    let name = source.to_string();
    let failed = |failed: io::Error| Failure::new(format!("read {name}")).with_cause(&failed);
    let bytes = match source {
        Source::Stdin => read_limited(io::stdin().lock(), bytes_max),
        Source::File(path) => open(path, bytes_max).and_then(|file| read_limited(file, bytes_max)),
    };
    Ok(Input { bytes: bytes.map_err(failed)?, name })
}

fn open(path: &Path, bytes_max: u64) -> io::Result<File> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    // A device or pipe has no length; reading it is limited all the same.
    if metadata.is_file() && metadata.len() > bytes_max {
        return Err(too_long(metadata.len(), bytes_max));
    }
    Ok(file)
}

fn read_limited(from: impl Read, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let length = from.take(bytes_max + 1).read_to_end(&mut bytes)? as u64;
    if length > bytes_max { Err(too_long(length, bytes_max)) } else { Ok(bytes) }
}

fn too_long(length: u64, bytes_max: u64) -> io::Error {
    let what = format!("it has {length} bytes or more, the limit is {bytes_max}");
    io::Error::new(io::ErrorKind::FileTooLarge, what)
}

/// Reads a JSON document.
pub(crate) fn doc(source: &Source) -> Result<Doc, Failure> {
    read(source, DOCUMENT_BYTES_MAX)?.into_doc()
}

/// Reads settings, TOML or JSON.
pub(crate) fn settings(source: &Source) -> Result<Doc, Failure> {
    let input = read(source, SETTINGS_BYTES_MAX)?;
    let name = input.name.clone();
    settings_from_text(&input.into_text()?).map_err(|failed| {
        Failure::new(format!("{name}: {failed}"))
            .with_hint("mend the file: a TOML table, or a JSON object beginning with {")
    })
}

/// Parses JSON, with the place of a fault and the way out.
pub(crate) fn parse(name: &str, bytes: &[u8]) -> Result<Doc, Failure> {
    Doc::parse(bytes, Limits::default()).map_err(|failed| {
        let told = Failure::new(format!("{name} is not JSON that can be kept: {failed}"));
        match advice(&failed) {
            Some(hint) => told.with_hint(hint),
            None => told,
        }
    })
}

fn advice(failed: &ParseError) -> Option<&'static str> {
    match failed.kind() {
        ParseErrorKind::NotFinite => Some("store null, or the word as a string: \"NaN\""),
        ParseErrorKind::DuplicateKey { .. } => Some("keep one of the two members"),
        _ => None,
    }
}
