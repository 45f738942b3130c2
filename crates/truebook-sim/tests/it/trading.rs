//! Trading through faults and crashes: exactly one order per key, and a book that agrees with the venue.

use crate::histories::explore;
use truebook_core::capability::IdClass;
use truebook_sim::trade::{Scope, run};

/// Histories a class in one run.
const SEEDS: u64 = 2_000;

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
