//! Everything but segments.

use super::edit::{Edit, edit};
use super::sample::{self, Secrecy};
use crate::checkpoint::{decode_checkpoint, decode_run, encode_run};
use crate::crypt::Purpose;
use crate::envelope;
use crate::frame::{self, ALIGN_BYTES};
use crate::journal::Context;
use crate::journal::scan::{find_proof, first_nonzero, valid_frames};
use crate::journal::segment::{PAGE_BYTES, SegmentIndex, build_page, parse_page};
use crate::manifest::Manifest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::sync::LazyLock;
use truebook_core::doc::{self, Doc, Limits, Path};
use truebook_core::event::Record;
use truebook_core::id::Seq;
use truebook_core::seen::Seen;
use truebook_core::state::State;

/// Separates texts in one input: never a byte of UTF-8.
const SEPARATOR: u8 = 0xff;

/// Decodes one frame, and looks for frames anywhere.
pub fn frame(data: &[u8]) {
    if let Ok(decoded) = frame::decode(data) {
        let mut again = Vec::new();
        frame::append(&mut again, decoded.header, decoded.payload);
        assert_eq!(again, data[..decoded.bytes], "a frame has one spelling");
    }
    for (at, found) in valid_frames(data, 0) {
        assert!(at.is_multiple_of(ALIGN_BYTES) && at + found.bytes <= data.len());
    }
    let proof = find_proof(data, 0, Seq::ZERO);
    assert!(proof.is_none_or(|proof| proof.offset < data.len() as u64));
    let nonzero = data.iter().position(|byte| *byte != 0);
    assert_eq!(first_nonzero(data, 0), nonzero, "zeros are skipped and nothing else");
}

/// Reads a checkpoint.
pub fn checkpoint(data: &[u8]) {
    let Some((mode, script)) = data.split_first() else { return };
    let (context, file) = &CHECKPOINTS[usize::from(mode & 1)];
    match mode / 2 % 3 {
        0 => read_checkpoint(context, script),
        1 => {
            let edited = edit(file, &Edit::read(script));
            let read = decode_checkpoint(context, &edited, sample::CHECKPOINT_SEQ);
            assert!(read.is_err() || &edited == file, "no edit of a checkpoint goes unnoticed");
        }
        _ => {
            // The body is edited as text, and everything around it fits.
            let body = envelope::unwrap("checkpoint", &CHECKPOINTS[0].1).unwrap_or_default();
            let body = edit(body, &Edit::read(script));
            read_checkpoint(context, &envelope::wrap("checkpoint", &sealed_again(context, body)));
        }
    }
}

/// A plain one and an encrypted one.
static CHECKPOINTS: LazyLock<[(Context, Vec<u8>); 2]> = LazyLock::new(|| {
    [Secrecy::Plain, Secrecy::Encrypted].map(|secrecy| {
        let context = sample::context(secrecy);
        let file = sample::checkpoint(&context);
        (context, file)
    })
});

fn sealed_again(context: &Context, body: Vec<u8>) -> Vec<u8> {
    let Some(cipher) = &context.cipher else { return body };
    let sealed = cipher.seal(Purpose::Checkpoint(sample::CHECKPOINT_SEQ.get()), &body);
    format!("{{\"sealed\":\"{}\"}}", BASE64.encode(sealed)).into_bytes()
}

fn read_checkpoint(context: &Context, file: &[u8]) {
    let Ok((checkpoint, live)) = decode_checkpoint(context, file, sample::CHECKPOINT_SEQ) else { return };
    assert!(checkpoint.seq <= Seq::MAX);
    let _ = State::restore(live, Seen::default());
}

/// Reads a manifest, alone and in a segment's header page.
pub fn manifest(data: &[u8]) {
    let Some((mode, script)) = data.split_first() else { return };
    let secrecy = if mode & 1 == 0 { Secrecy::Plain } else { Secrecy::Encrypted };
    let known = sample::manifest(secrecy);
    let edits = Edit::read(script);
    match mode / 2 % 5 {
        0 => read_manifest(script),
        1 => {
            let edited = edit(&known.to_file(), &edits);
            let read = Manifest::from_file(&edited);
            assert!(read.is_err() || edited == known.to_file(), "no edit of a manifest goes unnoticed");
        }
        2 => {
            let body = serde_json::to_vec(&known).unwrap_or_default();
            read_manifest(&envelope::wrap("book", &edit(&body, &edits)));
        }
        3 => {
            let page = build_page(SegmentIndex::FIRST, &known, 0);
            let edited = edit(&page, &edits);
            let same = edited.get(..PAGE_BYTES) == Some(&page[..]);
            assert!(parse_page(&edited).is_err() || same, "no edit of a header page goes unnoticed");
        }
        _ => {
            let edited = edit(&build_page(SegmentIndex::FIRST, &known, 0), &edits);
            let _ = parse_page(&super::mend(&edited));
        }
    }
}

