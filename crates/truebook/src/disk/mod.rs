//! The disk seam: everything truebook asks of storage, in a few methods.
//!
//! The real implementation is [`RealDisk`]; `truebook-sim` holds a simulated twin that loses what was not
//! synced. One contract suite runs on both. Durability of directory entries is part of the trait
//! ([`Disk::sync_dir`]), because a rename that nobody synced is a rename that may not have happened.
//!
//! Names are relative to the root of the disk and use `/`, for example `journal/00000001.seg`. The root
//! directory itself is the empty name.

mod below;
mod real;
mod replace;
mod told;

pub use below::Below;
pub use real::RealDisk;
pub use replace::{ReplaceError, is_temporary, replace_file};
pub use told::Told;

use std::io;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

/// What a caller wants to do with an existing file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only; works beside a writer.
    Read,
    /// Reads and writes.
    ReadWrite,
}

/// Where the bytes really are, as far as the operating system tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A local file system; locks and syncs mean what they say.
    Local,
    /// Memory (tmpfs, ramfs): gone at power loss. The name is the file system's.
    Memory(String),
    /// A network file system: neither locks nor syncs can be trusted. The name is the file system's.
    Network(String),
}

/// A directory tree with files: the only way truebook touches storage.
///
/// Every method returns the operating system's error as it is; callers add which operation on which
/// object failed.
pub trait Disk: Send + Sync + 'static {
    /// Creates a file that must not exist yet (`O_EXCL`), readable and writable by its owner only (0600),
    /// or with the mode of `like` if that file exists. Neither the file nor its name is durable before
    /// the file and its directory are synced.
    fn create_new(&self, name: &str, like: Option<&str>) -> io::Result<Arc<dyn DiskFile>>;

    /// Opens an existing file.
    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>>;

    /// Renames a file over whatever has the new name. Durable only after [`Disk::sync_dir`] of the
    /// directory (both directories, if they differ).
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file. Durable only after [`Disk::sync_dir`].
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Creates a directory (and its parents) if it is missing; it is no error if it exists.
    fn create_dir(&self, name: &str) -> io::Result<()>;

    /// Makes the entries of a directory durable: names created, renamed and removed before the call.
    fn sync_dir(&self, name: &str) -> io::Result<()>;

    /// Names of the files (not directories) directly in a directory, without the directory, sorted.
    /// A missing directory is [`io::ErrorKind::NotFound`].
    fn list(&self, dir: &str) -> io::Result<Vec<String>>;

    /// Whether a file of this name exists.
    fn exists(&self, name: &str) -> io::Result<bool>;

    /// Takes the exclusive lock on a file, creating it if it is missing, and writes `holder` into it.
    /// The lock file is never renamed or removed. Never blocks.
    fn lock(&self, name: &str, holder: &[u8]) -> Result<Box<dyn DiskLock>, LockFailure>;

    /// The name a write really goes to: a symbolic link is resolved, once.
    fn resolve(&self, name: &str) -> io::Result<String>;

    /// What people are shown for a name: the whole path.
    fn describe(&self, name: &str) -> String;

    /// What kind of file system holds the root.
    fn medium(&self) -> io::Result<Medium>;
}

/// An open file. Offsets and lengths are in bytes. All methods take `&self`: positions are explicit.
pub trait DiskFile: Send + Sync {
    /// Reads into `buf` from `offset`; returns how many bytes were read, 0 at the end of the file.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Writes all of `data` at `offset`, growing the file if need be. Not durable before a sync.
    fn write_all_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Makes the written bytes (and a changed length) durable: `fdatasync`, or `F_FULLFSYNC` on macOS.
    fn sync_data(&self) -> io::Result<()>;

    /// Length of the file in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
}

/// An exclusive lock, held until it is dropped (or its process dies).
pub trait DiskLock: Send + Sync {}

/// Why a lock was not obtained.
#[derive(Debug)]
pub enum LockFailure {
    /// Somebody else holds it; these are the bytes the holder wrote.
    Held(Vec<u8>),
    /// The lock file could not be used at all.
    Io(io::Error),
}

/// Reads a whole file of at most `bytes_max` bytes.
///
/// A longer file is an [`io::ErrorKind::FileTooLarge`] error, so that a wrong file never fills memory.
pub fn read_file(disk: &dyn Disk, name: &str, bytes_max: u64) -> io::Result<Vec<u8>> {
    let (file, length) = open_limited(disk, name, bytes_max)?;
    read_exact_at(&*file, 0, length)
}

/// Opens a file of at most `bytes_max` bytes for reading, and tells its length. Too long a file is the same
/// error as for [`read_file`].
pub fn open_limited(disk: &dyn Disk, name: &str, bytes_max: u64) -> io::Result<(Arc<dyn DiskFile>, u64)> {
    let file = disk.open(name, Access::Read)?;
    let length = file.len()?;
    if length > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("the file has {length} bytes, the limit is {bytes_max}"),
        ));
    }
    Ok((file, length))
}

/// Reads `length` bytes from `offset`, fewer only if the file ends before.
pub fn read_exact_at(file: &dyn DiskFile, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    let wanted = usize::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; wanted];
    let filled = fill(file, offset, &mut bytes)?;
    bytes.truncate(filled);
    Ok(bytes)
}

/// Reads a range piece by piece and hands each piece to `take` until it breaks or the file
/// ends. The pieces share one buffer: fresh memory for the whole costs more than reading it.
pub fn read_pieces(
    file: &dyn DiskFile,
    range: Range<u64>,
    piece_bytes: usize,
    mut take: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<()> {
    assert!(piece_bytes > 0, "a piece has bytes");
    let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    let mut buffer = vec![0; piece_bytes.min(length)];
    let mut offset = range.start;
    while offset < range.end {
        let wanted = usize::try_from(range.end - offset).unwrap_or(usize::MAX).min(buffer.len());
        let filled = fill(file, offset, &mut buffer[..wanted])?;
        if filled == 0 || take(&buffer[..filled]).is_break() {
            break;
        }
        offset += filled as u64;
    }
    Ok(())
}

/// Fills `buf` from `offset`, less of it only if the file ends before; returns how much.
fn fill(file: &dyn DiskFile, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buf.len() {
        let got = file.read_at(offset + filled as u64, &mut buf[filled..])?;
        if got == 0 {
            break;
        }
        filled += got;
    }
    Ok(filled)
}

/// The directory part of a name: `journal/00000001.seg` is in `journal`, `LOCK` in the root (empty).
pub fn parent(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(dir, _)| if dir.is_empty() { "/" } else { dir })
}
