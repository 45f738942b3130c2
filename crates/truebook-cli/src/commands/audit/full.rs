//! `disk-full`: the book runs out of disk while it saves. On Linux on a real file system of a few megabytes, in
//! a mount namespace that ends with the child; and everywhere as a drill, where the real disk is told to refuse.

use super::copy;
use super::found::{Found, Holds, Verdict};
use super::saver;
use super::small::{self, Small};
use super::stage::Stage;
use super::trading;
use crate::errors::{Failure, Outcome};
use crate::needs::Needs;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::Path;
use truebook::Book;
use truebook::book::OpenError;
use truebook::core::event::{Event, Reason};
use truebook::paper::Chance;

/// More saves than this are not needed to fill the room.
const SAVES_MAX: u64 = 20_000;
/// What is set aside, and given back in the end.
const BALLAST: &str = "ballast";
pub(super) const BALLAST_BYTES: usize = 512 * 1024;
const WHY: &str = "the disk is full";

/// What the child tells.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Told {
    /// Saves that were acknowledged.
    acknowledged: u64,
    /// What refused the next one.
    refused: String,
    /// Why it could not be opened again while the disk was full: its reserve was used up by then.
    shut_while_full: Option<String>,
    /// What is not as it must be.
    wrong: Vec<String>,
}

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let (mut found, expectations) = trading::full_disk();
    if found.verdict == Verdict::Pass {
        found.pass(format!(
            "on the real disk behind a switch that refuses all growth (a book made for it): save refused, halt \
             recorded, nothing lost after a kill; {expectations} expectations held"
        ));
    }
    match small::fill(stage)? {
        Small::Ran(told) => conclude(&told, &mut found),
        Small::CannotBe(why) if cfg!(target_os = "linux") => {
            found.pass(format!("a small file system was not filled: {why}"));
        }
        Small::CannotBe(why) => found.not_tested(format!("a small file system was not filled: {why}")),
    }
    Ok(found)
}

fn conclude(told: &Told, found: &mut Found) {
    found.ran(1);
    let ran_full = format!(
        "the copy on a file system (tmpfs) that ran full after {} saves: the next was refused ({}), a halt was \
         still recorded",
        told.acknowledged, told.refused
    );
    match (told.wrong.first(), &told.shut_while_full) {
        (Some(first), _) => found.fail(format!("on a small file system that ran full: {first}")),
        (None, Some(why)) => found.warn(format!(
            "{ran_full}; the halt took the space set aside, so the book opened only after room was made ({why}), \
             with every acknowledged save, and saves again"
        )),
        (None, None) => found.pass(format!(
            "{ran_full}, opened again while full with every acknowledged save, and after room was made it saves \
             again"
        )),
    }
}

/// The child, with the small disk around `--data`.
pub(super) fn fill(needs: &Needs, base: &Path) -> Result<Outcome, Failure> {
    let data = needs.data();
    let ballast = data.with_file_name(BALLAST);
    copy::fork(base, data).map_err(|failed| copy::at("copy to", data, &failed))?;
    std::fs::write(&ballast, vec![1; BALLAST_BYTES]).map_err(|f| copy::at("write", &ballast, &f))?;
    let mut told = Told::default();
    save_until_refused(&open(needs)?, &mut told)?;
    match open(needs) {
        Err(OpenError::File(failed)) if failed.is_full() => told.shut_while_full = Some(failed.to_string()),
        opened => expect(opened, "opened while the disk is full", &mut told)?,
    }
    std::fs::remove_file(&ballast).map_err(|failed| copy::at("remove", &ballast, &failed))?;
    expect(open(needs), "opened after room was made", &mut told)?;
    let book = open(needs)?;
    if let Err(failed) = book.set(&saver::pad_place()?, &1_u64.into()) {
        told.wrong.push(format!("after room was made: {failed}"));
    }
    drop(book);
    let text = serde_json::to_string(&told).map_err(|failed| Failure::new("tell").with_cause(&failed))?;
    writeln!(std::io::stdout(), "{text}").map_err(|failed| Failure::new("tell").with_cause(&failed))?;
    Ok(Outcome::Fine)
}

fn open(needs: &Needs) -> Result<Book, OpenError> {
    Book::open(needs.world(), needs.options())
}

/// Fills the disk, then halts. The book is dropped as it is: its last checkpoint finds no room.
fn save_until_refused(book: &Book, told: &mut Told) -> Result<(), Failure> {
    let mut chance = Chance::new(1);
    let (number, pad) = (saver::place(0)?, saver::pad_place()?);
    for next in 1..=SAVES_MAX {
        let saved = book
            .set(&pad, &saver::pad(&mut chance).into())
            .and_then(|_padded| book.set(&number, &next.into()));
        if let Err(failed) = saved {
            told.refused = failed.to_string();
            break;
        }
        told.acknowledged = next;
    }
    if told.refused.is_empty() {
        told.wrong.push(format!("{SAVES_MAX} saves did not fill it"));
    }
    if let Err(failed) = book.record(Event::Halt(Reason { why: WHY.to_owned() })) {
        told.wrong.push(format!("a halt was not recorded: {failed}"));
    }
    Ok(())
}

fn expect(opened: Result<Book, OpenError>, when: &str, told: &mut Told) -> Result<(), Failure> {
    let book = match opened {
        Ok(book) => book,
        Err(failed) => {
            told.wrong.push(format!("{when}: {failed}"));
            return Ok(());
        }
    };
    let live = book.live()?;
    let kept = saver::number(&live.vars, 0)?;
    let holds = Holds::from(kept >= told.acknowledged && live.halted.as_deref() == Some(WHY));
    if holds == Holds::No {
        let halted = live.halted.unwrap_or_default();
        told.wrong.push(format!(
            "{when}: save {} was acknowledged, the book has {kept}; halted: `{halted}`",
            told.acknowledged
        ));
    }
    Ok(())
}
