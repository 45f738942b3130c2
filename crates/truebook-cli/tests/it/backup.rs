//! Backups from the command line, and reading one with other tools than truebook.

use crate::support::{Place, SMALL};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

fn grown() -> Place {
    let place = Place::new();
    let pad = "x".repeat(200);
    let line = |n: u32| format!("{{\"op\":\"merge\",\"value\":{{\"n\":{n},\"pad\":\"{pad}\"}}}}");
    let lines = (0..120).map(line).collect::<Vec<_>>().join("\n");
    place.feed(SMALL.into_iter().chain(["pipe"]), &lines).ok();
    place
}

fn seq(place: &Place) -> u64 {
    place.json(["status", "--json"])["seq"].as_u64().unwrap()
}

/// Missing tools skip a test visibly; in CI they must be there.
fn has(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").output().is_ok();
    assert!(there || std::env::var_os("CI").is_none(), "{tool} is missing, and CI must not go without it");
    if !there {
        println!("SKIPPED: {tool} is not installed; scripts/setup test installs it");
    }
    there
}

/// The only generation's own file: JSON as it stands.
fn generation(backups: &Path) -> Value {
    let book = only(backups, |path| path.is_dir() && path.file_name().is_some_and(|name| name != "books"));
    let file = only(&book.join("generation"), |path| path.extension().is_some_and(|end| end == "json"));
    serde_json::from_slice::<Value>(&std::fs::read(file).unwrap()).unwrap()["truebook-generation"].clone()
}

fn only(dir: &Path, is_wanted: impl Fn(&Path) -> bool) -> PathBuf {
    let paths = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let [found] = paths.filter(|path| is_wanted(path)).collect::<Vec<_>>().try_into().unwrap();
    found
}

