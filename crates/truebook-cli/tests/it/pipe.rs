//! Sessions.

use crate::support::{Place, Session};
use serde_json::json;
use std::process::Command;

#[test]
fn a_session_answers_every_line_in_order_and_repeats_ids() {
    let place = Place::new();
    let mut session = place.pipe([""; 0]);
    assert_eq!(
        session.ask(r#"{"op":"set","path":"/a/b","value":1,"id":7}"#),
        json!({"ok":true,"seq":2,"id":7})
    );
    assert_eq!(session.ask(r#"{"op":"set","path":"a.b","value":1}"#), json!({"ok":true,"unchanged":true}));
    assert_eq!(
        session.ask(r#"{"op":"merge","patch":{"c":[1]},"id":"x"}"#),
        json!({"ok":true,"seq":3,"id":"x"})
    );
    assert_eq!(session.ask(r#"{"op":"merge","path":"/a","value":{"d":2}}"#), json!({"ok":true,"seq":4}));
    assert_eq!(session.ask(r#"{"op":"get","path":"/a"}"#)["value"], json!({"b":1,"d":2}));
    assert_eq!(session.ask(r#"{"op":"get","path":"/zz"}"#), json!({"ok":true,"found":false}));
    assert_eq!(session.ask(r#"{"op":"remove","path":"/c"}"#), json!({"ok":true,"seq":5}));
    assert_eq!(session.ask(r#"{"op":"save","vars":{"a":1}}"#), json!({"ok":true,"seq":6}));
    assert_eq!(session.ask(r#"{"op":"checkpoint"}"#)["checkpoint"]["seq"], 6);
    assert_eq!(session.ask(r#"{"op":"status"}"#)["status"]["seq"], 6);
    assert_eq!(
        session.ask(r#"{"op":"close","id":null}"#),
        json!({"ok":true,"closed":true,"seq":6,"id":null})
    );
    session.wait().ok();
    assert_eq!(place.json(["status", "--json"])["last_checkpoint"]["seq"], 6);
}

#[test]
fn faulty_lines_are_refused_one_by_one_and_the_session_goes_on() {
    let place = Place::new();
    let mut session = place.pipe([""; 0]);
    for (line, word) in [
        ("nonsense", "not JSON"),
        ("[]", "a command is a JSON object"),
        (r#"{"path":"/a"}"#, "\"op\" is missing"),
        (r#"{"op":"sell"}"#, "\"sell\" is not known"),
        (r#"{"op":"set","path":"/a"}"#, "\"value\" is missing"),
        (r#"{"op":"set","path":"/a","valeu":1}"#, "\"valeu\" is not known"),
        (r#"{"op":"set","path":7,"value":1}"#, "must be a string"),
        (r#"{"op":"set","path":"/a","value":NaN}"#, "NaN or infinity"),
        (r#"{"op":"set","path":"/a","value":1,"value":2}"#, "duplicate key"),
        (r#"{"op":"set","path":"/truebook","value":1}"#, "kept for truebook"),
        (r#"{"op":"save","vars":[1]}"#, "must be an object"),
    ] {
        let answer = session.ask(line);
        assert_eq!(answer["ok"], false, "{line}");
        assert!(answer["error"].as_str().unwrap().contains(word), "{line} -> {answer}");
    }
    let answer = session.ask(r#"{"op":"nonsense","id":[1]}"#);
    assert_eq!(answer["id"], json!([1]));
    assert_eq!(session.fine(r#"{"op":"set","path":"/a","value":1}"#)["seq"], 2);
    session.end().ok();
}

#[test]
fn p1_what_was_answered_survives_a_kill() {
    let place = Place::new();
    for round in 0..5 {
        let mut session = place.pipe([""; 0]);
        let answer = session.fine(&format!(r#"{{"op":"set","path":"/n","value":{round}}}"#));
        session.kill();
        assert_eq!(place.json(["status", "--json"])["seq"], answer["seq"]);
        assert_eq!(place.get("n"), round.to_string());
        place.run(["verify"]).ok();
    }
}

#[test]
fn the_end_of_the_input_makes_a_last_checkpoint() {
    let place = Place::new();
    place
        .feed(
            ["pipe"],
            "{\"op\":\"set\",\"path\":\"/a\",\"value\":1}\n\n{\"op\":\"set\",\"path\":\"/a\",\"value\":2}",
        )
        .ok();
    assert_eq!(place.json(["status", "--json"])["last_checkpoint"]["seq"], 3);
    assert!(std::fs::read_to_string(place.file("bot_state.json")).unwrap().contains("\"a\": 2"));
}

#[test]
fn sigterm_ends_a_session_with_a_last_checkpoint() {
    let place = Place::new();
    for signal in ["-TERM", "-INT"] {
        let mut session = place.pipe([""; 0]);
        let seq = session.fine(&format!(r#"{{"op":"set","path":"/a","value":"{signal}"}}"#))["seq"].clone();
        let pid = session.pid().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        session.wait().ok();
        assert_eq!(place.json(["status", "--json"])["last_checkpoint"]["seq"], seq);
    }
}

#[test]
fn a_line_above_the_limit_is_refused_and_the_next_is_read() {
    let place = Place::new();
    let line = format!("{{\"op\":\"set\",\"path\":\"/a\",\"value\":\"{}\"}}\n", "x".repeat(66 << 20));
    let run = place.feed(["pipe"], &format!("{line}{{\"op\":\"set\",\"path\":\"/a\",\"value\":1}}\n")).ok();
    let answers: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers[0]["ok"], false);
    assert_eq!(answers[1], json!({"ok":true,"seq":2}));
}

#[test]
fn p12_after_a_failed_write_every_answer_is_a_failure_and_the_exit_code_is_2() {
    let place = Place::new();
    place.set("a", "1");
    // Writes beyond 64 KiB fail; the signal that would come with it is ignored.
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" pipe --segment-bytes 8192 --upkeep inline";
    let mut command = Command::new("bash");
    command.args(["-c", script, env!("CARGO_BIN_EXE_truebook")]).current_dir(place.path());
    let mut session = Session::start(command);
    session.fine(r#"{"op":"set","path":"/a","value":2}"#);
    let failed = session.ask(&format!(r#"{{"op":"set","path":"/b","value":"{}"}}"#, "x".repeat(200_000)));
    assert_eq!(failed["ok"], false, "{failed}");
    for line in [
        r#"{"op":"set","path":"/a","value":3}"#,
        r#"{"op":"get","path":"/a"}"#,
        r#"{"op":"checkpoint"}"#,
        r#"{"op":"status"}"#,
    ] {
        let answer = session.ask(line);
        assert_eq!(answer["ok"], false, "{answer}");
        assert!(answer["error"].as_str().unwrap().contains("nothing more is recorded"), "{answer}");
    }
    session.end().code(2).says(&["nothing more is recorded until the book is opened again", "try: "]);
    assert_eq!(place.get("a"), "2");
    place.set("a", "4");
    place.run(["verify"]).ok();
}
