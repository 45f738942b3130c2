//! `kill-during-save` and `thread-safety`: a process that saves without a pause is killed with SIGKILL at a
//! random moment. After each kill the copy is opened again, verified, and held against everything that was
//! acknowledged, save by save.

use super::found::{Found, times};
use super::plant;
use super::saver::{self, Ack};
use super::stage::{Fork, Stage};
use crate::commands::child::Heard;
use crate::errors::Failure;
use crate::flags::PlantArg;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use truebook::World;
use truebook::core::event::{Event, StateChanged};
use truebook::core::id::Seq;
use truebook::log::LogReader;
use truebook::paper::Chance;
use truebook::verify::{Silent, verify};

/// When a process is killed.
#[derive(Clone, Copy)]
struct Life {
    /// One process in so many is killed while it still opens the book; 0 for none.
    early_one_in: u64,
    /// After its first save any other lives for so many milliseconds more, at most.
    ms_max: u64,
}

const LIFE: Life = Life { early_one_in: 5, ms_max: 150 };
/// How long after its start a process lives that is killed while it opens the book, at most.
const EARLY_MS_MAX: u64 = 40;
/// What makes small segments of a copy.
const ROLL_MS: u64 = 200;
const ROLL_SAVES: u64 = 40;
/// A larger book is read whole once at the end, not after every kill.
const VERIFY_BYTES_MAX: u64 = 64 << 20;

/// The threads of `thread-safety`.
const THREADS: u32 = 32;
/// That drill's processes are killed so much less often.
const THREADS_RUNS_SHARE: u32 = 5;

pub(super) fn one_writer(stage: &Stage<'_>) -> Result<Found, Failure> {
    run(stage, "kill-during-save", 1, stage.args.runs)
}

pub(super) fn many_threads(stage: &Stage<'_>) -> Result<Found, Failure> {
    run(stage, "thread-safety", THREADS, stage.args.runs.div_ceil(THREADS_RUNS_SHARE))
}

/// A copy with sealed segments: the process that wrote them was killed, so that the journal goes on in small
/// segments.
pub(super) fn rolled(stage: &Stage<'_>, name: &str) -> Result<Fork, Failure> {
    let fork = stage.fork(name)?;
    let mut chance = Chance::new(stage.args.seed);
    kill_one(stage, fork.path(), THREADS, 1, Life { early_one_in: 0, ms_max: ROLL_MS }, &mut chance)?;
    let book = stage.open(fork.path())?;
    for number in 1..=ROLL_SAVES {
        book.set(
            &saver::pad_place()?,
            &format!("{number}: {}", "a text that compresses ".repeat(64)).into(),
        )?;
    }
    book.close()?;
    Ok(fork)
}

fn run(stage: &Stage<'_>, name: &str, threads: u32, runs: u32) -> Result<Found, Failure> {
    let fork = stage.fork(name)?;
    let mut shown = Shown { next: 1, ..Shown::default() };
    let mut chance = Chance::new(stage.args.seed);
    for run in 1..=runs {
        let acks = kill_one(stage, fork.path(), threads, shown.next, LIFE, &mut chance)?;
        if stage.args.plant == Some(PlantArg::LostSaves) {
            plant::lose_saves(fork.path())?;
        }
        shown.runs += 1;
        shown.acknowledged += acks.len() as u64;
        check(stage, fork.path(), threads, &acks, &mut shown)?;
        if !shown.lost.is_empty() {
            break;
        }
        let is_small = shown.bytes(stage) <= VERIFY_BYTES_MAX;
        if is_small || run == runs {
            let found = verify(&World::real(fork.path()), stage.key(), &mut Silent)?;
            shown.verified += 1;
            shown.damage.extend(found.findings.first().filter(|_| !found.ok).map(ToString::to_string));
        }
    }
    Ok(shown.conclude(threads))
}

