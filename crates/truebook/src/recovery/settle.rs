//! Doing what an assessment calls for: the only part of recovery that writes.
//!
//! A segment that an earlier process left open is never appended to again, unless a checkpoint shows that it
//! was closed cleanly: its valid frames go into a new file that takes its name. What was in the page cache
//! of a crashed process is not yet on disk, and after a failed sync may never get there.

use super::assess::{Assessment, Broken};
use super::inventory::Inventory;
use super::report::{Cut, Report, SeqRange, SetAside};
use super::walk::{Damage, LastSegment};
use crate::aside::{copy_aside, move_aside};
use crate::checkpoint::CHECKPOINT_DIR;
use crate::disk::{Access, DiskFile, is_temporary, open_limited, read_exact_at, read_file};
use crate::error::FileError;
use crate::frame::{self, Form, Header, Kind};
use crate::journal::load::{FILE_BYTES_MAX, Loaded, is_blank, load};
use crate::journal::scan::End;
use crate::journal::segment::{
    Chain, JOURNAL_DIR, Missing, OpenInfo, PAGE_BYTES, SegmentIndex, Storage, open_frame, segment_name,
};
use crate::journal::{
    Active, Context, Pace, RESERVE_NAME, Retired, Spare, capacity_for, prepare, use_reserve,
};
use std::io;
use truebook_core::event::{Recovered, StateAfter};
use truebook_core::hash::ChainHash;
use truebook_core::id::Seq;
use truebook_core::time::Utc;

/// How the journal goes on after recovery.
pub struct Settled {
    /// The segment to write to.
    pub active: Active,
    /// Segments that wait to be sealed.
    pub retired: Vec<Retired>,
    /// An empty segment that was made ahead of time.
    pub spare: Option<Spare>,
    /// What must be recorded in the journal, after an opening over damage.
    pub recovered: Option<Recovered>,
    /// Events behind the damage that follow on the state.
    pub following: Vec<truebook_core::event::Record>,
}

/// Brings the journal into a state in which it can go on. Doing it again after a crash in between comes to
/// the same.
pub fn settle(context: &Context, assessment: &mut Assessment, now: Utc) -> Result<Settled, FileError> {
    make_names_durable(context)?;
    remove_leftovers(context, assessment)?;
    set_unusable_aside(context, assessment, now)?;
    match assessment.broken.take() {
        Some(broken) => rebase(context, assessment, broken, now),
        None => go_on(context, assessment, now),
    }
}

/// A process that died may have left names that are visible but not yet durable, a segment made ahead of time
/// among them: nothing may be built on such a name.
fn make_names_durable(context: &Context) -> Result<(), FileError> {
    for dir in ["", JOURNAL_DIR, CHECKPOINT_DIR, crate::checkpoint::RUN_DIR] {
        match context.sync_dir(dir) {
            // What was in it is lost or not by what else there is; somewhere new files must go.
            Err(failed) if failed.source.kind() == std::io::ErrorKind::NotFound => context.create_dir(dir)?,
            synced => synced?,
        }
    }
    Ok(())
}

fn remove_leftovers(context: &Context, assessment: &Assessment) -> Result<(), FileError> {
    for file in assessment.inventory.leftovers.iter().filter(|file| is_temporary(file)) {
        context.remove_if_there(&format!("{JOURNAL_DIR}/{file}"))?;
    }
    for dir in ["", CHECKPOINT_DIR, crate::checkpoint::RUN_DIR] {
        let files = context.disk.list(dir).map_err(|source| context.failed("list", dir, source))?;
        for file in files.iter().filter(|file| is_temporary(file)) {
            let name = if dir.is_empty() { file.clone() } else { format!("{dir}/{file}") };
            context.remove_if_there(&name)?;
        }
    }
    Ok(())
}

fn set_unusable_aside(context: &Context, assessment: &mut Assessment, now: Utc) -> Result<(), FileError> {
    for name in &assessment.unusable {
        let moved = move_aside(context, &name.path(), "the checkpoint is damaged", now)?;
        assessment.report.set_aside.push(moved);
    }
    Ok(())
}

