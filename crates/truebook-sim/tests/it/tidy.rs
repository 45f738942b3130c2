//! The house rules that no compiler holds: short functions, a pure core, no `bool` parameters.

use std::path::{Path, PathBuf};

/// The longest function, in lines from its signature to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// What the pure core must not know.
const IMPURE: [&str; 8] =
    ["f64", "f32", "std::", "SystemTime", "Instant", "println!", "HashMap::new", "RandomState"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_path_buf()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn product_sources() -> Vec<PathBuf> {
    sources(&root().join("crates"))
        .into_iter()
        .filter(|path| !path.components().any(|c| c.as_os_str() == "tests"))
        .collect()
}

/// The part of a file before its unit tests.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}

struct Function {
    line: usize,
    lines: usize,
    signature: String,
}

/// Functions by their indentation: formatted code closes a function with a brace at the column of its `fn`.
fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim_start();
        let begins = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "const fn ", "pub const fn "];
        if !begins.iter().any(|begin| words.starts_with(begin)) {
            continue;
        }
        let rest = lines[at..].iter();
        let Some(length) = rest.clone().position(|line| {
            let closes = line.len() - line.trim_start().len() == indent;
            closes && (line.trim() == "}" || line.trim_end().ends_with(';') || line.trim_end().ends_with('}'))
        }) else {
            continue;
        };
        let signature: String = rest.take_while(|line| !line.contains('{')).map(|line| line.trim()).collect();
        let signature = if signature.is_empty() { (*line).to_owned() } else { signature };
        found.push(Function { line: at + 1, lines: length + 1, signature });
    }
    found
}

#[test]
fn no_function_is_longer_than_seventy_lines() {
    for path in sources(&root().join("crates")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for function in functions(&text) {
            let place = format!("{}:{}", path.display(), function.line);
            assert!(function.lines <= FUNCTION_LINES_MAX, "{place} has {} lines", function.lines);
        }
    }
}

#[test]
fn no_function_takes_a_bool() {
    for path in product_sources() {
        let text = std::fs::read_to_string(&path).unwrap();
        for function in functions(without_tests(&text)) {
            let parameters = function.signature.split("->").next().unwrap_or_default();
            let place = format!("{}:{}", path.display(), function.line);
            let visits = parameters.contains("fn visit_bool") || parameters.contains("fn from(");
            assert!(visits || !parameters.contains(": bool"), "{place}: {parameters}");
        }
    }
}

#[test]
fn p11_the_core_has_no_clock_no_float_no_randomised_map_and_no_standard_library() {
    let core = root().join("crates/truebook-core/src");
    let lib = std::fs::read_to_string(core.join("lib.rs")).unwrap();
    assert!(lib.contains("#![no_std]"));
    for path in sources(&core).into_iter().filter(|path| !path.components().any(|c| c.as_os_str() == "tests"))
    {
        let text = std::fs::read_to_string(&path).unwrap();
        let code = without_tests(&text).lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            for word in IMPURE {
                assert!(!line.contains(word), "{} uses {word}: {line}", path.display());
            }
        }
    }
}

#[test]
fn every_file_begins_by_saying_its_one_job() {
    for path in sources(&root().join("crates")) {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} does not begin with //!", path.display());
    }
}

#[test]
fn every_document_that_the_readme_names_is_there() {
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 150);
    let named = readme.split('`').filter(|word| word.ends_with(".md") || word.starts_with("scripts/"));
    for word in named.filter_map(|word| word.split_whitespace().next()) {
        assert!(root().join(word).exists(), "README names {word}, which is not there");
    }
}