fn printed_by(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Events of an unpacked segment, read as the format says and with nothing of truebook's.
fn events(segment: &[u8]) -> Vec<Value> {
    let number = |at: usize| u32::from_le_bytes(segment[at..at + 4].try_into().unwrap()) as usize;
    let (mut at, mut events) = (4096, Vec::new());
    while at + 24 <= segment.len() && number(at) > 0 {
        let (length, kind) = (number(at), segment[at + 20]);
        if kind == 1 {
            events.push(serde_json::from_slice(&segment[at + 24..at + 24 + length]).unwrap());
        }
        at = (at + 24 + length).next_multiple_of(8);
    }
    events
}

#[test]
fn a_backup_is_read_with_standard_tools_and_the_format_alone() {
    if !has("zstd") || !has("sha256sum") {
        return;
    }
    let place = grown();
    place.run(["backup", "create"]).ok();
    let backups = place.path().join("data.backups");
    let generation = generation(&backups);
    let mut found = Vec::new();
    for segment in generation["segments"].as_array().unwrap() {
        let object = backups.join(segment["file"]["object"].as_str().unwrap());
        let sum = String::from_utf8(printed_by(Command::new("sha256sum").arg(&object))).unwrap();
        assert!(sum.starts_with(segment["file"]["sha256"].as_str().unwrap()), "{sum}");
        found.extend(events(&printed_by(Command::new("zstd").arg("-dcq").arg(&object))));
    }
    assert_eq!(found.len() as u64, seq(&place));
    assert!(found[0]["ev"]["created"].is_object(), "{}", found[0]);
    assert!(found.last().unwrap().to_string().contains("119"), "{}", found.last().unwrap());
}

#[test]
fn an_encrypted_backup_is_read_with_age_and_zstd_and_the_format_alone() {
    if !has("zstd") || !has("age") || !has("age-keygen") {
        return;
    }
    let place = grown();
    let key = place.path().join("key.txt");
    printed_by(Command::new("age-keygen").arg("-o").arg(&key));
    let recipient = String::from_utf8(printed_by(Command::new("age-keygen").arg("-y").arg(&key))).unwrap();
    let run = place.run(["backup", "create", "--backup-recipient", recipient.trim()]).ok();
    // The bot can write what it cannot read.
    run.prints(&["not verified"]);
    let backups = place.path().join("data.backups");
    let mut count = 0;
    for segment in generation(&backups)["segments"].as_array().unwrap() {
        let object = backups.join(segment["file"]["object"].as_str().unwrap());
        let packed = place.path().join("packed.zst");
        printed_by(Command::new("age").arg("-d").arg("-i").arg(&key).arg("-o").arg(&packed).arg(&object));
        count += events(&printed_by(Command::new("zstd").arg("-dcq").arg(&packed))).len() as u64;
    }
    assert_eq!(count, seq(&place));
    // With the identity it is proved and restored.
    let identity = ["--backup-identity", key.to_str().unwrap()];
    place.run(["backup", "verify", "--full"].into_iter().chain(identity)).ok().prints(&["verified"]);
    let before = place.json(["state", "get", "--json"]);
    std::fs::remove_dir_all(place.data()).unwrap();
    place.run(["restore", "--yes"].into_iter().chain(identity)).ok();
    assert_eq!(place.json(["state", "get", "--json"]), before);
}

#[test]
fn bad_input_is_told_with_the_way_out_and_the_book_goes_on() {
    let place = grown();
    let inside = place.file("inside");
    let told = place.run(["backup", "create", "--backup-to", inside.to_str().unwrap()]).code(2);
    told.says(&["is inside the book's directory", "try: --backup-to"]);
    let told = place.run(["backup", "create", "--backup-to", "nowhere"]).code(2);
    told.says(&["there is no such directory", "try: "]);
    let pass = place.write("pass", "right\n");
    let wrong = place.write("wrong", "wrong\n");
    for file in [&pass, &wrong] {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    place.run(["backup", "create", "--backup-passphrase-file", &pass]).ok();
    place.run(["backup", "create", "--backup-passphrase-file", &wrong]).code(2).says(&["passphrase"]);
    place.run(["restore", "--dry-run"]).code(2).says(&["--backup-identity"]);
    place.run(["restore", "--dry-run", "--backup-passphrase-file", &pass]).ok();
    let told = place.run(["backup", "create", "--backup-recipient", "age1nonsense"]).code(2);
    told.says(&["age1nonsense"]);
    place.run(["state", "set", "still", "1"]).ok();
}

#[test]
fn p9_a_truncated_generation_is_passed_over_and_named_and_the_older_one_is_restored() {
    let place = grown();
    place.run(["backup", "create"]).ok();
    place.run(["state", "set", "later", "1"]).ok();
    let made = place.json(["backup", "create", "--json"]);
    let newest = made[0]["generation"].as_str().unwrap().to_owned();
    let backups = place.path().join("data.backups");
    let book = only(&backups, |path| path.is_dir() && path.file_name().is_some_and(|name| name != "books"));
    let file = book.join("generation").join(format!("{newest}.json"));
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    place.run(["backup", "list"]).code(1).prints(&["damaged", &newest]);
    place.run(["restore", "--yes"]).ok();
    assert_eq!(place.json(["state", "get", "--json"])["n"], 119);
    assert_eq!(place.json(["state", "get", "--json"])["later"], Value::Null);
}

#[test]
fn new_events_are_followed_and_rotation_keeps_what_it_says() {
    let place = grown();
    for _ in 0..3 {
        place.run(["backup", "create", "--keep-last", "2"]).ok();
        place.run(["state", "set", "again", "1"]).ok();
        place.run(["state", "set", "again", "2"]).ok();
    }
    let listed = place.json(["backup", "list", "--json"]);
    assert_eq!(listed.as_array().unwrap().len(), 2, "{listed}");
    place.run(["backup", "follow", "--seconds", "1"]).ok();
    let status = place.json(["backup", "status", "--json"]);
    assert_eq!((&status[0]["lag"], &status[0]["reached"]), (&Value::from(0), &Value::from(seq(&place))));
    place.run(["backup", "prune", "--dry-run", "--keep-last", "1"]).ok().prints(&["would be removed"]);
    place.run(["backup", "verify", "--all"]).ok();
    place.run(["backup", "verify", "--part"]).ok();
    place.run(["backup", "probe"]).ok().prints(&["create again", "ok"]);
}

#[test]
fn a_place_that_is_not_there_does_not_keep_the_others_from_being_used_and_is_told() {
    let place = grown();
    std::fs::create_dir(place.path().join("good")).unwrap();
    let to = ["--backup-to", "missing,good"];
    let run = place.run(["backup", "create"].into_iter().chain(to)).code(2);
    run.prints(&["verified"]).says(&["left out", "missing"]);
    place.run(["backup", "list"].into_iter().chain(to)).code(2).prints(&["verified"]);
    place.run(["backup", "verify", "--backup-to", "good"]).ok();
}

/// Reasons of the generations beside the book, oldest first, and for whom each is encrypted.
fn kept(place: &Place) -> Vec<(String, usize)> {
    let backups = place.path().join("data.backups");
    let book = only(&backups, |path| path.is_dir() && path.file_name().is_some_and(|name| name != "books"));
    let mut files: Vec<_> =
        std::fs::read_dir(book.join("generation")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &PathBuf| {
        let text: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let generation = &text["truebook-generation"];
        let recipients = generation["recipients"].as_array().map_or(0, Vec::len);
        (generation["reason"].as_str().unwrap().to_owned(), recipients)
    };
    files.iter().map(read).collect()
}

#[test]
fn p10_before_a_restore_and_before_adopting_the_book_as_it_is_becomes_a_generation_in_the_same_form() {
    let place = grown();
    let pass = place.write("pass", "right\n");
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&pass, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let with_pass = ["--backup-passphrase-file", pass.as_str()];
    place.run(["backup", "create", "--reason", "first"].into_iter().chain(with_pass)).ok();
    place.run(["state", "set", "after", "1"]).ok();
    place
        .run(["restore", "--yes"].into_iter().chain(with_pass))
        .ok()
        .says(&["before the restore: generation"]);
    let expected = [("first".to_owned(), 1), ("before restore".to_owned(), 1)];
    assert_eq!(kept(&place), expected);
    // What was set after the first generation is in the second, and can be had back.
    place.run(["state", "get", "after"]).code(1);
    let run = place.run(["restore", "--yes", "--generation", "2"].into_iter().chain(with_pass)).ok();
    run.says(&["before the restore: generation"]);
    assert_eq!(place.json(["state", "get", "after", "--json"]), 1);
    place.run(["checkpoint"]).ok();
    let copy = std::fs::read_to_string(place.file("bot_state.json")).unwrap();
    std::fs::write(place.file("bot_state.json"), copy.replace("\"after\": 1", "\"after\": 2")).unwrap();
    place.run(["state", "adopt"]).ok();
    assert_eq!(kept(&place).last(), Some(&("before adopting".to_owned(), 1)));
    assert_eq!(place.json(["state", "get", "after", "--json"]), 2);
}

#[test]
fn status_tells_how_far_each_place_of_backups_is_behind() {
    let place = grown();
    assert_eq!(place.json(["status", "--json"])["backups"], serde_json::json!([]));
    place.run(["backup", "create"]).ok();
    place.run(["state", "set", "after", "1"]).ok();
    let backups = place.json(["status", "--json"])["backups"].clone();
    assert_eq!(backups[0]["lag"], 1, "{backups}");
    assert!(backups[0]["verified_at"].is_string(), "{backups}");
    place.run(["status"]).ok().prints(&["1 events behind, last verified"]);
}
