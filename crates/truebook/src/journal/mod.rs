//! The journal: an append-only sequence of events in checksummed, hash-chained segments.
//!
//! It is the truth; everything else in the directory can be made again from it. `docs/FORMAT.md` has every
//! byte, `docs/FAULTS.md` what it survives.

mod active;
mod archive;
mod commit;
mod context;
mod cut;
pub mod load;
pub mod scan;
pub mod segment;
mod spare;
mod stop;

pub use active::{Active, Retired};
pub use archive::archive;
pub(crate) use archive::{compress, pack, pack_at};
pub use commit::Ticket;
pub use context::{Context, JournalOptions, SEGMENT_BYTES_DEFAULT, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
pub use cut::{Cut, cut};
pub use spare::{Pace, RESERVE_NAME, Spare, capacity_for, prepare, prepare_reserve, use_reserve};
pub use stop::{Level, Stop};

use crate::error::FileError;
use crate::frame::{self, PAYLOAD_BYTES_MAX};
use commit::{Queue, Taken, Turn};
use segment::OpenInfo;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use stop::Switch;
use truebook_core::event::{Record, Reserve};
use truebook_core::id::Seq;

/// A commit under way. If its leader panics, those who wait are refused instead of waiting for ever.
struct Leading<'a> {
    journal: &'a Journal,
    taken: Option<Taken>,
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        let Some(taken) = self.taken.take() else { return };
        let broken = std::io::Error::other("a broken invariant stopped the commit");
        let failed = self.journal.context.failed("commit to", segment::JOURNAL_DIR, broken);
        let stop = self.journal.switch.fail_for_good(failed);
        self.journal.queue.report(taken, Err(stop));
    }
}

/// Nonce and tag that encryption adds to a payload.
const SEALING_BYTES: usize = 40;

/// The largest event in bytes of JSON: encrypted, it still fits into a frame.
pub const EVENT_BYTES_MAX: usize = PAYLOAD_BYTES_MAX - SEALING_BYTES;

/// Why an event was not taken. It is not in the journal and never will be.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The journal has stopped.
    #[error("{0}")]
    Stopped(Stop),
    /// The event is too large.
    #[error("the event has {bytes} bytes, the limit is {EVENT_BYTES_MAX}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The event cannot be written as JSON.
    #[error("encode the event: {0}")]
    Encode(serde_json::Error),
}

/// Whether a step of background work found something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It did something; there may be more.
    Done,
    /// There is nothing to do.
    Idle,
}

/// The journal of an open book.
pub struct Journal {
    context: Context,
    queue: Queue,
    active: Mutex<Active>,
    spare: Mutex<Spares>,
    retired: Mutex<VecDeque<Retired>>,
    durable: AtomicU64,
    commits: AtomicU64,
    /// One does background work at a time.
    upkeep: Mutex<()>,
    switch: Switch,
}

/// Segments made ahead of time.
struct Spares {
    ready: Option<Spare>,
    wanted: segment::SegmentIndex,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere is a broken invariant; what the mutex guards is still consistent between calls.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Journal {
    /// Goes on with `active`; everything before its next event is durable. `retired` still wait to be
    /// sealed.
    pub fn new(context: Context, active: Active, retired: Vec<Retired>) -> Self {
        let next = active.next;
        let wanted = active.index.next();
        Self {
            context,
            queue: Queue::new(next),
            durable: AtomicU64::new(next.get() - 1),
            commits: AtomicU64::new(0),
            active: Mutex::new(active),
            spare: Mutex::new(Spares { ready: None, wanted }),
            retired: Mutex::new(retired.into()),
            switch: Switch::default(),
            upkeep: Mutex::new(()),
        }
    }

    /// The disk and the book on it.
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// Hands over the segment that was made ahead of time by an earlier process, empty as it is.
    pub fn adopt_spare(&self, spare: Spare) {
        let mut spares = lock(&self.spare);
        if spare.index == spares.wanted && spares.ready.is_none() {
            spares.ready = Some(spare);
        }
    }

    /// Whether an event of this kind is still taken.
    pub fn check(&self, reserve: Reserve) -> Result<(), Stop> {
        self.switch.check(reserve)
    }

    /// Writes an event's JSON into `out`, which is cleared first.
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] above [`EVENT_BYTES_MAX`].
    pub fn encode(out: &mut Vec<u8>, record: &Record) -> Result<(), AppendError> {
        record.encode_to(out).map_err(AppendError::Encode)?;
        if out.len() > EVENT_BYTES_MAX { Err(AppendError::TooLarge { bytes: out.len() }) } else { Ok(()) }
    }

