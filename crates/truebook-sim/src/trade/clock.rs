//! Two clocks: the venue's, which only goes forward, and the bot's, which is off and sometimes set back.

use crate::SimClock;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use truebook::world::Clock;
use truebook_core::time::Utc;

/// The bot's clock: so much off the venue's.
pub(super) struct OffClock {
    base: Arc<SimClock>,
    off_nanos: AtomicI64,
}

impl OffClock {
    pub(super) fn new(base: &Arc<SimClock>) -> Arc<Self> {
        Arc::new(Self { base: Arc::clone(base), off_nanos: AtomicI64::new(0) })
    }

    pub(super) fn set_off(&self, nanos: i64) {
        self.off_nanos.store(nanos, Ordering::SeqCst);
    }
}

impl Clock for OffClock {
    fn now(&self) -> Utc {
        let off = self.off_nanos.load(Ordering::SeqCst);
        Utc::from_nanos(self.base.now().nanos().saturating_add(off))
    }
}
