//! What the broker itself published: the directory named by `TRUEBOOK_BROKER_DATA`, if it is set.

use super::server::{Answer, Server};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use truebook::venue::Venue;
use truebook_core::id::{Instrument, VenueOrderId};
use truebook_core::observation::ReportStatus;
use truebook_venues::alpaca::wire::{Account, Activity, Asset, Clock, Order, Position};

/// A number and the text of the same number are one amount; what is not there is nothing.
fn same(sent: &Value, read: Option<&Value>) -> bool {
    match (sent, read) {
        (Value::Null, None | Some(Value::Null)) => true,
        (Value::Number(sent), Some(Value::String(read))) => sent.to_string() == *read,
        (Value::Object(sent), Some(Value::Object(read))) => {
            sent.iter().all(|(name, sent)| same(sent, read.get(name)))
        }
        (Value::Array(sent), Some(Value::Array(read))) => {
            sent.len() == read.len() && sent.iter().zip(read).all(|(sent, read)| same(sent, Some(read)))
        }
        (sent, read) => read == Some(sent),
    }
}

fn keeps<T: DeserializeOwned + Serialize>(text: &str, sent: &Value) -> bool {
    let read: T = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    same(sent, Some(&serde_json::to_value(&read).unwrap()))
}

/// Reads a payload as what it is; `None` if it is nothing that the adapter reads.
fn check(payload: &Value) -> Option<(&'static str, bool)> {
    let (fields, text) = (payload.as_object()?, payload.to_string());
    // A contract's description of such an object has objects where the object has values.
    let has = |name| fields.get(name).is_some_and(|field| !field.is_object());
    if has("client_order_id") && has("status") && has("filled_qty") {
        Some(("order", keeps::<Order>(&text, payload)))
    } else if has("avg_entry_price") && has("symbol") {
        Some(("position", keeps::<Position>(&text, payload)))
    } else if has("account_number") && has("buying_power") {
        Some(("account", keeps::<Account>(&text, payload)))
    } else if has("activity_type") && has("id") {
        Some(("activity", keeps::<Activity>(&text, payload)))
    } else if has("next_open") && has("is_open") && has("timestamp") {
        Some(("clock", keeps::<Clock>(&text, payload)))
    } else if has("tradable") && has("class") && has("id") {
        Some(("asset", keeps::<Asset>(&text, payload)))
    } else {
        None
    }
}

/// A payload, and what it is.
type Found = Vec<(&'static str, Value)>;

/// Checks a payload and everything within it.
fn walk(file: &Path, payload: &Value, found: &mut Found) {
    if let Some((kind, kept)) = check(payload) {
        assert!(kept, "{}: this {kind} is not read without loss: {payload}", file.display());
        found.push((kind, payload.clone()));
    }
    match payload {
        Value::Array(items) => items.iter().for_each(|item| walk(file, item, found)),
        Value::Object(fields) => fields.values().for_each(|field| walk(file, field, found)),
        _ => {}
    }
}

fn walk_files(directory: &Path, found: &mut Found) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).unwrap();
            if let Ok(payload) = serde_json::from_str(&text) {
                walk(&path, &payload, found);
            }
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a venue that answers with this payload is understood to say.
fn is_understood(kind: &str, payload: &Value) {
    let body = if kind == "position" { format!("[{payload}]") } else { payload.to_string() };
    let server = Server::start(move |_| Answer::Reply(200, "", body.clone()));
    let venue = server.venue();
    match kind {
        // Several options in one: what is traded are its legs, each an order of its own.
        "order"
            if payload["order_class"] == "mleg" && payload["symbol"].as_str().is_none_or(str::is_empty) => {}
        "order" => {
            let report = venue.find_venue_order(&VenueOrderId::new("any").unwrap()).unwrap().unwrap();
            assert_eq!(*report.word, text(&payload["status"]));
            assert_ne!(report.status, ReportStatus::Odd, "{payload}");
            assert_eq!(report.filled, text(&payload["filled_qty"]).parse().unwrap());
            assert_eq!(report.quantity.is_some(), !payload["qty"].is_null());
            assert_eq!(report.client_id.as_deref(), payload["client_order_id"].as_str());
        }
        "position" => assert_eq!(venue.positions().rows.len(), 1, "{payload}"),
        "account" => assert_eq!(venue.account().unwrap().cash, text(&payload["cash"]).parse().unwrap()),
        "clock" => assert!(venue.now().is_ok(), "{payload}"),
        "asset" => {
            let instrument = Instrument::new(payload["symbol"].as_str().unwrap()).unwrap();
            assert_eq!(venue.rules(&instrument).unwrap().is_some(), payload["tradable"] == true);
        }
        _ => {}
    }
}

#[test]
fn every_payload_that_the_broker_published_is_read_without_loss() {
    let Some(directory) = std::env::var_os("TRUEBOOK_BROKER_DATA") else {
        // Written past the macros, whose output is held back when a test passes.
        let line = b"SKIPPED: TRUEBOOK_BROKER_DATA names no directory of published payloads\n";
        std::io::stderr().write_all(line).unwrap();
        return;
    };
    let mut found = Vec::new();
    walk_files(Path::new(&directory), &mut found);
    for (kind, payload) in &found {
        is_understood(kind, payload);
    }
    let count = |kind| found.iter().filter(|(other, _)| *other == kind).count();
    for kind in ["order", "position", "account", "activity", "clock", "asset"] {
        println!("{kind}: {} payloads read without loss", count(kind));
    }
    assert!(count("order") > 0 && count("position") > 0 && count("account") > 0);
}
