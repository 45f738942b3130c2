//! `state merge`.

use crate::errors::{Failure, Outcome};
use crate::needs::{Needs, value};
use truebook::core::doc::Path;

pub(super) fn run(needs: &Needs, path_and_json: &[String]) -> Result<Outcome, Failure> {
    let (path, json) = match path_and_json {
        [path, json] => (parse_path(path)?, json.as_str()),
        [json] => (Path::root(), json.as_str()),
        _ => return Err(Failure::new("state merge takes one JSON value, and a path before it or none")),
    };
    let patch = value::json(json)?;
    super::write(needs, |book| Ok(book.merge(&path, &patch)?))
}

fn parse_path(text: &str) -> Result<Path, Failure> {
    Path::parse(text).map_err(|failed| Failure::new(format!("the path {text:?}: {failed}")))
}
