//! Tests of the document: edit.
use alloc::string::ToString;
use alloc::sync::Arc;

use proptest::prelude::*;

use super::strategy::{docs, keys};
use super::{doc, path};
use crate::doc::{DEPTH_MAX, Doc, Path, SetError};

fn check_set(before: &str, place: &str, after: &str) {
    let mut changed = doc(before);
    changed.set(&path(place), Doc::from(9_i64)).unwrap();
    assert_eq!(changed.to_compact(), after, "{place}");
}

fn check_set_refused(before: &str, place: &str, message: &str) {
    let mut unchanged = doc(before);
    let error = unchanged.set(&path(place), Doc::Null).unwrap_err();
    assert_eq!(error.to_string(), message);
    assert_eq!(unchanged, doc(before));
}

fn check_remove(before: &str, place: &str, removed: Option<&str>, after: &str) {
    let mut changed = doc(before);
    assert_eq!(changed.remove(&path(place)).unwrap(), removed.map(doc), "{place}");
    assert_eq!(changed.to_compact(), after, "{place}");
}

fn check_merge(target: &str, patch: &str, result: &str) {
    let mut merged = doc(target);
    merged.merge(&doc(patch));
    assert_eq!(merged.to_compact(), result, "{target} {patch}");
}

#[test]
fn set_replaces_creates_and_appends() {
    check_set(r#"{"a":1}"#, "", "9");
    check_set(r#"{"a":1}"#, "a", r#"{"a":9}"#);
    check_set("{}", "a.b.c", r#"{"a":{"b":{"c":9}}}"#);
    check_set("[1,2]", "1", "[1,9]");
    check_set("[1,2]", "2", "[1,2,9]");
    check_set("[1,2]", "/-", "[1,2,9]");
    check_set("[]", "/-/a", r#"[{"a":9}]"#);
    check_set("{}", "/-", r#"{"-":9}"#);
    check_set("{}", "/a/0", r#"{"a":{"0":9}}"#);
}

#[test]
fn set_refuses_to_go_through_a_scalar_and_names_it() {
    let message = "cannot go below \"/a/b\": string is neither object nor array";
    check_set_refused(r#"{"a":{"b":"x"}}"#, "a.b.c.d", message);
    let message = "cannot go below \"\": null is neither object nor array";
    check_set_refused("null", "a", message);
}

#[test]
fn set_refuses_an_index_that_is_none_or_leaves_a_gap() {
    let message = "index 3 is beyond the end of the array at \"/a\", which has 2 elements";
    check_set_refused(r#"{"a":[1,2]}"#, "a.3", message);
    for segment in ["x", "01", "+1", "-1", "1.0", "99999999999999999999"] {
        let place = Path::from_segments(["a", segment]).unwrap();
        let error = doc(r#"{"a":[1,2]}"#).set(&place, Doc::Null).unwrap_err();
        assert!(matches!(error, SetError::NotAnIndex { .. }), "{segment}");
    }
}

#[test]
fn a_document_never_grows_deeper_than_it_can_be_read() {
    let place = Path::from_segments(["a"; DEPTH_MAX]).unwrap();
    let mut deep = Doc::object();
    deep.set(&place, Doc::Null).unwrap();
    assert!(deep.is_within_depth(DEPTH_MAX));
    assert_eq!(deep.set(&place, Doc::object()), Err(SetError::TooDeep));
    assert_eq!(deep.merge_at(&path("b"), &deep.clone()), Err(SetError::TooDeep));
    assert_eq!(doc(&deep.to_compact()), deep);
}

#[test]
fn remove_takes_out_what_is_there() {
    check_remove(r#"{"a":{"b":1,"c":2}}"#, "a.b", Some("1"), r#"{"a":{"c":2}}"#);
    check_remove("[1,2,3]", "1", Some("2"), "[1,3]");
    check_remove(r#"{"a":1}"#, "b.c", None, r#"{"a":1}"#);
    check_remove("[1]", "1", None, "[1]");
}

#[test]
fn remove_refuses_the_root_scalars_on_the_way_and_keys_of_arrays() {
    let mut unchanged = doc(r#"{"a":1,"b":[]}"#);
    assert_eq!(unchanged.remove(&Path::root()), Err(SetError::RemovesRoot));
    let place = "/a".to_string();
    let kind = "number";
    let through = SetError::ThroughScalar { place, kind };
    assert_eq!(unchanged.remove(&path("a.b")), Err(through));
    assert!(matches!(unchanged.remove(&path("/b/-")), Err(SetError::NotAnIndex { .. })));
}

#[test]
fn a_clone_is_not_changed_and_shares_what_is_not_on_the_path() {
    let before = doc(r#"{"a":{"x":1},"b":{"y":[1,2]}}"#);
    let mut after = before.clone();
    after.set(&path("a.x"), Doc::from(2_i64)).unwrap();
    assert_eq!(before, doc(r#"{"a":{"x":1},"b":{"y":[1,2]}}"#));
    let b = |doc: &Doc| {
        Arc::as_ptr(match doc.get(&path("b")) {
            Some(Doc::Object(members)) => members,
            _ => unreachable!(),
        })
    };
    assert_eq!(b(&before), b(&after));
}

#[test]
fn removing_what_is_not_there_copies_nothing() {
    let before = doc(r#"{"a":{"x":1}}"#);
    let mut after = before.clone();
    assert_eq!(after.remove(&path("a.y")), Ok(None));
    assert!(crate::doc::diff(&before, &after).is_empty());
    match (&before, &after) {
        (Doc::Object(before), Doc::Object(after)) => assert!(Arc::ptr_eq(before, after)),
        _ => unreachable!(),
    }
}

/// The examples of RFC 7396, appendix A.
#[test]
fn merge_does_as_the_rfc_has_it() {
    check_merge(r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
    check_merge(r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#);
    check_merge(r#"{"a":"b"}"#, r#"{"a":null}"#, "{}");
    check_merge(r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#);
    check_merge(r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
    check_merge(r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#);
    check_merge(r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#);
    check_merge(r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#);
    check_merge(r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#);
    check_merge(r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#);
    check_merge(r#"{"a":"foo"}"#, "null", "null");
    check_merge(r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#);
    check_merge(r#"{"e":null}"#, r#"{"a":1}"#, r#"{"a":1,"e":null}"#);
    check_merge("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#);
    check_merge("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#);
}

#[test]
fn merge_at_creates_its_place() {
    let mut merged = doc(r#"{"a":{"x":1}}"#);
    merged.merge_at(&path("a"), &doc(r#"{"x":null,"y":2}"#)).unwrap();
    merged.merge_at(&path("b.c"), &doc(r#"{"z":null,"w":3}"#)).unwrap();
    merged.merge_at(&path("d"), &Doc::Null).unwrap();
    assert_eq!(merged.to_compact(), r#"{"a":{"y":2},"b":{"c":{"w":3}},"d":null}"#);
    assert!(merged.merge_at(&path("a.y.z"), &Doc::object()).is_err());
}

proptest! {
    #[test]
    fn what_was_set_is_got_and_a_refusal_changes_nothing(
        before in docs(), value in docs(), keys in proptest::collection::vec(keys(), 0..4)
    ) {
        let place = Path::from_segments(&keys).unwrap();
        let mut after = before.clone();
        match after.set(&place, value.clone()) {
            Ok(()) if keys.iter().any(|key| key == "-") => {}
            Ok(()) => prop_assert_eq!(after.get(&place), Some(&value)),
            Err(_) => prop_assert_eq!(after, before),
        }
    }

    #[test]
    fn remove_returns_what_get_had(
        before in docs(), keys in proptest::collection::vec(keys(), 1..4)
    ) {
        let place = Path::from_segments(&keys).unwrap();
        let mut after = before.clone();
        let removed = after.remove(&place).unwrap_or_default();
        prop_assert_eq!(removed.as_ref(), before.get(&place));
        prop_assert_eq!(removed.is_none(), after == before);
    }

    #[test]
    fn merging_twice_is_merging_once(target in docs(), patch in docs()) {
        let mut once = target;
        once.merge(&patch);
        let mut twice = once.clone();
        twice.merge(&patch);
        prop_assert_eq!(twice, once);
    }
}
