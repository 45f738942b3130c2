//! Arbitrary documents. Few keys and values, so that two documents have much in common.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::doc::{Doc, Members};

pub(super) fn docs() -> impl Strategy<Value = Doc> {
    scalars().prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(Doc::from),
            btree_map(keys(), inner, 0..6).prop_map(object),
        ]
    })
}

/// A document and a later state of it: some subtrees shared, some not.
pub(super) fn pairs() -> impl Strategy<Value = (Doc, Doc)> {
    prop_oneof![
        (docs(), docs()),
        (docs(), docs(), vec(keys(), 0..4)).prop_map(|(old, value, keys)| {
            let mut new = old.clone();
            let path = crate::doc::Path::from_segments(keys).unwrap();
            // What does not fit changes nothing: also a pair.
            let _ = new.set(&path, value);
            (old, new)
        }),
    ]
}

fn object(members: BTreeMap<String, Doc>) -> Doc {
    let members: Members = members.into_iter().map(|(key, value)| (Arc::from(key), value)).collect();
    members.into()
}

pub(super) fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[abc]",
        2 => "[0-3]",
        1 => Just("-".into()),
        1 => "[a~/.\\\\\"]{0,3}",
        1 => any::<String>(),
    ]
}

fn scalars() -> impl Strategy<Value = Doc> {
    prop_oneof![
        Just(Doc::Null),
        any::<bool>().prop_map(Doc::from),
        (-3i64..3).prop_map(Doc::from),
        any::<u64>().prop_map(Doc::from),
        numbers().prop_map(|text| Doc::Number(text.parse().unwrap())),
        "[ab]".prop_map(Doc::from),
        any::<String>().prop_map(Doc::from),
    ]
}

/// Texts in the grammar of JSON numbers.
pub(super) fn numbers() -> impl Strategy<Value = String> {
    let exponent = prop_oneof![Just(String::new()), "[eE][+-]?[0-9]{1,3}"];
    let fraction = prop_oneof![Just(String::new()), "\\.[0-9]{1,12}"];
    ("-?(0|[1-9][0-9]{0,24})", fraction, exponent)
        .prop_map(|(whole, fraction, exponent)| format!("{whole}{fraction}{exponent}"))
}
