//! The child of `flushes` and `cpu`: one engine alone in its process.

use crate::bench::group::{Until, WRITERS, many_writers};
use crate::engine::EngineName;
use crate::error::BenchError;
use crate::measure::{cpu_ns, empty_latencies};
use crate::peers::{open_engine, open_shared, open_turns};
use crate::report::print_json;
use crate::setup::Setup;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use std::process::Command;

#[derive(Debug, Clone, Args)]
pub(crate) struct Order {
    #[arg(long)]
    pub(crate) engine: EngineName,
    /// Records to write
    #[arg(long)]
    pub(crate) records: u64,
    #[arg(long, value_enum, default_value_t = Writers::One)]
    pub(crate) writers: Writers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Writers {
    One,
    Many,
}

impl Writers {
    fn as_str(self) -> &'static str {
        match self {
            Writers::One => "one",
            Writers::Many => "many",
        }
    }
}

impl Order {
    pub(crate) fn put_into(&self, command: &mut Command) {
        command.args(["one-engine", "--engine", self.engine.as_str()]);
        command.args(["--records", &self.records.to_string()]);
        command.args(["--writers", self.writers.as_str()]);
    }
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) records: u64,
    /// User and system time of the writing alone.
    pub(crate) cpu_ns: u64,
}

/// Before the processor clock starts, so that opening and first pages are not counted.
const WARM_UP_RECORDS: usize = 640;

pub(crate) fn run(setup: &Setup, order: &Order) -> Result<(), BenchError> {
    let answer = match order.writers {
        Writers::One if is_python(order.engine) => saves(setup, order)?,
        Writers::One => single(setup, order)?,
        Writers::Many => many(setup, order)?,
    };
    print_json(&answer);
    Ok(())
}

fn is_python(engine: EngineName) -> bool {
    matches!(engine, EngineName::Python | EngineName::PythonFsync)
}

fn count(records: u64) -> usize {
    usize::try_from(records).unwrap_or(usize::MAX)
}

fn single(setup: &Setup, order: &Order) -> Result<Answer, BenchError> {
    let dir = setup.fresh_dir()?;
    let mut engine = open_engine(order.engine, dir.path())?;
    let mut records = setup.pool.from(0);
    for record in records.by_ref().take(WARM_UP_RECORDS) {
        engine.commit(&[record])?;
    }
    let before = cpu_ns();
    for record in records.take(count(order.records)) {
        engine.commit(&[record])?;
    }
    Ok(Answer { records: order.records, cpu_ns: cpu_ns() - before })
}

fn many(setup: &Setup, order: &Order) -> Result<Answer, BenchError> {
    let dir = setup.fresh_dir()?;
    let shared = open_shared(order.engine, dir.path())?;
    many_writers(shared.as_ref(), &setup.pool, Until::RecordsPerWriter(WARM_UP_RECORDS / WRITERS))?;
    let before = cpu_ns();
    let each = count(order.records) / WRITERS;
    let turn = many_writers(shared.as_ref(), &setup.pool, Until::RecordsPerWriter(each))?;
    Ok(Answer { records: turn.records, cpu_ns: cpu_ns() - before })
}

/// Python saves in a process of its own, whose processor time is not ours to see.
fn saves(setup: &Setup, order: &Order) -> Result<Answer, BenchError> {
    let dir = setup.fresh_dir()?;
    let mut turns = open_turns(order.engine, dir.path())?;
    let mut latencies = empty_latencies();
    turns.turn(&setup.pool.slice(0, count(order.records)), &mut latencies)?;
    Ok(Answer { records: latencies.len(), cpu_ns: 0 })
}
