//! `export json`: the whole state as one document.

use super::target::Target;
use crate::errors::Failure;
use crate::needs::Needs;
use serde::Serialize;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use truebook::book::Peek;
use truebook::core::hash::StateHash;
use truebook::core::id::Seq;
use truebook::core::state::Live;

/// The export's version; a change of meaning raises it.
const EXPORT_VERSION: u32 = 1;

/// The document; part of the contract.
#[derive(Serialize)]
struct Whole<'a> {
    truebook_export: u32,
    seq: Seq,
    state_hash: StateHash,
    /// Identity, settings, variables, live orders and positions.
    state: &'a Live,
}

fn write(peek: &Peek, mut to: impl Write) -> io::Result<()> {
    let state = peek.state.live();
    let whole =
        Whole { truebook_export: EXPORT_VERSION, seq: peek.last, state_hash: peek.state.hash(), state };
    serde_json::to_writer_pretty(&mut to, &whole)?;
    writeln!(to)?;
    to.flush()
}

pub(super) fn to_stdout(needs: &Needs, peek: &Peek) -> Result<(), Failure> {
    needs.out().write(|to| write(peek, to))
}

pub(super) fn to_file(peek: &Peek, out: &Path) -> Result<(), Failure> {
    let target = Target::new(out)?;
    let failed =
        |failed: io::Error| Failure::new(format!("write {}", target.partial().display())).with_cause(&failed);
    let file = target.create_file()?;
    write(peek, BufWriter::new(&file)).and_then(|()| file.sync_all()).map_err(failed)?;
    target.finish()
}
