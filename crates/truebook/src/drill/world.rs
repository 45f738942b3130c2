//! The virtual parts of a drill's world: clocks and randomness.

use crate::world::{Clock, Entropy};
use core::time::Duration;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use truebook_core::time::Utc;

/// When every drill begins: Monday, 2026-01-05, 14:30 UTC.
const BEGINNING_NANOS: i64 = 1_767_623_400_000_000_000;
const NANOS_A_DAY: i64 = 86_400_000_000_000;

/// The venue's clock, which is right.
pub(super) struct VenueClock(AtomicI64);

impl VenueClock {
    pub(super) const fn new() -> Self {
        Self(AtomicI64::new(BEGINNING_NANOS))
    }

    pub(super) fn pass(&self, time: Duration) {
        self.0.fetch_add(nanos(time), Ordering::SeqCst);
    }

    /// How long it is until this time of day comes next.
    pub(super) fn until(&self, time_of_day: Duration) -> Duration {
        let now = self.0.load(Ordering::SeqCst);
        let left = (nanos(time_of_day) - now % NANOS_A_DAY).rem_euclid(NANOS_A_DAY);
        Duration::from_nanos(u64::try_from(left).unwrap_or(0))
    }
}

impl Clock for VenueClock {
    fn now(&self) -> Utc {
        Utc::from_nanos(self.0.load(Ordering::SeqCst))
    }
}

/// This machine's clock, which may be off.
pub(super) struct OurClock {
    venue: std::sync::Arc<VenueClock>,
    off: AtomicI64,
}

impl OurClock {
    pub(super) const fn new(venue: std::sync::Arc<VenueClock>) -> Self {
        Self { venue, off: AtomicI64::new(0) }
    }

    pub(super) fn ahead(&self, by: Duration) {
        self.off.store(nanos(by), Ordering::SeqCst);
    }

    pub(super) fn behind(&self, by: Duration) {
        self.off.store(-nanos(by), Ordering::SeqCst);
    }
}

impl Clock for OurClock {
    fn now(&self) -> Utc {
        Utc::from_nanos(self.venue.now().nanos() + self.off.load(Ordering::SeqCst))
    }
}

fn nanos(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

/// Bytes that look random and are the same in every run.
pub(super) struct SameEveryRun(AtomicU64);

impl SameEveryRun {
    pub(super) const fn new() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl Entropy for SameEveryRun {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        let call = self.0.fetch_add(1, Ordering::SeqCst);
        let mut hasher = blake3::Hasher::new_derive_key("truebook drill randomness v1");
        hasher.update(&call.to_le_bytes()).finalize_xof().fill(bytes);
        Ok(())
    }
}
