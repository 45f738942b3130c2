//! Many writers, each waiting for its own record: how far they share flushes.

use crate::engine::{Engine, EngineName, Latencies, SharedEngine};
use crate::error::BenchError;
use crate::figures::{Percentiles, median, per_second};
use crate::measure::{empty_latencies, nanos};
use crate::peers::{gather, open_engine, open_shared, rotated};
use crate::records::RecordPool;
use crate::report::{Cell, Column, Section, column, percentile_cells};
use crate::setup::Setup;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

pub(crate) const WRITERS: usize = 64;
/// One writer needs less time for a steady figure.
const ONE_WRITER_SHARE: u32 = 4;

struct Participant {
    name: EngineName,
    shared: Box<dyn SharedEngine>,
    single: Box<dyn Engine>,
    group_rates: Vec<u64>,
    single_rates: Vec<u64>,
    records: u64,
    commits: u64,
    latencies: Latencies,
}

/// What a number of writers did in one turn.
pub(crate) struct Turn {
    pub(crate) records: u64,
    pub(crate) elapsed_ns: u64,
    latencies: Latencies,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Section>, BenchError> {
    let (many, one) = (setup.fresh_dir()?, setup.fresh_dir()?);
    let open = |name| Participant::open(name, many.path(), one.path());
    let field = gather(&EngineName::IN_PROCESS, open)?;
    let mut participants: Vec<_> = field.taking_part.into_iter().map(|(_, opened)| opened).collect();
    warm_up(setup, &mut participants)?;
    for round in 0..setup.scale.group_rounds {
        for index in rotated(participants.len(), round) {
            participants[index].round(setup)?;
        }
    }
    Ok(vec![table(&participants, field.notes)])
}

/// One round that counts for nothing, as files reach their working size in it.
fn warm_up(setup: &Setup, participants: &mut [Participant]) -> Result<(), BenchError> {
    for one in participants {
        one.round(setup)?;
        one.forget();
    }
    Ok(())
}

impl Participant {
    fn open(name: EngineName, many: &std::path::Path, one: &std::path::Path) -> Result<Self, BenchError> {
        Ok(Self {
            name,
            shared: open_shared(name, many)?,
            single: open_engine(name, one)?,
            group_rates: Vec::new(),
            single_rates: Vec::new(),
            records: 0,
            commits: 0,
            latencies: empty_latencies(),
        })
    }

    fn round(&mut self, setup: &Setup) -> Result<(), BenchError> {
        let before = self.shared.commits();
        let turn = many_writers(self.shared.as_ref(), &setup.pool, Until::Elapsed(setup.scale.group_turn))?;
        self.commits += self.shared.commits() - before;
        self.records += turn.records;
        self.group_rates.push(per_second(turn.records, turn.elapsed_ns));
        self.latencies += &turn.latencies;
        let rate = one_writer(self.single.as_mut(), &setup.pool, setup.scale.group_turn / ONE_WRITER_SHARE)?;
        self.single_rates.push(rate);
        Ok(())
    }

    fn forget(&mut self) {
        self.group_rates.clear();
        self.single_rates.clear();
        self.latencies.reset();
        (self.records, self.commits) = (0, 0);
    }

    fn group_rate(&self) -> u64 {
        median(self.group_rates.clone())
    }

    fn single_rate(&self) -> u64 {
        median(self.single_rates.clone())
    }
}

fn one_writer(engine: &mut dyn Engine, pool: &RecordPool, turn: Duration) -> Result<u64, BenchError> {
    let start = Instant::now();
    let mut records = 0;
    for record in pool.from(0) {
        engine.commit(&[record])?;
        records += 1;
        if start.elapsed() >= turn {
            break;
        }
    }
    Ok(per_second(records, nanos(start.elapsed())))
}

/// When the writers stop.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Elapsed(Duration),
    /// Each has written this many.
    RecordsPerWriter(usize),
}

