//! What the broker itself published: the directory named by `TRUEBOOK_BROKER_DATA`, if it is set.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::path::Path;
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

/// Checks a payload and everything within it.
fn walk(file: &Path, payload: &Value, found: &mut Vec<&'static str>) {
    if let Some((kind, kept)) = check(payload) {
        assert!(kept, "{}: this {kind} is not read without loss: {payload}", file.display());
        found.push(kind);
    }
    match payload {
        Value::Array(items) => items.iter().for_each(|item| walk(file, item, found)),
        Value::Object(fields) => fields.values().for_each(|field| walk(file, field, found)),
        _ => {}
    }
}

fn walk_files(directory: &Path, found: &mut Vec<&'static str>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            let text = std::fs::read_to_string(&path).unwrap();
            serde_json::from_str(&text).iter().for_each(|payload| walk(&path, payload, found));
        }
    }
}

#[test]
fn every_payload_that_the_broker_published_is_read_without_loss() {
    let Some(directory) = std::env::var_os("TRUEBOOK_BROKER_DATA") else {
        println!("SKIPPED: TRUEBOOK_BROKER_DATA names no directory of published payloads");
        return;
    };
    let mut found = Vec::new();
    walk_files(Path::new(&directory), &mut found);
    let count = |kind| found.iter().filter(|other| **other == kind).count();
    for kind in ["order", "position", "account", "activity", "clock", "asset"] {
        println!("{kind}: {} payloads read without loss", count(kind));
    }
    assert!(count("order") > 0 && count("position") > 0 && count("account") > 0);
}
