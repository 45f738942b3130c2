//! Making segments ahead of time: written with zeros, synced and named before they are needed, so that a
//! commit is one write and one flush into space that the disk has given already.

use super::context::Context;
use super::scan::first_nonzero;
use super::segment::{PAGE_BYTES, SegmentIndex, Storage, build_page, segment_name};
use crate::disk::{DiskFile, read_exact_at};
use crate::error::FileError;
use crate::planted::{self, Bug};
use std::sync::Arc;

/// A segment's worth of zeros that is kept for the day the disk is full.
pub const RESERVE_NAME: &str = "journal/RESERVE";

/// Zeros are written and synced in steps of this many bytes, so that commits in between do not wait long.
const STEP_BYTES: usize = 256 * 1024;
static ZEROS: [u8; STEP_BYTES] = [0; STEP_BYTES];

/// A segment that is ready to be written to, and empty.
#[derive(Clone)]
pub struct Spare {
    /// Its index.
    pub index: SegmentIndex,
    /// Its file.
    pub file: Arc<dyn DiskFile>,
    /// Its length in bytes.
    pub capacity: u64,
}

/// How zeros are brought to the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// In small steps, each synced, because others commit meanwhile and must not wait long.
    InSteps,
    /// With one sync at the end, because somebody waits for it.
    AtOnce,
}

/// Makes a segment of `capacity` bytes: temporary name, header page, zeros, sync, rename, sync of the
/// directory. `content` follows the header page (empty for a new segment).
pub fn prepare(
    context: &Context,
    index: SegmentIndex,
    capacity: u64,
    content: &[u8],
    pace: Pace,
) -> Result<Spare, FileError> {
    let name = segment_name(index, Storage::Raw);
    let temporary = format!("{name}.tmp");
    let made = write_zeroed(context, &temporary, Some(index), (capacity, pace), content)
        .and_then(|file| context.put_in_place(&temporary, &name).map(|()| file));
    match made {
        Ok(file) => Ok(Spare { index, file, capacity }),
        Err(failed) => {
            // What counts is the failure; a left-over is removed when the segment is made again.
            let _ = context.remove_if_there(&temporary);
            Err(failed)
        }
    }
}

fn write_zeroed(
    context: &Context,
    name: &str,
    index: Option<SegmentIndex>,
    (capacity, pace): (u64, Pace),
    content: &[u8],
) -> Result<Arc<dyn DiskFile>, FileError> {
    assert!(capacity >= (PAGE_BYTES + content.len()) as u64, "a segment holds its header page and content");
    let file = context.create_fresh(name)?;
    let failed = |what: &str, source| context.failed(what, name, source);
    let mut offset = 0;
    if let Some(index) = index {
        let mut head = build_page(index, &context.manifest, capacity);
        head.extend_from_slice(content);
        file.write_all_at(0, &head).map_err(|source| failed("write", source))?;
        offset = head.len() as u64;
    }
    while offset < capacity {
        let step = STEP_BYTES.min(usize::try_from(capacity - offset).unwrap_or(STEP_BYTES));
        file.write_all_at(offset, &ZEROS[..step]).map_err(|source| failed("write zeros to", source))?;
        offset += step as u64;
        if pace == Pace::InSteps && !planted::is(Bug::RenameBeforeSync) {
            file.sync_data().map_err(|source| failed("sync", source))?;
        }
    }
    if !planted::is(Bug::RenameBeforeSync) {
        file.sync_data().map_err(|source| failed("sync", source))?;
    }
    assert_eq!(offset, capacity, "every byte of the segment was written");
    Ok(file)
}

/// Makes the reserve if it is missing.
pub fn prepare_reserve(context: &Context) -> Result<(), FileError> {
    let there = context
        .disk
        .exists(RESERVE_NAME)
        .map_err(|source| context.failed("look for", RESERVE_NAME, source))?;
    if there {
        return Ok(());
    }
    let temporary = format!("{RESERVE_NAME}.tmp");
    let made = write_zeroed(
        context,
        &temporary,
        None,
        (u64::from(context.options.segment_bytes), Pace::InSteps),
        &[],
    )
    .and_then(|_file| context.put_in_place(&temporary, RESERVE_NAME));
    if made.is_err() {
        let _ = context.remove_if_there(&temporary);
    }
    made
}

/// Turns the reserve into a segment, with `content` after its header page. Needs no new space.
pub fn use_reserve(context: &Context, index: SegmentIndex, content: &[u8]) -> Result<Spare, FileError> {
    let failed = |what: &str, source| context.failed(what, RESERVE_NAME, source);
    let file = context
        .disk
        .open(RESERVE_NAME, crate::disk::Access::ReadWrite)
        .map_err(|source| failed("open", source))?;
    let capacity = file.len().map_err(|source| failed("read the length of", source))?;
    let mut head = build_page(index, &context.manifest, capacity);
    head.extend_from_slice(content);
    if (head.len() as u64) > capacity {
        return Err(failed("fit the journal's tail into", std::io::ErrorKind::StorageFull.into()));
    }
    file.write_all_at(0, &head).map_err(|source| failed("write", source))?;
    clear_after(&*file, head.len() as u64, capacity).map_err(|source| failed("write zeros to", source))?;
    file.sync_data().map_err(|source| failed("sync", source))?;
    context.put_in_place(RESERVE_NAME, &segment_name(index, Storage::Raw))?;
    Ok(Spare { index, file, capacity })
}

/// Makes what follows `offset` zero where it is not: a crash between filling the reserve and renaming it
/// leaves frames in it, which must not stand behind newer ones.
fn clear_after(file: &dyn DiskFile, mut offset: u64, end: u64) -> std::io::Result<()> {
    while offset < end {
        let step = STEP_BYTES.min(usize::try_from(end - offset).unwrap_or(STEP_BYTES));
        if first_nonzero(&read_exact_at(file, offset, step as u64)?, 0).is_some() {
            file.write_all_at(offset, &ZEROS[..step])?;
        }
        offset += step as u64;
    }
    Ok(())
}

/// Length of a segment that must hold this many bytes of frames.
pub fn capacity_for(context: &Context, frames: usize) -> u64 {
    let needed = (PAGE_BYTES + frames + super::segment::OPEN_BYTES).next_multiple_of(PAGE_BYTES) as u64;
    needed.max(u64::from(context.options.segment_bytes))
}
