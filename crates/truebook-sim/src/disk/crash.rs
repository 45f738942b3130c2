//! Power loss: what of the un-synced is still there.

use crate::Rng;

/// What a power loss takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashChoice {
    /// Everything that was not synced.
    LoseAll,
    /// Nothing that was written (though what a failed sync dropped is gone).
    KeepAll,
    /// A random part of everything un-synced, by this seed.
    Random(u64),
    /// All un-synced data, but no directory entry: new names with empty or zeroed files.
    LoseData,
    /// All un-synced directory entries, but no data.
    LoseNames,
}

impl CrashChoice {
    /// A choice by seed: mostly random parts, now and then one of the extremes.
    pub fn sample(seed: u64) -> CrashChoice {
        let mut rng = Rng::new(seed);
        match rng.below(8) {
            0 => CrashChoice::LoseAll,
            1 => CrashChoice::KeepAll,
            2 => CrashChoice::LoseData,
            3 => CrashChoice::LoseNames,
            _ => CrashChoice::Random(rng.next_u64()),
        }
    }

    /// How data and names fare, in this order.
    pub(super) fn fates(self) -> (Fate, Fate) {
        match self {
            CrashChoice::LoseAll => (Fate::None, Fate::None),
            CrashChoice::KeepAll => (Fate::All, Fate::All),
            CrashChoice::LoseData => (Fate::None, Fate::All),
            CrashChoice::LoseNames => (Fate::All, Fate::None),
            CrashChoice::Random(seed) => {
                let mut rng = Rng::new(seed);
                (Fate::random(&mut rng), Fate::random(&mut rng))
            }
        }
    }
}

/// Decides about one un-synced thing after the other.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    None,
    All,
    /// Keeps this many of sixteen.
    Some {
        rng: Rng,
        sixteenths: u64,
    },
}

impl Fate {
    /// Some fates keep nearly everything and some nearly nothing; an even coin would hardly ever lose
    /// just one sector of many.
    pub(super) fn random(rng: &mut Rng) -> Fate {
        let sixteenths = [1, 4, 8, 12, 15][rng.index(5)];
        Fate::Some { rng: rng.fork(), sixteenths }
    }

    pub(super) fn keeps(&mut self) -> bool {
        match self {
            Fate::None => false,
            Fate::All => true,
            Fate::Some { rng, sixteenths } => rng.below(16) < *sixteenths,
        }
    }
}
