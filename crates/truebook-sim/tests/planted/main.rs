//! Planted bugs: each must make the suite fail, which proves that the suite can.
//!
//! `cargo test -p truebook-sim --features planted --test planted -- --nocapture` tells which test caught
//! which bug. The tests are those of `tests/it`, unchanged.
#![allow(dead_code, reason = "of the suite's files, only the tests named below are run here")]
#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "truebook's own names")]
#![allow(clippy::unwrap_used, reason = "these are tests, helpers included")]

#[path = "../it/crashes.rs"]
mod crashes;
#[path = "../it/damage.rs"]
mod damage;
#[path = "../it/full_disk.rs"]
mod full_disk;
#[path = "../it/histories.rs"]
mod histories;
#[path = "../it/mending/mod.rs"]
mod mending;

use truebook::planted::{Bug, plant};
use truebook_core::capability::IdClass;

type Test = (&'static str, fn());

const CRASHES: Test = (
    "crashes::p1_p7_p12_every_crash_point_of_generated_sessions_leaves_what_was_acknowledged",
    crashes::p1_p7_p12_every_crash_point_of_generated_sessions_leaves_what_was_acknowledged,
);
const FAILURES: Test = (
    "crashes::p12_after_any_failed_operation_nothing_is_acknowledged_and_the_book_opens_again",
    crashes::p12_after_any_failed_operation_nothing_is_acknowledged_and_the_book_opens_again,
);
const TAIL: Test = (
    "damage::p7_damage_in_the_last_segment_before_a_later_commit_is_damage_and_not_a_torn_tail",
    damage::p7_damage_in_the_last_segment_before_a_later_commit_is_damage_and_not_a_torn_tail,
);
const CHAIN: Test = (
    "damage::p7_a_segment_of_another_history_breaks_the_chain",
    damage::p7_a_segment_of_another_history_breaks_the_chain,
);
const FOREIGN: Test = (
    "mending::p9_a_backup_of_another_history_of_the_same_book_is_never_used",
    mending::p9_a_backup_of_another_history_of_the_same_book_is_never_used,
);

fn catcher(bug: Bug) -> Test {
    match bug {
        Bug::NoDirectorySync | Bug::AckBeforeSync | Bug::RenameBeforeSync => CRASHES,
        Bug::NoPoison => FAILURES,
        Bug::WrongTailRule => TAIL,
        Bug::ChainNotChecked => CHAIN,
        Bug::BackupChainNotCompared => FOREIGN,
        _ => unreachable!("the bugs about orders have a suite of their own"),
    }
}

fn fails(test: fn()) -> Option<String> {
    let outcome = std::panic::catch_unwind(test);
    let panic = outcome.err()?;
    let told = panic.downcast_ref::<String>().cloned();
    Some(told.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default())
}

/// Histories that are played at each kind of venue until one of them shows a bug about orders.
const HISTORIES: u64 = 300;

fn broken_promise(class: IdClass) -> Option<String> {
    let outcome = std::panic::catch_unwind(|| histories::explore(class, HISTORIES));
    let panic = outcome.err()?;
    panic.downcast_ref::<String>().cloned()
}

fn bugs_about_orders_are_caught() {
    for bug in Bug::OF_ORDERS {
        plant(Some(bug));
        let told = [IdClass::A, IdClass::B, IdClass::C].into_iter().find_map(broken_promise);
        plant(None);
        let Some(told) = told else {
            let _ = std::panic::take_hook();
            panic!("no history of {HISTORIES} a class shows {bug:?}")
        };
        println!("{bug:?} is caught by histories::explore:\n    {}", told.lines().next().unwrap_or_default());
    }
}

/// One test, because a planted bug is planted in the whole process.
#[test]
fn every_planted_bug_is_caught_and_without_one_the_same_tests_pass() {
    std::panic::set_hook(Box::new(|_| {}));
    for bug in Bug::OF_FILES {
        let (name, test) = catcher(bug);
        plant(Some(bug));
        let told = fails(test);
        plant(None);
        let Some(told) = told else {
            let _ = std::panic::take_hook();
            panic!("the suite did not notice {bug:?}: {name} passed")
        };
        println!("{bug:?} is caught by {name}:\n    {}", told.lines().next().unwrap_or_default());
    }
    bugs_about_orders_are_caught();
    for (name, test) in [TAIL, CHAIN, FOREIGN] {
        assert_eq!(fails(test), None, "{name} must pass without a planted bug");
    }
    let _ = std::panic::take_hook();
}
