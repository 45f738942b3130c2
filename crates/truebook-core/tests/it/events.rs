//! Events as bytes.

use crate::strategies::records;
use proptest::collection::vec;
use proptest::prelude::*;
use truebook_core::doc::{DEPTH_MAX, Doc};
use truebook_core::event::{Event, Origin, Record, StateChanged};
use truebook_core::time::Utc;

proptest! {
    #[test]
    fn p11_an_event_of_any_kind_is_read_as_it_was_written(record in records()) {
        let json = record.encode().unwrap();
        let read = Record::decode(&json).unwrap();
        prop_assert_eq!(&read, &record);
        prop_assert_eq!(&read.encode().unwrap(), &json);
        prop_assert_eq!(serde_json::to_vec(&record).unwrap(), json);
    }

    #[test]
    fn p7_any_bytes_are_an_event_or_refused(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Record::decode(&bytes);
    }

    #[test]
    fn p7_an_event_with_a_changed_byte_is_another_event_or_refused(
        record in records(), at in any::<prop::sample::Index>(), mask in 1..=255_u8
    ) {
        let mut json = record.encode().unwrap();
        let at = at.index(json.len());
        json[at] ^= mask;
        if let Ok(read) = Record::decode(&json) {
            prop_assert_eq!(&serde_json::from_slice::<Record>(&json).unwrap(), &read);
            let again = Record::decode(&read.encode().unwrap()).unwrap();
            prop_assert_eq!(again, read);
        }
    }

    #[test]
    fn p7_a_cut_event_is_refused(record in records(), at in any::<prop::sample::Index>()) {
        let json = record.encode().unwrap();
        prop_assert!(Record::decode(&json[..at.index(json.len())]).is_err());
    }
}

#[test]
fn the_deepest_document_there_is_can_be_read_back_within_an_event() {
    let deepest = (0..DEPTH_MAX).fold(Doc::Null, |inner, _| Doc::from(vec![inner]));
    let ops = vec![truebook_core::doc::Op::Set { path: String::new(), value: deepest }];
    let record = Record::new(Utc::from_nanos(1), Event::State(StateChanged { origin: Origin::Save, ops }));
    assert_eq!(Record::decode(&record.encode().unwrap()).unwrap(), record);
}
