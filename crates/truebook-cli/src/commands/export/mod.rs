//! `export`: writes the book out for other programs. What is there already is never overwritten, and a half
//! written export never bears the name of a whole one.

mod csv;
mod json;
mod rows;
mod sqlite;
mod tables;
mod target;

use crate::errors::{Failure, Outcome};
use crate::flags::{ExportArgs, ExportForm};
use crate::needs::Needs;
use crate::output::notes;
use serde::Serialize;
use std::path::{Path, PathBuf};
use truebook::book::Peek;
use truebook::core::id::Seq;

/// What was written; part of the contract.
#[derive(Serialize)]
struct Exported {
    /// The file or directory.
    out: String,
    /// The last event in it.
    seq: Seq,
    events: u64,
    fills: u64,
}

pub(super) fn run(needs: &Needs, args: &ExportArgs) -> Result<Outcome, Failure> {
    let peek = needs.peek_whole()?;
    if peek.context().cipher.is_some() {
        notes::warn("the book is encrypted, its export is not");
    }
    match (args.form, &args.out) {
        (ExportForm::Json, None) => json::to_stdout(needs, &peek)?,
        (ExportForm::Json, Some(out)) => {
            json::to_file(&peek, out)?;
            show(needs, &peek, out, rows::Counts::default())?;
        }
        (ExportForm::Csv, out) => {
            let out = or_default(out.as_ref(), "truebook-export");
            let counts = csv::export(needs, &peek, &out)?;
            show(needs, &peek, &out, counts)?;
        }
        (ExportForm::Sqlite, out) => {
            let out = or_default(out.as_ref(), "truebook-export.sqlite");
            let counts = sqlite::export(needs, &peek, &out)?;
            show(needs, &peek, &out, counts)?;
        }
    }
    Ok(Outcome::Fine)
}

fn or_default(out: Option<&PathBuf>, default: &str) -> PathBuf {
    out.cloned().unwrap_or_else(|| default.into())
}

fn show(needs: &Needs, peek: &Peek, out: &Path, counts: rows::Counts) -> Result<(), Failure> {
    let exported = Exported {
        out: out.display().to_string(),
        seq: peek.last,
        events: counts.events,
        fills: counts.fills,
    };
    needs.out().show(&exported, || format!("exported up to event {} to {}", exported.seq, exported.out))
}
