//! Encryption at rest: with a key, nothing of the book is left in the clear.

use crate::support::{Place, SMALL};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const CANARY: &str = "canary-7f3a9b1c5d";
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const OTHER_KEY: &str = "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn walk(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// Every file; `None` if one was not there any more when it was read.
fn contents(place: &Place) -> Option<Vec<(PathBuf, Vec<u8>)>> {
    walk(&place.data()).into_iter().map(|file| Some((file.clone(), fs::read(&file).ok()?))).collect()
}

/// No file has the canary.
fn assert_no_canary(place: &Place) {
    // A background thread may give a file its final name between two looks: then all are looked at anew.
    let contents = (0..20).find_map(|_| contents(place)).unwrap();
    // Lock, manifest, a segment, a checkpoint and a run at least; the rest is made in the background.
    assert!(contents.len() >= 5, "{:?}", contents.iter().map(|(file, _)| file).collect::<Vec<_>>());
    for (file, bytes) in contents {
        let found = bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
        assert!(!found, "the canary is in {}", file.display());
    }
}

/// A life with rolls, seals, checkpoints, an edit and a restart, the canary in every part of the state.
fn live_with_canary(place: &Place, init: &[&str]) {
    let settings = place.write("settings.toml", format!("note = \"{CANARY}\"\n"));
    let args = ["init", "--name", "encrypted", "--settings", &settings];
    place.run(args.iter().chain(init).chain(&SMALL)).ok();
    let mut session = place.pipe(SMALL);
    for n in 0..120 {
        session.fine(&format!(r#"{{"op":"set","path":"/{CANARY}/{n}","value":"{CANARY} {n}"}}"#));
        if n % 40 == 0 {
            session.fine(r#"{"op":"checkpoint"}"#);
            assert_no_canary(place);
        }
    }
    session.kill();
    assert_no_canary(place);
    place.run(["checkpoint"]).ok();
    let orders = format!(r#"{{"op":"merge","patch":{{"{CANARY}":{{"0":null}}}}}}"#);
    place.feed(["pipe"], &orders).ok();
    assert!(!place.files("journal", "00000001.seg.zst.enc").is_empty(), "segments were sealed");
    assert_no_canary(place);
    place.run(["verify"]).ok();
    assert_eq!(place.get(&format!("{CANARY}.7")), format!("\"{CANARY} 7\""));
    assert_eq!(place.json(["status", "--json"])["encrypted"], true);
}

#[test]
fn with_a_key_the_canary_is_in_no_file_the_readable_copy_included() {
    let place = Place::empty().with_variable("TRUEBOOK_KEY", KEY);
    live_with_canary(&place, &[]);
    assert!(place.file("bot_state.json").exists());
}

#[test]
fn with_the_readable_copy_off_there_is_none() {
    let place = Place::empty().with_variable("TRUEBOOK_KEY", KEY);
    live_with_canary(&place, &["--readable", "off"]);
    assert!(!place.file("bot_state.json").exists());
}

#[test]
fn an_encrypted_copy_that_was_damaged_is_set_aside_without_the_canary() {
    let place = Place::empty().with_variable("TRUEBOOK_KEY", KEY);
    live_with_canary(&place, &["--readable", "encrypted"]);
    let path = place.file("bot_state.json");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    place.run(["checkpoint"]).ok().says(&["bot_state.json", "damaged", "set aside"]);
    assert_no_canary(&place);
    place.run(["verify"]).ok();
}

#[test]
fn a_plain_readable_copy_of_an_encrypted_book_is_refused_before_anything_is_written() {
    let place = Place::empty().with_variable("TRUEBOOK_KEY", KEY);
    place.run(["init", "--readable", "plain"]).code(2).says(&["readable copy of an encrypted book"]);
    assert!(!place.data().exists());
}

#[test]
fn a_wrong_or_missing_key_is_said_to_be_that_and_not_damage() {
    let place = Place::empty().with_variable("TRUEBOOK_KEY", KEY);
    place.run(["init"]).ok();
    place.set("a", "1");
    let before: Vec<_> = walk(&place.data()).into_iter().filter(|path| !path.ends_with("LOCK")).collect();
    let place = place.with_variable("TRUEBOOK_KEY", OTHER_KEY);
    for args in
        [&["status"][..], &["verify"], &["log"], &["state", "set", "a", "2"], &["state", "get"], &["recover"]]
    {
        let run = place
            .run(args)
            .code(2)
            .says(&["the key is not the one this book is encrypted with", "try: --key-file"]);
        assert!(!run.stderr.contains("damage"), "{run:?}");
    }
    let place = place.with_variable("UNUSED", "");
    place.run(["status"]).code(2).says(&["no key or passphrase was given"]);
    let place = place.with_variable("TRUEBOOK_PASSPHRASE", "correct horse");
    place.run(["status"]).code(2).says(&["encrypted with a key, a passphrase was given"]);
    let place = place.with_variable("TRUEBOOK_KEY", "abc");
    place.run(["status"]).code(2).says(&["TRUEBOOK_KEY", "64 lower-case hexadecimal digits"]);
    let place = place.with_variable("TRUEBOOK_KEY", KEY);
    let after: Vec<_> = walk(&place.data()).into_iter().filter(|path| !path.ends_with("LOCK")).collect();
    assert_eq!(before, after, "nothing was set aside");
    assert_eq!(place.get("a"), "1");
    place.run(["verify"]).ok();
}

#[test]
fn a_key_for_a_plain_book_is_refused() {
    let place = Place::new().with_variable("TRUEBOOK_KEY", KEY);
    place.run(["status"]).code(2).says(&["this book is not encrypted"]);
}

#[test]
fn keys_and_passphrases_come_from_files_that_nobody_else_can_read() {
    let place = Place::empty();
    let key = place.write("key", format!("{KEY}\n"));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    place.run(["init", "--key-file", &key]).code(2).says(&["can be read by others (mode 644)", "chmod 600"]);
    assert!(!place.data().exists(), "nothing was written");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    place.run(["init", "--key-file", &key]).ok();
    place.run(["status", "--key-file", &key]).ok();

    let place = Place::empty();
    let passphrase = place.write("passphrase", "correct horse battery staple\n");
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o640)).unwrap();
    place.run(["init", "--passphrase-file", &passphrase]).code(2).says(&["(mode 640)", "try: chmod 600"]);
    fs::set_permissions(&passphrase, fs::Permissions::from_mode(0o600)).unwrap();
    place.run(["init", "--passphrase-file", &passphrase]).ok();
    place.run(["state", "set", "a", "1", "--passphrase-file", &passphrase]).ok();
    let place = place.with_variable("TRUEBOOK_PASSPHRASE", "wrong horse");
    place.run(["status"]).code(2).says(&["the passphrase is not the one this book is encrypted with"]);
    let place = place.with_variable("TRUEBOOK_PASSPHRASE", "correct horse battery staple");
    assert_eq!(place.get("a"), "1");
}
