//! The result for people: a line each, its evidence below, and a summary at the end.

use super::lines::{self, Line};
use super::stage::Stage;
use crate::output::table;
use std::time::Duration;

/// Evidence is wrapped to so many columns.
const COLUMNS: usize = 100;
const INDENT: &str = "            ";

pub(super) fn describe(stage: &Stage<'_>, lines: &[Line], took: Duration) -> String {
    let rows =
        lines.iter().map(|line| [line.result.words().to_owned(), line.runs.to_string(), line.line.clone()]);
    let table = table::rows(["result", "runs", "line"], rows);
    let mut table = table.lines();
    let mut text = vec![table.next().unwrap_or_default().to_owned()];
    for (row, line) in table.zip(lines) {
        text.push(row.to_owned());
        text.extend(wrap(&line.evidence).into_iter().map(|part| format!("{INDENT}{part}")));
    }
    text.push(String::new());
    text.push(format!(
        "{} ({} s; the book in {} was only read)",
        lines::count(lines),
        took.as_secs(),
        stage.live.display()
    ));
    text.join("\n")
}

fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= COLUMNS {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
