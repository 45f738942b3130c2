//! Crash exploration on the simulated disk.

use truebook_sim::crash::{Fault, Scope, Sealing, Tally, explore};

const PLAIN: Scope = Scope { steps: 60, samples: 8, stride: 1, sealing: Sealing::Plain };

/// Seeds can be given to see a failure again: `TRUEBOOK_SEED=17 cargo test -p truebook-sim crash`.
fn seeds(count: u64) -> std::ops::Range<u64> {
    match std::env::var("TRUEBOOK_SEED").ok().and_then(|seed| seed.parse().ok()) {
        Some(seed) => seed..seed + 1,
        None => 1..1 + count,
    }
}

fn explore_all(what: &str, count: u64, scope: Scope, fault: Fault) -> Tally {
    let mut total = Tally::default();
    for seed in seeds(count) {
        match explore(seed, scope, fault) {
            Ok(tally) => {
                total.crashes += tally.crashes;
                total.double_crashes += tally.double_crashes;
                total.torn_tails += tally.torn_tails;
                total.histories += tally.histories;
            }
            Err(violation) => panic!("{what}: {violation}\nsee it again: TRUEBOOK_SEED={seed}"),
        }
    }
    println!(
        "{what}: seeds {:?}, {} crashes ({} while opening after another), {} torn tails cut, {} histories",
        seeds(count),
        total.crashes,
        total.double_crashes,
        total.torn_tails,
        total.histories
    );
    total
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p1_p7_p12_every_crash_point_of_generated_sessions_leaves_what_was_acknowledged() {
    let total = explore_all("crash", 6, PLAIN, Fault::Stop);
    let one_seed = std::env::var_os("TRUEBOOK_SEED").is_some();
    assert!(one_seed || total.crashes >= 20_000, "too few crashes to mean much: {total:?}");
    assert!(total.double_crashes > 100 && total.torn_tails > 0, "{total:?}");
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p12_after_any_failed_operation_nothing_is_acknowledged_and_the_book_opens_again() {
    let scope = Scope { steps: 40, samples: 4, ..PLAIN };
    let total = explore_all("I/O error", 3, scope, Fault::Io);
    assert!(total.crashes > 100, "{total:?}");
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p12_after_a_full_disk_nothing_is_acknowledged_and_the_book_opens_again() {
    let scope = Scope { steps: 40, samples: 4, ..PLAIN };
    let total = explore_all("full disk", 3, scope, Fault::Full);
    assert!(total.crashes > 100, "{total:?}");
}

#[cfg_attr(not(feature = "planted"), test)]
pub(crate) fn p1_p7_an_encrypted_book_survives_the_same_crashes() {
    let scope = Scope { steps: 40, samples: 4, sealing: Sealing::Encrypted, stride: 2 };
    let total = explore_all("crash, encrypted", 2, scope, Fault::Stop);
    assert!(total.crashes > 100, "{total:?}");
}
