//! Tests of the document.
mod diff;
mod edit;
mod parse;
mod path;
mod serde_text;
mod strategy;
mod write;

use super::{Doc, Limits, Path};

/// A document from text that is known to be right.
fn doc(text: &str) -> Doc {
    Doc::parse(text, Limits::default()).unwrap()
}

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}
