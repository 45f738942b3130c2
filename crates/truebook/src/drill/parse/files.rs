//! What happens to the book's files and to the disk.

use super::super::script::{Action, DiskDoes, FileDoes, Name};
use super::Parse;
use super::words::Words;

pub(super) const TABLE: [(&str, Parse); 2] = [("file", file), ("disk", disk)];

/// The most bytes that a drill writes.
const BYTES_MAX: usize = 16 * 1024 * 1024;

fn file(words: &mut Words<'_>) -> Result<Action, String> {
    type Make = fn(&mut Words<'_>) -> Result<FileDoes, String>;
    let make = words.pick::<Make>(&[
        ("write", |words| {
            Ok(FileDoes::Write(name(words)?, words.next("a text, in quotes")?.as_bytes().to_vec()))
        }),
        ("nuls", |words| Ok(FileDoes::Write(name(words)?, vec![0; nuls(words)?]))),
        ("delete", |words| Ok(FileDoes::Delete(name(words)?))),
        ("delete-all", |_| Ok(FileDoes::DeleteAll)),
        ("keep", |words| Ok(FileDoes::Keep(name(words)?, word_after_as(words)?))),
        ("put-back", |words| {
            let kept = words.next("the name of a file that was kept")?.to_owned();
            words.pick(&[("over", ())])?;
            Ok(FileDoes::PutBack(kept, name(words)?))
        }),
        ("dead-holder", |_| Ok(FileDoes::DeadHolder)),
    ])?;
    Ok(Action::File(make(words)?))
}

fn nuls(words: &mut Words<'_>) -> Result<usize, String> {
    let count: usize = words.value("a number of bytes")?;
    if count > BYTES_MAX { Err(format!("{BYTES_MAX} bytes are the most")) } else { Ok(count) }
}

fn word_after_as(words: &mut Words<'_>) -> Result<String, String> {
    words.pick(&[("as", ())])?;
    Ok(words.next("a name for the copy")?.to_owned())
}

/// A path within the book's directory, or one of four words.
fn name(words: &mut Words<'_>) -> Result<Name, String> {
    let text = words.next("a file of the book, as bot_state.json or newest-checkpoint")?;
    let climbs = text.split('/').any(|part| part == ".." || part.is_empty());
    match text {
        "newest-checkpoint" => Ok(Name::NewestIn(crate::checkpoint::CHECKPOINT_DIR)),
        "oldest-checkpoint" => Ok(Name::OldestIn(crate::checkpoint::CHECKPOINT_DIR)),
        "newest-segment" => Ok(Name::NewestIn(crate::journal::segment::JOURNAL_DIR)),
        "oldest-segment" => Ok(Name::OldestIn(crate::journal::segment::JOURNAL_DIR)),
        _ if climbs => Err(format!("{text:?} is not a path within the book's directory")),
        path => Ok(Name::Path(path.to_owned())),
    }
}

fn disk(words: &mut Words<'_>) -> Result<Action, String> {
    type Make = fn(&mut Words<'_>) -> Result<DiskDoes, String>;
    let make = words.pick::<Make>(&[
        ("full", |words| Ok(DiskDoes::FullAtWrite(write(words)?))),
        ("fails", |words| Ok(DiskDoes::FailAtWrite(write(words)?))),
        ("recovers", |_| Ok(DiskDoes::Recover)),
    ])?;
    Ok(Action::Disk(make(words)?))
}

/// `[at-write N]`, 1 if nothing is said: the next.
fn write(words: &mut Words<'_>) -> Result<u64, String> {
    match words.takes("at-write") {
        Some(()) => words.value("the number of a write, the next is 1"),
        None => Ok(1),
    }
}
