//! A million events read back: how fast a bot is on its feet again, and in how much memory.
//!
//! Each reader runs in a child process, so that the peak of memory is its own. The files are warm for all:
//! they have just been written. Both stores hold the same events in the same order, both readers end with the
//! same structs, and the hash of the state proves it.

use crate::engine::EngineName;
use crate::error::{BenchError, DuringIo, DuringPeer};
use crate::events::{EventStream, OrderCount};
use crate::figures::{median, per_second};
use crate::measure::{cpu_ns, nanos, peak_rss_kib};
use crate::peers::{rotated, sqlite_events, truebook};
use crate::process::{json_from, this_program};
use crate::report::{Cell, Section, column, print_json};
use crate::setup::{Setup, engine_dir};
use ::truebook::core::event::{Event, Record};
use ::truebook::core::id::Seq;
use ::truebook::core::state::State;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What is read, and how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reading {
    /// The journal, checked as at every opening, folded into the state.
    Truebook,
    /// `SELECT` of the typed columns, folded into the state.
    Sqlite,
    /// The same columns, decoded and thrown away.
    SqliteDecode,
}

impl Reading {
    const ALL: [Reading; 3] = [Reading::Truebook, Reading::Sqlite, Reading::SqliteDecode];

    fn as_str(self) -> &'static str {
        match self {
            Reading::Truebook => "truebook",
            Reading::Sqlite => "sqlite",
            Reading::SqliteDecode => "sqlite-decode",
        }
    }

    fn engine(self) -> EngineName {
        match self {
            Reading::Truebook => EngineName::Truebook,
            Reading::Sqlite | Reading::SqliteDecode => EngineName::Sqlite,
        }
    }
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    events: u64,
    /// Of the state; of no state when nothing was folded.
    hash: Option<String>,
    elapsed_ns: u64,
    cpu_ns: u64,
    peak_rss_kib: u64,
}

/// Two stores with the same events.
pub(crate) struct Stores {
    pub(crate) truebook: PathBuf,
    sqlite: PathBuf,
    pub(crate) events: u64,
}

struct Reader {
    reading: Reading,
    dir: PathBuf,
    answers: Vec<Answer>,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Section>, BenchError> {
    let dir = setup.fresh_dir()?;
    let stores = Stores::build(setup, dir.path())?;
    let mut readers = Reading::ALL.map(|reading| Reader::new(reading, &stores));
    for round in 0..setup.scale.replay_rounds {
        for index in rotated(readers.len(), round) {
            readers[index].read()?;
        }
    }
    check_equal(&readers)?;
    let replay = section(&readers, stores.events)?;
    Ok(vec![replay, super::opening::section(setup, &stores)?])
}

impl Stores {
    pub(crate) fn build(setup: &Setup, parent: &Path) -> Result<Self, BenchError> {
        let truebook = engine_dir(parent, EngineName::Truebook)?;
        let sqlite = engine_dir(parent, EngineName::Sqlite)?;
        let events = EventStream::new(setup.seed, OrderCount(setup.scale.replay_orders));
        truebook::build_store(&truebook, events)?;
        truebook::forget_checkpoints(&truebook)?;
        sqlite_events::build_store(&sqlite, &truebook)?;
        Ok(Self { truebook, sqlite, events: setup.scale.replay_orders * 4 })
    }
}

impl Reader {
    fn new(reading: Reading, stores: &Stores) -> Self {
        let dir = match reading.engine() {
            EngineName::Truebook => stores.truebook.clone(),
            _ => stores.sqlite.clone(),
        };
        Self { reading, dir, answers: Vec::new() }
    }

    fn read(&mut self) -> Result<(), BenchError> {
        let mut command = this_program()?;
        command.args(["one-replay", "--reading", self.reading.as_str(), "--store"]).arg(&self.dir);
        self.answers.push(json_from("the reader", command)?);
        Ok(())
    }

