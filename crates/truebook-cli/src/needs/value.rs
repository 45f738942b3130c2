//! A value that was typed: JSON, or else plain text.

use super::input;
use crate::errors::Failure;
use crate::flags::Source;
use truebook::core::doc::{Doc, Limits};

/// The argument, or standard input for `-`.
pub(crate) fn typed(text: &str) -> Result<Doc, Failure> {
    if text != "-" {
        return json_or_text("the value", text);
    }
    let input = input::read(&Source::Stdin, input::DOCUMENT_BYTES_MAX)?;
    let name = input.name.clone();
    let text = input.into_text()?;
    json_or_text(&name, text.strip_suffix('\n').unwrap_or(&text))
}

/// A JSON argument, or standard input for `-`.
pub(crate) fn json(text: &str) -> Result<Doc, Failure> {
    if text == "-" { input::doc(&Source::Stdin) } else { input::parse("the argument", text.as_bytes()) }
}

/// JSON if it is JSON; what can only be meant as JSON is not taken for text when it is faulty.
fn json_or_text(name: &str, text: &str) -> Result<Doc, Failure> {
    match Doc::parse(text, Limits::default()) {
        Ok(doc) => Ok(doc),
        Err(_) if is_meant_as_json(text) => input::parse(name, text.as_bytes()),
        Err(_) => Ok(Doc::from(text)),
    }
}

fn is_meant_as_json(text: &str) -> bool {
    let text = text.trim();
    let word = text.strip_prefix(['-', '+']).unwrap_or(text);
    let not_finite = ["nan", "inf", "infinity"].iter().any(|name| word.eq_ignore_ascii_case(name));
    not_finite || text.starts_with(['{', '[', '"'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let found = json_or_text("the value", text)
            .map_or_else(|failed| failed.in_one_line(), |doc| doc.to_compact());
        assert_eq!(found, expect, "{text}");
    }

    #[test]
    fn a_typed_value_is_json_or_else_text() {
        check("12.50", "12.50");
        check("{\"a\": [1, null]}", "{\"a\":[1,null]}");
        check("TSLA", "\"TSLA\"");
        check("0700", "\"0700\"");
        check("information", "\"information\"");
        check("", "\"\"");
        check("\"12\"", "\"12\"");
    }

    #[test]
    fn faulty_json_and_what_is_no_number_are_not_taken_for_text() {
        for text in ["NaN", "-Infinity", "{\"a\":1,\"a\":2}", "[1,", "\"open"] {
            assert!(json_or_text("the value", text).is_err(), "{text}");
        }
    }
}
