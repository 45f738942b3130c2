//! What all connections share.

use super::options::Options;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::{broadcast, watch};
use truebook::paper::{PaperVenue, RequestKind};

/// How many messages a stream may be behind before it is cut.
const BEHIND_MAX: usize = 4096;

/// What streams are told.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// A message.
    Message(String),
    /// Close without a word.
    Cut,
}

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) venue: PaperVenue,
    pub(crate) options: Options,
    pub(crate) told: broadcast::Sender<Told>,
    /// Becomes true when the server stops.
    pub(crate) stopped: watch::Receiver<bool>,
    /// While it is set, streams are not accepted.
    cut: AtomicBool,
    delays: Mutex<BTreeMap<RequestKind, VecDeque<Duration>>>,
}

impl Shared {
    pub(crate) fn new(venue: PaperVenue, options: Options, stopped: watch::Receiver<bool>) -> Self {
        let (told, _) = broadcast::channel(BEHIND_MAX);
        Self { venue, options, told, stopped, cut: AtomicBool::new(false), delays: Mutex::default() }
    }

    /// Closes all streams.
    pub(crate) fn disconnect(&self) {
        // Nobody listening is as good as everybody cut off.
        drop(self.told.send(Told::Cut));
    }

    /// Closes all streams, and accepts none until [`Self::mend`].
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        self.disconnect();
    }

    pub(crate) fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    pub(crate) fn is_stopped(&self) -> bool {
        *self.stopped.borrow()
    }

    /// The reply to the next request of this kind comes so much later.
    pub(crate) fn delay(&self, on: RequestKind, by: Duration) {
        let mut delays = self.delays.lock().unwrap_or_else(PoisonError::into_inner);
        delays.entry(on).or_default().push_back(by);
    }

    pub(crate) fn next_delay(&self, on: RequestKind) -> Option<Duration> {
        let mut delays = self.delays.lock().unwrap_or_else(PoisonError::into_inner);
        delays.get_mut(&on).and_then(VecDeque::pop_front)
    }

    pub(crate) fn clear_delays(&self) {
        self.delays.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
