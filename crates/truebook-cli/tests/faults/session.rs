//! The session that is disturbed, and the look at the book afterwards.

use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_truebook");

/// Who does the background work in the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upkeep {
    /// The writer itself: every run makes the same calls in the same order.
    Inline,
    /// A thread.
    Thread,
}

impl Upkeep {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Inline => "inline",
            Self::Thread => "thread",
        }
    }
}

/// Operations of a session.
const OPERATIONS: u32 = 200;

/// State saves, sets and merges with values that fill several segments, and checkpoints in between.
pub(crate) fn script() -> String {
    let mut script = String::new();
    for n in 1..=OPERATIONS {
        let pad = "p".repeat(150 + (n as usize * 37) % 400);
        let line = match n % 25 {
            0 => r#"{"op":"checkpoint"}"#.to_owned(),
            7 | 19 => format!(r#"{{"op":"save","vars":{{"n":{n},"a":"{pad}","b":{{"c":[1,2,{n}]}}}}}}"#),
            3 | 11 => format!(r#"{{"op":"merge","value":{{"n":{n},"b":{{"d":"{pad}"}}}}}}"#),
            _ => format!(r#"{{"op":"merge","value":{{"n":{n},"v{}":"{pad}"}}}}"#, n % 9),
        };
        let _ = writeln!(script, "{line}");
    }
    script
}

/// The session's command line, on a book in `data`.
pub(crate) fn command(data: &Path, upkeep: Upkeep) -> Vec<String> {
    let data = data.display().to_string();
    let words = [BINARY, "--data", &data, "--upkeep", upkeep.name(), "--segment-bytes", "16384", "pipe"];
    words.map(str::to_owned).to_vec()
}

/// What a session acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    /// The highest sequence number.
    pub(crate) seq: u64,
    /// The last `n` whose operation was acknowledged.
    pub(crate) n: u64,
    /// Whether something was acknowledged as durable after something had failed.
    pub(crate) after_failure: bool,
    /// Whether anything failed.
    pub(crate) failed: bool,
}

/// Reads the answers of a session, one for each line of the script; the last may be cut off.
pub(crate) fn read_answers(output: &str) -> Acknowledged {
    let mut read = Acknowledged { seq: 1, n: 0, after_failure: false, failed: false };
    for (line, answer) in (1..).zip(output.lines()) {
        let Ok(answer) = serde_json::from_str::<Value>(answer) else { break };
        let ok = answer["ok"].as_bool() == Some(true);
        let seq = answer["seq"].as_u64();
        match (ok, seq) {
            (true, Some(seq)) => {
                read.after_failure |= read.failed;
                read.seq = read.seq.max(seq);
                if line % 25 != 0 {
                    read.n = line;
                }
            }
            (true, None) => {}
            (false, _) => read.failed = true,
        }
    }
    read
}

pub(crate) fn run(data: &Path, words: &[&str]) -> Output {
    Command::new(BINARY).arg("--data").arg(data).args(words).output().unwrap()
}

fn json(data: &Path, words: &[&str]) -> Value {
    let output = run(data, words);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|failed| {
        panic!("{words:?}: {failed}: {} {}", text(&output.stdout), text(&output.stderr))
    })
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Makes the book that every run begins with.
pub(crate) fn template(directory: &Path) -> PathBuf {
    let data = directory.join("template");
    let output = run(&data, &["--upkeep", "inline", "--segment-bytes", "16384", "init"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    data
}

/// Opens the book after a disturbed session and holds it against what was acknowledged.
pub(crate) fn check(data: &Path, acknowledged: Acknowledged) -> Result<(), String> {
    let opened = run(data, &["--upkeep", "inline", "--segment-bytes", "16384", "checkpoint"]);
    if !opened.status.success() {
        return Err(format!("opening again: {} {}", text(&opened.stdout), text(&opened.stderr)));
    }
    let status = json(data, &["--json", "status"]);
    let seq = status["seq"].as_u64().unwrap_or(0);
    if seq < acknowledged.seq {
        return Err(format!("event {} was acknowledged, the book ends with {seq}", acknowledged.seq));
    }
    let n = json(data, &["--json", "state", "get"])["n"].as_u64().unwrap_or(0);
    if n < acknowledged.n || n > acknowledged.n + 2 {
        return Err(format!("n = {} was acknowledged, the book has {n}", acknowledged.n));
    }
    let verified = run(data, &["--json", "verify"]);
    if verified.status.code() != Some(0) {
        return Err(format!("verify: {}", text(&verified.stdout)));
    }
    Ok(())
}

pub(crate) fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
