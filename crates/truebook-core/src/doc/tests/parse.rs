//! Tests of the document: parse.
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;

use super::strategy::{docs, numbers};
use super::{doc, path};
use crate::doc::{DEPTH_MAX, Doc, Limits, Number, ParseError, ParseErrorKind};

fn refused(text: impl AsRef<[u8]>) -> ParseError {
    Doc::parse(text.as_ref(), Limits::default()).unwrap_err()
}

fn check_refused(text: impl AsRef<[u8]>, message: &str) {
    assert_eq!(refused(text).to_string(), message);
}

#[test]
fn numbers_keep_the_text_they_were_written_as() {
    for text in ["600.0", "-0", "1e400", "0.10", "12345678901234567890", "1E+5"] {
        assert_eq!(doc(text).as_number().map(Number::as_str), Some(text));
    }
    assert_ne!(doc("1.0"), doc("1"));
}

#[test]
fn numbers_are_integers_only_if_written_so_and_fitting() {
    let number = |text: &str| text.parse::<Number>().unwrap();
    assert_eq!(number("-7").as_i64(), Some(-7));
    assert_eq!(number("-7").as_u64(), None);
    assert_eq!(number("18446744073709551615").as_u64(), Some(u64::MAX));
    assert_eq!(number("18446744073709551615").as_i64(), None);
    assert_eq!(number("1.0").as_i64(), None);
    assert_eq!(Number::from(i64::MIN).as_i64(), Some(i64::MIN));
}

#[test]
fn number_text_outside_the_grammar_is_refused_where_it_leaves_it() {
    for (text, offset) in [("", 0), ("-", 1), ("01", 1), ("-00", 2), ("1.", 2), ("1e", 2)] {
        assert_eq!(text.parse::<Number>().unwrap_err().offset, offset, "{text}");
    }
    for (text, offset) in [("+1", 0), (".5", 0), ("1 ", 1), ("1e+", 3), ("0x1", 1)] {
        assert_eq!(text.parse::<Number>().unwrap_err().offset, offset, "{text}");
    }
}

#[test]
fn a_duplicate_key_is_refused_with_its_place() {
    let text = r#"{"orders": [0,1,2,3,4,5,6,
  {"qty": 1,
    "qty": 2}]}"#;
    check_refused(text, r#"duplicate key "qty" at line 3 column 5 (/orders/7)"#);
    assert_eq!(refused(text).offset(), text.rfind("\"qty\"").unwrap());
}