fn go_on(context: &Context, assessment: &mut Assessment, now: Utc) -> Result<Settled, FileError> {
    let next = assessment.last.next();
    let mut retired = std::mem::take(&mut assessment.retired);
    let last = assessment.last_segment.clone();
    let active = match (last, assessment.torn_opening) {
        (Some(last), None) if last.storage == Storage::Raw => reopen(context, assessment, &last, next, now)?,
        (last, torn) => {
            if let Some(torn) = torn {
                keep_torn(context, torn, PAGE_BYTES as u64, &mut assessment.report, now)?;
            }
            let prev = last.as_ref().map_or(Chain::genesis(context.manifest.book), |last| last.chain.hash());
            let index = torn.or(assessment.spare).or_else(|| last.as_ref().map(|last| last.index.next()));
            let previous = last.as_ref().map_or(SegmentIndex::FIRST, |last| last.index);
            if let Some(last) = last.filter(|last| last.storage == Storage::Raw) {
                retired.push(Retired { index: last.index, next, chain: last.chain.hash() });
            }
            begin(
                context,
                index.unwrap_or(SegmentIndex::FIRST),
                &OpenInfo { first: next, prev, missing: None },
                previous,
            )?
        }
    };
    let spare = adopt_spare(context, assessment.spare, active.index);
    Ok(Settled { active, retired, spare, recovered: None, following: Vec::new() })
}

fn begin(
    context: &Context,
    index: SegmentIndex,
    open: &OpenInfo,
    previous: SegmentIndex,
) -> Result<Active, FileError> {
    let spare = make(context, index, &[])?;
    Ok(Active::begin(context, spare, open, previous))
}

/// Makes a segment; on a full disk, of the reserve if there is one.
fn make(context: &Context, index: SegmentIndex, content: &[u8]) -> Result<Spare, FileError> {
    let capacity = capacity_for(context, content.len());
    match prepare(context, index, capacity, content, Pace::AtOnce) {
        Err(failed) if failed.is_full() && context.told().exists(RESERVE_NAME)? => {
            use_reserve(context, index, content)
        }
        outcome => outcome,
    }
}

/// Goes on in the last segment: in place if it was closed cleanly, in a new file otherwise.
fn reopen(
    context: &Context,
    assessment: &mut Assessment,
    last: &LastSegment,
    next: Seq,
    now: Utc,
) -> Result<Active, FileError> {
    let name = segment_name(last.index, Storage::Raw);
    let clean = last.end == End::Blank
        && assessment.checkpoint.as_ref().is_some_and(|(_, checkpoint)| checkpoint.seq.next() == next);
    let chain = last.chain.clone();
    if clean {
        let file = context
            .disk
            .open(&name, Access::ReadWrite)
            .map_err(|source| context.failed("open", &name, source))?;
        let spare = Spare { index: last.index, file, capacity: last.file_bytes };
        return Ok(Active::resume(spare, last.valid_bytes, chain, next));
    }
    keep_torn(context, last.index, last.valid_bytes, &mut assessment.report, now)?;
    let content = valid_content(context, &name, last.valid_bytes)?;
    let spare = make(context, last.index, &content)?;
    Ok(Active::resume(spare, last.valid_bytes, chain, next))
}

fn valid_content(context: &Context, name: &str, valid_bytes: u64) -> Result<Vec<u8>, FileError> {
    assert!(valid_bytes >= PAGE_BYTES as u64, "frames follow the header page");
    let wanted = valid_bytes - PAGE_BYTES as u64;
    let content = open_limited(&*context.disk, name, FILE_BYTES_MAX)
        .and_then(|(file, _)| read_exact_at(&*file, PAGE_BYTES as u64, wanted))
        .map_err(|source| context.failed("read", name, source))?;
    assert_eq!(content.len() as u64, wanted, "the valid frames are still there");
    Ok(content)
}

