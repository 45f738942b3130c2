//! The formats under arbitrary and edited bytes: the functions of the fuzz targets, without nightly.

use proptest::collection::vec;
use proptest::prelude::*;
use truebook::checkpoint::CheckpointName;
use truebook::core::doc::{Doc, Op};
use truebook::core::event::{Event, Origin, Reason, Record, StateChanged};
use truebook::core::time::Utc;
use truebook::fuzzing::{self, Edit, Secrecy, SegmentSample};
use truebook::journal::segment::{Storage, parse_name};

/// At least so many cases; `PROPTEST_CASES` may ask for more.
fn cases(least: u32) -> ProptestConfig {
    let given = ProptestConfig::default();
    ProptestConfig { cases: given.cases.max(least), ..given }
}

/// A way to go, chosen by the first byte, and a script: see `truebook::fuzzing`.
fn script() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..80), vec(any::<u8>(), 0..600)]
}

fn small_records() -> impl Strategy<Value = Vec<Record>> {
    let event = prop_oneof![
        "[a-z ]{0,40}".prop_map(|why| Event::Halt(Reason { why })),
        ("[ab]{1,3}", any::<i64>()).prop_map(|(key, value)| {
            let set = Op::Set { path: format!("/{key}"), value: Doc::from(value) };
            Event::State(StateChanged { origin: Origin::Set, ops: vec![set] })
        }),
        Just(Event::Halt(Reason { why: "x".repeat(700) })),
    ];
    vec((any::<u32>(), event), 0..20).prop_map(|events| {
        let record = |(at, event)| Record::new(Utc::from_nanos(i64::from(at)), event);
        events.into_iter().map(record).collect()
    })
}

fn storages() -> impl Strategy<Value = (Secrecy, Storage)> {
    prop_oneof![
        Just((Secrecy::Plain, Storage::Raw)),
        Just((Secrecy::Encrypted, Storage::Raw)),
        Just((Secrecy::Plain, Storage::Compressed)),
        Just((Secrecy::Encrypted, Storage::Encrypted)),
    ]
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn p7_any_bytes_as_a_frame_are_decoded_or_refused(data in script()) {
        fuzzing::frame(&data);
    }

    #[test]
    fn p7_any_bytes_as_a_manifest_are_read_or_refused(data in script()) {
        fuzzing::manifest(&data);
    }

    #[test]
    fn p7_any_bytes_as_a_run_are_read_or_refused(data in script()) {
        fuzzing::runs(&data);
    }

    #[test]
    fn any_bytes_as_documents_are_read_or_refused(data in script()) {
        fuzzing::doc(&data);
    }

    #[test]
    fn any_texts_as_documents_keep_their_meaning(
        old in "[\\[\\]{},:\"a-c0-9.eE+\\- ]{0,40}", new in "[\\[\\]{},:\"a-c0-9.eE+\\- ]{0,40}", path in "/?[a-c0-9/~.-]{0,6}"
    ) {
        fuzzing::doc(&[old.as_bytes(), b"\xff", new.as_bytes(), b"\xff", path.as_bytes()].concat());
    }

    #[test]
    fn p7_any_bytes_as_events_are_taken_or_refused_whole(data in script()) {
        fuzzing::event(&data);
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn p7_a_segment_of_any_bytes_is_never_read_as_other_events(data in script()) {
        fuzzing::segment(&data);
    }

    #[test]
    fn p7_a_checkpoint_of_any_bytes_is_read_as_it_was_written_or_refused(data in script()) {
        fuzzing::checkpoint(&data);
    }

    #[test]
    fn p7_an_edited_segment_gives_the_first_events_it_had_and_no_clean_end(
        records in small_records(), (secrecy, storage) in storages(), script in vec(any::<u8>(), 6..30)
    ) {
        let sample = SegmentSample::new(records, secrecy, storage);
        sample.check_file(&fuzzing::edit(&sample.file, &Edit::read(&script)));
    }

    #[test]
    fn the_samples_edited_as_text_are_taken_or_refused_whole(script in vec(any::<u8>(), 6..30)) {
        let lines: Vec<_> = fuzzing::records().iter().filter_map(|record| record.encode().ok()).collect();
        fuzzing::event(&fuzzing::edit(&lines.join(&b'\n'), &Edit::read(&script)));
    }
}

/// A zstd frame whose header claims this many bytes and whose one block gives a hundred.
fn claiming(bytes: u32) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    frame.extend_from_slice(&bytes.to_le_bytes());
    frame.extend_from_slice(&[0x23, 0x03, 0x00, 0x55]);
    frame
}

#[test]
fn p7_a_compressed_segment_that_claims_far_more_than_it_holds_is_refused() {
    let sample = SegmentSample::new(fuzzing::records(), Secrecy::Plain, Storage::Compressed);
    for bytes in [0, 99, 101, 512 << 20, (512 << 20) + 1, u32::MAX] {
        assert_eq!(sample.count(&claiming(bytes)), None, "{bytes}");
    }
}

#[test]
fn a_compressed_segment_that_really_shrinks_a_thousandfold_is_read() {
    let repeated = Record::new(Utc::from_nanos(1), Event::Halt(Reason { why: "x".repeat(8 << 20) }));
    let sample = SegmentSample::new(vec![repeated.clone(), repeated], Secrecy::Plain, Storage::Compressed);
    assert!(sample.file.len() < sample.unpacked.len() / 1000);
    assert_eq!(sample.count(&sample.file), Some(2));
}

#[test]
fn p7_an_encrypted_book_takes_no_segment_that_was_made_without_the_key() {
    let plain = SegmentSample::new(fuzzing::records(), Secrecy::Plain, Storage::Compressed);
    let encrypted = SegmentSample::new(fuzzing::records(), Secrecy::Encrypted, Storage::Encrypted);
    assert_eq!(encrypted.count(&plain.file), None);
    assert_eq!(encrypted.as_stored(Storage::Compressed).count(&plain.file), None);
    let raw = SegmentSample::new(fuzzing::records(), Secrecy::Plain, Storage::Raw);
    assert_eq!(encrypted.as_stored(Storage::Raw).count(&raw.file), Some(0));
}

#[test]
fn p7_a_sealed_segment_without_its_seal_has_no_clean_end() {
    let raw = SegmentSample::new(fuzzing::records(), Secrecy::Plain, Storage::Raw);
    let sealed = SegmentSample::new(fuzzing::records(), Secrecy::Plain, Storage::Compressed);
    assert!(raw.ends_cleanly());
    assert!(sealed.ends_cleanly());
    assert!(!sealed.with_unpacked(&raw.unpacked).ends_cleanly());
}

#[test]
fn p7_a_file_name_with_a_number_beyond_the_limit_is_no_segment_and_no_checkpoint() {
    assert_eq!(parse_name("18446744073709551615.seg"), None);
    assert_eq!(CheckpointName::parse("checkpoint-18446744073709551615-00000000.json"), None);
    assert!(CheckpointName::parse("checkpoint-000000000007-00000000.json").is_some());
}
