//! The ordinary life of a book.

use crate::support::{Place, keys};
use serde_json::json;
use std::process::Stdio;

#[test]
fn init_has_usable_defaults_and_tells_what_to_do_next() {
    let place = Place::empty();
    place.run(["init"]).ok().prints(&["next: truebook", "state set", "import"]);
    let status = place.json(["status", "--json"]);
    assert_eq!(status["name"], "data");
    assert_eq!(status["venue"], "paper");
    assert_eq!(status["account"], "default");
    assert_eq!(status["mode"], "paper");
    assert_eq!(status["seq"], 1);
}

#[test]
fn init_takes_identity_and_settings() {
    let place = Place::empty();
    let settings = place.write("settings.toml", "[risk]\nmax = 1.5\n");
    let args = ["init", "--name", "n", "--venue", "ibkr", "--account", "DU1", "--mode", "live"];
    place.run(args.into_iter().chain(["--settings", &settings])).ok();
    let status = place.json(["status", "--json"]);
    assert_eq!([&status["venue"], &status["account"], &status["mode"]], ["ibkr", "DU1", "live"]);
    let shown = place.json(["settings", "show", "--json"]);
    assert_eq!(shown["settings"], json!({"risk": {"max": 1.5}}));
    assert_eq!(shown["settings_hash"], status["settings_hash"]);
}

#[test]
fn a_second_init_is_refused_and_changes_nothing() {
    let place = Place::new();
    place.set("a", "1");
    place.run(["init"]).code(2).says(&["there is a book in", "data already", "try: truebook status"]);
    assert_eq!(place.get("a"), "1");
}

#[test]
fn a_command_without_a_book_says_how_to_make_one() {
    let place = Place::empty();
    for args in [&["status"][..], &["state", "get"], &["state", "set", "a", "1"], &["verify"], &["log"]] {
        place.run(args).code(2).says(&["truebook: there is no book in", "try: truebook init"]);
    }
    assert!(!place.data().exists(), "nothing was written");
}

