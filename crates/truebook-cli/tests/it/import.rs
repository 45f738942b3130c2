//! Taking over another system's state file.

use crate::support::{Place, fixture};
use serde_json::{Value, json};

fn orders(place: &Place) -> Value {
    place.json(["export", "json"])["state"]["orders"].clone()
}

fn order<'a>(orders: &'a Value, venue_order: &str) -> &'a Value {
    let mut all = orders.as_object().unwrap().values();
    all.find(|order| order["venue_orders"].get(venue_order).is_some()).unwrap()
}

#[test]
fn the_full_form_is_taken_over_with_its_positions_and_live_orders() {
    let place = Place::new();
    let summary = place.json(["import", &fixture("full_form.json"), "--json"]);
    assert_eq!(summary["form"], "full");
    assert_eq!(summary["positions"], json!({"AMD": "40"}));
    assert_eq!(summary["orders"], 3);
    assert_eq!(summary["left_out"]["188"], "its status is Filled");
    let held = &place.json(["positions", "--json"])["positions"][0];
    assert_eq!((&held["symbol"], &held["average_price"]), (&json!("AMD"), &json!("117.20443815")));
    assert_eq!(place.get("portfolio_manager.current_cash"), "25311.82");
    place.run(["verify"]).ok();
}

#[test]
fn the_short_form_is_taken_over() {
    let place = Place::new();
    let run = place.run(["import", &fixture("short_form.json")]).ok();
    run.prints(&["short form", "2 live orders", "left out: order 303: its status is Cancelled"]);
    let orders = orders(&place);
    let stop = order(&orders, "302");
    assert_eq!(stop["intent"]["role"], "stop_loss");
    assert_eq!(stop["intent"]["parent"], order(&orders, "301")["intent"]["id"]);
}

#[test]
fn incident_28_integer_ids_still_find_their_bracket_after_a_restart() {
    let place = Place::new();
    place.run(["import", &fixture("full_form.json")]).ok();
    place.set("touched", "1");
    place.run(["checkpoint"]).ok();
    let mut session = place.pipe([""; 0]);
    session.fine(r#"{"op":"set","path":"/touched","value":2}"#);
    let legs = session.fine(r#"{"op":"get","path":"/order_manager/bracket_orders/201"}"#);
    assert_eq!(legs["value"], json!({"profit_id": 203, "stop_id": 202}));
    session.kill();
    let orders = orders(&place);
    let parent = &order(&orders, "201")["intent"];
    let stop = &order(&orders, "202")["intent"];
    let profit = &order(&orders, "203")["intent"];
    assert_eq!([&parent["role"], &stop["role"], &profit["role"]], ["entry", "stop_loss", "take_profit"]);
    assert_eq!([&stop["parent"], &profit["parent"]], [&parent["id"], &parent["id"]]);
    assert_eq!([&stop["stop"], &profit["px"]], ["91.25", "112.75"]);
}

#[test]
fn a_state_file_that_was_there_before_the_book_is_kept_and_can_be_imported() {
    let place = Place::empty();
    std::fs::create_dir(place.data()).unwrap();
    std::fs::copy(fixture("full_form.json"), place.file("bot_state.json")).unwrap();
    let run = place.run(["init"]).ok();
    let (_, next) = run.stdout.trim().rsplit_once("import ").unwrap();
    let summary = place.json(["import", next, "--json"]);
    assert_eq!(summary["positions"], json!({"AMD": "40"}));
}

#[test]
fn a_file_in_the_place_of_the_readable_copy_can_be_imported_where_it_lies() {
    let place = Place::new();
    std::fs::copy(fixture("short_form.json"), place.file("bot_state.json")).unwrap();
    let summary = place.json(["import", "data/bot_state.json", "--json"]);
    assert_eq!(summary["form"], "short");
}

#[test]
fn a_faulty_file_is_refused_with_its_place_and_a_book_in_use_too() {
    let place = Place::new();
    let file = place.write("odd.json", r#"{"hello": 1}"#);
    place.run(["import", &file]).code(2).says(&["odd.json", "order_manager", "try: "]);
    let file =
        place.write("odd.json", r#"{"orders": {"1": {"symbol": "X", "action": "HOLD", "quantity": 1}}}"#);
    place.run(["import", &file]).code(2).says(&["odd.json", "/orders/1/action", "BUY or SELL"]);
    assert_eq!(place.json(["status", "--json"])["seq"], 1);
    place.set("a", "1");
    place.run(["import", &fixture("full_form.json")]).code(2).says(&["has variables already", "try: "]);
    assert_eq!(place.run(["state", "get", "--json"]).ok().stdout, "{\"a\":1}\n");
}
