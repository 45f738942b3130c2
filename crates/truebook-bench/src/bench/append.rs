//! One writer, each record durable before the next is begun.

use crate::engine::{EngineName, Latencies, Turns};
use crate::error::BenchError;
use crate::figures::Percentiles;
use crate::measure::empty_latencies;
use crate::peers::{gather, open_turns, rotated};
use crate::report::{Cell, Column, Section, column, percentile_cells};
use crate::setup::Setup;

/// Few enough that drift meets all alike, many enough that a cold cache after a change of engine does not
/// show at p50.
const RECORDS_PER_TURN: usize = 50;
/// Past the point where the log of `SQLite` is as long as it gets and is written over from then on: until
/// then each of its commits also lengthens the file, which is no steady state.
const WARM_UP_TURNS: usize = 30;

struct Participant {
    name: EngineName,
    turns: Box<dyn Turns>,
    latencies: Latencies,
}

impl Participant {
    fn new(name: EngineName, turns: Box<dyn Turns>) -> Self {
        let latencies = empty_latencies();
        Self { name, turns, latencies }
    }
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Section>, BenchError> {
    let dir = setup.fresh_dir()?;
    let field = gather(&EngineName::ALL_AND_BUSY, |name| open_turns(name, dir.path()))?;
    let entered = field.taking_part.into_iter();
    let mut participants: Vec<_> = entered.map(|(name, turns)| Participant::new(name, turns)).collect();
    take_turns(setup, &mut participants, 0..WARM_UP_TURNS)?;
    for one in &mut participants {
        one.latencies.reset();
    }
    take_turns(setup, &mut participants, WARM_UP_TURNS..WARM_UP_TURNS + setup.scale.append_turns)?;
    let measured: Vec<_> = participants.iter().map(Measured::of).collect();
    Ok(vec![table(&measured, field.notes, sizes_note(setup)?), matrix(&measured)])
}

fn take_turns(
    setup: &Setup,
    participants: &mut [Participant],
    rounds: std::ops::Range<usize>,
) -> Result<(), BenchError> {
    for round in rounds {
        let records = setup.pool.slice(round * RECORDS_PER_TURN, RECORDS_PER_TURN);
        for index in rotated(participants.len(), round) {
            let one = &mut participants[index];
            one.turns.turn(&records, &mut one.latencies)?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Measured {
    name: EngineName,
    samples: u64,
    points: Percentiles,
}

impl Measured {
    fn of(participant: &Participant) -> Self {
        Self {
            name: participant.name,
            samples: participant.latencies.len(),
            points: Percentiles::of(&participant.latencies),
        }
    }
}

fn table(measured: &[Measured], notes: Vec<String>, sizes: String) -> Section {
    let raw = measured.iter().find(|one| one.name == EngineName::Raw);
    Section {
        name: "append",
        about: "one writer, 256-301 bytes a record, each durable before the next; microseconds, and times the disk's \
                own limit (raw)"
            .into(),
        columns: table_columns(),
        rows: measured.iter().map(|one| table_row(*one, raw)).collect(),
        notes: notes.into_iter().chain([sizes, busy_note(), python_note()]).collect(),
    }
}

/// What is stored should be alike, as it is the same events.
fn sizes_note(setup: &Setup) -> Result<String, BenchError> {
    let sizes = setup.pool.sizes()?;
    Ok(format!(
        "{} bytes a record on average for the peers, {} bytes of JSON for truebook, whose frames add 24 and up to 7 \
         for alignment",
        sizes.peers_mean, sizes.truebook_mean
    ))
}

fn busy_note() -> String {
    "truebook-busy rolls over, seals and compresses segments of 1 MiB, and makes a checkpoint every 2 000 events".into()
}

fn python_note() -> String {
    "python does not flush: its saves are not durable; both python lines rewrite the whole state of 100 orders".into()
}

fn table_columns() -> Vec<Column> {
    vec![
        column("engine", "engine"),
        column("samples", "samples"),
        column("p50_ns", "p50 us"),
        column("p99_ns", "p99 us"),
        column("p99_9_ns", "p99.9 us"),
        column("p50_over_raw", "p50 / raw"),
        column("p99_over_raw", "p99 / raw"),
        column("p99_9_over_raw", "p99.9 / raw"),
    ]
}

fn table_row(one: Measured, raw: Option<&Measured>) -> Vec<Cell> {
    let over_raw = raw.map_or([None; 3], |raw| one.points.over(raw.points));
    let ratios = over_raw.map(|ratio| ratio.map_or(Cell::Nothing, Cell::Ratio));
    let head = [Cell::Text(one.name.to_string()), Cell::Count(one.samples)];
    head.into_iter().chain(percentile_cells(one.points)).chain(ratios).collect()
}

/// Each against each: the row's time over the column's.
fn matrix(measured: &[Measured]) -> Section {
    let names = measured.iter().map(|one| column(one.name.as_str(), one.name.as_str()));
    Section {
        name: "append-ratios",
        about: "the row's time over the column's at p50 / p99 / p99.9; under 1 the row is faster".into(),
        columns: [column("engine", "engine")].into_iter().chain(names).collect(),
        rows: measured.iter().map(|one| matrix_row(*one, measured)).collect(),
        notes: Vec::new(),
    }
}

fn matrix_row(one: Measured, measured: &[Measured]) -> Vec<Cell> {
    let ratios = measured.iter().map(|other| {
        if one.name == other.name { Cell::Nothing } else { Cell::Ratios(one.points.over(other.points)) }
    });
    [Cell::Text(one.name.to_string())].into_iter().chain(ratios).collect()
}