    /// Queues an encoded event, after [`Self::check`]. It is durable once its ticket was waited for.
    ///
    /// # Errors
    /// Only if the queue is full and the commit that must make room fails.
    pub fn push(&self, json: &[u8]) -> Result<Ticket, AppendError> {
        assert!(json.len() <= EVENT_BYTES_MAX, "events are encoded with a limit");
        if let Some(taken) = self.queue.make_room() {
            self.commit(taken).map_err(AppendError::Stopped)?;
        }
        Ok(self.queue.push(json))
    }

    /// Sequence number that the next event will have.
    pub fn next(&self) -> Seq {
        self.queue.next()
    }

    /// The highest sequence number known to be durable.
    pub fn durable(&self) -> Seq {
        Seq::new(self.durable.load(Ordering::Acquire))
    }

    /// How many commits became durable since the journal was opened; each is one write and one flush.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Waits until the event of this ticket is durable.
    pub fn wait(&self, ticket: &Ticket) -> Result<(), Stop> {
        match self.queue.turn(ticket) {
            Turn::Done(outcome) => outcome,
            Turn::Lead(taken) => self.commit(taken),
        }
    }

    /// Waits until the event with this sequence number, which was queued before, is durable.
    pub fn flush_to(&self, seq: Seq) -> Result<(), Stop> {
        assert!(seq < self.next(), "only what was queued can become durable");
        while self.durable() < seq {
            if let Some(stop) = self.switch.get().filter(|stop| stop.level == Level::Failed) {
                return Err(stop);
            }
            match self.queue.take_all() {
                Some(taken) => self.commit(taken)?,
                None => self.queue.wait_idle(),
            }
        }
        Ok(())
    }

    /// Makes durable whatever is queued.
    ///
    /// # Errors
    /// What stopped the journal.
    pub fn flush_queued(&self) -> Result<(), Stop> {
        self.queue.take_all().map_or(Ok(()), |taken| self.commit(taken))
    }

    fn commit(&self, taken: Taken) -> Result<(), Stop> {
        let mut leading = Leading { journal: self, taken: Some(taken) };
        let outcome = leading.taken.as_mut().map_or(Ok(()), |taken| self.commit_frames(taken));
        if let Some(taken) = leading.taken.take() {
            if outcome.is_ok() {
                self.durable.store(taken.next.get() - 1, Ordering::Release);
                self.commits.fetch_add(1, Ordering::Relaxed);
            }
            self.queue.report(taken, outcome.clone());
        }
        outcome
    }

    fn commit_frames(&self, taken: &mut Taken) -> Result<(), Stop> {
        if let Some(stop) = self.switch.get().filter(|stop| stop.level == Level::Failed) {
            return Err(stop);
        }
        let mut active = lock(&self.active);
        let bytes = finished_bytes(&self.context, &taken.frames);
        if !active.fits(bytes) {
            self.roll(&mut active, bytes)?;
        }
        if !crate::planted::is(crate::planted::Bug::NoPoison) {
            assert_eq!(active.next, taken.first, "no event is skipped and none is written twice");
        }
        active.finish(&self.context, &mut taken.frames);
        assert!(taken.frames.len() <= bytes, "the frames have the size that was reckoned with");
        active.write(&self.context, &taken.frames).map_err(|failed| self.switch.fail_for_good(failed))
    }

    /// Goes over to the next segment. What was written to the old one is durable already.
    fn roll(&self, active: &mut Active, bytes: usize) -> Result<(), Stop> {
        let retired = active.retire();
        let spare = self.take_spare(active.index.next(), bytes)?;
        let open = OpenInfo { first: active.next, prev: retired.chain, missing: None };
        *active = Active::begin(&self.context, spare, &open, active.index);
        lock(&self.retired).push_back(retired);
        Ok(())
    }

