//! Group commit: many callers, one write and one flush.
//!
//! Whoever finds no commit under way becomes the leader: takes everything that is queued, writes and
//! syncs it, and tells the others. A lone writer is always its own leader, so it pays for no hand-over.
//! While a commit is under way the next one gathers; its first waiter is called to lead when the way is
//! free, before those that the finished commit served are woken: the disk is at work again while they run.
//!
//! The others wait for a value that is set once, not with a condition variable: they are woken together and
//! need no lock to go on. With 64 writers that lock cost more than the flush.

use super::stop::Stop;
use crate::frame::{self, Form, Header, Kind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use truebook_core::id::Seq;

/// The most bytes that may wait for a commit; who comes then waits for the one under way.
pub(super) const QUEUE_BYTES_MAX: usize = 8 << 20;

/// Events that will become durable together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Set when the way is free for its leader, at the latest together with the outcome.
    call: OnceLock<()>,
    outcome: OnceLock<Result<(), Stop>>,
}

/// A claim on the durability of one event.
#[derive(Clone, Debug)]
#[must_use = "an event is durable only after its ticket was waited for"]
pub struct Ticket {
    batch: Arc<Batch>,
    /// Sequence number of the event.
    pub seq: Seq,
}

/// What a leader takes from the queue.
pub(super) struct Taken {
    /// Unsummed frames.
    pub frames: Vec<u8>,
    /// First sequence number.
    pub first: Seq,
    /// Sequence number after the last.
    pub next: Seq,
    batch: Arc<Batch>,
}

/// What a caller must do next.
pub(super) enum Turn {
    /// Write this and report.
    Lead(Taken),
    /// Somebody else did.
    Done(Result<(), Stop>),
}

/// Where a caller stands.
enum Stand {
    /// At the head: nobody commits.
    Lead(Taken),
    /// Next at the head: it will be called.
    Next,
    /// Behind somebody who leads or will lead.
    Follow,
}

/// Events that wait for the next commit.
pub(super) struct Queue {
    inner: Mutex<Inner>,
    drained: Condvar,
}

struct Inner {
    frames: Vec<u8>,
    /// A buffer to use again.
    recycled: Vec<u8>,
    first: Seq,
    next: Seq,
    batch: Arc<Batch>,
    /// Whether one of the batch waits to lead it.
    leader: Leader,
    state: State,
    /// How many wait for the queue to be taken.
    waiting: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leader {
    None,
    Waits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Committing,
}

impl Batch {
    /// Wakes the one who waits to lead.
    fn call_leader(&self) {
        // Called already is as good as called now.
        let _ = self.call.set(());
    }

