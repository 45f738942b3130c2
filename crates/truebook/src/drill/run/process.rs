//! How the process begins and ends.

use super::super::disk::{DrillDisk, Power, Trouble};
use super::super::overlay::Overlay;
use super::super::script::{Loss, ProcessDoes, StartWith, When};
use super::{Process, Refused, Runner, refusal};
use crate::World;
use crate::book::{Book, CheckpointSchedule, NewBook, OnLoss, OpenOptions, Upkeep};
use crate::disk::RealDisk;
use crate::engine::Trader;
use crate::journal::JournalOptions;
use crate::paper::RequestKind;
use crate::venue::Venue;
use std::path::PathBuf;
use std::sync::Arc;
use truebook_core::doc::Doc;
use truebook_core::id::BookName;
use truebook_core::identity::Expected;

/// Small, so that drills are quick.
const SEGMENT_BYTES: u32 = 64 * 1024;

pub(super) fn act(runner: &mut Runner<'_>, does: &ProcessDoes) -> Result<(), Refused> {
    match does {
        ProcessDoes::Create => runner.create(),
        ProcessDoes::Start(with) => runner.start(with),
        ProcessDoes::Stop => runner.stop(),
        ProcessDoes::Crash(when) => {
            runner.crash(*when);
            Ok(())
        }
        ProcessDoes::SecondOpener => {
            let world = runner.world(&Arc::new(Power::new()));
            Book::open(world, options()).map(drop).map_err(refusal)
        }
    }
}

/// Everything happens at once and in order; checkpoints are made only at a clean stop, or when asked for.
fn options() -> OpenOptions {
    let checkpoints = CheckpointSchedule {
        interval: core::time::Duration::from_hours(24 * 365),
        kept: 3,
        ..CheckpointSchedule::default()
    };
    let journal = JournalOptions { segment_bytes: SEGMENT_BYTES, ..JournalOptions::default() };
    OpenOptions { upkeep: Upkeep::Inline, checkpoints, journal, ..OpenOptions::default() }
}

impl Runner<'_> {
    /// The book's directory.
    pub(super) fn book_dir(&self) -> PathBuf {
        self.scratch.path().join("book")
    }

    pub(super) fn world(&self, power: &Arc<Power>) -> World {
        World {
            disk: Arc::new(DrillDisk::new(RealDisk::new(self.book_dir()), Arc::clone(power))),
            clock: Arc::<super::super::world::OurClock>::clone(&self.our_clock),
            entropy: Arc::<super::super::world::SameEveryRun>::clone(&self.entropy),
        }
    }

    fn fresh_world(&mut self) -> Result<World, Refused> {
        if self.process.is_some() {
            return Err(
                super::Stop::CannotRun("a process runs already: `stop` or `crash` it first".into()).into()
            );
        }
        self.power = Arc::new(Power::new());
        Ok(self.world(&self.power))
    }

    fn create(&mut self) -> Result<(), Refused> {
        let world = self.fresh_world()?;
        let setup = &self.script.setup;
        let new = NewBook {
            name: BookName::new("drill").map_err(refusal)?,
            venue: setup.paper.name.clone(),
            account: setup.account.clone(),
            mode: setup.mode,
            settings: self.settings(),
            key: None,
            readable: None,
            installation: None,
        };
        let book = Book::create(world, &new, options()).map_err(refusal)?;
        self.begin(book)
    }

    fn settings(&self) -> Doc {
        let policy = self.script.setup.policy.iter().cloned();
        let policy = policy.fold(Doc::object(), with_member);
        with_member(Doc::object(), ("reconcile".to_owned(), policy))
    }

    fn start(&mut self, with: &StartWith) -> Result<(), Refused> {
        let world = self.fresh_world()?;
        let expected = Expected { venue: with.venue.clone(), account: with.account.clone(), mode: with.mode };
        let on_loss = if with.loss == Loss::Accepted { OnLoss::Accept } else { OnLoss::Refuse };
        let options = OpenOptions { expected, on_loss, ..options() };
        let book = Book::open(world, options).map_err(refusal)?;
        self.begin(book)
    }

    fn begin(&mut self, book: Book) -> Result<(), Refused> {
        let identity = book.live().map_err(refusal)?.identity;
        self.identity = Some((identity.installation, identity.book));
        self.opening = book.report().clone();
        let overlay = Overlay::new(self.paper.clone(), Arc::clone(&self.writing), Arc::clone(&self.power));
        let venue: Arc<dyn Venue> = Arc::new(overlay);
        let trader = Trader::new(book.clone(), Arc::clone(&venue)).map_err(refusal)?;
        // Without a stream a bot goes on and reconciles.
        let stream = venue.stream().ok();
        self.process = Some(Process { trader, book, stream });
        Ok(())
    }

    fn stop(&mut self) -> Result<(), Refused> {
        self.process()?;
        let Some(Process { trader, book, stream }) = self.process.take() else { return Ok(()) };
        drop((trader, stream));
        book.close().map_err(refusal)
    }

    fn crash(&mut self, when: When) {
        match when {
            When::Now => self.power.kill(),
            When::Before(RequestKind::Message) | When::After(RequestKind::Message) => {}
            When::Before(_) | When::After(_) => self.writing().crash = Some(when),
            When::AtWrite(write) => self.power.plan(write, Trouble::Kill),
        }
    }
}

fn with_member(doc: Doc, (name, value): (String, Doc)) -> Doc {
    let mut doc = doc;
    if let Ok(path) = truebook_core::doc::Path::from_segments([name.as_str()]) {
        // A fresh object takes any member.
        let _ = doc.set(&path, value);
    }
    doc
}
