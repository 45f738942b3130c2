//! `state`: the bot's own variables.

mod adopt;
mod get;
mod merge;
mod remove;
mod save;
mod set;

pub(super) use remove::{Removed, remove};

use crate::errors::{Failure, Outcome};
use crate::flags::{StateArgs, StateCommand};
use crate::needs::Needs;
use serde::Serialize;
use truebook::Book;
use truebook::book::Recorded;
use truebook::core::doc::Path;
use truebook::core::id::Seq;

pub(super) fn run(needs: &Needs, args: &StateArgs) -> Result<Outcome, Failure> {
    match &args.command {
        StateCommand::Get { path } => get::run(needs, path.as_ref()),
        StateCommand::Set { path, value } => set::run(needs, path, value),
        StateCommand::Merge { path_and_json } => merge::run(needs, path_and_json),
        StateCommand::Save { source } => save::run(needs, source),
        StateCommand::Remove { path } => remove::run(needs, path),
        StateCommand::Adopt { source } => adopt::run(needs, source.as_ref()),
    }
}

/// What became of a change; part of the contract. It is durable.
#[derive(Serialize)]
pub(super) struct Written {
    /// Its sequence number, or that of the last event if nothing changed.
    seq: Seq,
    unchanged: bool,
}

impl Written {
    pub(super) fn new(book: &Book, recorded: Recorded) -> Self {
        match recorded {
            Recorded::Durable(seq) => Self { seq, unchanged: false },
            Recorded::Unchanged => Self { seq: book.last(), unchanged: true },
        }
    }

    /// The sequence number, or `unchanged`.
    pub(super) fn in_words(&self) -> String {
        if self.unchanged { "unchanged".to_owned() } else { self.seq.to_string() }
    }
}

/// Makes one change and prints what became of it.
fn write(needs: &Needs, change: impl FnOnce(&Book) -> Result<Recorded, Failure>) -> Result<Outcome, Failure> {
    let written = needs.with_book(|book| Ok(Written::new(book, change(book)?)))?;
    needs.out().show(&written, || written.in_words())?;
    Ok(Outcome::Fine)
}

/// There is nothing at a path.
fn nothing_at(path: &Path) -> Failure {
    Failure::different(format!("there is no value at {path}"))
        .with_hint("truebook state get shows all there is")
}
