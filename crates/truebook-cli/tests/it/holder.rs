//! One writer, and readers beside it.

use crate::support::{Place, SMALL};
use std::time::{Duration, Instant};

#[test]
fn incident_12_a_second_writer_is_refused_within_a_second_and_told_who_holds_the_book() {
    let place = Place::new();
    let mut session = place.pipe([""; 0]);
    session.fine(r#"{"op":"set","path":"/a","value":1}"#);
    let pid = format!("process {}", session.pid());
    for args in [&["state", "set", "a", "2"][..], &["checkpoint"], &["import", "x"], &["pipe"]] {
        let args: Vec<&str> = args.iter().map(|arg| if *arg == "x" { "vars.json" } else { arg }).collect();
        place.write("vars.json", r#"{"orders":{}}"#);
        let begun = Instant::now();
        place.run(&args).code(2).says(&["is held by", &pid, "try: stop that process first"]);
        assert!(begun.elapsed() < Duration::from_secs(1), "{args:?} took {:?}", begun.elapsed());
    }
    assert_eq!(session.fine(r#"{"op":"get","path":"/a"}"#)["value"], 1);
    session.end().ok();
    place.set("a", "3");
}

#[test]
fn p8_readers_work_beside_a_writer() {
    let place = Place::new();
    let mut session = place.pipe(SMALL);
    for n in 0..150 {
        let padding = "x".repeat(200);
        session.fine(&format!(r#"{{"op":"set","path":"/k","value":"{n}{padding}"}}"#));
        if n % 50 == 49 {
            let status = place.json(["status", "--json"]);
            assert_eq!(status["seq"], n + 2);
            assert_eq!(status["holder"]["pid"], session.pid());
            place.run(["verify"]).ok();
            assert!(place.get("k").starts_with(&format!("\"{n}x")));
            assert_eq!(place.run(["log", "--json"]).ok().stdout.lines().count(), n + 2);
        }
    }
    session.end().ok();
}

#[test]
fn the_lock_file_of_a_dead_process_is_no_obstacle() {
    let place = Place::new();
    let mut session = place.pipe([""; 0]);
    session.fine(r#"{"op":"set","path":"/a","value":1}"#);
    let pid = session.pid().to_string();
    session.kill();
    let lock = std::fs::read_to_string(place.file("LOCK")).unwrap();
    assert!(lock.contains(&pid), "{lock}");
    assert_eq!(place.json(["status", "--json"])["holder"], serde_json::Value::Null);
    place.set("b", "2");
    assert_eq!(place.get("a"), "1");
}
