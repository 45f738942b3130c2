//! Trying again: what may pass is tried a few more times, with growing pauses that nobody else keeps in step
//! with, and that end at once when the process stops.

use super::{Distance, Entry, Put, Target, TargetError, TargetErrorKind};
use crate::world::Entropy;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// How often and after which pauses something is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause; each one after it is twice as long.
    pub first: Duration,
    /// The longest pause.
    pub most: Duration,
    /// How often it is tried again.
    pub retries: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), most: Duration::from_secs(30), retries: 7 }
    }
}

impl Backoff {
    /// The pause before the `retry`th further attempt, counted from 0; `None` if there is to be none. `random`
    /// moves it between half of its length and the whole, so that many who failed together do not come back
    /// together.
    pub fn pause(self, retry: u32, random: u64) -> Option<Duration> {
        if retry >= self.retries {
            return None;
        }
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(retry));
        let whole = u64::try_from(doubled.min(self.most).as_nanos()).unwrap_or(u64::MAX);
        let least = whole / 2;
        Some(Duration::from_nanos(least + random % (whole - least).saturating_add(1)))
    }
}

/// How a pause ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paused {
    /// It is over.
    Over,
    /// The process stops: nothing is tried again.
    Stopped,
}

/// Waits between two attempts.
pub trait Pause: Send + Sync + 'static {
    /// Waits this long, or until the process stops.
    fn pause(&self, duration: Duration) -> Paused;
}

/// Pauses in real time that a stopping process does not wait for.
#[derive(Debug, Default)]
pub struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Ends every pause, now and from now on.
    pub fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }
}

impl Pause for Stop {
    fn pause(&self, duration: Duration) -> Paused {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(stopped, duration, |stopped| !*stopped);
        let (stopped, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if *stopped { Paused::Stopped } else { Paused::Over }
    }
}

/// A target on which what may pass is tried again.
pub struct Retrying<T> {
    inner: T,
    backoff: Backoff,
    pause: Arc<dyn Pause>,
    entropy: Arc<dyn Entropy>,
}

impl<T: Target> Retrying<T> {
    /// Wraps a target.
    pub fn new(inner: T, backoff: Backoff, pause: Arc<dyn Pause>, entropy: Arc<dyn Entropy>) -> Self {
        Self { inner, backoff, pause, entropy }
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        // Without randomness the pauses are merely in step with others'.
        let filled = self.entropy.fill(&mut bytes);
        filled.map_or(0, |()| u64::from_le_bytes(bytes))
    }

    fn tried<V>(&self, mut once: impl FnMut() -> Result<V, TargetError>) -> Result<V, TargetError> {
        let mut retry = 0;
        loop {
            let error = match once() {
                Err(error) if error.kind.may_pass() => error,
                other => return other,
            };
            let given_up = |why: &str| {
                let what = format!("{} ({why} at attempt {})", error.what, u64::from(retry) + 1);
                Err(TargetError { what, ..error.clone() })
            };
            let Some(pause) = self.backoff.pause(retry, self.random()) else {
                return given_up("given up");
            };
            if self.pause.pause(pause) == Paused::Stopped {
                return given_up("stopped");
            }
            retry += 1;
        }
    }

    /// An object is there after an attempt of ours failed: it may be ours. Only its content tells.
    fn whose(&self, name: &str, content: &[u8]) -> Result<Put, TargetError> {
        match self.get(name, content.len() as u64) {
            Ok(found) if found == content => Ok(Put::Created),
            Ok(_) => Ok(Put::Exists),
            Err(error) if error.kind == TargetErrorKind::TooLarge => Ok(Put::Exists),
            Err(error) => Err(error),
        }
    }
}

impl<T: Target> Target for Retrying<T> {
    fn describe(&self, name: &str) -> String {
        self.inner.describe(name)
    }

    fn put_new(&self, name: &str, content: &[u8]) -> Result<Put, TargetError> {
        let mut attempts = 0_u32;
        let put = self.tried(|| {
            attempts += 1;
            self.inner.put_new(name, content)
        })?;
        match put {
            Put::Exists if attempts > 1 => self.whose(name, content),
            Put::Exists | Put::Created => Ok(put),
        }
    }

    fn get(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, TargetError> {
        self.tried(|| self.inner.get(name, bytes_max))
    }

    fn list(&self, prefix: &str) -> Result<Vec<Entry>, TargetError> {
        self.tried(|| self.inner.list(prefix))
    }

    fn remove(&self, name: &str) -> Result<(), TargetError> {
        self.tried(|| self.inner.remove(name))
    }

    fn weaknesses(&self) -> Vec<&'static str> {
        self.inner.weaknesses()
    }