/// Each writer submits a record, sleeps until it is durable, and goes on.
pub(crate) fn many_writers(
    shared: &dyn SharedEngine,
    pool: &RecordPool,
    until: Until,
) -> Result<Turn, BenchError> {
    let stop = AtomicBool::new(false);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let spawn = |writer: usize| {
            let stop = &stop;
            scope.spawn(move || write_until(shared, pool, &WriterPlan { writer, until, stop }))
        };
        let writers: Vec<_> = (0..WRITERS).map(spawn).collect();
        if let Until::Elapsed(turn) = until {
            std::thread::sleep(turn);
            stop.store(true, Ordering::Relaxed);
        }
        join(writers, start)
    })
}

struct WriterPlan<'a> {
    writer: usize,
    until: Until,
    stop: &'a AtomicBool,
}

impl WriterPlan<'_> {
    fn records_max(&self) -> usize {
        match self.until {
            Until::Elapsed(_) => usize::MAX,
            Until::RecordsPerWriter(records) => records,
        }
    }
}

fn write_until(
    shared: &dyn SharedEngine,
    pool: &RecordPool,
    plan: &WriterPlan<'_>,
) -> Result<Latencies, BenchError> {
    let mut latencies = empty_latencies();
    for record in pool.from(plan.writer * 61).take(plan.records_max()) {
        let start = Instant::now();
        shared.submit(&record)?;
        latencies.saturating_record(nanos(start.elapsed()));
        if plan.stop.load(Ordering::Relaxed) {
            break;
        }
    }
    Ok(latencies)
}

type Writer<'scope> = ScopedJoinHandle<'scope, Result<Latencies, BenchError>>;

fn join(writers: Vec<Writer<'_>>, start: Instant) -> Result<Turn, BenchError> {
    let mut latencies = empty_latencies();
    for writer in writers {
        let theirs = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        latencies += &theirs;
    }
    Ok(Turn { records: latencies.len(), elapsed_ns: nanos(start.elapsed()), latencies })
}

fn table(participants: &[Participant], notes: Vec<String>) -> Section {
    Section {
        name: "group",
        about: format!(
            "{WRITERS} writers, each waiting until its record is durable; medians of the rounds; raw and the peers \
             stand behind the same group committer"
        ),
        columns: columns(),
        rows: participants.iter().map(|one| row(one, participants)).collect(),
        notes,
    }
}

fn columns() -> Vec<Column> {
    vec![
        column("engine", "engine"),
        column("records_per_s", "records/s"),
        column("batch_mean", "mean batch"),
        column("p50_ns", "p50 us"),
        column("p99_ns", "p99 us"),
        column("p99_9_ns", "p99.9 us"),
        column("over_raw", "/ raw"),
        column("over_best_peer", "/ best peer"),
        column("one_writer_per_s", "one writer/s"),
        column("over_one_writer", "/ one writer"),
    ]
}

fn row(one: &Participant, all: &[Participant]) -> Vec<Cell> {
    let rate = one.group_rate();
    let head = [Cell::Text(one.name.to_string()), Cell::Count(rate), Cell::ratio(one.records, one.commits)];
    let tail = [
        Cell::ratio(rate, best(all, |other| other.name == EngineName::Raw)),
        Cell::ratio(rate, best(all, |other| is_peer(other.name) && other.name != one.name)),
        Cell::Count(one.single_rate()),
        Cell::ratio(rate, one.single_rate()),
    ];
    head.into_iter().chain(percentile_cells(Percentiles::of(&one.latencies))).chain(tail).collect()
}

/// Somebody else's engine: neither the limit nor ours.
fn is_peer(name: EngineName) -> bool {
    !matches!(name, EngineName::Raw | EngineName::Truebook)
}

fn best(all: &[Participant], which: impl Fn(&Participant) -> bool) -> u64 {
    all.iter().filter(|one| which(one)).map(Participant::group_rate).max().unwrap_or(0)
}
