//! Bad input: a clear error with file, place and way out, and nothing written.

use crate::support::Place;
use std::fs::File;
use std::io::Write;
use std::time::Instant;

/// Runs what must be refused, and sees that no event was written.
fn refused(place: &Place, args: &[&str], words: &[&str]) {
    let before = place.json(["status", "--json"])["seq"].clone();
    place.run(args).code(2).says(words);
    assert_eq!(place.json(["status", "--json"])["seq"], before, "{args:?} wrote something");
}

#[test]
fn what_json_cannot_keep_is_refused_with_its_place() {
    let place = Place::new();
    let file = place.write("vars.json", "{\n  \"a\": 1,\n  \"b\": NaN\n}");
    refused(&place, &["state", "save", &file], &[&file, "NaN", "line 3", "try: "]);
    let file = place.write("vars.json", r#"{"a":{"x":1,"x":2}}"#);
    refused(&place, &["state", "save", &file], &[&file, "duplicate key \"x\"", "try: keep one"]);
    let file = place.write("vars.json", "{\"a\":1} trailing");
    refused(&place, &["state", "save", &file], &[&file, "line 1"]);
    let file = place.write("vars.json", [b'{', 0xff, b'}']);
    refused(&place, &["state", "save", &file], &[&file, "UTF-8"]);
    refused(&place, &["state", "set", "a", "Infinity"], &["NaN or infinity"]);
    refused(&place, &["state", "set", "a", "--", "-NaN"], &["NaN or infinity"]);
    refused(&place, &["state", "merge", r#"{"a":1,"a":2}"#], &["duplicate key"]);
}

#[test]
fn wrong_types_and_paths_are_refused() {
    let place = Place::new();
    place.run(["state", "merge", r#"{"text":"x","list":[1]}"#]).ok();
    let file = place.write("vars.json", "[1, 2]");
    refused(&place, &["state", "save", &file], &["must be an object"]);
    refused(&place, &["state", "set", "text.below", "1"], &["/text", "string"]);
    refused(&place, &["state", "set", "list.7", "1"], &["beyond the end"]);
    refused(&place, &["state", "set", "truebook", "1"], &["kept for truebook", "try: "]);
    refused(&place, &["state", "merge", "5"], &["must be an object"]);
}

#[test]
fn what_is_nested_too_deep_or_too_long_is_refused() {
    let place = Place::new();
    let deep = place.write("deep.json", format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200)));
    refused(&place, &["state", "save", &deep], &["nested deeper than 128"]);
    let key = "k".repeat(5000);
    refused(&place, &["state", "set", &key, "1"], &["longer than 4096 bytes"]);
}

#[test]
fn a_gigabyte_is_refused_before_it_is_read() {
    let place = Place::new();
    let path = place.path().join("huge.json");
    File::create(&path).unwrap().set_len(1 << 30).unwrap();
    let path = path.to_str().unwrap();
    let begun = Instant::now();
    for args in [
        &["state", "save", path][..],
        &["import", path],
        &["settings", "accept", path],
        &["settings", "check", path],
    ] {
        refused(&place, args, &["huge.json", "1073741824 bytes", "the limit is"]);
    }
    assert!(begun.elapsed().as_secs() < 5, "it took {:?}", begun.elapsed());
}

#[test]
fn an_endless_standard_input_is_refused_at_the_limit() {
    let place = Place::new();
    let mut command = place.command(["state", "set", "a", "-"]);
    command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let megabyte = vec![b'x'; 1 << 20];
    let written = (0..1024).take_while(|_| stdin.write_all(&megabyte).is_ok()).count();
    drop(stdin);
    let run: crate::support::Run = child.wait_with_output().unwrap().into();
    run.code(2).says(&["read standard input", "the limit is 67108864"]);
    assert!(written < 80, "{written} megabytes were read");
}

#[test]
fn faulty_settings_are_refused_before_there_is_a_book() {
    let place = Place::empty();
    for (content, words) in [
        ("[risk]\nmax = nan\n", &["/risk/max", "NaN or infinity"][..]),
        ("a = 1\na = 2\n", &["line 2", "duplicate key"]),
        ("{\"a\":1,\"a\":2}", &["duplicate key"]),
        ("just words", &["TOML"]),
    ] {
        let file = place.write("settings", content);
        place.run(["init", "--settings", &file]).code(2).says(&["settings: "]).says(words);
    }
    place.run(["init", "--settings", "missing.toml"]).code(2).says(&["read missing.toml", "No such file"]);
    place.run(["init", "--name", ""]).code(2).says(&["1 to 128 bytes"]);
    assert!(!place.data().exists(), "nothing was written");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let place = Place::empty();
    let file = place.write("file", "");
    let below = format!("{file}/book");
    place.run(["--data", &below, "init"]).code(2).says(&["create the directory", &below, "not a directory"]);
    place.run(["--data", &below, "status"]).code(2).says(&["there is no book in", &below]);
}

#[test]
fn a_book_of_a_newer_version_is_not_taken_for_damage() {
    let place = Place::new();
    place.set("a", "1");
    let path = place.file("book.json");
    let file = std::fs::read(&path).unwrap();
    let body = truebook::envelope::unwrap("book", &file).unwrap();
    let newer = String::from_utf8(body.to_vec()).unwrap().replace("\"format\":1", "\"format\":99");
    std::fs::write(&path, truebook::envelope::wrap("book", newer.as_bytes())).unwrap();
    for args in [&["status"][..], &["verify"], &["state", "set", "a", "2"], &["log"]] {
        place.run(args).code(2).says(&["book.json", "format 99", "newer truebook"]);
    }
    std::fs::write(&path, file).unwrap();
    assert_eq!(place.get("a"), "1");
}