    fn median(&self, figure: impl Fn(&Answer) -> u64) -> u64 {
        median(self.answers.iter().map(figure).collect())
    }
}

/// All readers of all rounds must have come to the same end.
fn check_equal(readers: &[Reader]) -> Result<(), BenchError> {
    let Some(first) = readers.iter().find_map(|reader| reader.answers.first()) else { return Ok(()) };
    for reader in readers {
        for answer in &reader.answers {
            let same_state = answer.hash.is_none() || answer.hash == first.hash;
            if answer.events != first.events || !same_state {
                let (expected, got) = (format!("{first:?}"), format!("{answer:?}"));
                return Err(BenchError::Different { engine: reader.reading.engine(), expected, got });
            }
        }
    }
    Ok(())
}

/// The child: reads one store and answers.
pub(crate) fn run_child(reading: Reading, store: &Path) -> Result<(), BenchError> {
    let (start, cpu_before) = (Instant::now(), cpu_ns());
    let (state, events) = match reading {
        Reading::Truebook => replay_truebook(store)?,
        Reading::Sqlite => replay_sqlite(store)?,
        Reading::SqliteDecode => (None, decode_sqlite(store)?),
    };
    let (elapsed_ns, cpu_ns) = (nanos(start.elapsed()), cpu_ns() - cpu_before);
    let peak_rss_kib = peak_rss_kib()?;
    let hash = state.map(|state| state.hash().to_string());
    print_json(&Answer { events, hash, elapsed_ns, cpu_ns, peak_rss_kib });
    Ok(())
}

/// What opening the book does before it decides anything.
fn replay_truebook(store: &Path) -> Result<(Option<State>, u64), BenchError> {
    let context = truebook::context(store)?;
    let assessed = ::truebook::recovery::assess(&context).peer(EngineName::Truebook, "assess the book")?;
    if !assessed.report.findings.is_empty() {
        let got = format!("{:?}", assessed.report.findings);
        let expected = "a journal without findings".into();
        return Err(BenchError::Different { engine: EngineName::Truebook, expected, got });
    }
    Ok((assessed.state, assessed.last.get()))
}

fn replay_sqlite(store: &Path) -> Result<(Option<State>, u64), BenchError> {
    let (mut state, mut events) = (None, 0);
    sqlite_events::for_each_selected(store, |seq, record| {
        events += 1;
        fold(&mut state, seq, &record).peer(EngineName::Sqlite, "fold an event")
    })?;
    Ok((state, events))
}

fn fold(
    state: &mut Option<State>,
    seq: Seq,
    record: &Record,
) -> Result<(), ::truebook::core::state::FoldError> {
    match state {
        None => *state = Some(State::begin(record)?),
        Some(state) => drop(state.apply(seq, record)?),
    }
    Ok(())
}

fn decode_sqlite(store: &Path) -> Result<u64, BenchError> {
    let mut events = 0;
    sqlite_events::for_each_selected(store, |_seq, record| {
        events += u64::from(!matches!(std::hint::black_box(record).ev, Event::Halt(_)));
        Ok(())
    })?;
    Ok(events)
}

fn section(readers: &[Reader], events: u64) -> Result<Section, BenchError> {
    let elapsed = |wanted: Reading| {
        let reader = readers.iter().find(|reader| reader.reading == wanted);
        reader.map_or(0, |reader| reader.median(|answer| answer.elapsed_ns))
    };
    let sqlite = [elapsed(Reading::Sqlite), elapsed(Reading::SqliteDecode)];
    let rows = readers.iter().map(|reader| row(reader, events, sqlite));
    Ok(Section {
        name: "replay",
        about: format!("{events} events read back from a warm cache, in a process of its own"),
        columns: vec![
            column("reading", "reading"),
            column("elapsed_ns", "ms"),
            column("events_per_s", "events/s"),
            column("over_sqlite", "time / sqlite"),
            column("over_sqlite_decode", "time / sqlite-decode"),
            column("cpu_ns", "processor ms"),
            column("peak_rss_kib", "peak KiB"),
            column("stored_bytes_per_event", "bytes/event"),
        ],
        rows: rows.collect::<Result<_, _>>()?,
        notes: vec![
            "truebook and sqlite end with the same structs, proved by the hash of the state; sqlite-decode builds each \
             event's struct and drops it"
                .into(),
        ],
    })
}

fn row(reader: &Reader, events: u64, [sqlite, sqlite_decode]: [u64; 2]) -> Result<Vec<Cell>, BenchError> {
    let elapsed = reader.median(|answer| answer.elapsed_ns);
    Ok(vec![
        Cell::Text(reader.reading.as_str().to_owned()),
        Cell::Millis(elapsed),
        Cell::Count(per_second(events, elapsed)),
        Cell::ratio(elapsed, sqlite),
        Cell::ratio(elapsed, sqlite_decode),
        Cell::Millis(reader.median(|answer| answer.cpu_ns)),
        Cell::Count(reader.median(|answer| answer.peak_rss_kib)),
        Cell::ratio(stored_bytes(&reader.dir)?, events),
    ])
}

/// Everything under `dir`.
fn stored_bytes(dir: &Path) -> Result<u64, BenchError> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir).during(|| format!("list {}", dir.display()))? {
        let path = entry.during(|| format!("list {}", dir.display()))?.path();
        let metadata = path.symlink_metadata().during(|| format!("look at {}", path.display()))?;
        bytes += if metadata.is_dir() { stored_bytes(&path)? } else { metadata.len() };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_stores_fold_to_the_same_state() {
        let dir = tempfile::tempdir().unwrap();
        let (book, sqlite) = (dir.path().join("book"), dir.path());
        truebook::build_store(&book, EventStream::new(1, OrderCount(200))).unwrap();
        truebook::forget_checkpoints(&book).unwrap();
        sqlite_events::build_store(sqlite, &book).unwrap();
        let (one, events) = replay_truebook(&book).unwrap();
        let (other, selected) = replay_sqlite(sqlite).unwrap();
        assert_eq!((events, selected), (801, 801));
        assert_eq!(one.unwrap().hash(), other.unwrap().hash());
    }
}
