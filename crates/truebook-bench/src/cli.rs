//! What can be typed, and which part it starts.

use crate::bench;
use crate::bench::opening::Visit;
use crate::bench::replay::Reading;
use crate::error::BenchError;
use crate::load::Load;
use crate::report::{Output, Section};
use crate::scale::Scale;
use crate::setup::Setup;
use clap::{Args as ClapArgs, Parser, Subcommand};
use std::path::PathBuf;

/// truebook beside its peers: interleaved runs, percentiles and ratios.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
    #[command(flatten)]
    common: Common,
}

/// What every part takes.
#[derive(Debug, ClapArgs)]
struct Common {
    /// Folder on the disk to measure [default: where this program lies]
    #[arg(long, global = true)]
    dir: Option<PathBuf>,
    /// A look at it in seconds: too few samples for a p99.9
    #[arg(long, global = true)]
    quick: bool,
    /// One JSON document in place of tables
    #[arg(long, global = true)]
    json: bool,
    /// Where the generated records and events start
    #[arg(long, global = true, default_value_t = 20_240_229)]
    seed: u64,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Every part, one after the other
    All,
    /// One writer, each record durable before the next
    Append,
    /// 64 waiting writers sharing flushes
    Group,
    /// Flushes a commit, counted by strace
    Flushes,
    /// A million events read back
    Replay,
    /// One field of a large state changed
    SaveField,
    /// Processor time a record, flushes left out
    Cpu,
    /// What submitting costs beyond disk and venue
    Submit,
    /// A book of 100,000 orders against the venue's lists
    Reconcile,
    /// A gibibyte of journal backed up and put back
    Backup,
    /// Child of `flushes` and `cpu`: one engine, figures as JSON
    #[command(hide = true)]
    OneEngine(bench::one_engine::Order),
    /// Child of `replay`: one reader, figures as JSON
    #[command(hide = true)]
    OneReplay {
        #[arg(long)]
        reading: Reading,
        #[arg(long)]
        store: PathBuf,
    },
    /// Builds what `replay` reads and leaves it there, for a profiler
    #[command(hide = true)]
    BuildStores {
        #[arg(long)]
        store: PathBuf,
    },
    /// Child of `replay`: opens one book, figures as JSON
    #[command(hide = true)]
    OneVisit {
        #[arg(long)]
        visit: Visit,
        #[arg(long)]
        store: PathBuf,
    },
}

pub(crate) fn run(args: Args) -> Result<(), BenchError> {
    let setup = setup(&args.common)?;
    let output = if args.common.json { Output::Json } else { Output::Tables };
    match args.part {
        Part::OneEngine(order) => bench::one_engine::run(&setup, &order),
        Part::OneReplay { reading, store } => bench::replay::run_child(reading, &store),
        Part::BuildStores { store } => bench::replay::Stores::build(&setup, &store).map(drop),
        Part::OneVisit { visit, store } => bench::opening::run_child(visit, &store),
        part => run_parts(&setup, output, &measures(&part)),
    }
}

fn setup(common: &Common) -> Result<Setup, BenchError> {
    let scale = if common.quick { Scale::quick() } else { Scale::full() };
    Setup::new(common.dir.as_deref(), scale, common.seed)
}

type Measure = fn(&Setup) -> Result<Vec<Section>, BenchError>;

fn measures(part: &Part) -> Vec<Measure> {
    match part {
        Part::Append => vec![bench::append::run],
        Part::Group => vec![bench::group::run],
        Part::Flushes => vec![bench::flushes::run],
        Part::Replay => vec![bench::replay::run],
        Part::SaveField => vec![bench::save_field::run],
        Part::Cpu => vec![bench::cpu::run],
        Part::Submit => vec![bench::submit::run],
        Part::Reconcile => vec![bench::reconcile::run],
        Part::Backup => vec![bench::backup::run],
        _ => vec![
            bench::append::run,
            bench::group::run,
            bench::flushes::run,
            bench::replay::run,
            bench::save_field::run,
            bench::cpu::run,
            bench::submit::run,
            bench::reconcile::run,
            bench::backup::run,
        ],
    }
}

fn run_parts(setup: &Setup, output: Output, measures: &[Measure]) -> Result<(), BenchError> {
    output.begin(setup);
    let mut sections = Vec::new();
    for measure in measures {
        for section in measured_with_load(setup, *measure)? {
            output.section(&section);
            sections.push(section);
        }
    }
    output.end(setup, &sections);
    Ok(())
}

/// The last section of a part says whether the machine was shared.
fn measured_with_load(setup: &Setup, measure: Measure) -> Result<Vec<Section>, BenchError> {
    let before = Load::now();
    let mut sections = measure(setup)?;
    let note = before.zip(Load::now()).and_then(|(before, now)| now.note_since(before));
    if let Some(last) = sections.last_mut() {
        last.notes.extend(note);
    }
    Ok(sections)
}
