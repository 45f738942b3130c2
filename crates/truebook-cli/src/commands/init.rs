//! `init`: makes a book.

use super::status;
use crate::errors::{Failure, Outcome};
use crate::flags::{InitArgs, ReadableArg};
use crate::needs::{Needs, input};
use crate::output::notes;
use std::path::Path;
use truebook::Book;
use truebook::book::readable::READABLE_FILE;
use truebook::book::{NewBook, Status};
use truebook::core::doc::Doc;
use truebook::core::id::BookName;
use truebook::crypt::{Derivation, KeySource};
use truebook::recovery::Report;

pub(super) fn run(needs: &Needs, args: &InitArgs) -> Result<Outcome, Failure> {
    let new = new_book(needs, args)?;
    check_key(needs, args)?;
    needs.warn_of_memory();
    let book = Book::create(needs.world(), &new, needs.options())?;
    // Held only until this command ends.
    let status = Status { holder: None, ..book.status()? };
    let next = next_steps(needs, book.report());
    book.close()?;
    needs.out().show(&status, || format!("{}\n\n{next}", status::describe(&status)))?;
    Ok(Outcome::Fine)
}

fn new_book(needs: &Needs, args: &InitArgs) -> Result<NewBook, Failure> {
    let settings = args.settings.as_ref().map_or_else(|| Ok(Doc::object()), input::settings)?;
    Ok(NewBook {
        name: args.name.clone().map_or_else(|| name_of(needs.data()), Ok)?,
        venue: args.venue.clone(),
        account: args.account.clone(),
        mode: args.mode.into(),
        settings,
        key: needs.key(),
        readable: args.readable.map(Into::into),
        installation: args.installation,
    })
}

/// The directory's own name, also when it was typed as `.`.
fn name_of(data: &Path) -> Result<BookName, Failure> {
    let whole = std::path::absolute(data).unwrap_or_else(|_| data.to_owned());
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    BookName::new(&name.unwrap_or_default()).map_err(|failed| {
        Failure::new(format!("the directory's name is no name for a book: {failed}")).with_hint("--name NAME")
    })
}

/// What can be refused before anything is written.
fn check_key(needs: &Needs, args: &InitArgs) -> Result<(), Failure> {
    let key = needs.key();
    match (&key, args.readable) {
        (Some(_), Some(ReadableArg::Plain)) | (None, Some(ReadableArg::Encrypted)) => {
            return Err(truebook::book::OpenError::Readable.into());
        }
        _ => {}
    }
    match key {
        None | Some(KeySource::Passphrase(_)) => Ok(()),
        Some(source) => match source.key(&Derivation::Key) {
            Ok(_) => Ok(()),
            Err(failed) => Err(truebook::book::OpenError::Key(failed).into()),
        },
    }
}

fn next_steps(needs: &Needs, report: &Report) -> String {
    let data = needs.data().display();
    let copy = report.set_aside.iter().find(|aside| aside.file.ends_with(READABLE_FILE));
    if let Some(copy) = copy {
        notes::warn(&format!("{} was there already; it is kept as {}", copy.file, copy.kept_in));
        return format!("next: truebook --data {data} import {}", copy.kept_in);
    }
    format!("next: truebook --data {data} state set PATH VALUE, or truebook --data {data} import FILE")
}
