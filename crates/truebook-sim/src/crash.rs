//! Crash exploration: one history, stopped at every operation on the disk, found again in many states, and
//! opened each time. The auditor says what must be there.

use crate::disk::{CrashChoice, FaultPlan, OpNumber};
use crate::model::{History, Model};
use crate::workload::{Op, Workload, perform};
use crate::world::{SimEntropy, world};
use crate::{Rng, SimClock, SimDisk};
use core::fmt;
use std::sync::Arc;
use std::time::Duration;
use truebook::Book;
use truebook::book::{CheckpointSchedule, NewBook, OpenError, OpenOptions, Recorded, Upkeep, WriteError};
use truebook::crypt::{Key, KeySource};
use truebook::journal::JournalOptions;
use truebook::verify::{Silent, verify};
use truebook_core::doc::Doc;
use truebook_core::event::{Event, Reason};
use truebook_core::id::{AccountName, BookName, Seq, VenueName};
use truebook_core::identity::Mode;

/// What happens to the disk at the chosen operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Power is lost, or the process is killed.
    Stop,
    /// The operation fails with an I/O error.
    Io,
    /// The operation fails because the disk is full.
    Full,
}

/// How much is explored.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Operations of a history.
    pub steps: u32,
    /// States in which the disk is found after each crash.
    pub samples: u32,
    /// Every how many operations on the disk the history is stopped: 1 is each.
    pub stride: u64,
    /// Whether the book is encrypted.
    pub sealing: Sealing,
}

/// Whether the simulated book is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealing {
    /// It is not.
    Plain,
    /// It is.
    Encrypted,
}

/// How much was explored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Crashes after which the book was opened again.
    pub crashes: u64,
    /// Of those, crashes during the opening after another crash.
    pub double_crashes: u64,
    /// Torn tails that were cut.
    pub torn_tails: u64,
    /// Histories that were run.
    pub histories: u64,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.crashes += other.crashes;
        self.double_crashes += other.double_crashes;
        self.torn_tails += other.torn_tails;
        self.histories += other.histories;
    }
}

/// A promise that was not kept, and how to see it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The seed of the history.
    pub seed: u64,
    /// The operation on the disk at which it was stopped.
    pub point: u64,
    /// How the disk was found.
    pub found: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { seed, point, found, what } = self;
        write!(f, "seed {seed}, disk operation {point}, {found}: {what}")
    }
}

const AFTER_A_KILL: &str = "after a kill";

/// How a disk was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// The process died: everything it wrote is visible, and part of it not yet durable.
    Killed,
    /// Power was lost.
    Crashed,
}

/// Events that fill more than one simulated segment.
const LATER_EVENTS: u32 = 12;

/// A history as far as it came.
struct Run {
    disk: SimDisk,
    clock: Arc<SimClock>,
    entropy: Arc<SimEntropy>,
    history: History,
    /// The last event that was acknowledged; zero before the book was made.
    acknowledged: Seq,
    /// An acknowledgement that came after a failure.
    after_failure: Option<String>,
}

fn options(scope: Scope) -> OpenOptions {
    OpenOptions {
        key: key(scope),
        journal: JournalOptions { segment_bytes: 8192, compression_level: 1 },
        upkeep: Upkeep::Inline,
        checkpoints: CheckpointSchedule { interval: Duration::from_mins(5), events: 12, kept: 2 },
        ..OpenOptions::default()
    }
}

fn key(scope: Scope) -> Option<KeySource> {
    (scope.sealing == Sealing::Encrypted).then(|| KeySource::Given(Key::from_bytes([7; 32])))
}

fn new_book(scope: Scope) -> NewBook {
    NewBook {
        name: BookName::new("simulated").unwrap_or_else(|_| unreachable!("a valid name")),
        venue: VenueName::new("paper").unwrap_or_else(|_| unreachable!("a valid name")),
        account: AccountName::new("P1").unwrap_or_else(|_| unreachable!("a valid name")),
        mode: Mode::Paper,
        settings: Doc::object(),
        key: key(scope),
        readable: None,
        installation: None,
    }
}

