//! Ids, instants and hashes.

use crate::strategies::utcs;
use proptest::collection::vec;
use proptest::prelude::*;
use truebook_core::hash::{SetHash, StateHash, parse_hex, to_hex};
use truebook_core::id::{BookId, InstallationTag, OrderId, OrderKey, Seq};
use truebook_core::time::Utc;

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

fn set(elements: &[Vec<u64>]) -> SetHash {
    let mut hash = SetHash::default();
    for element in elements {
        hash.add(element);
    }
    hash
}

proptest! {
    #[test]
    fn an_instant_round_trips_through_json_and_sorts_as_its_text(one in utcs(), other in utcs()) {
        prop_assert_eq!(serde_json::from_str::<Utc>(&json(&one)).unwrap(), one);
        prop_assert_eq!(one.cmp(&other), one.to_string().cmp(&other.to_string()));
    }

    #[test]
    fn any_text_is_an_instant_with_one_spelling_or_none(text in "\\PC{0,31}|[0-9T:.Z-]{30}|[12][0-9]{3}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{9}Z") {
        if let Some(instant) = Utc::parse(&text) {
            prop_assert_eq!(instant.to_string(), text);
        }
    }

    #[test]
    fn hexadecimal_text_has_one_spelling(text in "[0-9a-fA-F]{0,10}|\\PC{8}", bytes in any::<[u8; 4]>()) {
        prop_assert_eq!(parse_hex::<4>(&to_hex(&bytes)), Some(bytes));
        if let Some(read) = parse_hex::<4>(&text) {
            prop_assert_eq!(to_hex(&read), text);
        }
    }

    #[test]
    fn ids_round_trip_through_json_and_anything_else_is_refused(bytes in any::<[u8; 16]>(), text in "\\PC{0,40}") {
        let id = OrderId::from_bytes(bytes);
        prop_assert_eq!(serde_json::from_str::<OrderId>(&json(&id)).unwrap(), id);
        prop_assert_eq!(OrderId::from_hex(&id.to_string()), Some(id));
        if let Ok(read) = serde_json::from_str::<OrderId>(&json(&text)) {
            prop_assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn p3_order_ids_differ_when_anything_they_are_made_of_does(
        one in (any::<[u8; 2]>(), "[ab]{1,3}", "[ab]{0,3}", 0..3_u32),
        other in (any::<[u8; 2]>(), "[ab]{1,3}", "[ab]{0,3}", 0..3_u32)
    ) {
        let derive = |(book, key, role, attempt): &([u8; 2], String, String, u32)| {
            let book = BookId::from_bytes([book[0] % 2; 16]);
            (book, OrderId::derive(InstallationTag::from_bytes([1; 4]), book, &OrderKey::new(key).unwrap(), role, *attempt))
        };
        let ((one_book, one_id), (other_book, other_id)) = (derive(&one), derive(&other));
        let same = one_book == other_book && (&one.1, &one.2, one.3) == (&other.1, &other.2, other.3);
        prop_assert_eq!(one_id == other_id, same);
        prop_assert_eq!(one_id.tag(), InstallationTag::from_bytes([1; 4]));
    }

    #[test]
    fn a_text_id_is_what_was_given_or_refused(text in "\\PC{0,140}|[\\x00-\\x7f]{0,5}|k{127,130}") {
        let allowed = (1..=OrderKey::BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        let key = OrderKey::new(&text);
        prop_assert_eq!(key.is_ok(), allowed);
        prop_assert_eq!(serde_json::from_str::<OrderKey>(&json(&text)).ok(), key.clone().ok());
        prop_assert_eq!(key.ok().is_none_or(|key| key.as_str() == text), true);
    }

    #[test]
    fn a_set_hash_is_that_of_the_set_in_any_order_and_of_no_other(
        (elements, shuffled) in vec(vec(any::<u64>(), 0..6), 0..12)
            .prop_flat_map(|elements| (Just(elements.clone()), Just(elements).prop_shuffle())),
        more in vec(any::<u64>(), 0..6)
    ) {
        let hash = set(&elements);
        prop_assert_eq!(hash, set(&shuffled));
        prop_assert_eq!(serde_json::from_str::<SetHash>(&json(&hash)).unwrap(), hash);
        prop_assert_ne!(hash, set(&[elements, vec![more]].concat()));
    }

    #[test]
    fn a_sequence_number_beyond_the_limit_is_refused(number in prop_oneof![any::<u64>(), 0..10_u64, Just(1 << 62), Just(u64::MAX)]) {
        let read = serde_json::from_str::<Seq>(&number.to_string());
        prop_assert_eq!(read.ok(), Some(Seq::new(number)).filter(|seq| *seq <= Seq::MAX));
    }

    #[test]
    fn a_state_hash_is_that_of_the_bytes(bytes in vec(any::<u8>(), 0..50)) {
        let hash = StateHash::of(&bytes);
        prop_assert_eq!(hash, StateHash::of(&bytes));
        prop_assert_eq!(serde_json::from_str::<StateHash>(&json(&hash)).unwrap(), hash);
    }
}
