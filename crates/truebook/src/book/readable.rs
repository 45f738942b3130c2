//! `bot_state.json`: the readable copy that people, scripts and older tools look at.
//!
//! It is the bot's variables as they are, plus a section `truebook` with positions, live orders and a hash
//! over the whole. It is never read back by itself. On opening, and before it is replaced, it is looked at:
//! a damaged one is set aside; one that was edited by hand, or an older one that was put back, is set
//! aside too, and can be adopted with one command.

use super::error::WriteError;
use crate::checkpoint::ReadableMark;
use crate::crypt::Purpose;
use crate::disk::{read_file, replace_file};
use crate::envelope;
use crate::error::FileError;
use crate::journal::Context;
use crate::manifest::ReadableCopy;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Serialize;
use std::io;
use truebook_core::doc::{Doc, Limits, Path};
use truebook_core::hash::{StateHash, to_hex};
use truebook_core::id::Seq;
use truebook_core::state::Live;
use truebook_core::time::Utc;

/// Name of the file within the book.
pub const READABLE_FILE: &str = "bot_state.json";

/// The key of truebook's own section; the bot's variables cannot use it.
pub const RESERVED_KEY: &str = "truebook";

const ENVELOPE: &str = "bot-state";
const READABLE_BYTES_MAX: u64 = 1 << 30;
const ABOUT: &str =
    "readable copy, rewritten by truebook; to change the book, edit it and run: truebook state adopt";

/// What the file on disk turned out to be.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    /// There is none.
    Missing,
    /// As truebook wrote it.
    Intact {
        /// Sequence number of the last event in it.
        seq: Seq,
    },
    /// As truebook wrote it, but an older one than was last written: somebody put it back.
    Older {
        /// Sequence number of the last event in it.
        seq: Seq,
        /// When it was written.
        written_at: String,
        /// The variables in it.
        vars: Doc,
    },
    /// Whole, but not as truebook wrote it.
    Edited {
        /// The variables in it.
        vars: Doc,
    },
    /// No JSON object at all.
    Damaged {
        /// What the reader met.
        why: String,
    },
}

#[derive(Serialize)]
struct Section<'a> {
    about: &'a str,
    seq: Seq,
    written_at: Utc,
    state_hash: StateHash,
    positions: serde_json::Value,
    orders: serde_json::Value,
}

/// The file's bytes for a state, and what to remember of them.
pub fn build(
    context: &Context,
    live: &Live,
    seq: Seq,
    hash: StateHash,
    now: Utc,
) -> Option<(Vec<u8>, ReadableMark)> {
    let text = plain_text(live, seq, hash, now);
    let bytes = match (context.manifest.readable, &context.cipher) {
        (ReadableCopy::Off, _) | (ReadableCopy::Encrypted, None) => return None,
        (ReadableCopy::Plain, _) => text.into_bytes(),
        (ReadableCopy::Encrypted, Some(cipher)) => {
            let sealed = BASE64.encode(cipher.seal(Purpose::Readable, text.as_bytes()));
            envelope::wrap(ENVELOPE, format!("{{\"seq\":{seq},\"sealed\":\"{sealed}\"}}").as_bytes())
        }
    };
    let mark = ReadableMark { seq, blake3: to_hex(blake3::hash(&bytes).as_bytes()) };
    Some((bytes, mark))
}

fn plain_text(live: &Live, seq: Seq, hash: StateHash, now: Utc) -> String {
    let section = Section {
        about: ABOUT,
        seq,
        written_at: now,
        state_hash: hash,
        positions: serde_json::to_value(&live.positions).unwrap_or_default(),
        orders: serde_json::to_value(&live.orders).unwrap_or_default(),
    };
    let section = serde_json::to_vec(&section).unwrap_or_default();
    let mut section = Doc::parse(&section, Limits::default()).unwrap_or_default();
    let mut whole = live.vars.clone();
    let at = |key: &str| Path::from_segments([RESERVED_KEY, key]).ok();
    let content = content_hash(&whole, &section);
    if let (Ok(top), Some(place)) = (Path::from_segments([RESERVED_KEY]), at("blake3")) {
        // The variables are an object without this key, so neither step can fail.
        let _ = whole.set(&top, std::mem::take(&mut section));
        let _ = whole.set(&place, Doc::from(content.as_str()));
    }
    let mut text = whole.to_pretty();
    text.push('\n');
    text
}

