//! A small book in memory: its manifest, events of every kind, and the state they lead to.

use crate::checkpoint::{Checkpoint, RunRef, encode_checkpoint};
use crate::crypt::{Cipher, CipherSpec, Derivation, Key};
use crate::disk::RealDisk;
use crate::journal::segment::SegmentIndex;
use crate::journal::{Context, JournalOptions};
use crate::manifest::{Manifest, ReadableCopy};
use std::sync::{Arc, LazyLock};
use truebook_core::event::Record;
use truebook_core::id::{BookId, InstallationTag, SeenId, Seq};
use truebook_core::seen::{SeenEntry, SeenKind};
use truebook_core::state::State;
use truebook_core::time::Utc;

/// Whether the sample book is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// It is not.
    Plain,
    /// It is, with a key that is known here.
    Encrypted,
}

const BOOK: BookId = BookId::from_bytes([7; 16]);
const KEY: [u8; 32] = [9; 32];

/// Events of every kind that follow on one another, in the JSON of the journal.
const EVENTS: &str = include_str!("events.jsonl");

/// The sample's events; the first makes the book.
pub fn records() -> Vec<Record> {
    let records: Vec<_> = EVENTS.lines().filter_map(|line| Record::decode(line.as_bytes()).ok()).collect();
    assert_eq!(records.len(), EVENTS.lines().count(), "the samples are events");
    records
}

/// The state after the samples.
pub(super) fn state() -> &'static State {
    static STATE: LazyLock<State> = LazyLock::new(|| {
        let mut records = (1..).map(Seq::new).zip(records());
        let begun = records.next().and_then(|(_, first)| State::begin(&first).ok());
        let Some(mut state) = begun else { unreachable!("the first sample makes a book") };
        for (seq, record) in records {
            let applied = state.apply(seq, &record);
            assert!(applied.is_ok(), "the samples follow on one another: event {seq}: {applied:?}");
        }
        state
    });
    &STATE
}

pub(super) fn manifest(secrecy: Secrecy) -> Manifest {
    let spec = CipherSpec::new(Derivation::Key, &Key::from_bytes(KEY), BOOK);
    let (cipher, readable) = match secrecy {
        Secrecy::Plain => (None, ReadableCopy::Plain),
        Secrecy::Encrypted => (Some(spec), ReadableCopy::Encrypted),
    };
    Manifest {
        format: 1,
        book: BOOK,
        installation: InstallationTag::from_bytes([0xab; 4]),
        created_at: Utc::from_nanos(1_744_243_053_318_514_000),
        salt: "5a".repeat(32),
        readable,
        cipher,
    }
}

/// The disk is never touched: everything here is in memory.
pub(super) fn context(secrecy: Secrecy) -> Context {
    let cipher = Cipher::new(&Key::from_bytes(KEY), BOOK, [3; 16]);
    Context {
        disk: Arc::new(RealDisk::new("/nonexistent")),
        manifest: Arc::new(manifest(secrecy)),
        cipher: (secrecy == Secrecy::Encrypted).then(|| Arc::new(cipher)),
        options: JournalOptions::default(),
    }
}

pub(super) const CHECKPOINT_SEQ: Seq = Seq::new(77);

pub(super) fn checkpoint(context: &Context) -> Vec<u8> {
    let state = state();
    let checkpoint = Checkpoint {
        seq: CHECKPOINT_SEQ,
        at: Utc::from_nanos(1_744_243_053_318_514_000),
        segment: SegmentIndex::FIRST,
        state_hash: state.hash(),
        runs: vec![RunRef { file: "run-0123456789abcdef.bin".into(), entries: 3, blake3: "00".repeat(32) }],
        readable: None,
    };
    encode_checkpoint(context, &checkpoint, state.live()).unwrap_or_default()
}

pub(super) fn entries() -> Vec<SeenEntry> {
    let kinds = [SeenKind::Filled, SeenKind::Cancelled, SeenKind::Rejected, SeenKind::Expired];
    let numbered = (1_u8..).zip(kinds.into_iter().chain([SeenKind::Execution; 4]));
    numbered
        .map(|(n, kind)| SeenEntry {
            id: SeenId::from_bytes([n; 16]),
            kind,
            fingerprint: 0x0123_4567_89ab_cdef ^ u64::from(n),
            seq: Seq::new(u64::from(n)),
        })
        .collect()
}
