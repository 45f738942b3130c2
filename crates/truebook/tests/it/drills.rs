//! Every drill in `drills/` passes, the language says what is wrong with a line, and the runner can fail.

use std::path::{Path, PathBuf};
use truebook::drill::{BUILT_IN, Drill, RunError};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../drills")
}

fn run(text: &str) -> Result<usize, RunError> {
    Drill::parse("a.drill", text).unwrap().run().map(|passed| passed.expectations)
}

fn failure(text: &str) -> String {
    match run(text) {
        Err(RunError::Failed(failure)) => failure.to_string(),
        other => panic!("it should have failed: {other:?}"),
    }
}

#[test]
fn every_drill_passes() {
    let mut files: Vec<_> =
        std::fs::read_dir(directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 30);
    let mut failed = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let drill = Drill::parse(&name, &std::fs::read_to_string(&file).unwrap());
        match drill.unwrap_or_else(|wrong| panic!("{wrong}")).run() {
            Ok(passed) => assert!(passed.expectations > 0, "{name} expects nothing"),
            Err(why) => failed.push(why.to_string()),
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_drill_in_the_directory_comes_with_the_program() {
    for entry in std::fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text);
        assert_eq!(built_in, Some(std::fs::read_to_string(&path).unwrap().as_str()), "{name}");
    }
}

#[test]
fn a_wrong_expectation_fails_with_its_line_and_with_what_was_found() {
    let told =
        failure("venue trades X\ncreate\nreconcile\nsubmit c1 buy 1 X limit 10\nexpect order c1 filled\n");
    assert_eq!(told, "a.drill:5: expected order c1: filled, found working");
    let told = failure("venue trades X\ncreate\nexpect gate X open\n");
    assert!(told.starts_with("a.drill:3: expected the gate for X open, found book and venue"), "{told}");
}

#[test]
fn a_refusal_that_nobody_expects_fails_the_drill() {
    let told = failure("venue trades X\ncreate\nsubmit c1 buy 1 X limit 10\nreconcile\n");
    assert!(
        told.starts_with("a.drill:3: expected this to be done") && told.contains("not reconciled"),
        "{told}"
    );
}

#[test]
fn an_unknown_word_is_an_error_with_its_line_and_with_what_is_allowed() {
    let told = |text| Drill::parse("a.drill", text).unwrap_err().to_string();
    assert!(
        told("create\nsubmitt c1\n")
            .starts_with("a.drill:2: \"submitt\" is not known here; allowed are: venue")
    );
    let wrong = told("create\nfault submit gone\n");
    assert!(wrong.contains("\"gone\"") && wrong.contains("reply-lost, unreadable"), "{wrong}");
    assert!(told("create\nsubmit c1 buy x X market\n").contains("\"x\" is not a quantity"));
    assert!(told("create\nreconcile now\n").contains("could end before \"now\""));
}

#[test]
fn a_drill_gives_the_same_result_every_time() {
    let (name, text) = BUILT_IN[8];
    let drill = Drill::parse(name, text).unwrap();
    assert_eq!(drill.run().unwrap(), drill.run().unwrap());
}
