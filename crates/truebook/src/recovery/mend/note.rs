//! The note of a mending under way. It is there from before the first file is put in place until the book has
//! an entry of it, so that a crash in between loses neither the entry nor what was known of the damage.

use crate::disk::{read_file, replace_file};
use crate::envelope;
use crate::error::FileError;
use crate::journal::Context;
use serde::{Deserialize, Serialize};
use std::io;
use truebook_core::event::{Event, Recovered, Restored};
use truebook_core::id::Seq;

/// The file, in the book's directory.
pub const NOTE_FILE: &str = "MENDING";

const ENVELOPE: &str = "mending";
const NOTE_BYTES_MAX: u64 = 1 << 20;

/// The longest reason, in characters.
const WHY_MAX: usize = 4000;

/// What must be recorded of a mending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// All events up to here are known to have been durable once.
    pub known: Seq,
    /// The book's last event when it was mended: any after it were recorded later.
    pub last: Seq,
    /// What was mended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<Recovered>,
    /// Set if the book's end is a backup's: nobody can tell what came after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
}

impl Note {
    /// Reads the note that a crash left behind. One that cannot be read says nothing.
    pub(super) fn read(context: &Context) -> Result<Option<Self>, FileError> {
        match read_file(&*context.disk, NOTE_FILE, NOTE_BYTES_MAX) {
            Ok(file) => {
                let body = envelope::unwrap(ENVELOPE, &file).ok();
                Ok(body.and_then(|body| serde_json::from_slice(body).ok()))
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(context.failed("read", NOTE_FILE, source)),
        }
    }

    /// Writes the note down. Durable when this returns.
    pub(super) fn write(&self, context: &Context) -> Result<(), FileError> {
        let body = serde_json::to_vec(self).map_err(|failed| {
            context.failed("encode", NOTE_FILE, io::Error::new(io::ErrorKind::InvalidData, failed))
        })?;
        replace_file(&*context.disk, NOTE_FILE, &envelope::wrap(ENVELOPE, &body)).map_err(FileError::from)
    }

    /// Removes the note, once the book has the entries.
    pub fn remove(context: &Context) -> Result<(), FileError> {
        let there = context.disk.exists(NOTE_FILE);
        if there.map_err(|source| context.failed("look for", NOTE_FILE, source))? {
            context.remove_if_there(NOTE_FILE)?;
            context.sync_dir("")?;
        }
        Ok(())
    }

    /// Takes in what an earlier mending, which a crash cut short, has not recorded yet.
    pub(super) fn go_on_from(&mut self, earlier: Self) {
        self.known = self.known.max(earlier.known);
        self.recovered = match (self.recovered.take(), earlier.recovered) {
            (Some(mine), Some(other)) => Some(both(mine, &other)),
            (mine, other) => mine.or(other),
        };
        self.restored = self.restored.take().or(earlier.restored);
    }

    /// The entries that the book gets.
    pub fn events(self) -> Vec<Event> {
        let recovered = self.recovered.map(Event::Recovered);
        recovered
            .into_iter()
            .chain(self.restored.map(|restored| Event::Restored(Box::new(restored))))
            .collect()
    }
}

fn both(mine: Recovered, other: &Recovered) -> Recovered {
    let mut why = mine.why;
    if !why.contains(&other.why) {
        why = format!("{why}; {}", other.why);
    }
    Recovered {
        missing_from: mine.missing_from.min(other.missing_from),
        missing_to: mine.missing_to.max(other.missing_to),
        why: shortened(&why),
        ..mine
    }
}

/// A reason of bounded length.
pub(super) fn shortened(why: &str) -> String {
    why.chars().take(WHY_MAX).collect()
}
