//! What a book refuses: the wrong holder, account, settings, key, format, path and document.

use crate::support::{Place, doc, new_book, small};
use truebook::Book;
use truebook::book::{NewBook, OnChangedSettings, OpenError, OpenOptions, WriteError};
use truebook::core::doc::Path;
use truebook::core::id::AccountName;
use truebook::core::identity::{Expected, Mode};
use truebook::crypt::{Key, KeyError, KeySource, Passphrase};
use truebook::disk::RealDisk;

fn refused(outcome: Result<Book, OpenError>) -> OpenError {
    match outcome {
        Ok(_) => panic!("the book was opened"),
        Err(refused) => refused,
    }
}

#[test]
fn p8_a_second_open_in_the_same_process_is_refused_and_told_who_holds_the_book() {
    let place = Place::new();
    let first = place.create();
    let OpenError::Held { holder: Some(holder), .. } = refused(Book::open(place.world(), small())) else {
        panic!()
    };
    assert_eq!(holder.pid, std::process::id());
    drop(first);
    place.open();
}

#[test]
fn p8_a_lock_file_of_a_dead_process_is_no_obstacle() {
    let place = Place::new();
    drop(place.create());
    std::fs::write(place.file("LOCK"), br#"{"pid":1,"host":"elsewhere","boot":"x","since":"1970-01-01T00:00:00.000000000Z","program":"dead"}"#).unwrap();
    place.open();
}

#[test]
fn another_account_or_mode_is_refused_and_both_are_shown() {
    let place = Place::new();
    drop(place.create());
    let expected =
        Expected { account: Some(AccountName::new("L1").unwrap()), mode: Some(Mode::Live), venue: None };
    let failed = refused(Book::open(place.world(), OpenOptions { expected, ..small() })).to_string();
    for word in ["P1", "L1", "paper", "live"] {
        assert!(failed.contains(word), "{failed}");
    }
}

#[test]
fn changed_settings_are_listed_and_need_one_acceptance() {
    let place = Place::new();
    let new = NewBook { settings: doc(r#"{"risk":{"max":1},"api_secret":"s3cr3t"}"#), ..new_book() };
    drop(Book::create(place.world(), &new, small()).unwrap());
    let with = |text: &str, on_changed_settings| OpenOptions {
        settings: Some(doc(text)),
        on_changed_settings,
        ..small()
    };
    let same = r#"{"api_secret":"s3cr3t","risk":{"max":1}}"#;
    let changed = r#"{"risk":{"max":2},"api_secret":"other"}"#;
    drop(Book::open(place.world(), with(same, OnChangedSettings::Refuse)).unwrap());
    let OpenError::Settings(changes) =
        refused(Book::open(place.world(), with(changed, OnChangedSettings::Refuse)))
    else {
        panic!()
    };
    let paths: Vec<_> = changes.iter().map(|change| change.path.as_str()).collect();
    assert_eq!(paths, ["/api_secret", "/risk/max"]);
    let held = Book::open(place.world(), with(changed, OnChangedSettings::Hold)).unwrap();
    assert_eq!(held.unaccepted_settings().len(), 2);
    drop(held);
    drop(Book::open(place.world(), with(changed, OnChangedSettings::Accept)).unwrap());
    let book = Book::open(place.world(), with(changed, OnChangedSettings::Refuse)).unwrap();
    assert!(book.unaccepted_settings().is_empty());
    book.close().unwrap();
    assert_eq!(
        files_with(&place, b"s3cr3t"),
        Vec::<String>::new(),
        "secrets are stored only as a keyed hash"
    );
}

#[test]
fn a_wrong_or_missing_key_is_a_key_error_and_never_damage() {
    let place = Place::new();
    let key = KeySource::Given(Key::from_bytes([1; 32]));
    drop(Book::create(place.world(), &NewBook { key: Some(key.clone()), ..new_book() }, small()).unwrap());
    let with = |key| OpenOptions { key, ..small() };
    let wrong = KeySource::Given(Key::from_bytes([2; 32]));
    assert!(matches!(
        refused(Book::open(place.world(), with(Some(wrong)))),
        OpenError::Key(KeyError::Wrong { .. })
    ));
    assert!(matches!(refused(Book::open(place.world(), with(None))), OpenError::Key(KeyError::Missing)));
    let phrase = KeySource::Passphrase(Passphrase::new("x"));
    assert!(matches!(
        refused(Book::open(place.world(), with(Some(phrase)))),
        OpenError::Key(KeyError::Kind { .. })
    ));
    drop(Book::open(place.world(), with(Some(key))).unwrap());
}

#[test]
fn with_encryption_no_plain_copy_of_a_value_is_left_anywhere() {
    let place = Place::new();
    let key = KeySource::Given(Key::from_bytes([1; 32]));
    let settings = doc(r#"{"note":"CANARY-in-settings"}"#);
    let new = NewBook { key: Some(key.clone()), settings, ..new_book() };
    let book = Book::create(place.world(), &new, small()).unwrap();
    for n in 0..200 {
        let value = doc(&format!("\"CANARY-{n}-{}\"", "pad".repeat(50)));
        book.set(&Path::parse(&format!("v{}", n % 7)).unwrap(), &value).unwrap();
        if n % 50 == 0 {
            book.checkpoint().unwrap();
        }
    }
    book.upkeep().unwrap();
    book.close().unwrap();
    assert!(
        place.file("journal").read_dir().unwrap().any(|file| file
            .unwrap()
            .path()
            .to_string_lossy()
            .ends_with(".zst.enc"))
    );
    assert_eq!(files_with(&place, b"CANARY"), Vec::<String>::new());
    assert!(place.file("bot_state.json").exists());
    let book = Book::open(place.world(), OpenOptions { key: Some(key.clone()), ..small() }).unwrap();
    assert!(book.vars().unwrap().to_compact().contains("CANARY-199"));
    drop(book);
    let verification =
        truebook::verify::verify(&place.world(), Some(key), &mut truebook::verify::Silent).unwrap();
    assert!(verification.ok, "{:?}", verification.findings);
}

/// Files that hold these bytes, compressed ones unpacked.
fn files_with(place: &Place, needle: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![place.path().to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            let unpacked = zstd::decode_all(&bytes[..]).unwrap_or_default();
            if [bytes, unpacked]
                .iter()
                .any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
            {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn a_book_of_a_newer_format_is_refused_as_newer_and_not_as_damage() {
    let place = Place::new();
    drop(place.create());
    let text = std::fs::read_to_string(place.file("book.json")).unwrap();
    let body = text.strip_prefix("{\"truebook-book\":").unwrap().split(",\"blake3\":").next().unwrap();
    let newer = body.replace("\"format\":1", "\"format\":2");
    std::fs::write(place.file("book.json"), truebook::envelope::wrap("book", newer.as_bytes())).unwrap();
    let failed = refused(Book::open(place.world(), small()));
    assert!(failed.to_string().contains("format 2"), "{failed}");
}

#[test]
fn a_directory_without_a_book_is_no_book_and_a_file_in_its_place_is_an_error() {
    let place = Place::new();
    assert!(matches!(refused(Book::open(place.world(), small())), OpenError::NoBook { .. }));
    std::fs::write(place.file("file"), b"").unwrap();
    let below_a_file = truebook::World {
        disk: std::sync::Arc::new(RealDisk::new(place.file("file/data"))),
        ..place.world()
    };
    assert!(matches!(refused(Book::open(below_a_file.clone(), small())), OpenError::NoBook { .. }));
    assert!(matches!(refused(Book::create(below_a_file, &new_book(), small())), OpenError::File(_)));
}

#[test]
fn variables_must_be_an_object_and_leave_truebooks_own_key_alone() {
    let place = Place::new();
    let book = place.create();
    let last = book.last();
    assert!(matches!(book.save(&doc("[1]")), Err(WriteError::NotAnObject(_))));
    assert!(matches!(book.save(&doc(r#"{"truebook":1}"#)), Err(WriteError::ReservedKey)));
    assert!(matches!(book.set(&Path::parse("truebook.x").unwrap(), &doc("1")), Err(WriteError::ReservedKey)));
    assert!(matches!(book.merge(&Path::root(), &doc(r#"{"truebook":1}"#)), Err(WriteError::ReservedKey)));
    book.set(&Path::parse("a").unwrap(), &doc("1")).unwrap();
    let through = book.set(&Path::parse("a.b").unwrap(), &doc("1")).unwrap_err();
    assert!(matches!(through, WriteError::Refused(_)) && through.to_string().contains("/a"), "{through}");
    assert_eq!(book.last().get(), last.get() + 1, "what was refused is not in the journal");
}
