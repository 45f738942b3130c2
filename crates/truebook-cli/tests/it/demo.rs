//! The demo: green as it is, red without its safeguard.

use crate::support::{Place, keys};

const FIGURES: [&str; 9] = [
    "at_venue",
    "duplicates",
    "intended",
    "kills",
    "lost",
    "orphans",
    "position_difference",
    "requests",
    "unprotected_ms",
];

#[test]
fn p2_p3_p5_p6_a_bot_that_is_killed_loses_nothing_and_sends_nothing_twice() {
    let place = Place::empty();
    let run = place.run(["demo", "--kills", "3", "--seed", "11", "--json"]).ok().says(&["kill 3 of 3"]);
    let figures: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(keys(&figures), FIGURES);
    assert_eq!(figures["kills"], 3);
    assert!(figures["intended"].as_u64().unwrap() > 0, "{figures}");
    for figure in ["duplicates", "orphans", "unprotected_ms", "lost"] {
        assert_eq!(figures[figure], 0, "{figures}");
    }
    assert_eq!(figures["position_difference"], "0");
}

#[test]
fn a_bot_that_sends_before_it_writes_down_comes_out_red() {
    let place = Place::empty();
    let args = ["demo", "--kills", "3", "--seed", "11", "--without", "intent-first", "--json"];
    let run = place.run(args).code(1);
    let figures: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(figures["duplicates"].as_u64().unwrap() > 0, "{figures}");
}