    /// Wakes all who wait.
    fn finish(&self, outcome: Result<(), Stop>) {
        let first = self.outcome.set(outcome);
        assert!(first.is_ok(), "a commit has one outcome");
        self.call_leader();
    }
}

impl Queue {
    /// An empty queue whose first event will have sequence number `next`.
    pub(super) fn new(next: Seq) -> Self {
        let inner = Inner {
            frames: Vec::new(),
            recycled: Vec::new(),
            first: next,
            next,
            batch: Arc::default(),
            leader: Leader::None,
            state: State::Idle,
            waiting: 0,
        };
        Self { inner: Mutex::new(inner), drained: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an encoded event; its sequence number is the next one.
    pub(super) fn push(&self, json: &[u8]) -> Ticket {
        let mut inner = self.lock();
        let seq = inner.next;
        let header = Header { kind: Kind::Event, form: Form::Plain, seq, behind: 0 };
        frame::append_unsummed(&mut inner.frames, header, json);
        inner.next = seq.next();
        assert!(inner.first <= seq, "sequence numbers only grow");
        Ticket { batch: Arc::clone(&inner.batch), seq }
    }

    /// Whether so much is queued that a commit must come first. If one is under way, waits for it to take
    /// the queue; if none is, the caller must lead one.
    pub(super) fn make_room(&self) -> Option<Taken> {
        let mut inner = self.lock();
        while inner.frames.len() > QUEUE_BYTES_MAX {
            if inner.state == State::Idle {
                return Some(inner.take());
            }
            inner = self.wait_drained(inner);
        }
        None
    }

    /// What the holder of a ticket must do: lead its commit, or take note of the outcome.
    pub(super) fn turn(&self, ticket: &Ticket) -> Turn {
        let batch = &ticket.batch;
        match self.stand(batch) {
            Stand::Lead(taken) => return Turn::Lead(taken),
            Stand::Follow => {}
            Stand::Next => {
                batch.call.wait();
                // Somebody may have been quicker, and taken the whole batch.
                if let Stand::Lead(taken) = self.stand(batch) {
                    return Turn::Lead(taken);
                }
            }
        }
        Turn::Done(batch.outcome.wait().clone())
    }

    fn stand(&self, batch: &Arc<Batch>) -> Stand {
        let mut inner = self.lock();
        if !Arc::ptr_eq(&inner.batch, batch) {
            return Stand::Follow;
        }
        match (inner.state, inner.leader) {
            (State::Idle, _) => Stand::Lead(inner.take()),
            (State::Committing, Leader::None) => {
                inner.leader = Leader::Waits;
                Stand::Next
            }
            (State::Committing, Leader::Waits) => Stand::Follow,
        }
    }

    /// Takes everything that is queued, if no commit is under way.
    pub(super) fn take_all(&self) -> Option<Taken> {
        let mut inner = self.lock();
        let wanted = inner.state == State::Idle && !inner.frames.is_empty();
        wanted.then(|| inner.take())
    }

    /// Waits until no commit is under way.
    pub(super) fn wait_idle(&self) {
        let mut inner = self.lock();
        while inner.state == State::Committing {
            inner = self.wait_drained(inner);
        }
    }

    fn wait_drained<'a>(&'a self, mut inner: MutexGuard<'a, Inner>) -> MutexGuard<'a, Inner> {
        inner.waiting += 1;
        let mut inner = self.drained.wait(inner).unwrap_or_else(PoisonError::into_inner);
        inner.waiting -= 1;
        inner
    }

    /// Reports the outcome of a commit, and calls the next leader if one waits.
    pub(super) fn report(&self, taken: Taken, outcome: Result<(), Stop>) {
        let Taken { frames, batch, .. } = taken;
        let (next, waiting) = self.free(frames);
        if let Some(next) = next {
            next.call_leader();
        }
        batch.finish(outcome);
        if waiting > 0 {
            self.drained.notify_all();
        }
    }

    /// Frees the way. Returns the batch whose leader waits, and how many wait for the queue.
    fn free(&self, mut buffer: Vec<u8>) -> (Option<Arc<Batch>>, usize) {
        buffer.clear();
        let mut inner = self.lock();
        assert_eq!(inner.state, State::Committing, "a leader reports once");
        inner.state = State::Idle;
        if buffer.capacity() <= QUEUE_BYTES_MAX {
            inner.recycled = buffer;
        }
        let next = (inner.leader == Leader::Waits).then(|| Arc::clone(&inner.batch));
        (next, inner.waiting)
    }

    /// Sequence number of the next event to be queued.
    pub(super) fn next(&self) -> Seq {
        self.lock().next
    }
}

impl Inner {
    fn take(&mut self) -> Taken {
        assert_eq!(self.state, State::Idle, "one commit at a time");
        self.state = State::Committing;
        let recycled = std::mem::take(&mut self.recycled);
        let frames = std::mem::replace(&mut self.frames, recycled);
        let batch = std::mem::take(&mut self.batch);
        self.leader = Leader::None;
        let first = std::mem::replace(&mut self.first, self.next);
        Taken { frames, first, next: self.next, batch }
    }
}
