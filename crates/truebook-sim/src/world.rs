//! A simulated clock and simulated randomness, and a world made of them.

use crate::{Rng, SimDisk};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use truebook::World;
use truebook::world::{Clock, Entropy};
use truebook_core::time::Utc;

/// 2025-01-01T00:00:00Z in nanoseconds.
const START_NANOS: i64 = 1_735_689_600_000_000_000;
/// What every look at the clock moves it on, so that no two instants are the same.
const STEP_NANOS: i64 = 1_000_000;

/// A clock that moves on only when it is looked at or told to.
#[derive(Debug)]
pub struct SimClock(AtomicI64);

impl SimClock {
    /// A clock that shows the beginning of 2025.
    pub fn new() -> Arc<SimClock> {
        Arc::new(SimClock(AtomicI64::new(START_NANOS)))
    }

    /// Lets this many seconds pass.
    pub fn pass_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1_000_000_000, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Utc {
        Utc::from_nanos(self.0.fetch_add(STEP_NANOS, Ordering::SeqCst))
    }
}

/// Randomness that follows from a seed.
#[derive(Debug)]
pub struct SimEntropy(Mutex<Rng>);

impl SimEntropy {
    /// Randomness that follows from `seed`.
    pub fn new(seed: u64) -> Arc<SimEntropy> {
        Arc::new(SimEntropy(Mutex::new(Rng::new(seed))))
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, bytes: &mut [u8]) -> std::io::Result<()> {
        let mut rng = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            let word = rng.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// A world on a simulated disk.
pub fn world(disk: &SimDisk, clock: &Arc<SimClock>, entropy: &Arc<SimEntropy>) -> World {
    let clock: Arc<dyn Clock> = Arc::<SimClock>::clone(clock);
    let entropy: Arc<dyn Entropy> = Arc::<SimEntropy>::clone(entropy);
    World { disk: Arc::new(disk.clone()), clock, entropy }
}
