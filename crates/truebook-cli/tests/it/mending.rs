//! Damage that a backup beside the book mends, and being asked first.

use crate::support::{Place, SMALL};
use std::fs;
use std::sync::Arc;
use truebook::World;
use truebook::backup::{Directory, Form, Shelf, Silent, Source, create};
use truebook::book::Peek;
use truebook::core::time::Utc;
use truebook::disk::RealDisk;

/// A book with sealed segments and without checkpoints, whose newest backup is in the directory beside it.
fn backed_up() -> Place {
    let place = Place::new();
    let mut session = place.pipe(SMALL);
    for n in 0..100 {
        session.fine(&format!(r#"{{"op":"set","path":"/k{n}","value":"{}"}}"#, "x".repeat(120)));
    }
    session.end().ok();
    let peek = Peek::read(&World::real(place.data()), None).unwrap();
    let disk = Arc::new(RealDisk::new(place.path().join("data.backups")));
    let book = peek.state.live().identity.book;
    let shelf = Shelf::new(Arc::new(Directory::new(disk)), book, None);
    let source = Source::beside(&peek).unwrap();
    create(&source, &shelf, &Form::default(), "test", Utc::from_nanos(1), &mut Silent).unwrap();
    place.set("/later", "1");
    for checkpoint in place.files("checkpoints", "checkpoint-") {
        fs::remove_file(checkpoint).unwrap();
    }
    place
}

#[test]
fn p7_p10_damage_is_mended_from_the_directory_beside_the_book_or_asked_about() {
    let place = backed_up();
    let sealed = place.files("journal", "00000002.seg").pop().unwrap();
    fs::write(&sealed, b"rubbish").unwrap();
    let asked = place.run(["state", "set", "/a", "1", "--on-damage", "ask"]).code(2);
    let asked =
        asked.says(&["00000002", "a backup can mend it, and nothing was done yet", "from generation g0000"]);
    assert!(asked.stderr.contains("truebook checkpoint --data"), "{}", asked.stderr);
    assert_eq!(fs::read(&sealed).unwrap(), b"rubbish");
    place.run(["state", "set", "/a", "1"]).ok().says(&["are whole again", "is set aside"]);
    assert_eq!(place.get("/a"), "1");
    assert_eq!(place.get("/later"), "1");
    place.run(["verify"]).ok();
    place.run(["log", "--json"]).ok().prints(&["\"mended\""]);
}

#[test]
fn p7_a_book_that_is_gone_is_not_begun_anew_and_the_command_that_restores_it_is_told() {
    let place = backed_up();
    fs::remove_dir_all(place.data()).unwrap();
    let told = place.run(["state", "set", "/a", "1"]).code(2);
    told.says(&["there is no book", "holds backups of book test", "truebook restore --from", "data.backups"]);
    assert!(!place.data().exists());
}
