//! Planted bugs: each bug about orders must make the drill fail that is named here, at an expectation, which
//! proves that drills can. `cargo test -p truebook --features planted --test planted -- --nocapture` tells how.

use truebook::drill::{BUILT_IN, Drill};
use truebook::planted::{Bug, plant};

/// The drill that catches a bug; `None` for what no drill can play, which the simulator's histories catch.
fn catcher(bug: Bug) -> Option<&'static str> {
    Some(match bug {
        Bug::GateOpenInGap => return None,
        Bug::ResendOnTimeout | Bug::AbsentIsCancelled => "incident-05.drill",
        Bug::UnknownIsRejected => "incident-01.drill",
        Bug::FillsCountedTwice => "incident-18.drill",
        Bug::RandomIds => "incident-14.drill",
        Bug::InventedFill => "incident-19.drill",
        Bug::ForgottenLegLink => "incident-28.drill",
        Bug::GateOpenTooEarly => "incident-09.drill",
        Bug::OneIncarnationEndsAll | Bug::WallClockOrder => "incident-15.drill",
        Bug::SendFirst => "incident-06.drill",
        _ => panic!("the bugs about files have a suite of their own"),
    })
}

/// What a drill fails with; nothing if it passes.
fn failure(name: &str) -> Option<String> {
    let (file, text) = BUILT_IN.iter().find(|(known, _)| *known == name).unwrap_or(&BUILT_IN[0]);
    let drill = Drill::parse(file, text).unwrap_or_else(|wrong| panic!("{wrong}"));
    drill.run().err().map(|failed| failed.to_string())
}

/// One test, because a planted bug is planted in the whole process.
#[test]
fn every_planted_bug_about_orders_makes_its_drill_fail_and_without_one_the_same_drills_pass() {
    for bug in Bug::OF_ORDERS {
        let Some(name) = catcher(bug) else { continue };
        plant(Some(bug));
        let told = failure(name);
        plant(None);
        let told = told.unwrap_or_else(|| panic!("the drills did not notice {bug:?}: {name} passed"));
        println!("{bug:?} is caught by\n    {told}");
        assert!(told.contains("expected"), "{bug:?}: {told}");
        assert_eq!(failure(name), None, "{name} must pass without a planted bug");
    }
}
