//! `backup`: generations are made, listed, proved and rotated.

mod create;
mod follow;
mod list;
mod probe;
mod prune;
mod status;
mod verify;

use crate::errors::{Failure, Outcome};
use crate::flags::{BackupArgs, BackupCommand, BackupFormArgs};
use crate::needs::Needs;
use crate::needs::backup::{self, Places};
use truebook::backup::restore::book_in;
use truebook::backup::{Scratch, shelf};
use truebook::core::id::BookId;

pub(super) fn run(needs: &Needs, args: &BackupArgs) -> Result<Outcome, Failure> {
    match &args.command {
        BackupCommand::Create(args) => create::run(needs, args),
        BackupCommand::List(args) => list::run(needs, args),
        BackupCommand::Verify(args) => verify::run(needs, args),
        BackupCommand::Prune(args) => prune::run(needs, args),
        BackupCommand::Follow(args) => follow::run(needs, args),
        BackupCommand::Status(args) => status::run(needs, args),
        BackupCommand::Probe(args) => probe::run(needs, args),
    }
}

/// The places, of the book in the directory; without one, of the only book that the first place holds.
fn places(needs: &Needs, args: &BackupFormArgs) -> Result<Places, Failure> {
    backup::shelves(needs, args, which_book(needs, args)?)
}

fn which_book(needs: &Needs, args: &BackupFormArgs) -> Result<BookId, Failure> {
    if let Some(book) = book_in(&needs.world()) {
        return Ok(book);
    }
    let typed = backup::places(needs, &args.place);
    let place = typed.first().ok_or_else(|| Failure::new("no place for backups is given"))?;
    let books = shelf::books(&*backup::target(place)?)?;
    match (books.keys().next(), books.len()) {
        (Some(book), 1) => Ok(*book),
        (None, _) => Err(Failure::new(format!(
            "there is no book in {} and no backup in {place}",
            needs.data().display()
        ))
        .with_hint("--data DIR, or --backup-to URL")),
        (Some(_), _) => {
            Err(Failure::new(format!("{place} has backups of several books"))
                .with_hint("--data DIR of the book"))
        }
    }
}

/// A place for a trial.
fn scratch() -> Result<Scratch, Failure> {
    Scratch::new(None).map_err(|failed| {
        Failure::new("make a directory for a trial in the temporary directory").with_cause(&failed)
    })
}

/// A size for people.
fn size(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}