#[test]
fn a_duplicate_key_is_found_through_escapes() {
    check_refused(r#"{"a":1,"\u0061":2}"#, r#"duplicate key "a" at line 1 column 8"#);
}

#[test]
fn a_long_duplicate_key_is_cut_in_the_message() {
    let key = "k".repeat(1000);
    let error = refused(format!(r#"{{"{key}":1,"{key}":2}}"#));
    assert!(error.to_string().len() < 200);
}

#[test]
fn nan_and_infinity_are_refused_with_what_to_do() {
    let spellings = ["NaN", "nan", "Infinity", "-Infinity", "inf", "-inf", "+Inf", "-NaN"];
    for text in spellings {
        let message = "JSON has no NaN or infinity: store null or a string at line 1 column 9 (/pnl)";
        check_refused(format!(r#"{{"pnl": {text}}}"#), message);
    }
}

#[test]
fn faults_name_what_was_expected_and_the_place() {
    check_refused("", "unexpected end of text at line 1 column 1");
    check_refused("[1,\n2", "unexpected end of text at line 2 column 2");
    check_refused("[1 2]", "expected `,` or `]`, found '2' at line 1 column 4");
    check_refused("[1,]", "expected a value, found ']' at line 1 column 4 (/1)");
    check_refused("{\"a\":1,}", "expected a key in quotes, found '}' at line 1 column 8");
    check_refused("{\"a\" 1}", "expected `:`, found '1' at line 1 column 6");
    check_refused("{'a':1}", "expected a key in quotes, found '\\'' at line 1 column 2");
    check_refused("{\"é\":tru}", "expected a value, found 't' at line 1 column 6 (/é)");
    check_refused("[01]", "not a JSON number at line 1 column 2 (/0)");
    check_refused("{} {}", "more text after the end of the document at line 1 column 4");
    check_refused("{\"a/b\":{\"~\":?}}", "expected a value, found '?' at line 1 column 13 (/a~1b/~0)");
}

#[test]
fn strings_are_refused_for_what_is_no_text() {
    check_refused("\"a\nb\"", "control character 0x0a in a string: write it as an escape at line 1 column 3");
    check_refused(r#"["\x"]"#, "unknown escape in a string at line 1 column 3 (/0)");
    check_refused(r#""\u12g4""#, "unknown escape in a string at line 1 column 2");
    check_refused(r#""\u+123""#, "unknown escape in a string at line 1 column 2");
    check_refused(r#""\ud800""#, "lone surrogate in a string at line 1 column 2");
    check_refused(r#""\ud800A""#, "lone surrogate in a string at line 1 column 2");
    check_refused(r#""a\udc00""#, "lone surrogate in a string at line 1 column 3");
    check_refused(r#""\u12"#, "unexpected end of text at line 1 column 6");
}

#[test]
fn escapes_are_read() {
    let read = doc(r#""\"\\\/\b\f\n\r\t\u00e9\uD83D\ude00 é""#);
    assert_eq!(read.as_str(), Some("\"\\/\u{8}\u{c}\n\r\té😀 é"));
}

#[test]
fn invalid_utf8_is_refused_with_its_place() {
    check_refused(b"{\"a\":[0,\"x\xff\"]}", "invalid UTF-8 at line 1 column 11 (/a/1)");
    check_refused(b"{} \xff", "invalid UTF-8 at line 1 column 4");
    check_refused(b"[1 2 \"\xff", "expected `,` or `]`, found '2' at line 1 column 4");
}

#[test]
fn a_byte_order_mark_is_named() {
    check_refused("\u{feff}{}", "byte order mark: save the text as UTF-8 without one at line 1 column 1");
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

#[test]
fn nesting_is_bounded() {
    let deepest = doc(&nested(DEPTH_MAX));
    assert!(deepest.is_within_depth(DEPTH_MAX) && !deepest.is_within_depth(DEPTH_MAX - 1));
    let depth_max = DEPTH_MAX;
    let error = refused(nested(DEPTH_MAX + 1));
    assert_eq!(error.kind(), &ParseErrorKind::TooDeep { depth_max });
    assert_eq!(error.offset(), DEPTH_MAX);
    assert_eq!(refused("[".repeat(10_000_000)).offset(), DEPTH_MAX);
}

#[test]
fn a_depth_limit_lowers_the_bound_but_never_lifts_it() {
    let limits = |depth_max| Limits { depth_max, ..Limits::default() };
    assert!(Doc::parse("1", limits(0)).is_ok());
    assert!(Doc::parse("[]", limits(0)).is_err());
    assert!(Doc::parse(&nested(DEPTH_MAX + 1), limits(usize::MAX)).is_err());
}

#[test]
fn a_text_longer_than_the_limit_is_refused() {
    let limits = Limits { bytes_max: 3, ..Limits::default() };
    assert_eq!(Doc::parse("[1]", limits), Ok(doc("[1]")));
    let error = Doc::parse("[12]", limits).unwrap_err();
    assert_eq!(error.kind(), &ParseErrorKind::TooLong { bytes_max: 3 });
}

#[test]
fn white_space_may_stand_between_tokens_only_as_json_has_it() {
    assert_eq!(doc("\t\r\n { \"a\" : [ 1 , 2 ] } \n"), doc(r#"{"a":[1,2]}"#));
    assert!(Doc::parse("\u{b}1", Limits::default()).is_err());
    assert!(Doc::parse("\u{a0}1", Limits::default()).is_err());
}

#[test]
fn values_are_found_where_they_stand() {
    let read = doc(r#"{"a":[true,false,null,{"b":"c"}]}"#);
    assert_eq!(read.get(&path("a.3.b")).and_then(Doc::as_str), Some("c"));
    assert_eq!(read.get(&path("a.2")).map(Doc::is_null), Some(true));
    assert_eq!(read.get(&path("a.0")).and_then(Doc::as_bool), Some(true));
}

/// Pieces of JSON in any order: much likelier to be nearly right than arbitrary bytes.
fn nearly_json() -> impl Strategy<Value = String> {
    let pieces = [
        "{", "}", "[", "]", ":", ",", "\"a\"", "\"b\"", "\"", "\\", "\\u00e9", "\\ud83d", "\\ude00", "0",
        "1", "-", ".", "e", "+", "true", "false", "null", "nul", " ", "\n", "é", "\u{1}", "/",
    ];
    let piece = proptest::sample::select(pieces.to_vec());
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

fn has_duplicate_key(result: &Result<Doc, ParseError>) -> bool {
    let Err(error) = result else { return false };
    matches!(error.kind(), ParseErrorKind::DuplicateKey { .. })
}

/// Serde's reader accepts the same texts, but for duplicate keys and numbers a float cannot hold.
fn check_against_serde(text: &[u8]) {
    let ours = Doc::parse(text, Limits::default());
    let theirs = serde_json::from_slice::<serde_json::Value>(text);
    let out_of_range = matches!(&theirs, Err(error) if error.to_string().contains("out of range"));
    if !has_duplicate_key(&ours) && !out_of_range {
        let text = String::from_utf8_lossy(text);
        assert_eq!(ours.is_ok(), theirs.is_ok(), "{text:?}: {ours:?} {theirs:?}");
    }
    if let Err(error) = ours {
        assert!(error.offset() <= text.len());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic_and_are_judged_as_serde_does(
        bytes in proptest::collection::vec(any::<u8>(), 0..64)
    ) {
        check_against_serde(&bytes);
    }

    #[test]
    fn nearly_json_is_judged_as_serde_does(text in nearly_json()) {
        check_against_serde(text.as_bytes());
    }

    #[test]
    fn damaged_documents_are_judged_as_serde_does(
        doc in docs(), at in any::<prop::sample::Index>(), byte in any::<u8>()
    ) {
        let mut text = Vec::from(doc.to_compact());
        let at = at.index(text.len());
        text[at] = byte;
        check_against_serde(&text);
        check_against_serde(&text[..at]);
    }

    #[test]
    fn what_is_written_is_read_back(doc in docs()) {
        prop_assert_eq!(&Doc::parse(&doc.to_compact(), Limits::default()).unwrap(), &doc);
        prop_assert_eq!(&Doc::parse(&doc.to_pretty(), Limits::default()).unwrap(), &doc);
    }

    #[test]
    fn any_number_comes_back_as_its_text(text in numbers()) {
        prop_assert_eq!(doc(&text).to_compact(), text);
    }
}
