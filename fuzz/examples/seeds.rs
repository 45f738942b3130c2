//! Writes small valid inputs for every target into `corpus/`: `cargo run --example seeds`.

use std::{fs, io, path::Path};
use truebook::fuzzing::{self, Secrecy, SegmentSample};
use truebook::journal::segment::{PAGE_BYTES, Storage};

fn main() -> io::Result<()> {
    let lines: Vec<_> = fuzzing::records().iter().filter_map(|record| record.encode().ok()).collect();
    let frames = SegmentSample::new(fuzzing::records(), Secrecy::Plain, Storage::Raw).file;
    let edits: Vec<u8> = (0..10).flat_map(|kind| [kind, 0, 30, 0, 60, 5]).collect();
    seed("frame", "frames", &frames[PAGE_BYTES..])?;
    seed("event", "lines", &lines.join(&b'\n'))?;
    seed("doc", "pair", b"{\"a\":[1,2.50,{\"b\":null}]}\xff{\"a\":[1],\"c\":\"x\"}\xff/a/2/b")?;
    for mode in 0..16 {
        seed("segment", &format!("edits-{mode}"), &[&[mode], &edits[..]].concat())?;
    }
    seed("segment", "frames", &[&[0], &frames[PAGE_BYTES..]].concat())?;
    for (target, modes) in [("checkpoint", 6), ("manifest", 10), ("runs", 3)] {
        for mode in 0..modes {
            seed(target, &format!("edits-{mode}"), &[&[mode], &edits[..]].concat())?;
        }
    }
    Ok(())
}

fn seed(target: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    let directory = Path::new("corpus").join(target);
    fs::create_dir_all(&directory)?;
    fs::write(directory.join(name), bytes)
}