/// Copies the bytes after the valid frames to `aside/`, if there are any.
fn keep_torn(
    context: &Context,
    index: SegmentIndex,
    from: u64,
    report: &mut Report,
    now: Utc,
) -> Result<(), FileError> {
    let name = segment_name(index, Storage::Raw);
    let tail = open_limited(&*context.disk, &name, FILE_BYTES_MAX)
        .and_then(|(file, length)| read_tail(&*file, from, length))
        .map_err(|source| context.failed("read", &name, source))?;
    let Some(tail) = tail else { return Ok(()) };
    let tail = &tail[..tail.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1)];
    let kept_in = match copy_aside(context, &name, tail, now) {
        Ok(kept) => Some(context.disk.describe(&kept)),
        // Nobody was told of these bytes; with a full disk the book must open all the same.
        Err(failed) if failed.is_full() => None,
        Err(failed) => return Err(failed),
    };
    report.cut =
        Some(Cut { file: context.disk.describe(&name), offset: from, bytes: tail.len() as u64, kept_in });
    Ok(())
}

/// The bytes from `from` on; `None` if all of them are zero.
fn read_tail(file: &dyn DiskFile, from: u64, length: u64) -> io::Result<Option<Vec<u8>>> {
    if is_blank(file, from..length)? {
        return Ok(None);
    }
    read_exact_at(file, from, length.saturating_sub(from)).map(Some)
}

fn adopt_spare(context: &Context, spare: Option<SegmentIndex>, active: SegmentIndex) -> Option<Spare> {
    let index = spare.filter(|spare| *spare == active.next())?;
    // A spare that cannot be used is simply made again.
    let file = context.disk.open(&segment_name(index, Storage::Raw), Access::ReadWrite).ok()?;
    let capacity = file.len().ok()?;
    Some(Spare { index, file, capacity })
}

/// Goes on over damage: good events behind it are written to a new segment first, then what is damaged is
/// set aside. The gap is recorded in the new segment and as an event.
fn rebase(
    context: &Context,
    assessment: &mut Assessment,
    broken: Broken,
    now: Utc,
) -> Result<Settled, FileError> {
    let Broken { damage, salvage } = broken;
    let state_at = assessment.last;
    let complete = salvage.completes(state_at, damage.known_to);
    let last = assessment.last_segment.clone();
    let (from, prev) = kept_until(context, &assessment.inventory, last.as_ref(), &damage);
    let to = if complete { state_at } else { damage.known_to.max(state_at).max(from) };
    let missing = (from <= to).then_some(Missing { from, to, state_at });
    let following = if complete { salvage.following } else { Vec::new() };
    let highest = assessment.inventory.segments.keys().next_back().copied().unwrap_or(SegmentIndex::FIRST);
    let open = OpenInfo { first: to.next(), prev, missing };
    let active = write_following(context, highest.next(), &open, &following)?;
    set_damaged_aside(context, assessment, damage.index, last.as_ref(), now)?;
    assessment.report.missing = missing.map(|Missing { from, to, .. }| SeqRange { from, to: Some(to) });
    let state = if complete { StateAfter::Complete } else { StateAfter::LossAccepted };
    let why = damage.finding.to_string();
    let recovered = missing.map(|Missing { from, to, .. }| Recovered {
        missing_from: from,
        missing_to: to,
        state_at,
        state,
        why,
    });
    let retired = std::mem::take(&mut assessment.retired);
    let retired = retired.into_iter().filter(|retired| retired.index < damage.index).collect();
    assessment.last = Seq::new(active.next.get() - 1);
    Ok(Settled { active, retired, spare: None, recovered, following })
}

/// First sequence number that is missing once the damaged segment is gone, and the hash before it. Only a
/// raw segment is kept in part.
fn kept_until(
    context: &Context,
    inventory: &Inventory,
    last: Option<&LastSegment>,
    damage: &Damage,
) -> (Seq, ChainHash) {
    match last {
        Some(last) if last.index < damage.index || last.storage == Storage::Raw => {
            (last.next, last.chain.hash())
        }
        Some(last) => (first_of(context, last).unwrap_or(last.next), last.prev),
        None => end_before(context, inventory, damage.index)
            .unwrap_or_else(|| (damage.from, Chain::genesis(context.manifest.book))),
    }
}

