//! Sealing a full segment: its events and a seal become one zstd frame (encrypted if the book is), which is
//! read back and compared before the raw file goes. What was sealed is never written again.

use super::active::Retired;
use super::context::Context;
use super::cut::cut;
use super::load::{self, Fault, LoadedBytes};
use super::scan::End;
use super::segment::{JOURNAL_DIR, SegmentIndex, Storage, segment_name};
use crate::crypt::Purpose;
use crate::disk::read_file;
use crate::error::FileError;
use std::io;
use truebook_core::id::Seq;

/// Seals one segment. Doing it twice, or after a crash in between, comes to the same.
pub fn archive(context: &Context, retired: Retired) -> Result<(), FileError> {
    let raw_name = segment_name(retired.index, Storage::Raw);
    let sealed = sealed_bytes(context, retired, &raw_name)?;
    let (storage, stored) = pack(context, retired.index, &sealed)
        .map_err(|source| context.failed("compress", &raw_name, source))?;
    let name = segment_name(retired.index, storage);
    let temporary = format!("{name}.tmp");
    let written = write_verified(context, retired.index, storage, &temporary, &stored, &sealed);
    if let Err(failed) = written.and_then(|()| context.put_in_place(&temporary, &name)) {
        // What counts is the failure; the left-over is removed at the next try or the next start.
        let _ = context.remove_if_there(&temporary);
        return Err(failed);
    }
    context.remove_if_there(&raw_name)?;
    context.sync_dir(JOURNAL_DIR)
}

/// Header page, events and seal, checked against what the writer remembers.
fn sealed_bytes(context: &Context, retired: Retired, raw_name: &str) -> Result<Vec<u8>, FileError> {
    let failed =
        |what: &str| context.failed("seal", raw_name, io::Error::new(io::ErrorKind::InvalidData, what));
    let bad = |fault: Fault| failed(&fault.to_string());
    let LoadedBytes { bytes } = load::load_bytes(context, retired.index, Storage::Raw).map_err(bad)?;
    let cut = cut(context, retired.index, Storage::Raw, &bytes, Seq::MAX).map_err(bad)?;
    let cut = cut.ok_or_else(|| failed("it holds no event"))?;
    if cut.next != retired.next || cut.chain != retired.chain {
        return Err(failed("what is read back is not what was written"));
    }
    if cut.end != Some(End::Blank) {
        // Bytes that turned up behind the last event are not sealed, and not destroyed either.
        keep_trailing(context, retired.index, &bytes[cut.valid_bytes..])?;
    }
    Ok(cut.sealed)
}

fn keep_trailing(context: &Context, index: SegmentIndex, trailing: &[u8]) -> Result<(), FileError> {
    context.create_dir(crate::aside::ASIDE_DIR)?;
    let name = format!("{}/{index}.seg.trailing", crate::aside::ASIDE_DIR);
    crate::disk::replace_file(&*context.disk, &name, trailing).map_err(FileError::from)
}

pub(crate) fn pack(context: &Context, index: SegmentIndex, sealed: &[u8]) -> io::Result<(Storage, Vec<u8>)> {
    pack_at(context, context.options.compression_level, index, sealed)
}

/// Packs a sealed segment as it is stored, at a zstd level of the caller's.
pub(crate) fn pack_at(
    context: &Context,
    level: i32,
    index: SegmentIndex,
    sealed: &[u8],
) -> io::Result<(Storage, Vec<u8>)> {
    let compressed = compress(sealed, level)?;
    Ok(match &context.cipher {
        None => (Storage::Compressed, compressed),
        Some(cipher) => (Storage::Encrypted, cipher.seal(Purpose::Segment(index.get()), &compressed)),
    })
}

/// Compresses to one zstd frame with content size and check sum.
pub(crate) fn compress(content: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let mut compressor = zstd::bulk::Compressor::new(level)?;
    compressor.include_checksum(true)?;
    compressor.include_contentsize(true)?;
    compressor.compress(content)
}

fn write_verified(
    context: &Context,
    index: SegmentIndex,
    storage: Storage,
    temporary: &str,
    stored: &[u8],
    sealed: &[u8],
) -> Result<(), FileError> {
    let failed = |what: &str, source| context.failed(what, temporary, source);
    let file = context.create_fresh(temporary)?;
    file.write_all_at(0, stored).map_err(|source| failed("write", source))?;
    if !crate::planted::is(crate::planted::Bug::RenameBeforeSync) {
        file.sync_data().map_err(|source| failed("sync", source))?;
    }
    let back = read_file(&*context.disk, temporary, load::FILE_BYTES_MAX)
        .map_err(|source| failed("read back", source))?;
    let unpacked = load::unpack(context, index, storage, back).map_err(|problem| {
        failed("verify", io::Error::new(io::ErrorKind::InvalidData, problem.to_string()))
    })?;
    if unpacked != sealed {
        return Err(failed(
            "verify",
            io::Error::new(io::ErrorKind::InvalidData, "it does not unpack to what was packed"),
        ));
    }
    Ok(())
}
