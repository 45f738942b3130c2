//! `compression`: how small the history of this very book becomes, measured on its segments.

use super::copy::{self, at};
use super::found::Found;
use super::kill;
use super::stage::Stage;
use crate::errors::Failure;
use std::path::Path;
use truebook::book::Peek;
use truebook::journal::load::load_bytes;
use truebook::journal::segment::{JOURNAL_DIR, Storage, parse_name};

#[derive(Clone, Copy, Default)]
struct Packed {
    segments: u64,
    stored: u64,
    unpacked: u64,
}

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let mut found = Found::new();
    let own = measure(&stage.peek(&stage.base())?, &stage.base())?;
    if own.segments > 0 {
        found.ran(own.segments);
        say(own, "sealed segments of this book", &mut found);
        return Ok(found);
    }
    let fork = kill::rolled(stage, "compression")?;
    let made = measure(&stage.peek(fork.path())?, fork.path())?;
    found.ran(made.segments);
    say(
        made,
        "segments of a copy that were sealed here, as the book itself has none that is full yet",
        &mut found,
    );
    Ok(found)
}

fn measure(peek: &Peek, dir: &Path) -> Result<Packed, Failure> {
    let journal = dir.join(JOURNAL_DIR);
    let mut packed = Packed::default();
    for name in copy::files(&journal).map_err(|failed| at("list", &journal, &failed))? {
        let Some((index, storage)) = parse_name(&name) else { continue };
        if storage == Storage::Raw {
            continue;
        }
        let path = journal.join(&name);
        let stored = std::fs::metadata(&path).map_err(|failed| at("look at", &path, &failed))?.len();
        let loaded = load_bytes(peek.context(), index, storage)
            .map_err(|failed| Failure::new(format!("unpack {}", path.display())).with_cause(&failed))?;
        packed.segments += 1;
        packed.stored += stored;
        packed.unpacked += loaded.bytes.len() as u64;
    }
    Ok(packed)
}

fn say(packed: Packed, what: &str, found: &mut Found) {
    let Packed { segments, stored, unpacked } = packed;
    if segments == 0 {
        found.fail("no segment was sealed");
        return;
    }
    let tenths = unpacked.saturating_mul(10) / stored.max(1);
    let said = format!(
        "{what} ({segments}): {unpacked} bytes unpacked, {stored} stored, {}.{} times smaller",
        tenths / 10,
        tenths % 10
    );
    if tenths >= 10 { found.pass(said) } else { found.warn(format!("{said}: nothing is gained")) }
}
