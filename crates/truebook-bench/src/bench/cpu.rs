//! Processor time a record, flushes left out.
//!
//! The children write to a file system in memory, where a flush returns at once: what remains is the engine's
//! own work and its calls into the kernel. Time is that of the whole child process, so threads in the
//! background count too.

use crate::bench::one_engine::{Answer, Order, Writers};
use crate::engine::EngineName;
use crate::error::BenchError;
use crate::figures::median;
use crate::peers::{gather, open_engine, rotated};
use crate::process::{json_from, this_program};
use crate::report::{Cell, Section, column};
use crate::setup::{Setup, fresh_dir_in, is_in_memory};
use std::path::Path;

/// Where Linux keeps a file system in memory.
const MEMORY_DIR: &str = "/dev/shm";

#[derive(Default)]
struct Spent {
    one_ns: Vec<u64>,
    many_ns: Vec<u64>,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Section>, BenchError> {
    if !is_in_memory(Path::new(MEMORY_DIR)) {
        let note = format!("left out: {MEMORY_DIR} is not a file system in memory");
        return Ok(vec![section(&[], vec![note])]);
    }
    let mut field = gather(&EngineName::IN_PROCESS, present)?;
    for round in 0..setup.scale.cpu_rounds {
        for index in rotated(field.taking_part.len(), round) {
            let (name, spent) = &mut field.taking_part[index];
            spent.one_ns.push(per_record(setup, *name, Writers::One)?);
            spent.many_ns.push(per_record(setup, *name, Writers::Many)?);
        }
    }
    Ok(vec![section(&field.taking_part, field.notes)])
}

fn present(name: EngineName) -> Result<Spent, BenchError> {
    let dir = fresh_dir_in(Path::new(MEMORY_DIR))?;
    open_engine(name, dir.path())?;
    Ok(Spent::default())
}

fn per_record(setup: &Setup, engine: EngineName, writers: Writers) -> Result<u64, BenchError> {
    let mut command = this_program()?;
    let records = setup.scale.cpu_records;
    Order { engine, records, writers }.put_into(&mut command);
    command.args(["--dir", MEMORY_DIR]);
    let answer: Answer = json_from("the engine's process", command)?;
    Ok(answer.cpu_ns / answer.records.max(1))
}

fn section(measured: &[(EngineName, Spent)], notes: Vec<String>) -> Section {
    let spent = measured
        .iter()
        .map(|(name, spent)| (*name, median(spent.one_ns.clone()), median(spent.many_ns.clone())));
    let spent: Vec<_> = spent.collect();
    let raw = spent.iter().find(|(name, ..)| *name == EngineName::Raw);
    let (raw_one, raw_many) = raw.map_or((0, 0), |(_, one, many)| (*one, *many));
    let row = |(name, one, many): &(EngineName, u64, u64)| {
        vec![
            Cell::Text(name.to_string()),
            Cell::Nanos(*one),
            Cell::ratio(*one, raw_one),
            Cell::Nanos(*many),
            Cell::ratio(*many, raw_many),
        ]
    };
    Section {
        name: "cpu",
        about: "user and system time a record, in microseconds, on a file system in memory".into(),
        columns: vec![
            column("engine", "engine"),
            column("one_writer_ns", "one writer us"),
            column("one_writer_over_raw", "/ raw"),
            column("many_writers_ns", "64 writers us"),
            column("many_writers_over_raw", "/ raw"),
        ],
        rows: spent.iter().map(row).collect(),
        notes,
    }
}
