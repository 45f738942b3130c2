//! Exports.

use crate::support::{Place, fixture};
use std::fs;

fn book() -> Place {
    let place = Place::new();
    place.run(["import", &fixture("full_form.json")]).ok();
    place.set("note", "a \"quoted\", text");
    place
}

#[test]
fn json_has_the_whole_state_and_its_identity() {
    let place = book();
    let status = place.json(["status", "--json"]);
    let whole = place.json(["export", "json"]);
    assert_eq!(whole["truebook_export"], 1);
    assert_eq!(whole["seq"], status["seq"]);
    assert_eq!(whole["state_hash"], status["state_hash"]);
    assert_eq!(whole["state"]["identity"]["installation"], status["installation"]);
    assert_eq!(whole["state"]["vars"]["note"], "a \"quoted\", text");
    place.run(["export", "json", "--out", "whole.json"]).ok();
    let file: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path().join("whole.json")).unwrap()).unwrap();
    assert_eq!(file, whole);
}

#[test]
fn csv_is_a_directory_with_a_file_a_table() {
    let place = book();
    let done = place.json(["export", "csv", "--out", "tables", "--json"]);
    assert_eq!(done["events"], 3);
    let read = |name: &str| fs::read_to_string(place.path().join("tables").join(name)).unwrap();
    assert_eq!(read("events.csv").lines().next(), Some("seq,at,kind,event"));
    assert_eq!(read("events.csv").lines().count(), 4);
    assert!(read("positions.csv").contains("AMD,40,117.20443815,0,"), "{}", read("positions.csv"));
    assert_eq!(read("orders.csv").lines().count(), 4);
    assert!(read("vars.csv").contains("/portfolio_manager/current_cash,25311.82"), "{}", read("vars.csv"));
    assert_eq!(read("fills.csv").lines().count(), 1);
}

#[test]
fn sqlite_can_be_asked_with_sql() {
    let place = book();
    place.run(["export", "sqlite", "--out", "book.db"]).ok();
    let database = rusqlite::Connection::open(place.path().join("book.db")).unwrap();
    let text = |sql: &str| database.query_row(sql, (), |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("SELECT average_price FROM positions WHERE instrument = 'AMD'"), "117.20443815");
    assert_eq!(text("SELECT group_concat(kind) FROM events ORDER BY seq"), "created,import,state");
    assert_eq!(text("SELECT role FROM orders WHERE key = 'imported-202'"), "stop_loss");
    assert_eq!(text("SELECT value FROM vars WHERE path = '/note'"), r#""a \"quoted\", text""#);
    assert_eq!(text("SELECT value FROM meta WHERE key = 'name'"), "test");
    assert_eq!(text("SELECT count(*) || '' FROM fills"), "0");
}

#[test]
fn what_is_there_already_is_not_overwritten() {
    let place = book();
    for (form, out) in [("json", "out.json"), ("csv", "out"), ("sqlite", "out.db")] {
        place.write(out, "mine");
        place.run(["export", form, "--out", out]).code(2).says(&[out, "is not overwritten", "try: --out"]);
        assert_eq!(fs::read_to_string(place.path().join(out)).unwrap(), "mine");
    }
}

#[test]
fn only_its_owner_can_read_an_export() {
    use std::os::unix::fs::PermissionsExt;
    let place = book();
    for (form, out) in [("json", "out.json"), ("csv", "out"), ("sqlite", "out.db")] {
        place.run(["export", form, "--out", out]).ok();
        let mode = fs::metadata(place.path().join(out)).unwrap().permissions().mode() & 0o077;
        assert_eq!(mode, 0, "{out}");
        assert!(!place.path().join(format!("{out}.partial")).exists());
    }
}
