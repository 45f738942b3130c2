//! Automatic backups: one thread a place makes generations when something changed, proves and rotates them and
//! looks through a part of everything each day; another one ships new events as they come. Trading never
//! waits for either.

use super::create::{Made, PROGRAM, Silent, create};
use super::error::BackupError;
use super::form::Form;
use super::inspect::{PARTS, inspect, next_part};
use super::names::GenerationId;
use super::prune::prune;
use super::scratch::Scratch;
use super::shelf::Shelf;
use super::source::{Reader, Source};
use super::tail;
use super::verify::{Depth, Trial, verify};
use crate::book::Book;
use crate::crypt::KeySource;
use crate::error::FileError;
use core::time::Duration;
use serde::Serialize;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;
use truebook_core::id::Seq;
use truebook_core::retention::Keep;
use truebook_core::time::Utc;

/// The usual time between generations.
pub const GENERATION_INTERVAL: Duration = Duration::from_mins(5);
/// The usual time between two shipments of new events.
pub const SHIPPING_INTERVAL: Duration = Duration::from_secs(2);
/// The usual time between two looks through a part.
pub const INSPECTION_INTERVAL: Duration = Duration::from_hours(24);
/// After a failure the next try waits so long, then twice as long, and so on.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest wait after a failure.
const RETRY_MAX: Duration = Duration::from_mins(5);

/// Whether new events are copied as they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shipping {
    /// They are.
    Continuous,
    /// Only with the next generation.
    WithGenerations,
}

/// Where backups are kept, and how.
#[derive(Clone)]
pub struct Place {
    /// The book's part of a target.
    pub shelf: Shelf,
    /// How files are stored.
    pub form: Form,
    /// What is kept.
    pub keep: Keep,
    /// Whether new events are copied as they come.
    pub shipping: Shipping,
}

/// When what is done.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// A generation after this time, if something changed.
    pub generations: Duration,
    /// New events after this time.
    pub shipping: Duration,
    /// A look through a part after this time.
    pub inspections: Duration,
}

impl Default for Schedule {
    fn default() -> Self {
        Self {
            generations: GENERATION_INTERVAL,
            shipping: SHIPPING_INTERVAL,
            inspections: INSPECTION_INTERVAL,
        }
    }
}

/// A place that could not be used when the book was opened, and is tried again until it can.
pub trait LatePlace: Send + Sync {
    /// What people are shown.
    fn describe(&self) -> String;

    /// The place.
    ///
    /// # Errors
    /// Why it cannot be used yet.
    fn open(&self) -> Result<Place, String>;
}

/// How backups are made by themselves.
#[derive(Clone)]
pub struct KeeperOptions {
    /// Where.
    pub places: Vec<Place>,
    /// Where else, as soon as it can be.
    pub late: Vec<Arc<dyn LatePlace>>,
    /// When.
    pub schedule: Schedule,
    /// Opens an encrypted book, to prove what was made.
    pub key: Option<KeySource>,
    /// Where trials are restored to; the system's temporary directory if nothing is said.
    pub scratch: Option<PathBuf>,
}

/// How a place stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceStatus {
    /// Where it is.
    pub place: String,
    /// The last generation made since the book was opened.
    pub generation: Option<GenerationId>,
    /// Sequence number of the last event in it.
    pub generation_to: Seq,
    /// The last generation that was verified since the book was opened.
    pub verified: Option<GenerationId>,
    /// Sequence number of the last event that was shipped.
    pub shipped_to: Seq,
    /// What failed last, if nothing has succeeded since.
    pub failing: Option<String>,
    /// Since when.
    pub failing_since: Option<Utc>,
    /// What somebody should look at.
    pub alarms: Vec<String>,
}

/// The most alarms that are kept.
const ALARMS_MAX: usize = 20;

/// The threads that keep backups of an open book.
pub struct Keeper {
    bell: Arc<Bell>,
    standing: Vec<Arc<Mutex<PlaceStatus>>>,
    threads: Vec<JoinHandle<()>>,
}

/// Calls the threads.
#[derive(Default)]
struct Bell {
    rung: Mutex<Rung>,
    changed: Condvar,
}

#[derive(Default)]
struct Rung {
    stop: bool,
    /// Counts requests; each thread remembers up to which it went.
    requests: u64,
    reason: String,
}

