//! Tests of the document: path.
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use proptest::prelude::*;

use super::path;
use super::strategy::keys;
use crate::doc::{DEPTH_MAX, Path, PathError, SEGMENT_BYTES_MAX, escape_segment};

fn check(text: &str, segments: &[&str], pointer: &str) {
    let path = path(text);
    assert_eq!(path.segments().collect::<Vec<_>>(), segments, "{text}");
    assert_eq!(path.to_string(), pointer, "{text}");
}

fn check_refused(text: &str, error: &PathError) {
    assert_eq!(&Path::parse(text).unwrap_err(), error, "{text}");
}

#[test]
fn empty_text_is_the_whole_document() {
    check("", &[], "");
    assert!(path("").is_root());
    assert_eq!(path(""), Path::root());
}

#[test]
fn text_with_a_leading_slash_is_a_json_pointer() {
    check("/a/b/0", &["a", "b", "0"], "/a/b/0");
    check("/", &[""], "/");
    check("/a//b", &["a", "", "b"], "/a//b");
    check("/a~1b/m~0n/~01", &["a/b", "m~n", "~1"], "/a~1b/m~0n/~01");
    check("/a.b\\c", &["a.b\\c"], "/a.b\\c");
}

#[test]
fn other_text_has_dots_between_segments() {
    check("a", &["a"], "/a");
    check("a.b.0", &["a", "b", "0"], "/a/b/0");
    check(r"BRK\.B.px\\y", &["BRK.B", r"px\y"], r"/BRK.B/px\y");
    check("a/b.c~d", &["a/b", "c~d"], "/a~1b/c~0d");
}

#[test]
fn a_path_that_cannot_be_read_says_which_segment_is_wrong() {
    check_refused(".a", &PathError::EmptySegment { segment: 1 });
    check_refused("a..b", &PathError::EmptySegment { segment: 2 });
    check_refused("a.", &PathError::EmptySegment { segment: 2 });
    check_refused(r"a.\b", &PathError::UnknownEscape { segment: 2 });
    check_refused(r"a\", &PathError::UnknownEscape { segment: 1 });
    check_refused("/a/~2", &PathError::UnknownEscape { segment: 2 });
    check_refused("/a~", &PathError::UnknownEscape { segment: 1 });
}

#[test]
fn a_path_is_no_deeper_than_a_document() {
    assert_eq!(path(&"/a".repeat(DEPTH_MAX)).depth(), DEPTH_MAX);
    check_refused(&"/a".repeat(DEPTH_MAX + 1), &PathError::TooDeep);
    check_refused(&"a.".repeat(DEPTH_MAX + 1), &PathError::TooDeep);
}

#[test]
fn a_segment_has_a_longest() {
    let long = "é".repeat(SEGMENT_BYTES_MAX / 2);
    assert_eq!(path(&long).depth(), 1);
    check_refused(&(long + "x"), &PathError::SegmentTooLong { segment: 1 });
}

#[test]
fn an_escaped_key_is_one_segment_of_a_pointer() {
    assert_eq!(escape_segment("a/b~1.c"), "a~1b~01.c");
    check("/a~1b~01.c", &["a/b~1.c"], "/a~1b~01.c");
}

#[test]
fn errors_are_sentences() {
    let error = Path::parse("a..b").unwrap_err();
    assert_eq!(
        error.to_string(),
        "segment 2 of the path is empty (an empty key is written as a JSON pointer: /a//b)"
    );
}

proptest! {
    #[test]
    fn what_is_shown_is_read_as_the_same_path(segments in proptest::collection::vec(keys(), 0..6)) {
        let path = Path::from_segments(&segments).unwrap();
        prop_assert_eq!(path.segments().collect::<Vec<_>>(), segments);
        prop_assert_eq!(Path::parse(&path.to_string()).unwrap(), path);
    }

    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        let _ = Path::parse(&text);
    }
}
