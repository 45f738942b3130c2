//! Plays trading histories until one of them breaks a promise.

use truebook_core::capability::IdClass;
use truebook_sim::trade::{Scope, run};

/// Only this seed, if it is given.
fn seeds(count: u64) -> Vec<u64> {
    let given = std::env::var("TRUEBOOK_SEED").ok();
    given.map_or_else(|| (0..count).collect(), |seed| vec![seed.parse().unwrap()])
}

pub(crate) fn explore(class: IdClass, count: u64) {
    let (mut orders, mut fills, mut deaths) = (0, 0, 0);
    for seed in seeds(count) {
        match run(seed, Scope::of(class)) {
            Ok(history) => {
                orders += history.orders;
                fills += history.fills;
                deaths += history.deaths;
                if std::env::var("TRUEBOOK_LOG").is_ok() {
                    println!("{}", history.log);
                }
            }
            Err(violation) => panic!("{violation}"),
        }
    }
    println!(
        "class {class:?}: {count} histories, {deaths} deaths, {orders} orders at the venue, {fills} fills"
    );
}
