//! Tests of the document: write.
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use proptest::prelude::*;

use super::doc;
use super::strategy::docs;
use crate::doc::Doc;

#[test]
fn canonical_text_has_sorted_keys_and_no_white_space() {
    let text = r#" { "b" : [ 1.50 , { } , [ ] ] , "Z" : null , "é" : true , "a" : "x" } "#;
    let canonical = r#"{"Z":null,"a":"x","b":[1.50,{},[]],"é":true}"#;
    assert_eq!(doc(text).to_compact(), canonical);
    assert_eq!(doc(text).to_string(), canonical);
}

#[test]
fn only_what_must_be_is_escaped() {
    let text = Doc::from("/é😀\u{7f}\u{2028}\"\\\n\t\r\u{8}\u{c}\u{1}\u{1f}");
    let written = "\"/é😀\u{7f}\u{2028}\\\"\\\\\\n\\t\\r\\b\\f\\u0001\\u001f\"";
    assert_eq!(text.to_compact(), written);
}

#[test]
fn every_byte_is_escaped_alike_wherever_it_stands() {
    for byte in 0..=0x7f_u8 {
        for at in 0..18 {
            let text = ["é".repeat(at / 2), "x".repeat(at % 2), char::from(byte).into()].concat();
            let text = text + "12345678901234567";
            let written = serde_json::to_string(&text).unwrap();
            assert_eq!(Doc::from(text.as_str()).to_compact(), written);
            assert_eq!(doc(&written).as_str(), Some(text.as_str()));
        }
    }
}

#[test]
fn pretty_text_is_indented_by_two_and_ends_without_a_line_end() {
    let pretty = "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": {\n    \"c\": []\n  }\n}";
    assert_eq!(doc(r#"{"b":{"c":[]},"a":[1,{}]}"#).to_pretty(), pretty);
    assert_eq!(Doc::object().to_pretty(), "{}");
}

/// Keeps each piece apart.
#[derive(Default)]
struct Pieces(Vec<String>);

impl fmt::Write for Pieces {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.0.push(piece.into());
        Ok(())
    }
}

#[test]
fn chunks_are_few_and_give_the_canonical_text() {
    let mut items: Vec<Doc> = (0..10_000_i64).map(Doc::from).collect();
    items.push("x".repeat(100_000).as_str().into());
    items.push(Doc::Null);
    let large = Doc::from(items);
    let mut pieces = Pieces::default();
    large.write_chunks(&mut pieces).unwrap();
    assert_eq!(pieces.0.concat(), large.to_compact());
    assert!(pieces.0.len() < 20, "{} pieces", pieces.0.len());
}

struct Full;

impl fmt::Write for Full {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Err(fmt::Error)
    }
}

#[test]
fn a_sink_that_fails_is_reported() {
    assert!(doc("[1]").write_compact(&mut Full).is_err());
    assert!(doc("[1]").write_chunks(&mut Full).is_err());
}

#[test]
fn a_sink_may_be_a_trait_object() {
    let mut text = String::new();
    let sink: &mut dyn fmt::Write = &mut text;
    doc("[1]").write_compact(sink).unwrap();
    assert_eq!(text, "[1]");
}

#[test]
fn the_size_is_that_of_the_text_but_for_escapes() {
    for text in ["null", "12.5", r#""abc""#, "[]", "{}"] {
        assert_eq!(doc(text).approx_bytes(), text.len(), "{text}");
    }
    let text = r#"{"a":[1,2,3],"b":"c"}"#;
    let size = doc(text).approx_bytes();
    assert!(size.abs_diff(text.len()) <= 2, "{size}");
}

proptest! {
    #[test]
    fn serde_reads_the_same_strings_and_structure(doc in docs()) {
        let compact = serde_json::from_str::<serde_json::Value>(&doc.to_compact());
        let pretty = serde_json::from_str::<serde_json::Value>(&doc.to_pretty());
        if let Ok(value) = compact {
            prop_assert_eq!(pretty.unwrap(), value);
        }
    }

    #[test]
    fn strings_are_written_as_serde_writes_them(text in any::<String>()) {
        let ours = Doc::from(text.as_str()).to_compact();
        prop_assert_eq!(ours, serde_json::to_string(&text).unwrap());
    }

    #[test]
    fn writing_twice_gives_the_same_text(doc in docs()) {
        let again = super::doc(&doc.to_pretty());
        prop_assert_eq!(again.to_compact(), doc.to_compact());
    }
}
