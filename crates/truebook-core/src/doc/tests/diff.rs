//! Tests of the document: diff.
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::error::Error;

use proptest::prelude::*;

use super::strategy::{docs, keys, pairs};
use super::{doc, path};
use crate::doc::{Doc, Op, Path, apply, diff, diff_merge, scope};

fn text(ops: &[Op]) -> String {
    serde_json::to_string(ops).unwrap()
}

fn check(old: &str, new: &str, changes: &str) {
    let ops = diff(&doc(old), &doc(new));
    assert_eq!(text(&ops), changes);
    check_exact(&doc(old), &doc(new));
}

fn check_exact(old: &Doc, new: &Doc) {
    let ops = diff(old, new);
    let mut made = old.clone();
    apply(&mut made, &ops).unwrap();
    assert_eq!(&made, new, "{ops:?}");
    assert_eq!(ops.is_empty(), old == new);
}

#[test]
fn equal_documents_have_no_changes() {
    check(r#"{"a":[1,{"b":2}]}"#, r#"{"a":[1,{"b":2}]}"#, "[]");
}

#[test]
fn members_are_set_and_removed_by_pointer() {
    check(
        r#"{"alpha":{"x":1,"y":2,"long":"a text that stays as it was"},"beta":1}"#,
        r#"{"alpha":{"x":1,"z":3,"long":"a text that stays as it was"},"a/b~":null,"beta":1}"#,
        r#"[{"p":"/a~1b~0","v":null},{"p":"/alpha/y","d":1},{"p":"/alpha/z","v":3}]"#,
    );
}

#[test]
fn the_text_of_a_number_is_a_change() {
    check(r#"{"px":600.0,"qty":1}"#, r#"{"px":600.00,"qty":1}"#, r#"[{"p":"/px","v":600.00}]"#);
}

#[test]
fn arrays_are_set_in_place_appended_and_truncated() {
    let long = r#""a text that is long enough to stay where it is","and one more of the same""#;
    check(&format_array(long, "1"), &format_array(long, "2"), r#"[{"p":"/2","v":2}]"#);
    check(&format_array(long, "1"), &format_array(long, "1,2"), r#"[{"p":"/3","v":2}]"#);
    check(&format_array(long, "1,2,3"), &format_array(long, "7"), r#"[{"p":"/2","v":7},{"p":"","n":3}]"#);
}

fn format_array(head: &str, tail: &str) -> String {
    ["[", head, ",", tail, "]"].concat()
}

#[test]
fn a_place_is_set_whole_where_that_is_shorter() {
    check(
        r#"{"a":{"b":1,"c":2,"d":3},"e":1}"#,
        r#"{"a":{"b":4,"c":5,"d":6},"e":1}"#,
        r#"[{"p":"/a","v":{"b":4,"c":5,"d":6}}]"#,
    );
    check("[1,2,3,4,5,6]", "[]", r#"[{"p":"","n":0}]"#);
    check(r#"{"a":1,"b":2}"#, "{}", r#"[{"p":"","v":{}}]"#);
}

#[test]
fn another_kind_of_value_is_set_whole() {
    check(r#"{"a":[]}"#, r#"{"a":{}}"#, r#"[{"p":"/a","v":{}}]"#);
    check("1", r#""1""#, r#"[{"p":"","v":"1"}]"#);
}

#[test]
fn keys_longer_than_a_path_allows_are_still_diffed() {
    let key = "k".repeat(10_000);
    let object = |value: &str| {
        doc(&["{\"", &key, "\":", value, ",\"pad\":[", "1,".repeat(20_000).as_str(), "1]}"].concat())
    };
    check_exact(&object("1"), &object("2"));
}

#[test]
fn one_change_in_a_large_document_is_one_small_operation() {
    let items = (0..50_000_i64).map(Doc::from).collect::<Vec<_>>();
    let mut old = Doc::object();
    old.set(&path("items"), items.into()).unwrap();
    let mut new = old.clone();
    new.set(&path("items.49999"), Doc::Null).unwrap();
    assert_eq!(text(&diff(&old, &new)), r#"[{"p":"/items/49999","v":null}]"#);
}

fn check_apply_refused(before: &str, change: &str, messages: [&str; 2]) {
    let op: Op = serde_json::from_str(change).unwrap();
    let error = apply(&mut doc(before), &[op]).unwrap_err();
    assert_eq!(error.to_string(), messages[0]);
    assert_eq!(error.source().unwrap().to_string(), messages[1]);
}

#[test]
fn changes_of_another_document_are_refused() {
    let place = "cannot apply change 0 at \"/a\"";
    let absent = "there is nothing at this place";
    check_apply_refused("{}", r#"{"p":"/a","d":1}"#, [place, absent]);
    check_apply_refused("{}", r#"{"p":"/a","n":0}"#, [place, absent]);
    check_apply_refused("1", r#"{"p":"/a","v":0}"#, [place, "the place cannot be changed"]);
    check_apply_refused(
        r#"{"a":{}}"#,
        r#"{"p":"/a","n":0}"#,
        [place, "only an array can be truncated, not object"],
    );
    let short = "the array has 1 elements, fewer than it should keep";
    check_apply_refused(r#"{"a":[1]}"#, r#"{"p":"/a","n":2}"#, [place, short]);
    let dotted = ["cannot apply change 0 at \"a.b\"", "the path cannot be read"];
    check_apply_refused("{}", r#"{"p":"a.b","v":1}"#, dotted);
}

#[test]
fn a_refused_change_is_counted_and_those_before_it_are_made() {
    let ops = serde_json::from_str::<Vec<Op>>(r#"[{"p":"/a","v":1},{"p":"/b","d":1}]"#).unwrap();
    let mut changed = Doc::object();
    assert_eq!(apply(&mut changed, &ops).unwrap_err().index, 1);
    assert_eq!(changed, doc(r#"{"a":1}"#));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn applying_the_difference_gives_the_new_document((old, new) in pairs()) {
        check_exact(&old, &new);
    }

    #[test]
    fn a_difference_is_not_larger_than_the_new_document((old, new) in pairs()) {
        let whole = Op::Set { path: String::new(), value: new.clone() };
        let bytes: usize = diff(&old, &new).iter().map(approx_bytes).sum();
        prop_assert!(bytes <= approx_bytes(&whole));
    }

    #[test]
    fn changes_survive_their_text((old, new) in pairs()) {
        let ops = diff(&old, &new);
        let read: Vec<Op> = serde_json::from_str(&text(&ops)).unwrap();
        prop_assert_eq!(read, ops);
    }

    #[test]
    fn a_document_read_again_does_not_differ(doc in docs()) {
        prop_assert!(diff(&doc, &super::doc(&doc.to_compact())).is_empty());
    }
}

fn approx_bytes(op: &Op) -> usize {
    let value = match op {
        Op::Set { value, .. } => value.approx_bytes(),
        Op::Remove { .. } | Op::Truncate { .. } => 0,
    };
    12 + op.path().len() + value
}

proptest! {
    #[test]
    fn a_merge_as_changes_does_what_the_merge_does(
        old in docs(), patch in docs(), keys in proptest::collection::vec(keys(), 0..4)
    ) {
        let place = Path::from_segments(&keys).unwrap();
        let mut merged = old.clone();
        match (merged.merge_at(&place, &patch), diff_merge(&old, &place, &patch)) {
            (Ok(()), Ok(ops)) => {
                let mut made = old.clone();
                apply(&mut made, &ops).unwrap();
                prop_assert_eq!(&made, &merged, "{:?}", ops);
                prop_assert_eq!(ops.is_empty(), made == old);
            }
            (merged, ops) => prop_assert_eq!(merged.err(), ops.err()),
        }
    }

    #[test]
    fn what_is_kept_of_the_scope_takes_changes_back((old, new) in pairs(), broken in 0usize..4) {
        let mut ops = diff(&old, &new);
        let first = ops.first().map_or("", Op::path);
        let beside = first.rsplit_once('/').map_or("", |(parent, _)| parent).to_string() + "/no such member";
        ops.insert(broken.min(ops.len()), Op::Remove { path: beside });
        let scope = scope(&old, &ops);
        let kept = old.get(&scope).cloned().unwrap();
        let mut made = old.clone();
        prop_assert!(apply(&mut made, &ops).is_err());
        made.set(&scope, kept).unwrap();
        prop_assert_eq!(made, old);
    }
}