    fn distance(&self) -> Distance {
        self.inner.distance()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    #[test]
    fn pauses_double_up_to_the_longest_and_are_between_half_and_whole() {
        let backoff =
            Backoff { first: Duration::from_millis(100), most: Duration::from_millis(350), retries: 4 };
        for (retry, random, millis) in [
            (0, 0, Some(50)),
            (0, 50_000_000, Some(100)),
            (0, 50_000_001, Some(50)),
            (1, 0, Some(100)),
            (1, 100_000_000, Some(200)),
            (2, 0, Some(175)),
            (3, 175_000_000, Some(350)),
            (4, 0, None),
            (u32::MAX, 0, None),
        ] {
            assert_eq!(backoff.pause(retry, random), millis.map(Duration::from_millis), "{retry} {random}");
        }
        let endless = Backoff { first: Duration::MAX, most: Duration::MAX, retries: u32::MAX };
        assert!(endless.pause(u32::MAX - 1, u64::MAX).is_some());
    }

    #[test]
    fn a_stopped_process_does_not_wait() {
        let stop = Arc::new(Stop::default());
        let waiting = Arc::clone(&stop);
        let waiter = std::thread::spawn(move || waiting.pause(Duration::from_hours(1)));
        stop.stop();
        assert_eq!(waiter.join().unwrap(), Paused::Stopped);
        assert_eq!(stop.pause(Duration::from_hours(1)), Paused::Stopped);
        assert_eq!(Stop::default().pause(Duration::ZERO), Paused::Over);
    }

    /// Answers creates by a script, and holds one object.
    struct Scripted {
        puts: Mutex<VecDeque<Result<Put, TargetErrorKind>>>,
        content: &'static [u8],
    }

    impl Target for Scripted {
        fn describe(&self, name: &str) -> String {
            name.to_owned()
        }

        fn put_new(&self, name: &str, _content: &[u8]) -> Result<Put, TargetError> {
            let next = self.puts.lock().unwrap().pop_front().unwrap();
            next.map_err(|kind| TargetError::new(kind, "create", name.to_owned(), "scripted"))
        }

        fn get(&self, name: &str, bytes_max: u64) -> Result<Vec<u8>, TargetError> {
            if self.content.len() as u64 <= bytes_max {
                return Ok(self.content.to_vec());
            }
            Err(TargetError::new(TargetErrorKind::TooLarge, "read", name.to_owned(), "scripted"))
        }

        fn list(&self, _prefix: &str) -> Result<Vec<Entry>, TargetError> {
            Ok(Vec::new())
        }

        fn remove(&self, _name: &str) -> Result<(), TargetError> {
            Ok(())
        }
    }

    struct NoPause(Paused);

    impl Pause for NoPause {
        fn pause(&self, _duration: Duration) -> Paused {
            self.0
        }
    }

    fn put(
        puts: &[Result<Put, TargetErrorKind>],
        content: &'static [u8],
        paused: Paused,
    ) -> Result<Put, TargetError> {
        let inner = Scripted { puts: Mutex::new(puts.iter().copied().collect()), content };
        let backoff = Backoff { retries: 2, ..Backoff::default() };
        let entropy = Arc::new(crate::world::SystemEntropy);
        let retrying = Retrying::new(inner, backoff, Arc::new(NoPause(paused)), entropy);
        let outcome = retrying.put_new("object", b"content");
        assert!(retrying.inner.puts.lock().unwrap().is_empty(), "all attempts were made");
        outcome
    }

    #[test]
    fn only_what_may_pass_is_tried_again_and_not_for_ever() {
        let unavailable = Err(TargetErrorKind::Unavailable);
        let over = Paused::Over;
        assert_eq!(put(&[unavailable, unavailable, Ok(Put::Created)], b"", over).unwrap(), Put::Created);
        let error = put(&[unavailable; 3], b"", over).unwrap_err();
        assert_eq!(error.kind, TargetErrorKind::Unavailable);
        assert_eq!(error.what, "scripted (given up at attempt 3)");
        for kind in [TargetErrorKind::Denied, TargetErrorKind::Full, TargetErrorKind::NoTarget] {
            assert_eq!(put(&[Err(kind)], b"", over).unwrap_err().kind, kind);
        }
        let error = put(&[unavailable], b"", Paused::Stopped).unwrap_err();
        assert_eq!(error.what, "scripted (stopped at attempt 1)");
    }

    #[test]
    fn what_exists_after_a_failed_attempt_is_ours_only_with_our_content() {
        let unclear = [Err(TargetErrorKind::Unavailable), Ok(Put::Exists)];
        assert_eq!(put(&unclear, b"content", Paused::Over).unwrap(), Put::Created);
        assert_eq!(put(&unclear, b"another", Paused::Over).unwrap(), Put::Exists);
        assert_eq!(put(&unclear, b"much longer", Paused::Over).unwrap(), Put::Exists);
        assert_eq!(put(&[Ok(Put::Exists)], b"content", Paused::Over).unwrap(), Put::Exists);
    }
}
