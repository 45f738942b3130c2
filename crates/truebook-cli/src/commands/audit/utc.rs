//! `utc`: every time in the files of the copy is RFC 3339 in UTC. The bot's own variables and settings are left
//! aside: what a bot writes there is its own.

use super::copy::{self, at};
use super::found::Found;
use super::stage::Stage;
use crate::errors::Failure;
use serde_json::Value;
use std::path::Path;
use truebook::World;
use truebook::checkpoint::CHECKPOINT_DIR;
use truebook::core::id::Seq;
use truebook::core::time::Utc;
use truebook::log::LogReader;

/// Members that hold what the bot wrote, and what a person did.
const OF_THE_BOT: [&str; 4] = ["vars", "settings", "ops", "why"];
/// The most events that are looked at, the first ones.
const EVENTS_MAX: u64 = 200_000;

#[derive(Default)]
struct Times {
    good: u64,
    bad: Vec<String>,
}

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let base = stage.base();
    let mut times = Times::default();
    let mut files = 0;
    let mut paths = vec![base.join("book.json"), base.join("bot_state.json")];
    let checkpoints = base.join(CHECKPOINT_DIR);
    let names = copy::files(&checkpoints).map_err(|failed| at("list", &checkpoints, &failed))?;
    paths.extend(names.iter().map(|name| checkpoints.join(name)));
    for path in &paths {
        files += u64::from(look_at_file(path, &mut times));
    }
    let events = look_at_events(stage, &mut times)?;
    let mut found = Found::new();
    found.ran(times.good + times.bad.len() as u64);
    match times.bad.first() {
        Some(first) => found.fail(format!("{} times are not RFC 3339 in UTC: {first}", times.bad.len())),
        None => found.pass(format!(
            "{} times in {events} events and {files} files (manifest, checkpoints, readable copy) are RFC 3339 in \
             UTC, none is local or without a zone",
            times.good
        )),
    }
    Ok(found)
}

/// Whether it is a JSON file; an encrypted one is not, and its times are in the events too.
fn look_at_file(path: &Path, times: &mut Times) -> bool {
    let Ok(bytes) = std::fs::read(path) else { return false };
    let Ok(value) = serde_json::from_slice::<Value>(&bytes) else { return false };
    let is_readable = path.ends_with("bot_state.json");
    // There the bot's variables stand at the top.
    let part = if is_readable { value.get("truebook").unwrap_or(&Value::Null) } else { &value };
    look(part, times);
    true
}

fn look_at_events(stage: &Stage<'_>, times: &mut Times) -> Result<u64, Failure> {
    let mut reader = LogReader::open(&World::real(stage.base()), stage.key(), Seq::new(1))?;
    let mut events = 0;
    while events < EVENTS_MAX {
        let batch = reader.next_batch()?;
        if batch.is_empty() {
            break;
        }
        for entry in batch {
            events += 1;
            let value = serde_json::to_value(&entry.record)
                .map_err(|failed| Failure::new("look at an event").with_cause(&failed))?;
            look(&value, times);
        }
    }
    Ok(events)
}

/// Looks at every text, but not below what belongs to the bot. Documents are limited in depth.
fn look(value: &Value, times: &mut Times) {
    match value {
        Value::Object(members) => {
            members.iter().filter(|(key, _)| !OF_THE_BOT.contains(&key.as_str())).for_each(|(_, value)| {
                look(value, times);
            });
        }
        Value::Array(items) => items.iter().for_each(|item| look(item, times)),
        Value::String(text) if looks_like_time(text) => match Utc::parse(text) {
            Some(_) => times.good += 1,
            None => times.bad.push(text.clone()),
        },
        _ => {}
    }
}

/// `2025-04-09T23:57` or the same with a blank, whatever follows.
fn looks_like_time(text: &str) -> bool {
    let shape = b"0000-00-00T00:00";
    let bytes = text.as_bytes();
    bytes.len() >= shape.len()
        && shape.iter().zip(bytes).all(|(shape, byte)| match shape {
            b'0' => byte.is_ascii_digit(),
            b'T' => b"T ".contains(byte),
            other => other == byte,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_times_and_times_without_a_zone_are_found_out() {
        let value = serde_json::json!({
            "at": "2025-04-09T23:57:33.318514000Z",
            "deep": [{"vat": "2025-04-09T23:57:33+02:00"}, {"vat": "2025-04-09 23:57:33"}],
            "vars": {"mine": "2025-04-09 23:57"},
            "text": "no time",
        });
        let mut times = Times::default();
        look(&value, &mut times);
        assert_eq!((times.good, times.bad.len()), (1, 2));
    }
}
