//! Group commit: many callers, one write and one flush.
//!
//! Whoever finds no commit under way becomes the leader: takes everything that is queued, writes and
//! syncs it, and tells the others. A lone writer is always its own leader, so it pays for no hand-over.
//! While a commit is under way the next one gathers; its first waiter is told to lead when the way is free.

use super::stop::Stop;
use crate::frame::{self, Form, Header, Kind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use truebook_core::id::Seq;

/// The most bytes that may wait for a commit; who comes then waits for the one under way.
pub(super) const QUEUE_BYTES_MAX: usize = 8 << 20;

/// Events that will become durable together.
#[derive(Debug)]
pub(super) struct Batch {
    outcome: Mutex<Outcome>,
    changed: Condvar,
}

#[derive(Clone, Debug)]
enum Outcome {
    Gathering,
    /// The way is free: one of the waiters must lead.
    LeaderWanted,
    Durable,
    Failed(Stop),
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
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Committing,
}

impl Batch {
    fn new() -> Arc<Self> {
        Arc::new(Self { outcome: Mutex::new(Outcome::Gathering), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finish(&self, outcome: Outcome) {
        *self.lock() = outcome;
        self.changed.notify_all();
    }

    /// Wakes one waiter to lead. If none waits yet, the first that comes will see it.
    fn call_leader(&self) {
        *self.lock() = Outcome::LeaderWanted;
        self.changed.notify_one();
    }

    /// Waits for the outcome, or until this caller must lead (`None`).
    fn wait(&self) -> Option<Result<(), Stop>> {
        let mut outcome = self.lock();
        loop {
            match &*outcome {
                Outcome::Gathering => {
                    outcome = self.changed.wait(outcome).unwrap_or_else(PoisonError::into_inner)
                }
                Outcome::LeaderWanted => {
                    *outcome = Outcome::Gathering;
                    return None;
                }
                Outcome::Durable => return Some(Ok(())),
                Outcome::Failed(stop) => return Some(Err(stop.clone())),
            }
        }
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
            batch: Batch::new(),
            state: State::Idle,
        };
        Self { inner: Mutex::new(inner), drained: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an encoded event; its sequence number is the next one.
    pub fn push(&self, json: &[u8]) -> Ticket {
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
            inner = self.drained.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// What the holder of a ticket must do: lead its commit, or take note of the outcome.
    pub(super) fn turn(&self, ticket: &Ticket) -> Turn {
        loop {
            {
                let mut inner = self.lock();
                let gathering = Arc::ptr_eq(&inner.batch, &ticket.batch);
                if gathering && inner.state == State::Idle {
                    return Turn::Lead(inner.take());
                }
            }
            if let Some(outcome) = ticket.batch.wait() {
                return Turn::Done(outcome);
            }
        }
    }

    /// Takes everything that is queued, if no commit is under way.
    pub(super) fn take_all(&self) -> Option<Taken> {
        let mut inner = self.lock();
        let wanted = inner.state == State::Idle && !inner.frames.is_empty();
        wanted.then(|| inner.take())
    }

    /// Waits until no commit is under way.
    pub fn wait_idle(&self) {
        let inner = self.lock();
        let committing = |inner: &mut Inner| inner.state == State::Committing;
        drop(self.drained.wait_while(inner, committing).unwrap_or_else(PoisonError::into_inner));
    }

    /// Reports the outcome of a commit, and calls the next leader if anybody waits.
    pub(super) fn report(&self, taken: Taken, outcome: Result<(), Stop>) {
        taken.batch.finish(match outcome {
            Ok(()) => Outcome::Durable,
            Err(stop) => Outcome::Failed(stop),
        });
        let mut inner = self.lock();
        assert_eq!(inner.state, State::Committing, "a leader reports once");
        inner.state = State::Idle;
        let mut buffer = taken.frames;
        buffer.clear();
        if buffer.capacity() <= QUEUE_BYTES_MAX {
            inner.recycled = buffer;
        }
        if !inner.frames.is_empty() {
            inner.batch.call_leader();
        }
        self.drained.notify_all();
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
        let batch = std::mem::replace(&mut self.batch, Batch::new());
        let first = std::mem::replace(&mut self.first, self.next);
        Taken { frames, first, next: self.next, batch }
    }
}
