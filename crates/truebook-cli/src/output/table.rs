//! Tables for people.

use comfy_table::{ContentArrangement, Table, presets};

/// Labels and values below each other.
pub(crate) fn pairs<L: Into<String>, V: ToString>(pairs: impl IntoIterator<Item = (L, V)>) -> String {
    let mut table = blank();
    for (label, value) in pairs {
        table.add_row([label.into(), value.to_string()]);
    }
    trimmed(&table)
}

/// Rows below a header.
pub(crate) fn rows<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = blank();
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    trimmed(&table)
}

fn blank() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn trimmed(table: &Table) -> String {
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
