//! One table a part, or one JSON document of all of them.

use crate::error::BenchError;
use crate::figures::{Hundredths, Percentiles};
use crate::setup::Setup;
use comfy_table::{Cell as TableCell, CellAlignment, Table, presets};
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::error::Error;

/// What stands in one place of a table; the unit is the column's.
#[derive(Debug, Clone)]
pub(crate) enum Cell {
    Text(String),
    /// Nanoseconds, shown as microseconds.
    Nanos(u64),
    /// Nanoseconds, shown as milliseconds.
    Millis(u64),
    Count(u64),
    Ratio(Hundredths),
    /// Ratios at p50, p99 and p99.9.
    Ratios([Option<Hundredths>; 3]),
    /// Not measured, or nothing to compare with.
    Nothing,
}

impl Cell {
    pub(crate) fn ratio(numerator: u64, denominator: u64) -> Self {
        Hundredths::of(numerator, denominator).map_or(Cell::Nothing, Cell::Ratio)
    }

    fn text(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Nanos(ns) => format!("{}.{}", ns / 1_000, ns % 1_000 / 100),
            Cell::Millis(ns) => format!("{}.{}", ns / 1_000_000, ns % 1_000_000 / 100_000),
            Cell::Count(count) => grouped(*count),
            Cell::Ratio(ratio) => ratio.to_string(),
            Cell::Ratios(ratios) => ratios.map(or_dash).join(" / "),
            Cell::Nothing => "-".into(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Cell::Text(text) => json!(text),
            Cell::Nanos(number) | Cell::Millis(number) | Cell::Count(number) => json!(number),
            Cell::Ratio(ratio) => json!(ratio),
            Cell::Ratios(ratios) => json!(ratios),
            Cell::Nothing => Value::Null,
        }
    }

    fn alignment(&self) -> CellAlignment {
        match self {
            Cell::Text(_) => CellAlignment::Left,
            _ => CellAlignment::Right,
        }
    }
}

fn or_dash(ratio: Option<Hundredths>) -> String {
    ratio.map_or_else(|| "-".into(), |ratio| ratio.to_string())
}

/// Thousands apart: 224 103.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8_lossy(&groups.join(&b' ')).into_owned()
}

/// p50, p99 and p99.9 as three cells.
pub(crate) fn percentile_cells(points: Percentiles) -> impl Iterator<Item = Cell> {
    points.each().into_iter().map(Cell::Nanos)
}

/// `key` is the name in JSON, unit last; `title` heads the table.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    key: String,
    title: String,
}

pub(crate) fn column(key: impl Into<String>, title: impl Into<String>) -> Column {
    Column { key: key.into(), title: title.into() }
}

/// One table and what has to be known to read it.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) name: &'static str,
    pub(crate) about: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Vec<Cell>>,
    /// Who did not take part and why, and other things not to be overlooked.
    pub(crate) notes: Vec<String>,
}

impl Section {
    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(self.columns.iter().map(|column| column.title.as_str()));
        for row in &self.rows {
            table.add_row(row.iter().map(table_cell));
        }
        table
    }

    fn row_json(&self, row: &[Cell]) -> Value {
        let keys = self.columns.iter().map(|column| column.key.clone());
        Value::Object(keys.zip(row.iter().map(Cell::json)).collect::<Map<_, _>>())
    }

    fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(|row| self.row_json(row)).collect();
        json!({ "name": self.name, "about": self.about, "rows": rows, "notes": self.notes })
    }
}

fn table_cell(cell: &Cell) -> TableCell {
    TableCell::new(cell.text()).set_alignment(cell.alignment())
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Output {
    /// Each as soon as it is measured.
    Tables,
    /// All at the end.
    Json,
}

/// The whole run; a contract for programs.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    dir: String,
    in_memory: bool,
    seed: u64,
    processors: usize,
    sections: &'a [Value],
}

impl Output {
    pub(crate) fn begin(self, setup: &Setup) {
        let Output::Tables = self else { return };
        println!("on {}, {} processors, seed {}", setup.dir.display(), processors(), setup.seed);
        if setup.is_in_memory() {
            println!(
                "note: this folder is in memory, where a flush costs nothing: choose another with --dir"
            );
        }
    }

    pub(crate) fn section(self, section: &Section) {
        let Output::Tables = self else { return };
        println!("\n{}: {}", section.name, section.about);
        if !section.rows.is_empty() {
            println!("{}", section.table());
        }
        for note in &section.notes {
            println!("note: {note}");
        }
    }

    pub(crate) fn end(self, setup: &Setup, sections: &[Section]) {
        let Output::Json = self else { return };
        let sections: Vec<Value> = sections.iter().map(Section::json).collect();
        print_json(&Document {
            version: 1,
            dir: setup.dir.display().to_string(),
            in_memory: setup.is_in_memory(),
            seed: setup.seed,
            processors: processors(),
            sections: &sections,
        });
    }
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// One document on standard output.
pub(crate) fn print_json(document: &impl Serialize) {
    // Text keys and plain numbers only: encoding cannot fail, and a null would be seen by whoever reads it.
    let value = serde_json::to_value(document).unwrap_or(Value::Null);
    println!("{value:#}");
}

/// The message, and one line a cause.
pub(crate) fn print_failure(failure: &BenchError) {
    eprintln!("truebook-bench: {failure}");
    let mut cause = failure.source();
    while let Some(error) = cause {
        eprintln!("  {error}");
        cause = error.source();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(224_103), "224 103");
        assert_eq!(grouped(1_000_000), "1 000 000");
    }

    #[test]
    fn nanoseconds_are_shown_as_microseconds() {
        assert_eq!(Cell::Nanos(88_190).text(), "88.1");
    }
}