/// Where the journal ends before a segment, when nothing before it was read because a checkpoint covers it.
fn end_before(context: &Context, inventory: &Inventory, index: SegmentIndex) -> Option<(Seq, ChainHash)> {
    let (before, _) = inventory.segments.range(..index).next_back()?;
    match load(context, *before, inventory.storage(*before)?) {
        Ok(Loaded::Events(segment)) => Some((segment.next(), segment.chain.hash())),
        _ => None,
    }
}

fn first_of(context: &Context, last: &LastSegment) -> Option<Seq> {
    let loaded = crate::journal::load::load_bytes(context, last.index, last.storage).ok()?;
    crate::journal::load::opening(&loaded.bytes).map(|open| open.first)
}

/// Writes a segment that begins after a gap, or after a restore, with these events in it: one file that is
/// durable as a whole.
pub(crate) fn write_following(
    context: &Context,
    index: SegmentIndex,
    open: &OpenInfo,
    following: &[truebook_core::event::Record],
) -> Result<Active, FileError> {
    let mut content = open_frame(open);
    let mut chain = Chain::begin(context.manifest.book, index, open.prev);
    let mut seq = open.first;
    for record in following {
        let json = record.encode().map_err(|failed| {
            context.failed("encode an event for", JOURNAL_DIR, std::io::Error::other(failed.to_string()))
        })?;
        chain.add(seq, &json);
        append_event(context, &mut content, (seq, 0), &json);
        seq = seq.next();
    }
    let spare = make(context, index, &content)?;
    let offset = (PAGE_BYTES + content.len()) as u64;
    Ok(Active::resume(spare, offset, chain, seq))
}

/// Appends the frame of an event as it stands in a raw segment.
pub(super) fn append_event(context: &Context, out: &mut Vec<u8>, (seq, behind): (Seq, u32), json: &[u8]) {
    let header = |form| Header { kind: Kind::Event, form, seq, behind };
    match &context.cipher {
        None => frame::append(out, header(Form::Plain), json),
        Some(cipher) => {
            let sealed = cipher.seal(crate::crypt::Purpose::Frame(seq.get()), json);
            frame::append(out, header(Form::Encrypted), &sealed);
        }
    }
}

fn set_damaged_aside(
    context: &Context,
    assessment: &mut Assessment,
    damaged: SegmentIndex,
    last: Option<&LastSegment>,
    now: Utc,
) -> Result<(), FileError> {
    let why = "it is damaged, or follows on damage";
    // From the end, so that a crash in between leaves the damage in front of what is still there.
    for (index, forms) in assessment.inventory.segments.range(damaged..).rev() {
        let kept = last.filter(|last| last.index == *index && last.storage == Storage::Raw);
        for storage in forms {
            let name = segment_name(*index, *storage);
            let moved = match kept {
                Some(last) if *storage == Storage::Raw => cut_down(context, last, &name, why, now)?,
                _ => move_aside(context, &name, why, now)?,
            };
            assessment.report.set_aside.push(moved);
        }
    }
    Ok(())
}

/// Keeps a whole copy of a raw segment aside and leaves only its valid frames in place.
fn cut_down(
    context: &Context,
    last: &LastSegment,
    name: &str,
    why: &str,
    now: Utc,
) -> Result<SetAside, FileError> {
    let whole = read_file(&*context.disk, name, FILE_BYTES_MAX)
        .map_err(|source| context.failed("read", name, source))?;
    let kept = copy_aside(context, name, &whole, now)?;
    let content = valid_content(context, name, last.valid_bytes)?;
    prepare(context, last.index, capacity_for(context, content.len()), &content, Pace::AtOnce)?;
    Ok(SetAside {
        file: context.disk.describe(name),
        kept_in: context.disk.describe(&kept),
        why: why.to_owned(),
    })
}