/// Why a thread woke.
enum Call {
    Time,
    Request { number: u64, reason: String },
    Stop,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Bell {
    fn wait(&self, timeout: Duration, seen: u64) -> Call {
        let rung = lock(&self.rung);
        let (rung, _) = self
            .changed
            .wait_timeout_while(rung, timeout, |rung| !rung.stop && rung.requests == seen)
            .unwrap_or_else(PoisonError::into_inner);
        if rung.stop {
            Call::Stop
        } else if rung.requests > seen {
            Call::Request { number: rung.requests, reason: rung.reason.clone() }
        } else {
            Call::Time
        }
    }
}

impl Keeper {
    /// Begins to keep backups of an open book. Close it before the book.
    ///
    /// # Errors
    /// If a thread cannot be started.
    pub fn start(book: &Book, options: &KeeperOptions) -> Result<Self, BackupError> {
        let mut keeper = Self { bell: Arc::default(), standing: Vec::new(), threads: Vec::new() };
        for place in &options.places {
            let standing = Arc::new(Mutex::new(PlaceStatus::new(place.shelf.describe(""))));
            keeper.standing.push(Arc::clone(&standing));
            let keeping = Keeping {
                book: book.clone(),
                place: place.clone(),
                options: options.clone(),
                bell: Arc::clone(&keeper.bell),
                standing,
            };
            if place.shipping == Shipping::Continuous {
                let shipping = keeping.clone();
                keeper.spawn(book, "truebook-shipping", move || shipping.ship_on())?;
            }
            keeper.spawn(book, "truebook-backup", move || keeping.make_on())?;
        }
        for late in &options.late {
            keeper.start_late(book, options, Arc::clone(late))?;
        }
        Ok(keeper)
    }

    fn start_late(
        &mut self,
        book: &Book,
        options: &KeeperOptions,
        late: Arc<dyn LatePlace>,
    ) -> Result<(), BackupError> {
        let standing = Arc::new(Mutex::new(PlaceStatus::new(late.describe())));
        self.standing.push(Arc::clone(&standing));
        let (bell, options, kept) = (Arc::clone(&self.bell), options.clone(), book.clone());
        self.spawn(book, "truebook-backup", move || {
            let Some(place) = wait_for(&*late, &bell, &standing, &kept) else { return };
            let keeping = Keeping { book: kept, place, options, bell, standing };
            if keeping.place.shipping == Shipping::Continuous {
                let shipping = keeping.clone();
                std::thread::scope(|scope| {
                    scope.spawn(|| shipping.ship_on());
                    keeping.make_on();
                });
            } else {
                keeping.make_on();
            }
        })
    }

    fn spawn(
        &mut self,
        book: &Book,
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> Result<(), BackupError> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body);
        let thread =
            thread.map_err(|source| FileError::new("start a backup thread of", book.path(), source))?;
        self.threads.push(thread);
        Ok(())
    }

    /// Asks for a generation in every place, soon.
    pub fn request(&self, reason: &str) {
        let mut rung = lock(&self.bell.rung);
        rung.requests += 1;
        reason.clone_into(&mut rung.reason);
        self.bell.changed.notify_all();
    }

    /// How every place stands.
    pub fn status(&self) -> Vec<PlaceStatus> {
        self.standing.iter().map(|standing| lock(standing).clone()).collect()
    }

    /// Makes a last generation where something changed, and stops. Tells how every place stands.
    pub fn close(mut self) -> Vec<PlaceStatus> {
        self.stop();
        self.status()
    }

    fn stop(&mut self) {
        lock(&self.bell.rung).stop = true;
        self.bell.changed.notify_all();
        for thread in self.threads.drain(..) {
            // A panic of the thread is a broken invariant and was printed by the runtime.
            let _ = thread.join();
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop();
    }
}

impl PlaceStatus {
    const fn new(place: String) -> Self {
        Self {
            place,
            generation: None,
            generation_to: Seq::ZERO,
            verified: None,
            shipped_to: Seq::ZERO,
            failing: None,
            failing_since: None,
            alarms: Vec::new(),
        }
    }

