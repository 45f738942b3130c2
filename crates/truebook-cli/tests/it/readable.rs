//! The readable copy: damaged, edited, put back.

use crate::support::Place;
use std::fs;

#[test]
fn incident_29_a_damaged_copy_changes_nothing_and_is_set_aside() {
    let place = Place::new();
    place.set("a", "1");
    let hash = place.json(["status", "--json"])["state_hash"].clone();
    fs::write(place.file("bot_state.json"), "invalid json\n").unwrap();
    let status = place.json(["status", "--json"]);
    assert_eq!(status["state_hash"], hash);
    assert_eq!(status["findings"][0]["kind"], "readable_damaged");
    place.run(["verify"]).code(1).prints(&["bot_state.json", "damaged"]);
    let mut session = place.pipe([""; 0]);
    assert_eq!(session.fine(r#"{"op":"get","path":"/a"}"#)["value"], 1);
    session.end().ok().says(&["bot_state.json", "is damaged", "is set aside", "aside/bot_state.json"]);
    let aside = place.files("aside", "bot_state.json");
    assert_eq!(fs::read_to_string(&aside[0]).unwrap(), "invalid json\n");
    assert_eq!(place.json(["status", "--json"])["state_hash"], hash);
    place.run(["verify"]).ok();
}

#[test]
fn incident_30_an_older_copy_put_back_is_noticed_with_its_event_and_the_way_to_adopt_it() {
    let place = Place::new();
    place.set("a", "1");
    let older = fs::read(place.file("bot_state.json")).unwrap();
    place.set("a", "2");
    fs::write(place.file("bot_state.json"), &older).unwrap();
    let finding = place.json(["status", "--json"])["findings"][0].clone();
    assert_eq!(finding["kind"], "readable_older");
    assert!(finding["what"].as_str().unwrap().contains("event 2"), "{finding}");
    assert!(finding["action"].as_str().unwrap().contains("truebook state adopt"), "{finding}");
    assert_eq!(place.get("a"), "2");
    let run = place.run(["checkpoint"]).ok();
    let run =
        run.says(&["event 2", "older one was put back", "truebook state adopt", "aside/bot_state.json"]);
    assert_eq!(place.get("a"), "2");
    let (_, command) = run.stderr.split_once("truebook state adopt ").unwrap();
    let file = command.split([')', '\n']).next().unwrap();
    place.run(["state", "adopt", file]).ok();
    assert_eq!(place.get("a"), "1");
    place.run(["verify"]).ok();
}

#[test]
fn a_hand_edit_is_noticed_and_neither_used_nor_lost_until_it_is_adopted() {
    let place = Place::new();
    place.set("risk.max", "10");
    let path = place.file("bot_state.json");
    let edited = fs::read_to_string(&path).unwrap().replace("\"max\": 10", "\"max\": 99");
    fs::write(&path, edited).unwrap();
    assert_eq!(place.json(["status", "--json"])["findings"][0]["kind"], "readable_edited");
    assert_eq!(place.get("risk.max"), "10");
    let adopted = place.json(["state", "adopt", "--json"]);
    assert_eq!(adopted["seq"], 3);
    assert_eq!(place.get("risk.max"), "99");
    place.run(["verify"]).ok();
}

#[test]
fn a_hand_edit_survives_the_next_write_and_can_still_be_adopted() {
    let place = Place::new();
    place.set("risk.max", "10");
    let path = place.file("bot_state.json");
    let edited = fs::read_to_string(&path).unwrap().replace("\"max\": 10", "\"max\": 99");
    fs::write(&path, edited).unwrap();
    place.set("other", "1");
    assert_eq!(place.get("risk.max"), "10");
    place.run(["state", "adopt"]).ok();
    assert_eq!(place.get("risk.max"), "99");
}

#[test]
fn adopting_once_more_does_not_bring_up_an_older_copy() {
    let place = Place::new();
    for (n, edited) in [(1, 11), (2, 22)] {
        place.set("a", &n.to_string());
        let path = place.file("bot_state.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace(&format!("\"a\": {n}"), &format!("\"a\": {edited}"))).unwrap();
        place.run(["state", "adopt"]).ok();
        assert_eq!(place.get("a"), edited.to_string());
    }
    place.run(["state", "adopt"]).code(2).says(&["there is no edited copy to adopt"]);
    assert_eq!(place.get("a"), "22");
}

#[test]
fn with_nothing_to_adopt_adopting_is_refused() {
    let place = Place::new();
    place.set("a", "1");
    place.run(["state", "adopt"]).code(2).says(&["there is no edited copy to adopt", "try: "]);
    let file = place.write("odd.json", "[]");
    place.run(["state", "adopt", &file]).code(2).says(&["odd.json", "not an object"]);
    assert_eq!(place.get("a"), "1");
}

#[test]
fn saving_a_readable_copy_whole_is_refused_with_the_right_command() {
    let place = Place::new();
    place.set("a", "1");
    place
        .run(["state", "save", "data/bot_state.json"])
        .code(2)
        .says(&["truebook state adopt data/bot_state.json"]);
}

#[test]
fn incident_10_zeros_in_the_copy_and_the_newest_checkpoint_lose_nothing() {
    let place = Place::new();
    place.set("a", "1");
    place.set("a", "2");
    let hash = place.json(["status", "--json"])["state_hash"].clone();
    let newest = place.files("checkpoints", "checkpoint-").pop().unwrap();
    fs::write(place.file("bot_state.json"), [0; 4096]).unwrap();
    fs::write(&newest, [0; 4096]).unwrap();
    place.run(["verify"]).code(1).prints(&["bot_state.json", "checkpoint-"]);
    let status = place.json(["status", "--json"]);
    assert_eq!(status["state_hash"], hash);
    let run = place.run(["state", "set", "b", "1"]).ok();
    run.says(&[newest.file_name().unwrap().to_str().unwrap(), "aside"]);
    assert_eq!(place.get("a"), "2");
    place.run(["verify"]).ok();
}

#[test]
fn a_deleted_copy_is_written_again() {
    let place = Place::new();
    place.set("a", "1");
    fs::remove_file(place.file("bot_state.json")).unwrap();
    place.run(["checkpoint"]).ok();
    assert!(fs::read_to_string(place.file("bot_state.json")).unwrap().contains("\"a\": 1"));
}
