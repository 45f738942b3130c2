//! What stands in the directory before a restore: the files that will be displaced, and how far the book that
//! they are is known to have come. Damage is no obstacle: whatever can be read counts.

use super::plan::Displaced;
use super::{BOOK_DIRS, MARKER_FILE};
use crate::book::readable::READABLE_FILE;
use crate::book::{OpenError, OpenOptions, make_context, read_manifest};
use crate::crypt::KeySource;
use crate::disk::{Access, Told};
use crate::error::FileError;
use crate::journal::Context;
use crate::manifest::MANIFEST_FILE;
use crate::recovery::{assess, inventory};
use crate::world::World;
use truebook_core::id::{BookId, Seq};

/// What stands in the directory.
pub(super) struct Local {
    /// Whose book it is, if that can be told.
    pub book: Option<BookId>,
    /// Its files.
    pub displaced: Displaced,
    /// The highest sequence number that is known to have existed.
    pub highest: Option<Seq>,
    /// What could not be read.
    pub warnings: Vec<String>,
}

/// Looks at the directory, by reading only.
pub(super) fn look(world: &World, key: Option<&KeySource>) -> Result<Local, FileError> {
    let displaced = displaced(world)?;
    let mut local = Local { book: None, displaced, highest: None, warnings: Vec::new() };
    if super::is_pending(&*world.disk)? {
        // One that could be used was finished before this look.
        local.warnings.push(format!(
            "an earlier restore was interrupted, and {} does not tell how far it came; what it displaced is in \
             {}",
            world.disk.describe(MARKER_FILE),
            world.disk.describe(crate::aside::ASIDE_DIR)
        ));
    }
    if local.displaced.files.is_empty() {
        return Ok(local);
    }
    if let Err(failed) = look_closer(world, key, &mut local) {
        local.warnings.push(format!(
            "how far the book that is there had come cannot be told from its files: {failed}; the backups tell \
             it as far as they go"
        ));
    }
    Ok(local)
}

fn displaced(world: &World) -> Result<Displaced, FileError> {
    let told = Told(&*world.disk);
    let mut displaced = Displaced::default();
    for dir in BOOK_DIRS {
        let mut files = match world.disk.list(dir) {
            Err(source) if source.kind() == std::io::ErrorKind::NotADirectory && dir.is_empty() => {
                return Err(told.failed("list", dir, source));
            }
            _ => told.list(dir)?,
        };
        if dir.is_empty() {
            files.retain(|file| [MANIFEST_FILE, READABLE_FILE].contains(&file.as_str()));
        }
        for file in files {
            let name = if dir.is_empty() { file } else { format!("{dir}/{file}") };
            let length = world.disk.open(&name, Access::Read).and_then(|file| file.len());
            // What cannot be read can still be moved.
            displaced.bytes = displaced.bytes.saturating_add(length.unwrap_or(0));
            displaced.files.push(name);
        }
    }
    Ok(displaced)
}

fn look_closer(world: &World, key: Option<&KeySource>, local: &mut Local) -> Result<(), OpenError> {
    let Some(found) = read_manifest(world)? else { return Ok(()) };
    local.book = Some(found.manifest.book);
    local.warnings.extend(found.findings.iter().map(ToString::to_string));
    let options = OpenOptions { key: key.cloned(), ..OpenOptions::default() };
    let context = make_context(world, &found.manifest, &options)?;
    // A checkpoint's name alone proves that its last event was there.
    local.highest = Some(inventory::take(&context)?.durable_mark()).filter(|mark| *mark > Seq::ZERO);
    local.highest = local.highest.max(highest(&context, &mut local.warnings)?);
    Ok(())
}

/// The highest sequence number that the journal shows, behind damage too.
fn highest(context: &Context, warnings: &mut Vec<String>) -> Result<Option<Seq>, OpenError> {
    let assessment = assess(context)?;
    let mut highest = assessment.last;
    if let Some(broken) = &assessment.broken {
        highest = highest.max(broken.damage.known_to).max(broken.salvage.highest);
    }
    warnings.extend(assessment.report.findings.iter().map(|finding| format!("the old book: {finding}")));
    Ok(Some(highest).filter(|highest| *highest > Seq::ZERO))
}