    fn alarm(&mut self, what: String) {
        if !self.alarms.contains(&what) {
            self.alarms.push(what);
        }
        let surplus = self.alarms.len().saturating_sub(ALARMS_MAX);
        self.alarms.drain(..surplus);
    }
}

/// Tries a place until it can be used; `None` if it was told to stop before that.
fn wait_for(late: &dyn LatePlace, bell: &Bell, standing: &Mutex<PlaceStatus>, book: &Book) -> Option<Place> {
    let mut due = Due::after(Duration::ZERO);
    let mut seen = 0;
    loop {
        match bell.wait(due.wait(), seen) {
            Call::Stop => return None,
            Call::Request { number, .. } => seen = number,
            Call::Time => {}
        }
        if !due.is_now() {
            continue;
        }
        match late.open() {
            Ok(place) => {
                let mut standing = lock(standing);
                (standing.failing, standing.failing_since) = (None, None);
                return Some(place);
            }
            Err(why) => {
                due.failed();
                let (mut standing, now) = (lock(standing), book.now());
                standing.failing = Some(why);
                standing.failing_since.get_or_insert(now);
            }
        }
    }
}

/// What a thread needs.
#[derive(Clone)]
struct Keeping {
    book: Book,
    place: Place,
    options: KeeperOptions,
    bell: Arc<Bell>,
    standing: Arc<Mutex<PlaceStatus>>,
}

/// When something is tried next.
struct Due {
    at: Instant,
    interval: Duration,
    failures: u32,
}

impl Due {
    fn after(interval: Duration) -> Self {
        Self { at: Instant::now() + interval, interval, failures: 0 }
    }

    fn is_now(&self) -> bool {
        Instant::now() >= self.at
    }

    fn wait(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    fn succeeded(&mut self) {
        self.failures = 0;
        self.at = Instant::now() + self.interval;
    }

    fn failed(&mut self) {
        self.at = Instant::now() + retry_after(self.failures);
        self.failures = self.failures.saturating_add(1);
    }
}

/// How long the next try waits after so many failures before the last one.
fn retry_after(failures: u32) -> Duration {
    RETRY_FIRST.saturating_mul(2_u32.saturating_pow(failures.min(16))).min(RETRY_MAX)
}

impl Keeping {
    /// Makes generations until it is told to stop.
    fn make_on(&self) {
        let mut generations = Due::after(self.options.schedule.generations);
        // Soon after the start, so that a program that runs for hours only looks too.
        let mut inspections = Due::after(self.options.schedule.inspections.min(Duration::from_mins(1)));
        let (mut seen, mut kept_to) = (0, Seq::ZERO);
        if let Some(kept) = self.settle(&mut generations, self.make_before_upgrade()).flatten() {
            kept_to = kept;
        }
        loop {
            let timeout = generations.wait().min(inspections.wait());
            let reason = match self.bell.wait(timeout, seen) {
                Call::Stop => break,
                Call::Request { number, reason } => {
                    seen = number;
                    Some(reason)
                }
                Call::Time if generations.is_now() && self.book.last() > kept_to => {
                    Some("scheduled".to_owned())
                }
                Call::Time if generations.is_now() => {
                    generations.succeeded();
                    None
                }
                Call::Time => None,
            };
            if let Some(reason) = reason {
                kept_to = self.settle(&mut generations, self.make(&reason)).unwrap_or(kept_to);
            }
            if inspections.is_now() {
                let outcome = self.look_through();
                inspections.interval = self.options.schedule.inspections.min(Duration::from_hours(1));
                self.settle(&mut inspections, outcome);
            }
        }
        if self.book.last() > kept_to {
            let mut once = Due::after(Duration::ZERO);
            self.settle(&mut once, self.make("shutdown"));
        }
    }

    /// The book as another version of the program left it, before this one adds much to it.
    fn make_before_upgrade(&self) -> Result<Option<Seq>, BackupError> {
        let shelf = &self.place.shelf;
        let Some(newest) = shelf.generations()?.pop() else { return Ok(None) };
        match shelf.read(&newest) {
            Ok(generation) if generation.made_by != PROGRAM => {
                self.make(&format!("before upgrade to {PROGRAM}")).map(Some)
            }
            Ok(_) => Ok(None),
            // The next one says what is wrong with it.
            Err(failed) if failed.is_damage() => Ok(None),
            Err(failed) => Err(failed),
        }
    }

