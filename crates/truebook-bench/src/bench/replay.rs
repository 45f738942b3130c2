//! A million events read back: how fast a bot is on its feet again, and in how much memory.
//!
//! Each reader runs in a child process, so that the peak of memory is its own. The files are warm for all:
//! they have just been written.

use crate::engine::EngineName;
use crate::error::{BenchError, DuringIo};
use crate::events::{EventStream, GenEvent, OrderCount};
use crate::figures::{median, per_second};
use crate::measure::{nanos, peak_rss_kib};
use crate::peers::{gather, rotated, sqlite, truebook};
use crate::process::{json_from, this_program};
use crate::report::{Cell, Section, column, print_json};
use crate::setup::{Setup, engine_dir};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Instant;

const STORES: [EngineName; 2] = [EngineName::Truebook, EngineName::Sqlite];

/// Shows that a reader decoded everything, at next to no cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest {
    events: u64,
    seq_sum: u64,
    at_xor: i64,
    text_bytes: u64,
}

impl Digest {
    pub(crate) fn add(&mut self, event: &GenEvent) {
        self.events += 1;
        self.seq_sum = self.seq_sum.wrapping_add(event.seq);
        self.at_xor ^= event.at_ns;
        self.text_bytes += event.text_len() as u64;
    }

    fn of(events: EventStream) -> Self {
        let mut digest = Self::default();
        events.for_each(|event| digest.add(&event));
        digest
    }
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    digest: Digest,
    elapsed_ns: u64,
    peak_rss_kib: u64,
}

struct Reader {
    dir: PathBuf,
    answers: Vec<Answer>,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Section>, BenchError> {
    let dir = setup.fresh_dir()?;
    let events = EventStream::new(setup.seed, OrderCount(setup.scale.replay_orders));
    let expected = Digest::of(events.clone());
    let mut field = gather(&STORES, |name| Reader::build(name, dir.path(), events.clone()))?;
    for round in 0..setup.scale.replay_rounds {
        for index in rotated(field.taking_part.len(), round) {
            let (name, reader) = &mut field.taking_part[index];
            reader.answers.push(read(*name, &reader.dir, expected)?);
        }
    }
    Ok(vec![section(&field.taking_part, expected, field.notes)?])
}

impl Reader {
    fn build(name: EngineName, parent: &Path, events: EventStream) -> Result<Self, BenchError> {
        let dir = engine_dir(parent, name)?;
        build_store(name, &dir, events)?;
        let answers = Vec::new();
        Ok(Self { dir, answers })
    }

    fn elapsed_ns(&self) -> u64 {
        median(self.answers.iter().map(|answer| answer.elapsed_ns).collect())
    }

    fn peak_rss_kib(&self) -> u64 {
        median(self.answers.iter().map(|answer| answer.peak_rss_kib).collect())
    }
}

fn build_store(name: EngineName, dir: &Path, events: EventStream) -> Result<(), BenchError> {
    match name {
        EngineName::Sqlite => sqlite::build_store(dir, events),
        EngineName::Truebook => truebook::build_store(dir, events),
        other => Err(no_store(other)),
    }
}

fn replay_store(name: EngineName, dir: &Path) -> Result<Digest, BenchError> {
    match name {
        EngineName::Sqlite => sqlite::replay_store(dir),
        EngineName::Truebook => truebook::replay_store(dir),
        other => Err(no_store(other)),
    }
}

fn no_store(engine: EngineName) -> BenchError {
    let why = "it holds bytes, not events".into();
    BenchError::Absent { engine, why }
}

fn read(engine: EngineName, store: &Path, expected: Digest) -> Result<Answer, BenchError> {
    let mut command = this_program()?;
    command.args(["one-replay", "--engine", engine.as_str(), "--store"]).arg(store);
    let answer: Answer = json_from("the reader", command)?;
    if answer.digest == expected {
        return Ok(answer);
    }
    let (expected, got) = (format!("{expected:?}"), format!("{:?}", answer.digest));
    Err(BenchError::Different { engine, expected, got })
}

/// The child: reads one store and answers.
pub(crate) fn run_child(engine: EngineName, store: &Path) -> Result<(), BenchError> {
    let start = Instant::now();
    let digest = replay_store(engine, store)?;
    print_json(&Answer { digest, elapsed_ns: nanos(start.elapsed()), peak_rss_kib: peak_rss_kib()? });
    Ok(())
}

fn section(
    readers: &[(EngineName, Reader)],
    expected: Digest,
    notes: Vec<String>,
) -> Result<Section, BenchError> {
    let sqlite = readers.iter().find(|(name, _)| *name == EngineName::Sqlite);
    let sqlite_ns = sqlite.map_or(0, |(_, reader)| reader.elapsed_ns());
    let rows = readers.iter().map(|(name, reader)| row(*name, reader, expected.events, sqlite_ns));
    Ok(Section {
        name: "replay",
        about: format!(
            "{} events read back into structs, from a warm cache, in a process of its own",
            expected.events
        ),
        columns: vec![
            column("engine", "engine"),
            column("elapsed_ns", "ms"),
            column("events_per_s", "events/s"),
            column("over_sqlite", "time / sqlite"),
            column("peak_rss_kib", "peak KiB"),
            column("stored_bytes_per_event", "bytes/event"),
        ],
        rows: rows.collect::<Result<_, _>>()?,
        notes,
    })
}

fn row(name: EngineName, reader: &Reader, events: u64, sqlite_ns: u64) -> Result<Vec<Cell>, BenchError> {
    let elapsed = reader.elapsed_ns();
    Ok(vec![
        Cell::Text(name.to_string()),
        Cell::Millis(elapsed),
        Cell::Count(per_second(events, elapsed)),
        Cell::ratio(elapsed, sqlite_ns),
        Cell::Count(reader.peak_rss_kib()),
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
    fn a_digest_notices_a_missing_field() {
        let event = EventStream::new(1, OrderCount(1)).last().unwrap();
        let (mut whole, mut without) = (Digest::default(), Digest::default());
        whole.add(&event);
        without.add(&GenEvent { venue_id: None, ..event });
        assert_ne!(whole, without);
    }
}
