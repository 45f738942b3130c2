//! Damage, and going on after it.

use crate::support::{Place, SMALL};
use serde_json::Value;
use std::fs;

/// A book with sealed segments.
fn book() -> Place {
    let place = Place::new();
    let mut session = place.pipe(SMALL);
    for n in 0..150 {
        session.fine(&format!(r#"{{"op":"set","path":"/k{n}","value":"{}"}}"#, "x".repeat(120)));
    }
    session.end().ok();
    place.run(["checkpoint"]).ok();
    place
}

fn flip(path: &std::path::Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(path, bytes).unwrap();
}

#[test]
fn verify_names_file_and_offset_of_damage_and_what_to_do() {
    let place = book();
    let sealed = place.files("journal", "00000002.seg").pop().unwrap();
    flip(&sealed);
    let run = place.run(["verify", "--json"]).code(1);
    let verification: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(verification["ok"], false);
    let finding = &verification["findings"][0];
    for key in ["kind", "file", "offset", "what", "action"] {
        assert!(finding.get(key).is_some(), "{key} is not in {finding}");
    }
    assert_eq!(finding["file"], format!("data/journal/{}", sealed.file_name().unwrap().to_str().unwrap()));
}

#[test]
fn nothing_to_do_is_said_of_a_sound_book() {
    let place = book();
    place.run(["recover"]).ok().prints(&["nothing is lost"]);
    assert_eq!(place.json(["recover", "--json"])["step"], "nothing_to_do");
}

#[test]
fn p7_a_book_that_lost_events_is_refused_until_the_loss_is_accepted() {
    let place = book();
    for checkpoint in place.files("checkpoints", "checkpoint-") {
        flip(&checkpoint);
    }
    flip(&place.files("journal", "00000002.seg").pop().unwrap());
    place.run(["state", "set", "a", "1"]).code(2).says(&["are lost", "try: put the damaged file back"]);
    place.run(["state", "get"]).code(2).says(&["are lost"]);
    place.run(["export", "json"]).code(2).says(&["are lost"]);
    place.run(["status"]).code(1);
    place.run(["recover"]).code(1).prints(&["kept: ", "lost: events", "--accept-loss"]);
    let plan = place.run(["recover", "--json"]).code(1);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    assert_eq!(plan["step"], "plan");
    assert!(plan["lost"]["from"].as_u64().unwrap() > 1, "{plan}");
    place.run(["recover", "--accept-loss"]).ok().prints(&["is recorded"]);
    place.set("a", "1");
    assert_eq!(place.get("a"), "1");
    let log = place.run(["log", "--json", "--kind", "recovered"]);
    assert!(log.stdout.contains("loss_accepted"), "{log:?}");
}

#[test]
fn damage_that_a_checkpoint_covers_loses_no_state() {
    let place = book();
    let hash = place.json(["status", "--json"])["state_hash"].clone();
    flip(&place.files("journal", "00000001.seg").pop().unwrap());
    assert_eq!(place.json(["status", "--json"])["state_hash"], hash);
    place.run(["verify"]).code(1);
    place.set("a", "1");
    assert_eq!(place.get("k3").len(), 122);
}
