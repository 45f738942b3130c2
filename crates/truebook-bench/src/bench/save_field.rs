//! One field of a large state changed: what reaches the disk must not grow with the state.

use crate::engine::EngineName;
use crate::error::{BenchError, DuringIo, DuringPeer};
use crate::figures::{Hundredths, median};
use crate::measure::nanos;
use crate::orders::Author;
use crate::peers::truebook;
use crate::report::{Cell, Section, column};
use crate::setup::{Setup, engine_dir};
use ::truebook::Book;
use ::truebook::book::{OpenOptions, Recorded, Upkeep};
use ::truebook::core::doc::{Doc, Limits, Path as DocPath};
use std::fmt::Write;
use std::time::Instant;

const ME: EngineName = EngineName::Truebook;
/// Of about 200 bytes each: ten megabytes together.
const OBJECTS: usize = 50_000;
/// The usual event, for comparison.
const APPEND_BYTES: usize = 280;

#[derive(Default)]
struct Samples {
    latency_ns: Vec<u64>,
    written_bytes: Vec<u64>,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Section>, BenchError> {
    let dir = setup.fresh_dir()?;
    // Without a thread in the background nothing else is written meanwhile.
    let options = OpenOptions { upkeep: Upkeep::Inline, ..OpenOptions::default() };
    let book = truebook::create(&engine_dir(dir.path(), ME)?, options)?;
    let text = state_text();
    let state = parse(&text)?;
    done(book.save(&state).peer(ME, "save the first state")?)?;
    book.upkeep().peer(ME, "do the background work")?;
    let rounds = setup.scale.save_rounds;
    let append = appends(&book, rounds)?;
    let rows = [
        ("one small append", &append),
        ("set by path", &sets(&book, rounds)?),
        ("save, snapshot changed", &saves(&book, rounds, Source::Snapshot)?),
        ("save, state built anew", &saves(&book, rounds, Source::Text(&text))?),
    ];
    let rows = rows.map(|(what, samples)| row(what, samples, &append));
    Ok(vec![Section {
        name: "save-field",
        about: format!("one field changed in a state of {} bytes, each change durable", text.len()),
        columns: vec![
            column("what", "what"),
            column("p50_ns", "p50 us"),
            column("written_bytes", "bytes written"),
            column("more_than_append_bytes", "more than an append"),
            column("over_append", "time / append"),
        ],
        rows: rows.into(),
        notes: vec![
            "bytes given to write calls; a save compares the whole state with the one before, which is most of its \
             time"
                .into(),
        ],
    }])
}

fn state_text() -> String {
    let mut text = String::from("{\"counter\":0,\"items\":{");
    for number in 0..OBJECTS {
        let comma = if number == 0 { "" } else { "," };
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{comma}\"item-{number:06}\":{{\"symbol\":\"AAPL\",\"quantity\":\"{number}\",\"note\":\"{}\",\"stop\":\
             \"187.25\",\"touched\":0}}",
            &crate::records::NOTE[..110]
        );
    }
    text.push_str("}}");
    text
}

fn parse(text: &str) -> Result<Doc, BenchError> {
    Doc::parse(text, Limits::default()).peer(ME, "read the state")
}

fn done(recorded: Recorded) -> Result<(), BenchError> {
    let got = format!("{recorded:?}");
    let expected = "a change that is recorded".into();
    match recorded {
        Recorded::Durable(_) => Ok(()),
        Recorded::Unchanged => Err(BenchError::Different { engine: ME, expected, got }),
    }
}

/// Where the state that is saved comes from.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// The book's own, one field set: what it shares with the book is known to be the same.
    Snapshot,
    /// Built from nothing, as a bot does that keeps its own variables.
    Text(&'a str),
}

impl Samples {
    fn take(&mut self, write: impl FnOnce() -> Result<(), BenchError>) -> Result<(), BenchError> {
        let (before, start) = (written_bytes()?, Instant::now());
        write()?;
        self.latency_ns.push(nanos(start.elapsed()));
        self.written_bytes.push(written_bytes()? - before);
        Ok(())
    }
}

/// Bytes that this process ever gave to write calls.
fn written_bytes() -> Result<u64, BenchError> {
    let io = std::fs::read_to_string("/proc/self/io").during(|| "read /proc/self/io".into())?;
    let line = io.lines().find_map(|line| line.strip_prefix("wchar: "));
    Ok(line.and_then(|bytes| bytes.trim().parse().ok()).unwrap_or(0))
}

fn appends(book: &Book, rounds: usize) -> Result<Samples, BenchError> {
    let (mut samples, mut author) = (Samples::default(), Author::new(1)?);
    for _ in 0..rounds {
        let event = author.next(APPEND_BYTES);
        samples.take(|| done(book.record(event).peer(ME, "record an event")?))?;
    }
    Ok(samples)
}

/// The field that is changed in this round, and its new value.
fn change(round: usize) -> Result<(DocPath, Doc), BenchError> {
    let item = format!("item-{:06}", round * 7_919 % OBJECTS);
    let path = DocPath::from_segments(["items", &item, "touched"]).peer(ME, "name the field")?;
    Ok((path, Doc::from(1_u64)))
}

fn sets(book: &Book, rounds: usize) -> Result<Samples, BenchError> {
    let mut samples = Samples::default();
    for round in 0..rounds {
        let (path, value) = change(round)?;
        samples.take(|| done(book.set(&path, &value).peer(ME, "set a field")?))?;
    }
    Ok(samples)
}

fn saves(book: &Book, rounds: usize, source: Source<'_>) -> Result<Samples, BenchError> {
    let mut samples = Samples::default();
    for round in 0..rounds {
        let mut state = match source {
            Source::Snapshot => book.vars().peer(ME, "read the state")?,
            Source::Text(text) => {
                // One field must differ from what is in the book, not all those that were changed before.
                book.save(&parse(text)?).peer(ME, "save the state")?;
                parse(text)?
            }
        };
        let (path, _) = change(rounds + round)?;
        state.set(&path, Doc::from(2 + round as u64)).peer(ME, "change a field")?;
        samples.take(|| done(book.save(&state).peer(ME, "save the state")?))?;
    }
    Ok(samples)
}

fn row(what: &str, samples: &Samples, append: &Samples) -> Vec<Cell> {
    let latency = median(samples.latency_ns.clone());
    let written = median(samples.written_bytes.clone());
    let over = Hundredths::of(latency, median(append.latency_ns.clone()));
    vec![
        Cell::Text(what.to_owned()),
        Cell::Nanos(latency),
        Cell::Count(written),
        Cell::Count(written.saturating_sub(median(append.written_bytes.clone()))),
        over.map_or(Cell::Nothing, Cell::Ratio),
    ]
}