    /// Notes what came of a try.
    fn settle<T>(&self, due: &mut Due, outcome: Result<T, BackupError>) -> Option<T> {
        let mut standing = lock(&self.standing);
        match outcome {
            Ok(value) => {
                due.succeeded();
                (standing.failing, standing.failing_since) = (None, None);
                Some(value)
            }
            Err(failed) => {
                due.failed();
                standing.failing = Some(failed.to_string());
                let now = self.book.now();
                standing.failing_since.get_or_insert(now);
                None
            }
        }
    }

    /// A generation: made, proved, and others rotated. Gives its last event.
    fn make(&self, reason: &str) -> Result<Seq, BackupError> {
        let Place { shelf, form, keep, .. } = &self.place;
        let source = Source::of_book(&self.book)?;
        let made = create(&source, shelf, form, reason, self.book.now(), &mut Silent)?;
        {
            let mut standing = lock(&self.standing);
            standing.generation = Some(made.id.clone());
            standing.generation_to = made.generation.last;
            made.warnings.iter().for_each(|warning| standing.alarm(warning.clone()));
        }
        self.prove(&made)?;
        prune(shelf, keep)?;
        Ok(made.generation.last)
    }

    fn prove(&self, made: &Made) -> Result<(), BackupError> {
        let scratch = Scratch::new(self.options.scratch.as_deref()).map_err(|source| {
            FileError::new("make a directory for a trial in", "the temporary directory", source)
        })?;
        let world = self.book.world();
        let trial = Trial { world, key: self.options.key.clone(), scratch: &scratch, depth: Depth::New };
        let verdict = match verify(&self.place.shelf, &made.id, &trial, &mut Silent) {
            // Written for somebody else: whoever has the identity verifies it.
            Err(BackupError::Locked { .. }) => return Ok(()),
            outcome => outcome?,
        };
        let mut standing = lock(&self.standing);
        if verdict.is_verified() {
            standing.verified = Some(made.id.clone());
        } else {
            let what = verdict.findings.first().cloned().unwrap_or_default();
            standing.alarm(format!("generation {} cannot be restored: {what}", made.id));
        }
        Ok(())
    }

    /// Looks through the next part, if it is time for it.
    fn look_through(&self) -> Result<(), BackupError> {
        let now = self.book.now();
        let (part, last) = next_part(&self.place.shelf, PARTS)?;
        // Each part once in as many intervals as there are parts.
        let rest = self.options.schedule.inspections.saturating_mul(PARTS);
        if last.is_some_and(|last| now.since(last) < rest) {
            return Ok(());
        }
        let inspection = inspect(&self.place.shelf, part, PARTS, now, &mut Silent)?;
        let mut standing = lock(&self.standing);
        inspection.findings.into_iter().for_each(|finding| standing.alarm(finding));
        Ok(())
    }

    /// Ships new events until it is told to stop.
    fn ship_on(&self) {
        let mut due = Due::after(Duration::ZERO);
        let mut shipped: Option<Seq> = None;
        let mut seen = 0;
        loop {
            match self.bell.wait(due.wait(), seen) {
                Call::Stop => break,
                Call::Request { number, .. } => seen = number,
                Call::Time => {}
            }
            if due.is_now() {
                due.interval = self.options.schedule.shipping;
                let outcome = self.ship(shipped);
                if let Some(last) = self.settle(&mut due, outcome) {
                    shipped = Some(last);
                }
            }
        }
        let mut once = Due::after(Duration::ZERO);
        self.settle(&mut once, self.ship(shipped));
    }

    fn ship(&self, shipped: Option<Seq>) -> Result<Seq, BackupError> {
        let after = match shipped {
            Some(shipped) => shipped,
            None => tail::reached(&self.place.shelf)?,
        };
        let reader = Reader::of_book(&self.book);
        // A target that is ahead has another history; the next generation says so.
        let last = if reader.last() > after {
            tail::ship(&reader, &self.place.shelf, &self.place.form, after)?.last
        } else {
            after
        };
        lock(&self.standing).shipped_to = last;
        Ok(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_fails_is_tried_again_ever_more_seldom_but_never_given_up() {
        let waits: Vec<u64> = (0..12).map(|failures| retry_after(failures).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
        assert_eq!(retry_after(u32::MAX), RETRY_MAX);
    }
}
