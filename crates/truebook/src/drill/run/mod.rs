//! Running a script, step by step.

mod bot;
mod expect;
mod files;
mod journal;
mod names;
mod process;
mod protection;
mod venue;

use super::disk::{Power, Trouble};
use super::overlay::{Writing, lock};
use super::script::{Action, DiskDoes, Expected, OnRefusal, RawEvent, Script, Step, TimeDoes};
use super::text::Place;
use super::world::{OurClock, SameEveryRun, VenueClock};
use crate::book::Book;
use crate::engine::{Reconciliation, Trader};
use crate::paper::PaperVenue;
use crate::recovery::Report;
use crate::scratch::ScratchDir;
use crate::venue::StreamEvent;
use protection::Protection;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use truebook_core::hash::StateHash;
use truebook_core::id::{BookId, InstallationTag};
use truebook_core::reconcile::Plan;

/// What was run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Passed {
    /// Scenarios in the file.
    pub scenarios: usize,
    /// Runs of them: one each, or one for every variant.
    pub runs: usize,
    /// Expectations that held, in all runs.
    pub expectations: usize,
}

/// An expectation that did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: expected {expected}, found {found}")]
pub struct Failure {
    /// The line that says it.
    pub place: Place,
    /// What it says.
    pub expected: String,
    /// What was there instead.
    pub found: String,
}

/// Why a drill did not pass.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It ran, and something was not as expected.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// It could not be run.
    #[error("{place}: cannot run: {why}")]
    CannotRun {
        /// Where it ended.
        place: Place,
        /// Why.
        why: String,
    },
}

/// How a step can end.
pub(super) enum Stop {
    /// What was expected, and what was found.
    Failed { expected: String, found: String },
    /// It makes no sense here, or the directory cannot be used.
    CannotRun(String),
}

impl From<io::Error> for Stop {
    fn from(failed: io::Error) -> Self {
        Self::CannotRun(failed.to_string())
    }
}

fn cannot<T>(why: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::CannotRun(why.into()))
}

type Done = Result<(), Stop>;

/// A process that holds the book.
struct Process {
    trader: Trader,
    book: Book,
    stream: Option<Receiver<StreamEvent>>,
}

/// All that a run has.
struct Runner<'a> {
    script: &'a Script,
    scratch: ScratchDir,
    clock: Arc<VenueClock>,
    our_clock: Arc<OurClock>,
    entropy: Arc<SameEveryRun>,
    paper: PaperVenue,
    writing: Arc<Mutex<Writing>>,
    /// Of the process that runs, or ran last.
    power: Arc<Power>,
    process: Option<Process>,
    identity: Option<(InstallationTag, BookId)>,
    opening: Report,
    /// What the last statement was refused with, and where it stands.
    refused: Option<(usize, String)>,
    look: Option<Look>,
    remembered: BTreeMap<String, StateHash>,
    events: BTreeMap<String, RawEvent>,
    foreign: BTreeSet<String>,
    protection: Protection,
    held: usize,
}

/// The last look at the venue, with what came of it.
struct Look {
    plans: Vec<Plan>,
    reconciliation: Option<Reconciliation>,
    /// How many events it wrote.
    events: u64,
}

/// Runs a script; gives how many expectations held.
pub(super) fn script(file: &Arc<str>, script: &Script) -> Result<usize, RunError> {
    let place = |line| Place { file: Arc::clone(file), line };
    let failed = |line, stop| match stop {
        Stop::Failed { expected, found } => RunError::Failed(Failure { place: place(line), expected, found }),
        Stop::CannotRun(why) => RunError::CannotRun { place: place(line), why },
    };
    let mut runner = Runner::new(script).map_err(|stop| failed(1, stop))?;
    for step in &script.steps {
        runner.step(step).map_err(|(line, stop)| failed(line, stop))?;
    }
    runner.check_refusal().map_err(|(line, stop)| failed(line, stop))?;
    Ok(runner.held)
}

