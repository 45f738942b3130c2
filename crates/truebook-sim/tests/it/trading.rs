//! Trading through faults and crashes: exactly one order per key, and a book that agrees with the venue.

use truebook_core::capability::IdClass;
use truebook_sim::trade::{Scope, run};

/// Histories a class in one run.
const SEEDS: u64 = 700;

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

#[test]
fn one_seed_is_one_history() {
    for class in [IdClass::A, IdClass::B, IdClass::C] {
        for seed in 0..3 {
            let (once, again) = (run(seed, Scope::of(class)), run(seed, Scope::of(class)));
            assert_eq!(once.map_err(|found| found.to_string()), again.map_err(|found| found.to_string()));
        }
    }
}

#[test]
fn p1_p2_p3_p4_p5_p6_a_bot_that_dies_anywhere_has_one_order_a_key_where_ids_are_unique_for_ever() {
    explore(IdClass::A, SEEDS);
}

#[test]
fn p1_p2_p3_p4_p5_p6_a_bot_that_dies_anywhere_has_one_order_a_key_where_ids_are_unique_while_open() {
    explore(IdClass::B, SEEDS);
}

#[test]
fn p1_p2_p3_p4_p5_p6_a_bot_that_dies_anywhere_has_one_order_a_key_where_ids_are_labels() {
    explore(IdClass::C, SEEDS);
}
