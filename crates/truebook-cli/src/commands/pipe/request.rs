//! One command of a session.

use super::trade::{self, Trade};
use crate::errors::Failure;
use crate::needs::input;
use truebook::core::doc::{Doc, Members, Path};

/// A command, and what its answer repeats.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) id: Option<Doc>,
    pub(super) op: Result<Op, Failure>,
}

/// What is asked.
#[derive(Debug)]
pub(super) enum Op {
    Set { path: Path, value: Doc },
    Merge { path: Path, patch: Doc },
    Save { vars: Doc },
    Remove { path: Path },
    Get { path: Path },
    Trade(Trade),
    Checkpoint,
    Status,
    Close,
}

const EXAMPLE: &str = r#"{"op":"set","path":"/a","value":1}"#;

impl Request {
    /// Reads a line. Even a faulty one may have an id.
    pub(super) fn parse(line: &[u8]) -> Self {
        match input::parse("the line", line) {
            Err(failed) => Self { id: None, op: Err(failed) },
            Ok(Doc::Object(members)) => {
                let id = members.get("id").cloned();
                Self { id, op: read(&members) }
            }
            Ok(other) => {
                let what = format!("a command is a JSON object, this is {}", other.kind_name());
                Self { id: None, op: Err(Failure::new(what).with_hint(EXAMPLE)) }
            }
        }
    }
}

fn read(members: &Members) -> Result<Op, Failure> {
    let op = text(members, "op")?.ok_or_else(|| missing("op"))?;
    let known: &[&str] = match op {
        "set" => &["path", "value"],
        "merge" => &["path", "patch", "value"],
        "save" => &["vars"],
        "remove" | "get" => &["path"],
        "checkpoint" | "status" | "close" => &[],
        _ => trade::KEYS.iter().find(|(name, _)| *name == op).ok_or_else(|| unknown_op(op))?.1,
    };
    refuse_unknown(members, op, known)?;
    Ok(match op {
        "set" => Op::Set { path: required_path(members)?, value: required(members, "value")? },
        "merge" => Op::Merge { path: path(members)?.unwrap_or_default(), patch: patch(members)? },
        "save" => Op::Save { vars: required(members, "vars")? },
        "remove" => Op::Remove { path: required_path(members)? },
        "get" => Op::Get { path: path(members)?.unwrap_or_default() },
        "checkpoint" => Op::Checkpoint,
        "status" => Op::Status,
        "close" => Op::Close,
        _ => Op::Trade(Trade::parse(members)?),
    })
}

fn refuse_unknown(members: &Members, op: &str, known: &[&str]) -> Result<(), Failure> {
    let unknown = members.keys().find(|key| !matches!(&***key, "op" | "id") && !known.contains(&&***key));
    match unknown {
        None => Ok(()),
        Some(key) => {
            let hint = format!(
                "{op:?} takes {}",
                if known.is_empty() { "nothing else".to_owned() } else { known.join(", ") }
            );
            Err(Failure::new(format!("the key {key:?} is not known for {op:?}")).with_hint(hint))
        }
    }
}

fn unknown_op(op: &str) -> Failure {
    Failure::new(format!("the op {op:?} is not known"))
        .with_hint("one of set, merge, save, remove, get, checkpoint, status, close; with a venue also submit, cancel, replace, close_position, reconcile")
}

fn missing(key: &str) -> Failure {
    Failure::new(format!("the key {key:?} is missing")).with_hint(EXAMPLE)
}

fn text<'a>(members: &'a Members, key: &str) -> Result<Option<&'a str>, Failure> {
    match members.get(key) {
        None => Ok(None),
        Some(Doc::String(text)) => Ok(Some(text)),
        Some(other) => Err(Failure::new(format!("{key:?} must be a string, not {}", other.kind_name()))),
    }
}

fn required(members: &Members, key: &str) -> Result<Doc, Failure> {
    members.get(key).cloned().ok_or_else(|| missing(key))
}

fn path(members: &Members) -> Result<Option<Path>, Failure> {
    let parsed = text(members, "path")?.map(Path::parse).transpose();
    parsed.map_err(|failed| Failure::caused(&failed).with_hint("a path is written /a/b or a.b"))
}

fn required_path(members: &Members) -> Result<Path, Failure> {
    path(members)?.ok_or_else(|| missing("path"))
}

/// `value` is taken too, since that is what `set` calls it.
fn patch(members: &Members) -> Result<Doc, Failure> {
    match (members.get("patch"), members.get("value")) {
        (Some(patch), None) | (None, Some(patch)) => Ok(patch.clone()),
        (None, None) => Err(missing("patch")),
        (Some(_), Some(_)) => Err(Failure::new("\"patch\" and \"value\" are the same here: give one")),
    }
}