    fn take_spare(&self, index: segment::SegmentIndex, bytes: usize) -> Result<Spare, Stop> {
        let mut spares = lock(&self.spare);
        spares.wanted = index.next();
        let capacity = capacity_for(&self.context, bytes);
        if let Some(spare) =
            spares.ready.take().filter(|spare| spare.index == index && spare.capacity >= capacity)
        {
            return Ok(spare);
        }
        if self.switch.get().is_none() {
            match prepare(&self.context, index, capacity, &[], Pace::AtOnce) {
                Err(failed) if failed.is_full() => drop(self.switch.fail(failed)),
                made => return made.map_err(|failed| self.switch.fail_for_good(failed)),
            }
        }
        self.take_reserve(index, bytes).map_err(|failed| self.switch.fail_for_good(failed))
    }

    fn take_reserve(&self, index: segment::SegmentIndex, bytes: usize) -> Result<Spare, FileError> {
        let spare = use_reserve(&self.context, index, &[])?;
        let needed = segment::PAGE_BYTES + segment::OPEN_BYTES + bytes;
        if spare.capacity < needed as u64 {
            let full = std::io::ErrorKind::StorageFull;
            return Err(self.context.failed("fit a commit into", RESERVE_NAME, full.into()));
        }
        Ok(spare)
    }

    /// One step of background work: makes the next segment and the reserve, seals what is full.
    ///
    /// # Errors
    /// The first failure, after which the journal has stopped.
    pub fn maintain(&self) -> Result<Work, Stop> {
        let _alone = lock(&self.upkeep);
        if let Some(stop) = self.switch.get() {
            return Err(stop);
        }
        self.maintain_step().map_err(|failed| self.switch.fail(failed))
    }

    fn maintain_step(&self) -> Result<Work, FileError> {
        if self.prepare_next()? == Work::Done {
            return Ok(Work::Done);
        }
        let Some(retired) = lock(&self.retired).front().copied() else {
            return Ok(Work::Idle);
        };
        archive(&self.context, retired)?;
        lock(&self.retired).pop_front();
        Ok(Work::Done)
    }

    fn prepare_next(&self) -> Result<Work, FileError> {
        let mut spares = lock(&self.spare);
        if spares.ready.is_some() {
            return Ok(Work::Idle);
        }
        prepare_reserve(&self.context)?;
        let capacity = u64::from(self.context.options.segment_bytes);
        spares.ready = Some(prepare(&self.context, spares.wanted, capacity, &[], Pace::InSteps)?);
        Ok(Work::Done)
    }

    /// Whether background work waits.
    pub fn has_work(&self) -> bool {
        // Whoever holds the lock is making a segment, which takes long: a writer that asks must not wait.
        let wanted = self.spare.try_lock().is_ok_and(|spares| spares.ready.is_none());
        wanted || !lock(&self.retired).is_empty()
    }

    /// Why the journal takes no more events, if it does not.
    pub fn stopped(&self) -> Option<Stop> {
        self.switch.get()
    }

    /// Something else of the book failed to be written: stop as if it had been the journal.
    pub fn stop(&self, failed: FileError) -> Stop {
        self.switch.fail(failed)
    }

    /// The segment with the last event: a checkpoint made now needs none before it.
    pub fn segment_of_last(&self) -> segment::SegmentIndex {
        lock(&self.active).holds_last()
    }
}

/// How many bytes queued frames will have once they are finished.
fn finished_bytes(context: &Context, frames: &[u8]) -> usize {
    if context.cipher.is_none() {
        return frames.len();
    }
    let (mut at, mut total) = (0, 0);
    while at < frames.len() {
        let length =
            u32::from_le_bytes([frames[at], frames[at + 1], frames[at + 2], frames[at + 3]]) as usize;
        total += frame::frame_bytes(length + SEALING_BYTES);
        at += frame::frame_bytes(length);
    }
    total
}
