//! What happens to the book's files, done.

use super::super::script::{FileDoes, Name};
use super::{Done, Runner, Stop, cannot};
use crate::book::{Holder, LOCK_FILE};
use crate::world::Clock;
use std::fs;
use std::path::PathBuf;

/// No process has this number: it is above what any system gives out.
const DEAD_PID: u32 = u32::MAX - 1;

pub(super) fn act(runner: &Runner<'_>, does: &FileDoes) -> Done {
    match does {
        FileDoes::Write(name, bytes) => fs::write(runner.path(name)?, bytes)?,
        FileDoes::Delete(name) => fs::remove_file(runner.path(name)?)?,
        FileDoes::DeleteAll => fs::remove_dir_all(runner.book_dir())?,
        FileDoes::Keep(name, copy) => {
            fs::copy(runner.path(name)?, runner.kept(copy)?)?;
        }
        FileDoes::PutBack(copy, name) => {
            fs::copy(runner.kept(copy)?, runner.path(name)?)?;
        }
        FileDoes::DeadHolder => fs::write(runner.book_dir().join(LOCK_FILE), runner.dead_holder())?,
    }
    Ok(())
}

impl Runner<'_> {
    fn dead_holder(&self) -> Vec<u8> {
        Holder { pid: DEAD_PID, ..Holder::this_process(self.clock.now()) }.to_bytes()
    }

    fn kept(&self, copy: &str) -> Result<PathBuf, Stop> {
        if copy.contains(['/', '\\']) {
            return cannot(format!("{copy:?} is not a plain name"));
        }
        Ok(self.scratch.path().join(format!("kept-{copy}")))
    }

    fn path(&self, name: &Name) -> Result<PathBuf, Stop> {
        let book = self.book_dir();
        let (dir, newest) = match name {
            Name::Path(path) => return Ok(book.join(path)),
            Name::NewestIn(dir) => (dir, Ends::Last),
            Name::OldestIn(dir) => (dir, Ends::First),
        };
        let entries = fs::read_dir(book.join(dir))?.collect::<Result<Vec<_>, _>>()?;
        let mut files: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
        // Spare segments and unfinished files have other beginnings.
        files.retain(|path| path.is_file() && path.extension().is_some_and(|kind| kind != "tmp"));
        files.sort();
        let file = if newest == Ends::Last { files.pop() } else { files.into_iter().next() };
        file.ok_or_else(|| Stop::CannotRun(format!("there is no file in {dir}")))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    First,
    Last,
}