/// Starts a process that saves, kills it, and gives what it had acknowledged.
fn kill_one(
    stage: &Stage<'_>,
    dir: &Path,
    threads: u32,
    from: u64,
    life: Life,
    chance: &mut Chance,
) -> Result<Vec<Ack>, Failure> {
    let words = ["save", "--threads", &threads.to_string(), "--from", &from.to_string(), "--seed"];
    let mut args: Vec<String> = words.map(str::to_owned).to_vec();
    args.push(chance.next_u64().to_string());
    let mut child = stage.start("the process that saves", dir, &args)?;
    let mut acks = Vec::new();
    let mut take = |line: &str| acks.extend(Ack::parse(line));
    if life.early_one_in > 0 && chance.below(life.early_one_in) == 0 {
        child.hear_for(Duration::from_millis(chance.below(EARLY_MS_MAX)), &mut take);
    } else {
        match child.hear()? {
            Heard::Line(line) => take(&line),
            Heard::End => return Err(child.ended_early()),
        }
        child.hear_for(Duration::from_millis(chance.below(life.ms_max)), &mut take);
    }
    child.kill()?.iter().for_each(|line| take(line));
    Ok(acks)
}

/// What was shown so far.
#[derive(Default)]
struct Shown {
    runs: u64,
    /// The number of the next save: above every one that may have been recorded.
    next: u64,
    acknowledged: u64,
    /// Acknowledged saves that the journal does not have, or the state is behind.
    lost: Vec<String>,
    /// How often a crash had left an unfinished commit.
    torn: u64,
    verified: u64,
    damage: Vec<String>,
}

impl Shown {
    const fn bytes(&self, stage: &Stage<'_>) -> u64 {
        stage.size.bytes.saturating_add(self.acknowledged.saturating_mul(1024))
    }

    fn conclude(self, threads: u32) -> Found {
        let mut found = Found::new();
        found.ran(self.runs);
        let Self { runs, acknowledged, lost, torn, verified, damage, .. } = self;
        let who = if threads == 1 { String::new() } else { format!(" by {threads} threads") };
        let done = format!("{acknowledged} saves acknowledged{who}, killed with SIGKILL {}", times(runs));
        match (lost.first(), damage.first(), acknowledged) {
            (Some(first), _, _) => found.fail(format!("{done}: {} lost; the first: {first}", lost.len())),
            (_, Some(first), _) => found.fail(format!("{done}: afterwards {first}")),
            (_, _, 0) => found.fail(format!("{done}: nothing was saved at all")),
            _ => found.pass(format!("{done}: all of them are in the reopened book, 0 lost")),
        }
        found.pass(format!(
            "reopened after each kill (an unfinished commit was cut off {}) and read whole {}",
            times(torn),
            times(verified)
        ));
        found
    }
}

/// Opens the copy again and looks for every acknowledged save.
fn check(
    stage: &Stage<'_>,
    dir: &Path,
    threads: u32,
    acks: &[Ack],
    shown: &mut Shown,
) -> Result<(), Failure> {
    let book = match stage.open(dir) {
        Ok(book) => book,
        Err(failed) => {
            shown.lost.push(format!("the book cannot be opened: {failed}"));
            return Ok(());
        }
    };
    shown.torn += u64::from(book.report().cut.is_some());
    let vars = book.vars()?;
    for thread in 0..threads {
        let own = acks.iter().filter(|ack| ack.thread == thread);
        let told = own.map(|ack| ack.number).max().unwrap_or(0);
        let kept = saver::number(&vars, thread)?;
        if kept < told {
            shown.lost.push(format!("save {told} of thread {thread} was acknowledged, the state has {kept}"));
        }
        shown.next = shown.next.max(kept.max(told) + 1);
    }
    book.close()?;
    let Some(first) = acks.iter().map(|ack| ack.seq).min() else { return Ok(()) };
    let events = read(stage, dir, first)?;
    for ack in acks {
        let there = events.get(&ack.seq).and_then(|event| saver::number_in(event, ack.thread));
        if there != Some(ack.number) {
            shown.lost.push(format!("event {} was acknowledged as save {}", ack.seq, ack.number));
        }
    }
    Ok(())
}

fn read(stage: &Stage<'_>, dir: &Path, first: Seq) -> Result<BTreeMap<Seq, StateChanged>, Failure> {
    let mut reader = LogReader::open(&World::real(dir), stage.key(), first)?;
    let mut events = BTreeMap::new();
    loop {
        let batch = reader.next_batch()?;
        if batch.is_empty() {
            return Ok(events);
        }
        for entry in batch {
            if let Event::State(changed) = entry.record.ev {
                events.insert(entry.seq, changed);
            }
        }
    }
}