/// Hash over the content, whatever its layout: white space may change, nothing else.
fn content_hash(vars: &Doc, section: &Doc) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(vars.to_compact().as_bytes());
    hasher.update(b"\n");
    hasher.update(section.to_compact().as_bytes());
    to_hex(hasher.finalize().as_bytes())
}

/// Looks at the file on disk. `mark` is what the newest checkpoint remembers of it.
pub fn inspect(context: &Context, mark: Option<&ReadableMark>) -> Result<Condition, FileError> {
    let bytes = match read_file(&*context.disk, READABLE_FILE, READABLE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Condition::Missing),
        Err(source) => return Err(context.failed("read", READABLE_FILE, source)),
    };
    if let Some(mark) = mark.filter(|mark| mark.blake3 == to_hex(blake3::hash(&bytes).as_bytes())) {
        return Ok(Condition::Intact { seq: mark.seq });
    }
    Ok(match open(context, &bytes) {
        Ok(text) => judge(&text, mark),
        Err(why) => Condition::Damaged { why },
    })
}

pub(super) fn open(context: &Context, bytes: &[u8]) -> Result<Vec<u8>, String> {
    let Some(cipher) = &context.cipher else { return Ok(bytes.to_vec()) };
    let body = envelope::unwrap(ENVELOPE, bytes).map_err(|failed| failed.to_string())?;
    let text = std::str::from_utf8(body).unwrap_or_default();
    let sealed = text.split("\"sealed\":\"").nth(1).and_then(|rest| rest.strip_suffix("\"}"));
    let sealed = sealed.and_then(|sealed| BASE64.decode(sealed).ok()).ok_or("it is not an encrypted copy")?;
    cipher.open(Purpose::Readable, &sealed).map_err(|failed| failed.to_string())
}

fn judge(text: &[u8], mark: Option<&ReadableMark>) -> Condition {
    let (vars, section) = match split(text) {
        Ok(parts) => parts,
        Err(why) => return Condition::Damaged { why },
    };
    let Some(seq) = section.as_ref().and_then(|section| intact_seq(&vars, section)) else {
        return Condition::Edited { vars };
    };
    match mark {
        Some(mark) if seq < mark.seq => {
            let written_at =
                section.as_ref().and_then(|section| text_at(section, "written_at")).unwrap_or_default();
            Condition::Older { seq, written_at, vars }
        }
        _ => Condition::Intact { seq },
    }
}

/// Takes a copy apart into the variables and truebook's section.
pub fn split(text: &[u8]) -> Result<(Doc, Option<Doc>), String> {
    let mut whole = Doc::parse(text, Limits { bytes_max: 1 << 30, ..Limits::default() })
        .map_err(|failed| failed.to_string())?;
    if whole.as_object().is_none() {
        return Err(format!("it is a JSON {}, not an object", whole.kind_name()));
    }
    let top = Path::from_segments([RESERVED_KEY]).map_err(|failed| failed.to_string())?;
    let section = whole.remove(&top).map_err(|failed| failed.to_string())?;
    Ok((whole, section))
}

fn intact_seq(vars: &Doc, section: &Doc) -> Option<Seq> {
    let stored = text_at(section, "blake3")?;
    let mut without = section.clone();
    without.remove(&Path::from_segments(["blake3"]).ok()?).ok()?;
    if content_hash(vars, &without) != stored {
        return None;
    }
    let seq = section.get(&Path::from_segments(["seq"]).ok()?)?;
    match seq {
        Doc::Number(number) => number.as_u64().map(Seq::new),
        _ => None,
    }
}

fn text_at(section: &Doc, key: &str) -> Option<String> {
    section.get(&Path::from_segments([key]).ok()?)?.as_str().map(str::to_owned)
}

/// Writes the file.
pub fn write(context: &Context, bytes: &[u8]) -> Result<(), FileError> {
    replace_file(&*context.disk, READABLE_FILE, bytes).map_err(FileError::from)
}

/// Checks that variables can be written as a readable copy.
pub fn check_vars(vars: &Doc) -> Result<(), WriteError> {
    let members = vars.as_object().ok_or_else(|| WriteError::NotAnObject(vars.kind_name()))?;
    if members.contains_key(RESERVED_KEY) { Err(WriteError::ReservedKey) } else { Ok(()) }
}
