//! Flushes a commit, counted by strace: a peer that does not flush is not a peer.
//!
//! Each engine runs twice, once with more commits than the other; the difference leaves out opening and
//! closing.

use crate::bench::one_engine::{Answer, Order, Writers};
use crate::engine::EngineName;
use crate::error::{BenchError, DuringIo};
use crate::peers::{gather, open_turns};
use crate::process::{is_installed, json_from, under};
use crate::report::{Cell, Section, column};
use crate::setup::Setup;
use std::path::Path;
use std::process::Command;

/// The calls that ask Linux for durability; writes that are durable by a flag are counted apart.
const CALLS: [&str; 4] = ["fsync", "fdatasync", "msync", "sync_file_range"];
/// Its place in `CALLS`.
const FSYNC: usize = 0;
const TRACED: &str = "trace=fsync,fdatasync,msync,sync_file_range,open,openat,pwritev2,io_uring_setup";
const BASE_COMMITS: u64 = 200;

/// How often each call was seen, in the order of `CALLS`, then durable writes by flag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    calls: [u64; CALLS.len()],
    by_flag: u64,
}

struct Run {
    commits: u64,
    counts: Counts,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Section>, BenchError> {
    if !is_installed("strace", "-V") {
        return Ok(vec![section(Vec::new(), vec!["left out: strace is not installed".into()])]);
    }
    let field = gather(&EngineName::ALL, |name| difference(setup, name))?;
    let runs = field.taking_part;
    let rows = runs.iter().map(|(name, run)| row(*name, run)).collect();
    let notes = field.notes.into_iter().chain(sqlite_note(&runs));
    Ok(vec![section(rows, notes.collect())])
}

/// `SQLite` built without knowing of fdatasync is up to twice as slow: no fair peer.
fn sqlite_note(runs: &[(EngineName, Run)]) -> Option<String> {
    let (_, run) = runs.iter().find(|(name, _)| *name == EngineName::Sqlite)?;
    let is_slowed = run.counts.calls[FSYNC] > 0;
    is_slowed.then(|| {
        "sqlite was built to call fsync where fdatasync would do, and its times here are too long: build it with \
         LIBSQLITE3_FLAGS=-DHAVE_FDATASYNC=1 in the environment"
            .into()
    })
}

fn difference(setup: &Setup, name: EngineName) -> Result<Run, BenchError> {
    is_present(setup, name)?;
    let few = traced(setup, name, BASE_COMMITS)?;
    let many = traced(setup, name, BASE_COMMITS + setup.scale.flush_commits)?;
    let calls = std::array::from_fn(|call| {
        many.counts.calls[call] - few.counts.calls[call].min(many.counts.calls[call])
    });
    Ok(Run { commits: many.commits - few.commits, counts: Counts { calls, by_flag: many.counts.by_flag } })
}

/// Opened once in this process, so that an absent one is told apart from a failure under strace.
fn is_present(setup: &Setup, name: EngineName) -> Result<(), BenchError> {
    let dir = setup.fresh_dir()?;
    open_turns(name, dir.path()).map(drop)
}

fn traced(setup: &Setup, engine: EngineName, records: u64) -> Result<Run, BenchError> {
    let dir = setup.fresh_dir()?;
    let log = dir.path().join("strace.log");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-e", TRACED, "-o"]).arg(&log);
    let mut command = under(strace)?;
    let writers = Writers::One;
    Order { engine, records, writers }.put_into(&mut command);
    command.arg("--dir").arg(&setup.dir);
    let answer: Answer = json_from("strace", command)?;
    Ok(Run { commits: answer.records, counts: read_log(&log)? })
}

fn read_log(log: &Path) -> Result<Counts, BenchError> {
    let text = std::fs::read_to_string(log).during(|| format!("read {}", log.display()))?;
    let mut counts = Counts::default();
    text.lines().for_each(|line| counts.add(line));
    Ok(counts)
}

impl Counts {
    /// A line is `1234 fdatasync(3) = 0`; the second half of an interrupted one names no arguments and is
    /// passed over.
    fn add(&mut self, line: &str) {
        let Some((name, arguments)) = call(line) else {
            return;
        };
        if let Some(index) = CALLS.iter().position(|call| *call == name) {
            self.calls[index] += 1;
        }
        self.by_flag += u64::from(is_durable_by_flag(name, arguments));
    }
}

fn call(line: &str) -> Option<(&str, &str)> {
    let (_process, rest) = line.split_once(' ')?;
    rest.trim_start().split_once('(')
}

fn is_durable_by_flag(name: &str, arguments: &str) -> bool {
    let flagged = ["O_DSYNC", "O_SYNC", "RWF_DSYNC", "RWF_SYNC"];
    name == "io_uring_setup" || flagged.iter().any(|flag| arguments.contains(flag))
}

fn section(rows: Vec<Vec<Cell>>, notes: Vec<String>) -> Section {
    let calls = CALLS.map(|call| column(format!("{call}_per_commit"), call));
    let head = [column("engine", "engine"), column("commits", "commits")];
    let tail = [column("flushes_per_commit", "flushes / commit"), column("by_flag", "by flag")];
    Section {
        name: "flushes",
        about: "calls a commit of one record, opening and closing left out; by flag: files opened for synchronous \
                writes, writes flagged so, rings"
            .into(),
        columns: head.into_iter().chain(calls).chain(tail).collect(),
        rows,
        notes,
    }
}

fn row(name: EngineName, run: &Run) -> Vec<Cell> {
    let head = [Cell::Text(name.to_string()), Cell::Count(run.commits)];
    let calls = run.counts.calls.map(|count| Cell::ratio(count, run.commits));
    let total = Cell::ratio(run.counts.calls.iter().sum(), run.commits);
    let tail = [total, Cell::Count(run.counts.by_flag)];
    head.into_iter().chain(calls).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(lines: &[&str]) -> Counts {
        let mut counts = Counts::default();
        for line in lines {
            counts.add(line);
        }
        counts
    }

    #[test]
    fn an_interrupted_call_is_counted_once() {
        let counts =
            counted(&["7 fdatasync(3 <unfinished ...>", "7 <... fdatasync resumed>) = 0", "7 fsync(4) = 0"]);
        assert_eq!(counts.calls, [1, 1, 0, 0]);
    }

    #[test]
    fn a_file_opened_for_synchronous_writes_is_noticed() {
        let counts = counted(&[
            r#"7 openat(AT_FDCWD, "x", O_RDWR|O_DSYNC) = 3"#,
            r#"7 openat(AT_FDCWD, "y", O_RDWR) = 4"#,
        ]);
        assert_eq!(counts.by_flag, 1);
    }
}