/// Runs a history on a disk with this fault plan, as far as it comes.
fn run(seed: u64, scope: Scope, faults: FaultPlan) -> Run {
    let disk = SimDisk::new(seed);
    disk.set_faults(faults);
    let mut run = Run {
        disk: disk.clone(),
        clock: SimClock::new(),
        entropy: SimEntropy::new(seed),
        history: History::default(),
        acknowledged: Seq::ZERO,
        after_failure: None,
    };
    let world = world(&disk, &run.clock, &run.entropy);
    let mut model = Model::default();
    run.history.keep(Seq::new(1), &model);
    let Ok(book) = Book::create(world, &new_book(scope), options(scope)) else { return run };
    run.acknowledged = Seq::new(1);
    let mut workload = Workload::new(seed);
    let mut stopped = None;
    for _ in 0..scope.steps {
        let op = workload.next(&model);
        let before = book.last();
        let outcome = perform(&book, &run.clock, &op);
        let mut after = model.clone();
        after.apply(&op);
        // An event that was queued may be on disk even if its commit failed.
        keep_pictures(&mut run.history, before, &model, &op, &after);
        match outcome {
            Ok(Recorded::Durable(seq)) if !op.is_taken_at(stopped) => {
                run.after_failure = Some(format!("{op:?} as event {seq}"));
                return run;
            }
            Ok(Recorded::Durable(seq)) => {
                run.acknowledged = seq;
                run.history.keep(seq, &after);
                model = after;
            }
            Ok(Recorded::Unchanged) => model = after,
            Err(WriteError::Stopped(stop)) => stopped = Some(stop.level),
            Err(refused) => {
                run.after_failure = Some(format!("{op:?} was refused: {refused}"));
                return run;
            }
        }
        if disk.is_off() {
            return run;
        }
    }
    if stopped.is_none() {
        let _ = book.close();
    }
    run
}

/// A picture after each event that an operation makes.
fn keep_pictures(history: &mut History, before: Seq, model: &Model, op: &Op, after: &Model) {
    let Op::Several(values) = op else {
        history.keep(before.next(), after);
        return;
    };
    let (mut seq, mut step) = (before, model.clone());
    for value in values {
        step.apply(&Op::Several(vec![value.clone()]));
        seq = seq.next();
        history.keep(seq, &step);
    }
}

/// Explores one seed with one kind of fault.
///
/// # Errors
/// The first promise that was not kept.
pub fn explore(seed: u64, scope: Scope, fault: Fault) -> Result<Tally, Box<Violation>> {
    let whole = run(seed, scope, FaultPlan::default());
    let total = whole.disk.ops_done().0;
    let mut tally = Tally { histories: 1, ..Tally::default() };
    let mut rng = Rng::new(seed ^ 0x5eed);
    check_found(seed, total + 1, scope, &whole, &whole.disk.after_kill(), "at the end", &mut tally)?;
    let mut point = 1 + rng.below(scope.stride);
    while point <= total {
        let plan = match fault {
            Fault::Stop => FaultPlan::default().stop_at(OpNumber(point)),
            Fault::Io => FaultPlan::default().fail_at(OpNumber(point)),
            Fault::Full => FaultPlan::default().full_at(OpNumber(point)),
        };
        let stopped = run(seed, scope, plan);
        tally.histories += 1;
        if let Some(what) = &stopped.after_failure {
            let what = format!("acknowledged after a failure: {what}");
            return Err(Box::new(Violation { seed, point, found: format!("{fault:?}"), what }));
        }
        tally.add(find_again(seed, point, scope, &stopped, &mut rng)?);
        point += scope.stride;
    }
    Ok(tally)
}

fn find_again(
    seed: u64,
    point: u64,
    scope: Scope,
    run: &Run,
    rng: &mut Rng,
) -> Result<Tally, Box<Violation>> {
    let mut tally = Tally::default();
    let killed = run.disk.after_kill();
    check_found(seed, point, scope, run, &killed, AFTER_A_KILL, &mut tally)?;
    for sample in 0..scope.samples {
        let choice = if sample < 2 {
            CrashChoice::sample(u64::from(sample) + point)
        } else {
            CrashChoice::Random(rng.next_u64())
        };
        let found = run.disk.crash(choice);
        if rng.below(4) == 0 {
            let again = crash_while_opening(run, scope, &found, rng);
            tally.double_crashes += 1;
            check_found(
                seed,
                point,
                scope,
                run,
                &again,
                &format!("{choice:?}, and again while opening"),
                &mut tally,
            )?;
        } else {
            check_found(seed, point, scope, run, &found, &format!("{choice:?}"), &mut tally)?;
        }
    }
    Ok(tally)
}

/// Opens the book and loses power at a random moment of that.
fn crash_while_opening(run: &Run, scope: Scope, disk: &SimDisk, rng: &mut Rng) -> SimDisk {
    let at = 1 + rng.below(40);
    disk.set_faults(FaultPlan::default().stop_at(OpNumber(at)));
    let opened = Book::open(world(disk, &run.clock, &run.entropy), options(scope));
    drop(opened);
    disk.crash(CrashChoice::Random(rng.next_u64()))
}

