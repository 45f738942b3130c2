//! The command `drill`.

use crate::support::Place;

const RIGHT: &str =
    "venue trades X\ncreate\nreconcile\nsubmit c1 buy 1 X limit 10\nexpect order c1 working\n";

#[test]
fn a_drill_that_passes_is_one_line_and_exit_code_0() {
    let place = Place::empty();
    let file = place.write("right.drill", RIGHT);
    let run = place.run(["drill", &file]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 1), "{run:?}");
    assert!(run.stdout.contains("passed") && run.stdout.contains("right.drill"), "{run:?}");
    assert!(!place.data().exists(), "no book of the user's is touched");
}

#[test]
fn a_wrong_expectation_is_exit_code_1_with_file_line_and_both_sides() {
    let place = Place::empty();
    let file = place.write("wrong.drill", RIGHT.replace("working", "filled"));
    let run = place.run(["drill", &file]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("wrong.drill:5: expected order c1: filled, found working"), "{run:?}");
    let json = place.json(["--json", "drill", &file]);
    assert_eq!((&json["ok"], &json["drills"][0]["result"]), (&false.into(), &"failed".into()));
}

#[test]
fn a_drill_that_is_not_understood_or_not_there_is_exit_code_2_and_the_others_are_run() {
    let place = Place::empty();
    let (right, odd) = (place.write("right.drill", RIGHT), place.write("odd.drill", "creat\n"));
    let run = place.run(["drill", &odd, "missing.drill", &right]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.stdout.contains("odd.drill:1: \"creat\" is not known here"), "{run:?}");
    assert!(run.stdout.contains("missing.drill: read the drill"), "{run:?}");
    assert!(run.stdout.lines().last().unwrap().starts_with("passed"), "{run:?}");
}

#[test]
fn without_a_file_the_drills_that_come_with_the_program_are_run_and_pass() {
    let place = Place::empty();
    let run = place.run(["drill"]);
    assert_eq!((run.code, run.stdout.lines().count()), (0, 30), "{run:?}");
}
