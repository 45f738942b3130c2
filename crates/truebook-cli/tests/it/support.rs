//! Running the binary.

use serde_json::Value;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

/// Small segments, so that rolling and sealing happen in a short test.
pub(crate) const SMALL: [&str; 2] = ["--segment-bytes", "8192"];

/// A directory for one test, with a book in `data`.
pub(crate) struct Place {
    dir: tempfile::TempDir,
    key: Option<(&'static str, String)>,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// No book yet.
    pub(crate) fn empty() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), key: None }
    }

    /// With a book.
    pub(crate) fn new() -> Self {
        let place = Self::empty();
        place.run(["init", "--name", "test"].into_iter().chain(SMALL)).ok();
        place
    }

    /// Every run gets this variable.
    pub(crate) fn with_variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.key = Some((name, value.into()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.data().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_truebook"));
        command.args(args).current_dir(self.path());
        for variable in ["TRUEBOOK_DATA", "TRUEBOOK_KEY", "TRUEBOOK_PASSPHRASE"] {
            command.env_remove(variable);
        }
        command.envs(self.key.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Run {
        self.command(args).stdin(Stdio::null()).output().unwrap().into()
    }

    /// Runs with something on standard input.
    pub(crate) fn feed<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>, input: &str) -> Run {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Whoever refuses its input does not read it to the end.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap().into()
    }

    /// What a run prints as JSON.
    pub(crate) fn json<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Value {
        let run = self.run(args);
        serde_json::from_str(&run.stdout).unwrap_or_else(|failed| panic!("{failed}: {run:?}"))
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.run(["state", "get", path, "--json"]).ok().stdout.trim().to_owned()
    }

    pub(crate) fn set(&self, path: &str, value: &str) {
        self.run(["state", "set", path, value]).ok();
    }

    /// A session, with `args` after `pipe`.
    pub(crate) fn pipe<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Session {
        let mut command = self.command(["pipe"]);
        command.args(args);
        Session::start(command)
    }

    /// Files below `dir` whose name begins so, newest name last.
    pub(crate) fn files(&self, dir: &str, begins: &str) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.file(dir)) else { return Vec::new() };
        let paths = entries.map(|entry| entry.unwrap().path());
        let named = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(begins);
        let mut paths: Vec<_> = paths.filter(named).collect();
        paths.sort();
        paths
    }
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Run {
    pub(crate) fn code(self, expect: i32) -> Self {
        assert_eq!(self.code, expect, "{self:#?}");
        self
    }

    pub(crate) fn ok(self) -> Self {
        self.code(0)
    }

    /// Standard error has all of these.
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {self:#?}");
        }
        self
    }

    /// Standard output has all of these.
    pub(crate) fn prints(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.stdout.contains(word), "{word:?} is not in {self:#?}");
        }
        self
    }
}

/// A `pipe` that is being talked to.
pub(crate) struct Session {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Session {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let stdin = child.stdin.take();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn ask(&mut self, line: &str) -> Value {
        writeln!(self.stdin.as_mut().unwrap(), "{line}").unwrap();
        self.hear()
    }

    pub(crate) fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|failed| panic!("{failed}: {line:?}"))
    }

    /// Asks, and expects the answer to be fine.
    pub(crate) fn fine(&mut self, line: &str) -> Value {
        let answer = self.ask(line);
        assert_eq!(answer["ok"], true, "{line} -> {answer}");
        answer
    }

    /// Ends the input, and waits.
    pub(crate) fn end(mut self) -> Run {
        drop(self.stdin.take());
        self.wait()
    }

    pub(crate) fn wait(mut self) -> Run {
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.stdout, &mut rest).unwrap();
        let mut stderr = String::new();
        std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut stderr).unwrap();
        let status = self.child.wait().unwrap();
        Run { code: status.code().unwrap_or(-1), stdout: rest, stderr }
    }

    /// As a crash would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A failed test must not leave a process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}
