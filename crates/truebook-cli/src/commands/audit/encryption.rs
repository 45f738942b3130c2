//! `encryption`: a marked text is saved, and every file is searched for it: in the copy, if the book is encrypted,
//! and else in a book that is made with a key for this.

use super::copy::{self, at};
use super::found::{Found, Holds};
use super::saver;
use super::stage::{Fork, Stage};
use crate::errors::Failure;
use std::fs;
use std::path::Path;
use truebook::book::{NewBook, OpenOptions};
use truebook::core::doc::Doc;
use truebook::core::id::{AccountName, BookName, IdError, VenueName};
use truebook::core::identity::Mode;
use truebook::crypt::{Key, KeySource};
use truebook::world::{Entropy, SystemEntropy};
use truebook::{Book, World};

/// Saves around the marked text, so that segments are sealed and checkpoints made.
const SAVES: u64 = 60;

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let mut found = Found::new();
    let is_encrypted = stage.peek(&stage.base())?.status().encrypted;
    let canary = canary()?;
    if is_encrypted {
        let fork = stage.fork("encryption")?;
        mark(&stage.open(fork.path())?, &canary)?;
        search(fork.path(), &canary, "this book is encrypted", &mut found)?;
    } else {
        let fork = made(stage, &canary)?;
        let what = "this book is not encrypted (that is a choice at init); a book made with a key here";
        search(fork.path(), &canary, what, &mut found)?;
    }
    Ok(found)
}

/// A text that nothing else has.
fn canary() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    SystemEntropy
        .fill(&mut bytes)
        .map_err(|failed| Failure::new("make a marked text").with_cause(&failed))?;
    Ok(format!("canary-{}", truebook::core::hash::to_hex(&bytes)))
}

/// A new encrypted book with the marked text in it.
fn made(stage: &Stage<'_>, canary: &str) -> Result<Fork, Failure> {
    let mut bytes = [0; 32];
    SystemEntropy.fill(&mut bytes).map_err(|failed| Failure::new("make a key").with_cause(&failed))?;
    let key = KeySource::Given(Key::from_bytes(bytes));
    let fork = stage.empty("encryption");
    let new = new_book(canary, key.clone()).map_err(|failed| Failure::caused(&failed))?;
    let options = OpenOptions { key: Some(key), ..stage.options() };
    mark(&Book::create(World::real(fork.path()), &new, options)?, canary)?;
    Ok(fork)
}

fn new_book(canary: &str, key: KeySource) -> Result<NewBook, IdError> {
    Ok(NewBook {
        name: BookName::new("audit")?,
        venue: VenueName::new("paper")?,
        account: AccountName::new("audit")?,
        mode: Mode::Paper,
        settings: Doc::from(
            [("note".into(), Doc::from(canary))].into_iter().collect::<truebook::core::doc::Members>(),
        ),
        key: Some(key),
        readable: None,
        installation: None,
    })
}

fn mark(book: &Book, canary: &str) -> Result<(), Failure> {
    let place = saver::pad_place()?;
    for number in 0..SAVES {
        book.set(&place, &Doc::from(format!("{canary} {number} {}", canary.repeat(16))))?;
    }
    book.checkpoint()?;
    Ok(book.clone().close()?)
}

fn search(dir: &Path, canary: &str, what: &str, found: &mut Found) -> Result<(), Failure> {
    let paths = copy::all_files(dir).map_err(|failed| at("list", dir, &failed))?;
    let mut holding = Vec::new();
    for path in &paths {
        let bytes = fs::read(path).map_err(|failed| at("read", path, &failed))?;
        if bytes.windows(canary.len()).any(|part| part == canary.as_bytes()) {
            holding.push(path.strip_prefix(dir).unwrap_or(path).display().to_string());
        }
    }
    found.ran(paths.len() as u64);
    let good = format!("{what}: a marked text saved {SAVES} times is in none of {} files", paths.len());
    let bad = format!("{what}: the marked text stands in the clear in {}", holding.join(", "));
    found.check(Holds::from(holding.is_empty()), good, bad);
    Ok(())
}