impl<'a> Runner<'a> {
    fn new(script: &'a Script) -> Result<Self, Stop> {
        let clock = Arc::new(VenueClock::new());
        let paper = PaperVenue::new(script.setup.paper.clone(), Arc::<VenueClock>::clone(&clock));
        Ok(Self {
            script,
            scratch: ScratchDir::new(None)?,
            our_clock: Arc::new(OurClock::new(Arc::clone(&clock))),
            clock,
            entropy: Arc::new(SameEveryRun::new()),
            paper,
            writing: Arc::default(),
            power: Arc::new(Power::new()),
            process: None,
            identity: None,
            opening: Report::default(),
            refused: None,
            look: None,
            remembered: BTreeMap::new(),
            events: BTreeMap::new(),
            foreign: BTreeSet::new(),
            protection: Protection::default(),
            held: 0,
        })
    }

    fn step(&mut self, step: &Step) -> Result<(), (usize, Stop)> {
        if let Action::Expect(expected) = &step.action {
            return self.expect(expected).map_err(|stop| (step.line, stop));
        }
        self.check_refusal()?;
        let outcome = self.act(&step.action);
        self.watch_protection();
        match outcome {
            Ok(()) => {}
            // Nobody is left to hear it.
            Err(_) if self.power.is_killed() => {}
            Err(Refused::Statement(_)) if step.refusal == OnRefusal::MayBe => {}
            Err(Refused::Statement(why)) => self.refused = Some((step.line, why)),
            Err(Refused::Drill(stop)) => return Err((step.line, stop)),
        }
        if self.power.is_killed() {
            self.process = None;
        }
        Ok(())
    }

    fn expect(&mut self, expected: &Expected) -> Done {
        expect::check(self, expected)?;
        self.held += 1;
        Ok(())
    }

    /// A refusal that nobody expected is a failure.
    fn check_refusal(&mut self) -> Result<(), (usize, Stop)> {
        let Some((line, why)) = self.refused.take() else { return Ok(()) };
        let expected = "this to be done, or `expect refused TEXT` after it".to_owned();
        Err((line, Stop::Failed { expected, found: why }))
    }

    fn act(&mut self, action: &Action) -> Result<(), Refused> {
        match action {
            Action::Bot(does) => bot::act(self, does),
            Action::Venue(does) => Ok(venue::act(self, does)?),
            Action::Process(does) => process::act(self, does),
            Action::File(does) => Ok(files::act(self, does)?),
            Action::Disk(does) => {
                self.disk(*does);
                Ok(())
            }
            Action::Time(does) => Ok(self.time(*does)?),
            Action::Expect(_) => Ok(()),
        }
    }

    fn disk(&self, does: DiskDoes) {
        match does {
            DiskDoes::Full => self.power.fill(),
            DiskDoes::FullAtWrite(write) => self.power.plan(write, Trouble::Full),
            DiskDoes::FailAtWrite(write) => self.power.plan(write, Trouble::Failure),
            DiskDoes::Recover => self.power.recover(),
        }
    }

    fn time(&mut self, does: TimeDoes) -> Done {
        match does {
            TimeDoes::Wait(time) => self.clock.pass(time),
            TimeDoes::Until(time_of_day) => self.clock.pass(self.clock.until(time_of_day)),
            TimeDoes::Ahead(by) => self.our_clock.ahead(by),
            TimeDoes::Behind(by) => self.our_clock.behind(by),
        }
        self.paper.pass_time().map_err(|failed| Stop::CannotRun(failed.to_string()))
    }

    fn process(&self) -> Result<&Process, Stop> {
        let missing = || Stop::CannotRun("no process runs: `create` or `start` one first".to_owned());
        self.process.as_ref().ok_or_else(missing)
    }

    fn writing(&self) -> std::sync::MutexGuard<'_, Writing> {
        lock(&self.writing)
    }
}

/// How a statement can end that is not done.
enum Refused {
    /// With an error that the drill may expect.
    Statement(String),
    /// The drill itself ends.
    Drill(Stop),
}

impl From<Stop> for Refused {
    fn from(stop: Stop) -> Self {
        Self::Drill(stop)
    }
}

impl From<io::Error> for Refused {
    fn from(failed: io::Error) -> Self {
        Self::Drill(failed.into())
    }
}

/// An error that the drill may expect, in words.
fn refusal(failed: impl std::error::Error) -> Refused {
    let mut text = failed.to_string();
    let mut source = failed.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    Refused::Statement(text)
}
