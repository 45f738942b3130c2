//! Another account, another mode, other settings.

use crate::support::Place;
use serde_json::json;

fn live_book() -> Place {
    let place = Place::empty();
    let settings = place.write("settings.toml", "[risk]\nmax = 1\n[venue]\napi_key = \"hunter2\"\n");
    let args = ["init", "--venue", "ibkr", "--account", "U111", "--mode", "live", "--settings", &settings];
    place.run(args).ok();
    place
}

#[test]
fn incident_13_another_account_or_mode_is_refused_with_both_shown() {
    let place = live_book();
    place.feed(["pipe", "--account", "U222"], "").code(2).says(&["account", "\"U111\"", "\"U222\"", "try: "]);
    place.feed(["pipe", "--mode", "paper"], "").code(2).says(&["mode", "\"live\"", "\"paper\""]);
    place.feed(["pipe", "--venue", "alpaca"], "").code(2).says(&["venue", "\"ibkr\"", "\"alpaca\""]);
    place.feed(["pipe", "--venue", "ibkr", "--account", "U111", "--mode", "live"], "").ok();
}

#[test]
fn a_session_that_cannot_open_answers_so_in_json() {
    let place = live_book();
    let mut session = place.pipe(["--account", "U222"]);
    let answer = session.hear();
    assert_eq!(answer["ok"], false);
    assert!(answer["error"].as_str().unwrap().contains("U222"), "{answer}");
    session.wait().code(2);
}

#[test]
fn changed_settings_are_listed_by_key_and_accepted_once() {
    let place = live_book();
    let same = place.write("same.json", r#"{"venue":{"api_key":"hunter2"},"risk":{"max":1}}"#);
    place.run(["settings", "check", &same]).ok();
    let other = place.write("other.toml", "[risk]\nmax = 2\n[venue]\napi_key = \"hunter2\"\n");
    place.run(["settings", "check", &other]).code(1).prints(&["/risk/max", "1", "2"]);
    let checked = place.json(["settings", "check", &other, "--json"]);
    let expect = json!({"changed": true, "changes": [{"path": "/risk/max", "recorded": "1", "given": "2"}]});
    assert_eq!(checked, expect);
    place.feed(["pipe", "--settings", &other], "").code(2).says(&["/risk/max", "try: truebook settings"]);
    place.run(["settings", "accept", &other]).ok().prints(&["/risk/max"]);
    place.run(["settings", "check", &other]).ok();
    place.feed(["pipe", "--settings", &other], "").ok();
    place.run(["settings", "accept", &other]).ok().prints(&["unchanged"]);
}

#[test]
fn a_session_holds_or_accepts_changed_settings_as_asked() {
    let place = live_book();
    let other = place.write("other.json", r#"{"risk":{"max":3}}"#);
    let mut session = place.pipe(["--settings", &other, "--on-changed-settings", "hold"]);
    let status = session.fine(r#"{"op":"status"}"#);
    assert_eq!(status["unaccepted_settings"][0]["path"], "/risk/max");
    session.end().ok().says(&["/risk/max"]);
    place.run(["settings", "check", &other]).code(1);
    place.feed(["pipe", "--settings", &other, "--on-changed-settings", "accept"], "").ok();
    place.run(["settings", "check", &other]).ok();
}

#[test]
fn a_secret_of_the_settings_is_nowhere_in_the_clear() {
    let place = live_book();
    place.run(["settings", "show"]).ok().prints(&["hashed:"]);
    for file in walk(&place.data()) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"hunter2"), "{}", file.display());
    }
}

fn walk(dir: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}
