//! Sealing a full segment: its events and a seal become one zstd frame (encrypted if the book is), which is
//! read back and compared before the raw file goes. What was sealed is never written again.

use super::active::Retired;
use super::context::Context;
use super::load::{self, LoadedBytes};
use super::scan::{End, Scan};
use super::segment::{JOURNAL_DIR, SealInfo, SegmentIndex, Storage, seal_frame, segment_name};
use crate::crypt::Purpose;
use crate::disk::read_file;
use crate::error::FileError;
use std::io;

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
    let LoadedBytes { mut bytes, .. } =
        load::load_bytes(context, retired.index, Storage::Raw).map_err(|fault| failed(&fault.to_string()))?;
    let open = load::opening(&bytes).ok_or_else(|| failed("its opening frame cannot be read"))?;
    let mut scan =
        Scan::new(&bytes, &open, load::begin_chain(context, retired.index, &open), context.cipher.as_deref());
    // Without encryption the frames stay as they are.
    let mut opened = context.cipher.is_some().then(|| bytes[..scan.valid_bytes()].to_vec());
    while let Some(event) = scan.next_event() {
        if let Some(opened) = &mut opened {
            load::append_plain(opened, &bytes, &event);
        }
    }
    let as_written = scan.next_seq() == retired.next && scan.chain().hash() == retired.chain;
    if !as_written {
        return Err(failed("what is read back is not what was written"));
    }
    let valid_bytes = scan.valid_bytes();
    if scan.end() != Some(End::Blank) {
        // Bytes that turned up behind the last event are not sealed, and not destroyed either.
        keep_trailing(context, retired.index, &bytes[valid_bytes..])?;
    }
    let mut plain = opened.unwrap_or_else(|| {
        bytes.truncate(valid_bytes);
        bytes
    });
    plain.extend_from_slice(&seal_frame(&SealInfo { next: retired.next, chain: retired.chain }));
    Ok(plain)
}

fn keep_trailing(context: &Context, index: SegmentIndex, trailing: &[u8]) -> Result<(), FileError> {
    context.create_dir(crate::aside::ASIDE_DIR)?;
    let name = format!("{}/{index}.seg.trailing", crate::aside::ASIDE_DIR);
    crate::disk::replace_file(&*context.disk, &name, trailing).map_err(FileError::from)
}

pub(crate) fn pack(context: &Context, index: SegmentIndex, sealed: &[u8]) -> io::Result<(Storage, Vec<u8>)> {
    let mut compressor = zstd::bulk::Compressor::new(context.options.compression_level)?;
    compressor.include_checksum(true)?;
    compressor.include_contentsize(true)?;
    let compressed = compressor.compress(sealed)?;
    Ok(match &context.cipher {
        None => (Storage::Compressed, compressed),
        Some(cipher) => (Storage::Encrypted, cipher.seal(Purpose::Segment(index.get()), &compressed)),
    })
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