fn check_found(
    seed: u64,
    point: u64,
    scope: Scope,
    run: &Run,
    disk: &SimDisk,
    found: &str,
    tally: &mut Tally,
) -> Result<(), Box<Violation>> {
    tally.crashes += 1;
    let how = if found == AFTER_A_KILL { Found::Killed } else { Found::Crashed };
    let checked = std::panic::AssertUnwindSafe(|| check_opening(scope, run, disk, how, tally));
    let checked = std::panic::catch_unwind(checked);
    let outcome = checked.unwrap_or_else(|_| Err("panicked".to_owned()));
    outcome.map_err(|what| Box::new(Violation { seed, point, found: found.to_owned(), what }))
}

fn check_opening(
    scope: Scope,
    run: &Run,
    disk: &SimDisk,
    found: Found,
    tally: &mut Tally,
) -> Result<(), String> {
    let book = match Book::open(world(disk, &run.clock, &run.entropy), options(scope)) {
        Ok(book) => book,
        Err(OpenError::NoBook { .. }) if run.acknowledged == Seq::ZERO => {
            return check_making_again(scope, run, disk);
        }
        Err(failed) => return Err(format!("opening: {failed}")),
    };
    tally.torn_tails += u64::from(book.report().cut.is_some());
    if book.report().has_damage() {
        return Err(format!("damage where there was none: {:?}", book.report().findings));
    }
    let last = book.last();
    if last < run.acknowledged {
        return Err(format!("P1: event {} was acknowledged, the book ends with {last}", run.acknowledged));
    }
    let expected =
        run.history.at(last).ok_or_else(|| format!("the book ends with event {last}, which nobody wrote"))?;
    if let Some(difference) = expected.differs_from(&book).map_err(|failed| failed.to_string())? {
        return Err(format!("at event {last}: {difference}"));
    }
    if found == Found::Killed {
        check_losing_power_later(scope, run, &disk.after_kill())?;
    }
    check_going_on(scope, run, disk, book)
}

/// The book goes on into its next segment, and power is lost then: whatever an earlier process left visible but
/// not durable must not be built upon.
fn check_losing_power_later(scope: Scope, run: &Run, disk: &SimDisk) -> Result<(), String> {
    let book = Book::open(world(disk, &run.clock, &run.entropy), options(scope))
        .map_err(|failed| format!("opening to go on: {failed}"))?;
    for n in 0..LATER_EVENTS {
        let why = format!("{n}{}", "z".repeat(400));
        book.record(Event::Halt(Reason { why })).map_err(|failed| format!("going on: {failed}"))?;
        let last = book.last();
        let choice = if n % 2 == 0 { CrashChoice::LoseNames } else { CrashChoice::LoseAll };
        let found = disk.crash(choice);
        let again = Book::open(world(&found, &run.clock, &run.entropy), options(scope))
            .map_err(|failed| format!("opening after going on and {choice:?}: {failed}"))?;
        if again.last() != last {
            return Err(format!(
                "P1: went on to event {last}, after {choice:?} the book ends with {}",
                again.last()
            ));
        }
    }
    Ok(())
}

/// Nothing was acknowledged: the book can be made, as if nothing had been.
fn check_making_again(scope: Scope, run: &Run, disk: &SimDisk) -> Result<(), String> {
    let made = Book::create(world(disk, &run.clock, &run.entropy), &new_book(scope), options(scope));
    let book = made.map_err(|failed| format!("making the book again: {failed}"))?;
    check_going_on(scope, run, disk, book)
}

/// The book takes new events, keeps them over a clean stop and a power loss after it, and verifies.
fn check_going_on(scope: Scope, run: &Run, disk: &SimDisk, book: Book) -> Result<(), String> {
    let shown = |failed: WriteError| format!("going on: {failed}");
    book.record(Event::Halt(Reason { why: "checked".to_owned() })).map_err(shown)?;
    book.record(Event::Resume(Reason { why: "checked".to_owned() })).map_err(shown)?;
    let last = book.last();
    let hash = book.with_state(truebook_core::state::State::hash).map_err(shown)?;
    book.close().map_err(|failed| format!("closing: {failed}"))?;
    let found = disk.crash(CrashChoice::LoseAll);
    let world = world(&found, &run.clock, &run.entropy);
    let verified =
        verify(&world, key(scope), &mut Silent).map_err(|failed| format!("verifying: {failed}"))?;
    if !verified.ok {
        return Err(format!("verify: {:?}", verified.findings));
    }
    if verified.last != last || verified.state_hash != Some(hash) {
        return Err(format!("verify ends with event {}, the book with {last}", verified.last));
    }
    let book = Book::open(world, options(scope))
        .map_err(|failed| format!("opening after a clean stop: {failed}"))?;
    let again = book.with_state(truebook_core::state::State::hash).map_err(shown)?;
    if book.last() != last || again != hash || book.report().cut.is_some() {
        return Err(format!("after a clean stop at event {last} the book ends with {}", book.last()));
    }
    Ok(())
}
