//! A mended segment as a file, and putting it in place of the damaged one: what is displaced goes to `aside/`
//! first, then one rename decides.

use super::join::Joined;
use super::local::{is_unwritten, names};
use super::supply::Piece;
use crate::aside::copy_aside;
use crate::disk::{read_exact_at, read_file};
use crate::error::FileError;
use crate::frame::{self, Form, Header, Kind};
use crate::journal::load::FILE_BYTES_MAX;
use crate::journal::segment::{
    JOURNAL_DIR, SealInfo, SegmentIndex, Storage, build_page, open_frame, seal_frame, segment_name,
};
use crate::journal::{Context, capacity_for, pack};
use crate::recovery::inventory::Inventory;
use crate::recovery::report::SetAside;
use crate::recovery::settle::append_event;
use std::io;
use std::sync::Arc;
use truebook_core::id::Seq;
use truebook_core::time::Utc;

/// A file that takes the place of a damaged one.
pub(super) struct Patch {
    /// Its name.
    pub name: String,
    /// Its content.
    pub bytes: Arc<Vec<u8>>,
    /// Files of the same segment that somebody wrote: they are kept aside.
    pub displaced: Vec<String>,
    /// Those of them that would be read instead: they go.
    pub removed: Vec<String>,
}

/// Makes the file of a mended segment: as it was stored before, sealed if it is gone.
pub(super) fn patch(
    context: &Context,
    inventory: &Inventory,
    joined: &Joined,
    piece: Option<&Piece>,
) -> Result<Patch, FileError> {
    let index = joined.index;
    let stays_raw = inventory.storage(index) == Some(Storage::Raw) && !is_blank_spare(context, index, joined);
    let (storage, bytes) = if stays_raw || !joined.trailing.is_empty() {
        (Storage::Raw, raw(context, joined))
    } else {
        sealed(context, joined, piece)?
    };
    let (name, removed) = names(inventory, index, storage);
    let forms = inventory.segments.get(&index).map_or(&[][..], Vec::as_slice);
    let written = forms.iter().filter(|form| !is_unwritten(context, index, **form));
    let displaced = written.map(|form| segment_name(index, *form)).collect();
    Ok(Patch { name, bytes: Arc::new(bytes), displaced, removed })
}

/// Whether the raw file is one that nobody wrote to: the mended one is sealed then, like one that was gone.
fn is_blank_spare(context: &Context, index: SegmentIndex, joined: &Joined) -> bool {
    joined.trailing.is_empty() && is_unwritten(context, index, Storage::Raw)
}

/// As a writer leaves it.
fn raw(context: &Context, joined: &Joined) -> Vec<u8> {
    let mut content = open_frame(&joined.open);
    let mut seq = joined.open.first;
    for json in &joined.events {
        // Each is a commit of its own: all of them are durable before anything is built on them.
        append_event(context, &mut content, (seq, 0), json);
        seq = seq.next();
    }
    for (seq, behind, json) in &joined.trailing {
        append_event(context, &mut content, (*seq, *behind), json);
    }
    let capacity = capacity_for(context, content.len());
    let mut bytes = build_page(joined.index, &context.manifest, capacity);
    bytes.extend_from_slice(&content);
    assert!(bytes.len() as u64 <= capacity, "a segment holds its header page and content");
    bytes.resize(usize::try_from(capacity).unwrap_or(bytes.len()), 0);
    bytes
}

/// As the archive leaves it; the backup's own file if every event is from there.
fn sealed(
    context: &Context,
    joined: &Joined,
    piece: Option<&Piece>,
) -> Result<(Storage, Vec<u8>), FileError> {
    let same = |piece: &&Piece| piece.open == joined.open && piece.events.len() == joined.events.len();
    if let Some(whole) = piece.filter(same).and_then(|piece| piece.file.clone()) {
        return Ok(whole);
    }
    let mut content = open_frame(&joined.open);
    let mut seq = joined.open.first;
    for json in &joined.events {
        let header = Header { kind: Kind::Event, form: Form::Plain, seq, behind: 0 };
        frame::append(&mut content, header, json);
        seq = seq.next();
    }
    let mut bytes = build_page(joined.index, &context.manifest, capacity_for(context, content.len()));
    bytes.extend_from_slice(&content);
    bytes.extend_from_slice(&seal_frame(&SealInfo { next: seq, chain: joined.chain }));
    pack(context, joined.index, &bytes)
        .map_err(|source| context.failed("compress", &segment_name(joined.index, Storage::Raw), source))
}

/// Puts a mended file in its place. A crash at any moment leaves the damaged file or the mended one, and what
/// was displaced is kept either way.
pub(super) fn put(context: &Context, patch: &Patch, now: Utc) -> Result<Vec<SetAside>, FileError> {
    let mut kept = Vec::new();
    for name in &patch.displaced {
        let whole = read_file(&*context.disk, name, FILE_BYTES_MAX)
            .map_err(|source| context.failed("read", name, source))?;
        let kept_in = copy_aside(context, name, &whole, now)?;
        kept.push(SetAside {
            file: context.disk.describe(name),
            kept_in: context.disk.describe(&kept_in),
            why: "it is damaged; a mended file has taken its place".to_owned(),
        });
    }
    let temporary = format!("{}.tmp", patch.name);
    let written = write_verified(context, &temporary, &patch.bytes);
    if let Err(failed) = written.and_then(|()| context.put_in_place(&temporary, &patch.name)) {
        // What counts is the failure; the left-over is removed when it is made again.
        let _ = context.remove_if_there(&temporary);
        return Err(failed);
    }
    for name in &patch.removed {
        context.remove_if_there(name)?;
    }
    context.sync_dir(JOURNAL_DIR)?;
    Ok(kept)
}

fn write_verified(context: &Context, temporary: &str, bytes: &[u8]) -> Result<(), FileError> {
    let failed = |what: &str, source| context.failed(what, temporary, source);
    let file = context.create_fresh(temporary)?;
    file.write_all_at(0, bytes).map_err(|source| failed("write", source))?;
    file.sync_data().map_err(|source| failed("sync", source))?;
    let back =
        read_exact_at(&*file, 0, bytes.len() as u64 + 1).map_err(|source| failed("read back", source))?;
    if back == bytes {
        Ok(())
    } else {
        let what = "it does not read back as it was written";
        Err(failed("verify", io::Error::new(io::ErrorKind::InvalidData, what)))
    }
}

/// The time of a joined segment's last event.
pub(super) fn last_written(joined: &Joined) -> Option<(Seq, Utc)> {
    let record = truebook_core::event::Record::decode(joined.events.last()?).ok()?;
    Some((Seq::new(joined.next().get() - 1), record.at))
}