#[test]
fn p1_what_state_set_acknowledged_is_there_in_the_next_process() {
    let place = Place::new();
    assert_eq!(place.run(["state", "set", "orders.101.qty", "12.50"]).ok().stdout, "2\n");
    assert_eq!(place.run(["state", "set", "orders.101.qty", "12.50"]).ok().stdout, "unchanged\n");
    assert_eq!(place.run(["state", "set", "/note", "plain text"]).ok().stdout, "3\n");
    assert_eq!(place.get("orders.101"), r#"{"qty":12.50}"#);
    assert_eq!(place.get("/note"), "\"plain text\"");
    assert_eq!(place.json(["state", "set", "n", "-5", "--json"]), json!({"seq": 4, "unchanged": false}));
    assert_eq!(place.get("n"), "-5");
}

#[test]
fn state_set_reads_standard_input() {
    let place = Place::new();
    place.feed(["state", "set", "text", "-"], "a line\n").ok();
    place.feed(["state", "set", "list", "-"], "[1, 2]\n").ok();
    assert_eq!(place.get("text"), "\"a line\"");
    assert_eq!(place.get("list"), "[1,2]");
}

#[test]
fn state_merge_merges_at_the_top_or_at_a_path() {
    let place = Place::new();
    place.run(["state", "merge", r#"{"a":{"x":1,"y":2},"b":1}"#]).ok();
    place.run(["state", "merge", "a", r#"{"y":null,"z":3}"#]).ok();
    place.feed(["state", "merge", "-"], r#"{"b":null}"#).ok();
    assert_eq!(place.run(["state", "get", "--json"]).ok().stdout, "{\"a\":{\"x\":1,\"z\":3}}\n");
}

#[test]
fn state_save_writes_only_the_difference_and_nothing_if_there_is_none() {
    let place = Place::new();
    let file = place.write("vars.json", r#"{"a": 1, "b": {"c": [1, 2, 3]}}"#);
    assert_eq!(place.run(["state", "save", &file]).ok().stdout, "2\n");
    assert_eq!(place.run(["state", "save", &file]).ok().stdout, "unchanged\n");
    place.feed(["state", "save", "-"], r#"{"a":1,"b":{"c":[1,2,4]}}"#).ok();
    let line = place.run(["log", "--json", "--from", "3"]).ok().stdout;
    assert!(line.contains("\"/b/c") && !line.contains("\"/a\""), "{line}");
}

#[test]
fn state_rm_removes_and_a_missing_path_is_exit_code_1() {
    let place = Place::new();
    place.run(["state", "merge", r#"{"list":[1,2,3],"a":1}"#]).ok();
    place.run(["state", "rm", "list.1"]).ok();
    place.run(["state", "rm", "a"]).ok();
    assert_eq!(place.run(["state", "get", "--json"]).ok().stdout, "{\"list\":[1,3]}\n");
    place.run(["state", "rm", "a"]).code(1).says(&["there is no value at /a"]);
    place.run(["state", "get", "a.b"]).code(1).says(&["there is no value at /a/b"]);
}

#[test]
fn the_json_of_status_and_verify_is_a_contract() {
    let place = Place::new();
    place.set("a", "1");
    let status = place.json(["status", "--json"]);
    for key in ["seq", "state_hash", "settings_hash", "installation", "mode", "last_checkpoint", "findings"] {
        assert!(keys(&status).contains(&key), "{key} is not in {status}");
    }
    assert_eq!(status["seq"], 2);
    assert_eq!(status["last_checkpoint"]["seq"], 2);
    let verification = place.json(["verify", "--json"]);
    assert_eq!(verification["ok"], true);
    assert_eq!(verification["findings"], json!([]));
    assert_eq!(verification["state_hash"], status["state_hash"]);
}

#[test]
fn a_failure_is_json_too_when_json_was_asked_for() {
    let place = Place::empty();
    let run = place.run(["status", "--json"]).code(2);
    let failure: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(keys(&failure), ["causes", "error", "ok", "try"]);
    assert!(failure["error"].as_str().unwrap().starts_with("there is no book in"), "{failure}");
    assert!(failure["try"].as_str().unwrap().starts_with("truebook init"), "{failure}");
}

#[test]
fn checkpoint_writes_the_readable_copy() {
    let place = Place::new();
    place.set("mine", "42");
    let done = place.json(["checkpoint", "--json"]);
    assert_eq!(done["seq"], 2);
    assert!(place.path().join(done["file"].as_str().unwrap()).exists());
    let copy: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.file("bot_state.json")).unwrap()).unwrap();
    assert_eq!(copy["mine"], 42);
}

#[test]
fn the_data_directory_comes_from_an_option_or_the_environment() {
    let place = Place::empty();
    let other = place.path().join("elsewhere");
    place.run(["--data", other.to_str().unwrap(), "init"]).ok();
    let place = place.with_variable("TRUEBOOK_DATA", other.to_str().unwrap());
    assert_eq!(place.json(["status", "--json"])["name"], "elsewhere");
}

#[test]
fn completions_are_made_for_every_shell() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        place.run(["completions", shell]).ok().prints(&["truebook", "checkpoint"]);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::new();
    let mut session = place.pipe([""; 0]);
    for n in 0..200 {
        let padding = "x".repeat(2000);
        session.fine(&format!(r#"{{"op":"set","path":"/k","value":"{n}{padding}"}}"#));
    }
    session.end().ok();
    let mut child =
        place.command(["log", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    std::io::Read::read_exact(&mut stdout, &mut [0; 10]).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let place = Place::empty();
    place.run(["nonsense"]).code(2);
    place.run(["log", "--kind", "fil"]).code(2).says(&["fill"]);
    place.run(["init", "--mode", "demo"]).code(2).says(&["paper", "live"]);
    place.run(["state", "set", "a..b", "1"]).code(2).says(&["segment 2 of the path is empty"]);
}
