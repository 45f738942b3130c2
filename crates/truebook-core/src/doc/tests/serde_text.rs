//! Tests of the document: within serde.
use alloc::string::{String, ToString};

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::doc;
use super::strategy::docs;
use crate::doc::{Doc, Op};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holder {
    name: String,
    vars: Doc,
}

#[test]
fn numbers_within_other_structures_keep_their_text() {
    let text = r#"{"name":"x","vars":{"id":12345678901234567890123,"px":600.0}}"#;
    let holder: Holder = serde_json::from_str(text).unwrap();
    assert_eq!(holder.vars, doc(r#"{"px":600.0,"id":12345678901234567890123}"#));
    assert_eq!(serde_json::to_string(&holder).unwrap(), text);
}

#[test]
fn duplicate_keys_within_other_structures_are_refused() {
    let text = r#"{"name":"x","vars":{"b":{"a":1,"a":2}}}"#;
    let error = serde_json::from_str::<Holder>(text).unwrap_err().to_string();
    let message = r#"duplicate key "a" at byte 12 of the document, in "/b" at line 1"#;
    assert!(error.starts_with(message), "{error}");
}

#[test]
fn owned_text_and_bytes_are_read_too() {
    let value = serde_json::json!({"name": "x", "vars": [1, {"a": null}]});
    let holder: Holder = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(holder.vars, doc(r#"[1,{"a":null}]"#));
    assert_eq!(serde_json::to_value(&holder).unwrap(), value);
    assert_eq!(serde_json::from_slice::<Doc>(b" [1] ").unwrap(), doc("[1]"));
}

fn check_op_refused(text: &str) {
    assert!(serde_json::from_str::<Op>(text).is_err(), "{text}");
}

#[test]
fn a_change_has_exactly_one_of_its_three_forms() {
    check_op_refused(r#"{"p":"/a"}"#);
    check_op_refused(r#"{"p":"/a","v":1,"d":1}"#);
    check_op_refused(r#"{"p":"/a","v":null,"n":1}"#);
    check_op_refused(r#"{"p":"/a","d":2}"#);
    check_op_refused(r#"{"p":"/a","d":true}"#);
    check_op_refused(r#"{"p":"/a","n":-1}"#);
    check_op_refused(r#"{"v":1}"#);
    check_op_refused(r#"{"p":"/a","v":1,"x":1}"#);
    check_op_refused(r#"{"p":"/a","v":1,"v":1}"#);
}

#[test]
fn setting_null_is_a_change_of_its_own() {
    let op: Op = serde_json::from_str(r#"{"p":"/a","v":null}"#).unwrap();
    let path = "/a".into();
    assert_eq!(op, Op::Set { path, value: Doc::Null });
    assert_eq!(serde_json::to_string(&op).unwrap(), r#"{"p":"/a","v":null}"#);
}

proptest! {
    #[test]
    fn a_document_survives_within_another_structure(vars in docs()) {
        let holder = Holder { name: "x".into(), vars };
        let text = serde_json::to_string(&holder).unwrap();
        prop_assert_eq!(serde_json::from_str::<Holder>(&text).unwrap(), holder);
    }
}