fn read_manifest(file: &[u8]) {
    let Ok(manifest) = Manifest::from_file(file) else { return };
    let again = Manifest::from_file(&manifest.to_file());
    assert_eq!(again.ok().as_ref(), Some(&manifest), "a manifest is written as it is read");
    let _ = manifest.salt_bytes();
}

/// Reads a run file.
pub fn runs(data: &[u8]) {
    let Some((mode, script)) = data.split_first() else { return };
    let bytes = match mode % 3 {
        0 => script.to_vec(),
        1 => edit(&encode_run(&sample::entries()), &Edit::read(script)),
        _ => {
            // The count fits; the entries are anything.
            let mut bytes = encode_run(&[]);
            let count = script.len() as u64 / 33;
            bytes[8..16].copy_from_slice(&count.to_le_bytes());
            bytes.extend_from_slice(script);
            bytes
        }
    };
    let Some(entries) = decode_run(&bytes) else { return };
    assert_eq!(encode_run(&entries), bytes, "a run has one spelling");
    let mut seen = Seen::default();
    let added = entries.iter().filter(|entry| seen.insert(**entry)).count();
    assert_eq!(added, seen.len(), "an entry counts once");
    assert_eq!(Seen::default().restore(entries.clone()), added == entries.len(), "and twice is noticed");
}

/// Reads documents, and makes one of the other.
pub fn doc(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == SEPARATOR);
    let parse = |text: &[u8]| Doc::parse(text, Limits::default()).ok();
    let Some(old) = parts.next().and_then(parse) else { return };
    assert_eq!(parse(old.to_compact().as_bytes()).as_ref(), Some(&old), "compact text means the same");
    assert_eq!(parse(old.to_pretty().as_bytes()).as_ref(), Some(&old), "pretty text means the same");
    let Some(new) = parts.next().and_then(parse) else { return };
    let mut changed = old.clone();
    let made = doc::apply(&mut changed, &doc::diff(&old, &new));
    assert!(made.is_ok() && changed == new, "a difference makes the one of the other");
    let path = parts.next().and_then(|text| Path::parse(std::str::from_utf8(text).ok()?).ok());
    let Some(path) = path else { return };
    edit_doc(&old, &new, &path);
}

fn edit_doc(old: &Doc, new: &Doc, path: &Path) {
    let mut changed = old.clone();
    match changed.set(path, new.clone()) {
        // `-` appends: there is no reading under that name.
        Ok(()) if format!("{path}/").contains("/-/") => assert_ne!(&changed, old, "an array has grown"),
        Ok(()) => assert_eq!(changed.get(path), Some(new), "what was set is there"),
        Err(_) => assert_eq!(&changed, old, "a refused change changes nothing"),
    }
    assert!(changed.is_within_depth(doc::DEPTH_MAX));
    let mut changed = old.clone();
    if changed.remove(path).is_err() {
        assert_eq!(&changed, old, "a refused removal changes nothing");
    }
    let mut changed = old.clone();
    if changed.merge_at(path, new).is_err() {
        assert_eq!(&changed, old, "a refused merge changes nothing");
    }
    assert!(changed.is_within_depth(doc::DEPTH_MAX));
}

/// Reads events, one a line, and folds them into the state of a small book.
pub fn event(data: &[u8]) {
    let mut state = sample::state().clone();
    for (seq, line) in (1000..).map(Seq::new).zip(data.split(|byte| *byte == b'\n')) {
        let Ok(record) = Record::decode(line) else { continue };
        // The quick reader and writer do what the general ones do.
        assert_eq!(serde_json::from_slice::<Record>(line).ok().as_ref(), Some(&record));
        let json = record.encode().unwrap_or_default();
        assert_eq!(serde_json::to_vec(&record).ok().as_ref(), Some(&json));
        assert_eq!(Record::decode(&json).ok().as_ref(), Some(&record), "an event is read as it was written");
        let before = state.hash();
        if state.apply(seq, &record).is_err() {
            assert_eq!(state.hash(), before, "a refused event changes nothing");
        }
    }
    let restored = State::restore(state.live().clone(), state.seen().clone());
    assert!(restored.is_some_and(|restored| restored.hash() == state.hash()), "a state can be restored");
}
