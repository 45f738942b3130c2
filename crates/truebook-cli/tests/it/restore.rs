//! `restore`: the plan, the question, what is done, what is told.

use crate::support::{Place, SMALL};
use std::sync::Arc;
use truebook::World;
use truebook::backup::{
    Depth, Directory, Form, Scratch, Shelf, Silent, Source, Trial, create, verify as prove,
};
use truebook::book::Peek;
use truebook::disk::RealDisk;

/// A verified generation of the book in `data`, in the directory beside it. Gives its id.
fn back_up(place: &Place) -> String {
    let target = place.path().join("data.backups");
    std::fs::create_dir_all(&target).unwrap();
    let world = World::real(place.data());
    let peek = Peek::read(&world, None).unwrap();
    let shelf = Shelf::new(
        Arc::new(Directory::new(Arc::new(RealDisk::new(target)))),
        peek.state.live().identity.book,
        None,
    );
    let source = Source::beside(&peek).unwrap();
    let made = create(&source, &shelf, &Form::default(), "test", world.clock.now(), &mut Silent).unwrap();
    let scratch = Scratch::new(None).unwrap();
    let trial = Trial { world: &world, key: None, scratch: &scratch, depth: Depth::All };
    assert!(prove(&shelf, &made.id, &trial, &mut Silent).unwrap().is_verified());
    made.id.to_string()
}

fn fill(place: &Place, from: u32, to: u32) {
    let mut session = place.pipe(SMALL);
    for n in from..=to {
        session.fine(&format!(r#"{{"op":"set","path":"/n","value":{n}}}"#));
    }
    session.end().ok();
}

/// Events 2 to 51 set n from 1 to 50, a generation, events up to 61.
fn book() -> (Place, String) {
    let place = Place::new();
    fill(&place, 1, 50);
    let id = back_up(&place);
    fill(&place, 51, 60);
    (place, id)
}

#[test]
fn p9_p10_the_plan_is_printed_and_then_done_and_the_end_says_where_everything_is() {
    let (place, id) = book();
    let dry = place.run(["restore", "--dry-run"]).ok();
    let dry = dry.prints(&[&id, "event 51", "events 52 to 61", "number 62", "aside/restore-", "--dry-run"]);
    assert_eq!(place.get("n"), "60", "nothing was done");
    let done = place.run(["restore", "--yes", "--why", "tested"]).ok();
    let done = done.prints(&["restored up to event 51", "is kept in", "is event 62", "next: truebook"]);
    let plan = |text: &str| text.lines().take(7).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(plan(&dry.stdout), plan(&done.stdout), "what is planned is what is done");
    assert_eq!(place.get("n"), "50");
    place.run(["verify"]).ok();
    let log = place.run(["log", "--json", "--kind", "restored"]).ok();
    assert!(log.stdout.contains("tested") && log.stdout.contains(&id), "{log:?}");
    place.run(["restore", "--accept-gap", "I looked at the venue"]).ok().prints(&["counts as known"]);
    let log = place.run(["log", "--json", "--kind", "covered"]).ok();
    assert!(log.stdout.contains("I looked at the venue"), "{log:?}");
}

#[test]
fn without_yes_and_with_nobody_to_ask_nothing_is_restored() {
    let (place, _) = book();
    place.run(["restore"]).code(2).says(&["nobody to ask", "try: --yes"]);
    place.run(["restore", "--json"]).code(2).says(&["nobody to ask"]);
    assert_eq!(place.get("n"), "60");
    assert!(!place.file("aside").exists());
}

#[test]
fn json_tells_plan_and_outcome_and_the_list_what_is_there() {
    let (place, id) = book();
    let list = place.json(["restore", "--list", "--json"]);
    assert_eq!((&list[0]["generation"], &list[0]["verified"]), (&id.clone().into(), &"verified".into()));
    place.run(["restore", "--list"]).ok().prints(&[&id, "verified"]);
    let plan = place.json(["restore", "--dry-run", "--json", "--to-seq", "21"]);
    assert_eq!((&plan["step"], &plan["plan"]["until"]), (&"plan".into(), &21.into()), "{plan}");
    assert!(plan["done"].is_null());
    let done = place.json(["restore", "--yes", "--json", "--to-seq", "21"]);
    assert_eq!((&done["step"], &done["done"]["recorded_as"]), (&"done".into(), &62.into()), "{done}");
    assert_eq!(done["plan"], plan["plan"]);
    assert_eq!(place.get("n"), "20");
}

#[test]
fn onto_an_empty_machine_the_directory_is_made() {
    let (place, id) = book();
    std::fs::remove_dir_all(place.data()).unwrap();
    place.run(["restore", "--dry-run"]).ok().prints(&["no book is there"]);
    assert!(!place.data().exists(), "a plan writes nothing");
    place.run(["restore", "--generation", &id, "--yes"]).ok().prints(&["nothing was in"]);
    assert_eq!(place.get("n"), "50");
    place.run(["verify"]).ok();
}

#[test]
fn what_cannot_be_restored_is_said_with_what_to_type() {
    let (place, _) = book();
    place.run(["restore", "--to-seq", "60", "--yes"]).code(2).says(&["beyond the end"]);
    place.run(["restore", "--generation", "7", "--yes"]).code(2).says(&["no generation 7"]);
    place.run(["restore", "--from", "elsewhere", "--dry-run"]).code(2).says(&["elsewhere"]);
    place.run(["restore", "--to-seq", "1", "--latest"]).code(2);
    place.run(["restore", "--book", &"0".repeat(32), "--dry-run"]).code(2).says(&["no backup of book"]);
    let held = place.pipe(SMALL);
    place.run(["restore", "--yes"]).code(2).says(&["is held by truebook", "try: stop that process"]);
    held.end().ok();
    assert_eq!(place.get("n"), "60");
}

#[test]
fn readers_say_that_a_restore_is_unfinished_and_which_command_finishes_it() {
    let (place, _) = book();
    std::fs::write(place.file("RESTORE"), "half").unwrap();
    for command in [&["status"][..], &["verify"], &["log"], &["state", "get"], &["restore", "--dry-run"]] {
        let run = place.run(command);
        if command[0] == "restore" {
            run.ok().prints(&["an earlier restore was interrupted"]);
        } else {
            run.code(2).says(&["not finished", "try: truebook checkpoint"]);
        }
    }
    place.run(["checkpoint"]).code(2).says(&["RESTORE", "try: truebook restore"]);
    place.run(["restore", "--yes"]).ok();
    assert_eq!(place.get("n"), "50");
}
