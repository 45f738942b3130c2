//! How long opening a book of a million events takes: without a checkpoint, and with one and a tail.

use super::replay::Stores;
use crate::engine::EngineName;
use crate::error::{BenchError, DuringPeer};
use crate::events::{EventStream, OrderCount};
use crate::figures::median;
use crate::measure::{nanos, peak_rss_kib};
use crate::peers::truebook;
use crate::process::{json_from, this_program};
use crate::report::{Cell, Section, column, print_json};
use crate::setup::Setup;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::time::Instant;

/// Orders behind the last checkpoint, four events each.
const TAIL_ORDERS: u64 = 2_500;
/// Of other orders than those in the store.
const TAIL_SEED: u64 = 0x7A11;

/// What a child does with the book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Visit {
    /// Opens it and ends without closing it, as a crash would.
    Open,
    /// Makes a checkpoint, records the tail, and ends without closing the book.
    Lengthen,
}

impl Visit {
    fn as_str(self) -> &'static str {
        match self {
            Visit::Open => "open",
            Visit::Lengthen => "lengthen",
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    elapsed_ns: u64,
    replayed: u64,
    peak_rss_kib: u64,
}

pub(crate) fn section(setup: &Setup, stores: &Stores) -> Result<Section, BenchError> {
    let rounds = setup.scale.replay_rounds;
    let mut without = Vec::new();
    for _ in 0..rounds {
        truebook::forget_checkpoints(&stores.truebook)?;
        without.push(visit(&stores.truebook, Visit::Open)?);
    }
    visit(&stores.truebook, Visit::Lengthen)?;
    let with = (0..rounds).map(|_| visit(&stores.truebook, Visit::Open)).collect::<Result<Vec<_>, _>>()?;
    Ok(Section {
        name: "open",
        about: format!("a book of {} events opened after a crash, from a warm cache", stores.events),
        columns: vec![
            column("book", "book"),
            column("elapsed_ns", "ms"),
            column("replayed", "events replayed"),
            column("peak_rss_kib", "peak KiB"),
        ],
        rows: vec![row("no checkpoint", &without), row("checkpoint and tail", &with)],
        notes: vec!["opening without a checkpoint also makes the first one".into()],
    })
}

fn row(book: &str, answers: &[Answer]) -> Vec<Cell> {
    let median_of = |figure: fn(&Answer) -> u64| median(answers.iter().map(figure).collect());
    vec![
        Cell::Text(book.to_owned()),
        Cell::Millis(median_of(|answer| answer.elapsed_ns)),
        Cell::Count(median_of(|answer| answer.replayed)),
        Cell::Count(median_of(|answer| answer.peak_rss_kib)),
    ]
}

fn visit(store: &Path, visit: Visit) -> Result<Answer, BenchError> {
    let mut command = this_program()?;
    command.args(["one-visit", "--visit", visit.as_str(), "--store"]).arg(store);
    json_from("the visitor", command)
}

/// The child.
pub(crate) fn run_child(visit: Visit, store: &Path) -> Result<(), BenchError> {
    let start = Instant::now();
    let book = truebook::open(store)?;
    let elapsed_ns = nanos(start.elapsed());
    if visit == Visit::Lengthen {
        let mut tail = EventStream::new(TAIL_SEED, OrderCount(TAIL_ORDERS + 1));
        // Two checkpoints are what a book has that was in use for a while.
        truebook::record_all(&book, tail.by_ref().take(4))?;
        book.checkpoint().peer(EngineName::Truebook, "make a checkpoint")?;
        truebook::record_all(&book, tail)?;
    }
    let replayed = book.report().events_replayed;
    print_json(&Answer { elapsed_ns, replayed, peak_rss_kib: peak_rss_kib()? });
    // Closing it would make a checkpoint, and leave no tail to measure.
    std::process::exit(0);
}
