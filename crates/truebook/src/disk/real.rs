//! The disk of the machine.
//!
//! Written for Linux, where it is tested; macOS and Windows differ in the `platform` module only.

use super::{Access, Disk, DiskFile, DiskLock, LockFailure, Medium};
use std::collections::BTreeSet;
use std::fs::{self, DirEntry, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much of a lock file is read to tell who holds it; ours have a few hundred bytes.
const HOLDER_BYTES_MAX: usize = 4096;

/// A directory of the machine's file system.
///
/// Names are relative to the root; an absolute name is taken as it is, so that a readable copy of the
/// state may lie elsewhere.
#[derive(Clone, Debug)]
pub struct RealDisk {
    root: PathBuf,
}

impl RealDisk {
    /// A disk whose names are relative to `root`, which need not exist yet (see [`Disk::create_dir`]).
    pub fn new(root: impl Into<PathBuf>) -> RealDisk {
        let root = root.into();
        let is_empty = root.as_os_str().is_empty();
        RealDisk { root: if is_empty { PathBuf::from(".") } else { root } }
    }

    /// The directory that names are relative to.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.root.clone() } else { self.root.join(name) }
    }
}

impl Disk for RealDisk {
    fn create_new(&self, name: &str, like: Option<&str>) -> io::Result<Arc<dyn DiskFile>> {
        let path = self.path(name);
        let file = platform::private_file().read(true).write(true).create_new(true).open(&path)?;
        if let Err(error) = self.copy_mode(&file, like) {
            // Nobody has seen the file yet; left behind it would only be in the way of the next attempt.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(access == Access::ReadWrite).open(self.path(name))?;
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(Arc::new(RealFile(file)))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn create_dir(&self, name: &str) -> io::Result<()> {
        create_dir_durably(&self.path(name))
    }

    fn sync_dir(&self, name: &str) -> io::Result<()> {
        platform::sync_dir(&self.path(name))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path(dir))? {
            names.extend(file_name(&entry?)?);
        }
        names.sort_unstable();
        Ok(names)
    }

    fn exists(&self, name: &str) -> io::Result<bool> {
        is_file(&self.path(name))
    }

    fn lock(&self, name: &str, holder: &[u8]) -> Result<Box<dyn DiskLock>, LockFailure> {
        let lock = RealLock::take(&self.path(name))?;
        lock.write_holder(holder).map_err(LockFailure::Io)?;
        Ok(Box::new(lock))
    }

    fn resolve(&self, name: &str) -> io::Result<String> {
        match fs::symlink_metadata(self.path(name)) {
            Ok(metadata) if metadata.is_symlink() => self.link_target(name),
            Ok(_) => Ok(name.to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(name.to_owned()),
            Err(error) => Err(error),
        }
    }

    fn describe(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn medium(&self) -> io::Result<Medium> {
        platform::medium(existing_ancestor(&self.root))
    }
}

impl RealDisk {
    /// Gives `file` the permission bits of the file called `like`, if there is one.
    fn copy_mode(&self, file: &File, like: Option<&str>) -> io::Result<()> {
        let Some(like) = like else { return Ok(()) };
        match fs::metadata(self.path(like)) {
            Ok(metadata) => file.set_permissions(metadata.permissions()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Where a symbolic link points to, as a name. The target need not exist.
    fn link_target(&self, name: &str) -> io::Result<String> {
        let target = fs::read_link(self.path(name))?;
        let beside = Path::new(super::parent(name)).join(target);
        match beside.to_str() {
            Some(text) => Ok(text.replace(std::path::MAIN_SEPARATOR, "/")),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "the link's target is not valid UTF-8")),
        }
    }
}

/// Creates the missing directories from the top down, each made durable in its parent.
///
/// The caller cannot do the latter for a root whose ancestors were missing too: they have no name on this
/// disk. Losing them would lose the whole book.
fn create_dir_durably(path: &Path) -> io::Result<()> {
    let above = directory_of(path);
    if path.is_dir() {
        // Whoever created it may have died before its name was durable.
        return match platform::sync_dir(above) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            outcome => outcome,
        };
    }
    create_dir_durably(above)?;
    match platform::create_private_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        // A file stands in the way: "exists already" would be no help.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(io::ErrorKind::NotADirectory.into())
        }
        Err(error) => Err(error),
        Ok(()) => platform::sync_dir(above),
    }
}

/// The directory that holds `path`; for a bare relative name that is the current one.
fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(above) if above.as_os_str().is_empty() => Path::new("."),
        Some(above) => above,
        None => path,
    }
}

/// The nearest directory upward that exists: what would hold `path` if it were created.
fn existing_ancestor(path: &Path) -> &Path {
    path.ancestors().find(|ancestor| ancestor.exists()).unwrap_or(Path::new("."))
}

/// The entry's name if it is a file, or a link to one.
fn file_name(entry: &DirEntry) -> io::Result<Option<String>> {
    let kind = entry.file_type()?;
    let counts = kind.is_file() || (kind.is_symlink() && is_file(&entry.path())?);
    // A name that is not UTF-8 cannot be one of ours, and could not be opened through this interface.
    Ok(if counts { entry.file_name().into_string().ok() } else { None })
}

fn is_file(path: &Path) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(metadata.is_file()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[derive(Debug)]
struct RealFile(File);

impl DiskFile for RealFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match platform::read_at(&self.0, offset, buf) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                outcome => return outcome,
            }
        }
    }

    fn write_all_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        platform::write_all_at(&self.0, offset, data)
    }

    fn sync_data(&self) -> io::Result<()> {
        // fdatasync on Linux, which includes a changed length. On macOS the standard library calls
        // fcntl(F_FULLFSYNC), without which the drive's own cache is not flushed; on Windows
        // FlushFileBuffers. Interrupted calls are repeated there, other failures never.
        self.0.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

/// A held lock. The fields are dropped in this order: the system's lock first, then our own record of it.
///
/// The lock is released by closing the file, never by unlocking it: a forked child shares the lock, and
/// unlocking there would take it from the parent.
#[derive(Debug)]
struct RealLock {
    file: File,
    _registered: Registered,
}

impl RealLock {
    fn take(path: &Path) -> Result<RealLock, LockFailure> {
        // Not truncated here: until the lock is ours, the bytes are somebody else's.
        let mut options = platform::private_file();
        let opened = options.read(true).write(true).create(true).truncate(false).open(path);
        let file = opened.map_err(LockFailure::Io)?;
        let whole_path = path.canonicalize().map_err(LockFailure::Io)?;
        let Some(registered) = Registered::insert(whole_path) else {
            return Err(held_by_another(&file));
        };
        match file.try_lock() {
            Ok(()) => Ok(RealLock { file, _registered: registered }),
            Err(TryLockError::WouldBlock) => Err(held_by_another(&file)),
            Err(TryLockError::Error(error)) => Err(LockFailure::Io(error)),
        }
    }

    /// Overwrites, then cuts: on a full disk this needs no new block, and a full disk must not keep a
    /// book from being opened.
    fn write_holder(&self, holder: &[u8]) -> io::Result<()> {
        platform::write_all_at(&self.file, 0, holder)?;
        self.file.set_len(holder.len() as u64)
    }
}

impl DiskLock for RealLock {}

/// The refusal, with whatever the holder has written. On Windows a locked file cannot be read; who holds
/// it stays unknown there.
fn held_by_another(file: &File) -> LockFailure {
    let mut bytes = vec![0; HOLDER_BYTES_MAX];
    let length = platform::read_at(file, 0, &mut bytes).unwrap_or(0);
    bytes.truncate(length);
    LockFailure::Held(bytes)
}

/// Lock files held by this process. Some systems lock for the process, and would let it lock twice.
static HELD_HERE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn held_here() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    // Insert and remove leave the set whole even if a panic comes between.
    HELD_HERE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An entry in [`HELD_HERE`], gone when this is dropped.
#[derive(Debug)]
struct Registered(PathBuf);

impl Registered {
    /// `None` if the path is there already.
    fn insert(path: PathBuf) -> Option<Registered> {
        let is_new = held_here().insert(path.clone());
        // Not `then_some`: a value made and thrown away would remove the holder's entry.
        is_new.then(|| Registered(path))
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        held_here().remove(&self.0);
    }
}

#[cfg(unix)]
mod platform {
    use super::{File, OpenOptions, Path, fs, io};
    use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};

    #[cfg(target_os = "linux")]
    pub(super) use super::linux::medium;
    #[cfg(not(target_os = "linux"))]
    pub(super) use super::local_medium as medium;

    /// Options that create files for their owner only.
    pub(super) fn private_file() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.mode(0o600);
        options
    }

    pub(super) fn create_private_dir(path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().mode(0o700).create(path)
    }

    pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
        let dir = File::open(path)?;
        if !dir.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        dir.sync_all()
    }

    pub(super) fn read_at(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        file.read_at(buf, offset)
    }

    /// Goes on after short and interrupted writes; a write of no bytes is an error.
    pub(super) fn write_all_at(file: &File, offset: u64, data: &[u8]) -> io::Result<()> {
        file.write_all_at(data, offset)
    }
}

/// Untested. Files inherit the directory's access list, there are no mode bits.
#[cfg(windows)]
mod platform {
    use super::{File, OpenOptions, Path, fs, io};
    use std::os::windows::fs::FileExt;

    pub(super) use super::local_medium as medium;

    pub(super) fn private_file() -> OpenOptions {
        OpenOptions::new()
    }

    pub(super) fn create_private_dir(path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    /// Windows has no call that flushes a directory. Nothing in truebook depends on a rename being
    /// durable; a missing directory is still an error.
    pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
        if fs::metadata(path)?.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
    }

    pub(super) fn read_at(file: &File, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        match file.seek_read(buf, offset) {
            // Reading past the end is no error elsewhere.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            outcome => outcome,
        }
    }

    pub(super) fn write_all_at(file: &File, mut offset: u64, mut data: &[u8]) -> io::Result<()> {
        while !data.is_empty() {
            match file.seek_write(data, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    offset += written as u64;
                    data = &data[written..];
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Untested: outside Linux the file system is not asked, so a network drive is not recognised.
#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "the Linux twin can fail")]
fn local_medium(_path: &Path) -> io::Result<Medium> {
    Ok(Medium::Local)
}

#[cfg(target_os = "linux")]
mod linux {
    use super::{Medium, Path, io};

    /// Type numbers of file systems whose locks and syncs another machine answers for
    /// (`linux/magic.h`, and statfs(2) for those outside the kernel's tree).
    ///
    /// FUSE is not among them: sshfs and a local NTFS driver have the same number there.
    const NETWORK: &[(i64, &str)] = &[
        (0x6969, "nfs"),
        (0x517B, "smb"),
        (0xFF53_4D42, "cifs"),
        (0xFE53_4D42, "smb2"),
        (0x564C, "ncp"),
        (0x0102_1997, "9p"),
        (0x5346_414F, "afs"),
        (0x6B41_4653, "afs"),
        (0x7375_7245, "coda"),
        (0x00C3_6400, "ceph"),
        (0x0116_1970, "gfs2"),
        (0x7461_636F, "ocfs2"),
        (0x0BD0_0BD0, "lustre"),
        (0x4750_4653, "gpfs"),
        (0x1983_0326, "beegfs"),
        (0x2003_0528, "orangefs"),
        (0xAAD7_AAEA, "panfs"),
        (0x786F_4256, "vboxsf"),
        (0xBACB_ACBC, "vmhgfs"),
    ];

    /// Type numbers of file systems that live in memory.
    const MEMORY: &[(i64, &str)] = &[(0x0102_1994, "tmpfs"), (0x8584_58F6, "ramfs")];

    pub(super) fn medium(path: &Path) -> io::Result<Medium> {
        Ok(classify(type_number(path)?))
    }

    #[allow(clippy::useless_conversion, reason = "the field is narrower, or unsigned, on other processors")]
    fn type_number(path: &Path) -> io::Result<i64> {
        let found = rustix::fs::statfs(path)?;
        // Numbers have 32 bits; where the field has no more, the high ones come out negative.
        Ok(i64::from(found.f_type) & 0xFFFF_FFFF)
    }

    fn classify(number: i64) -> Medium {
        if let Some(name) = name_in(MEMORY, number) {
            return Medium::Memory(name);
        }
        name_in(NETWORK, number).map_or(Medium::Local, Medium::Network)
    }

    fn name_in(table: &[(i64, &str)], number: i64) -> Option<String> {
        table.iter().find(|(known, _)| *known == number).map(|(_, name)| (*name).to_owned())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn known_type_numbers_are_told_apart() {
            assert_eq!(classify(0x6969), Medium::Network("nfs".into()));
            assert_eq!(classify(0x0102_1994), Medium::Memory("tmpfs".into()));
            assert_eq!(classify(0xEF53), Medium::Local, "ext4");
        }

        #[test]
        fn shared_memory_is_recognised_where_it_is_mounted() {
            let path = Path::new("/dev/shm");
            if path.is_dir() {
                assert_eq!(medium(path).unwrap(), Medium::Memory("tmpfs".into()));
            }
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn disk() -> (tempfile::TempDir, RealDisk) {
        let dir = tempfile::tempdir().unwrap();
        let disk = RealDisk::new(dir.path());
        (dir, disk)
    }

    #[test]
    fn a_relative_link_is_resolved_against_its_own_directory() {
        let (dir, disk) = disk();
        disk.create_dir("shown").unwrap();
        symlink("../kept/state.json", dir.path().join("shown/state.json")).unwrap();
        assert_eq!(disk.resolve("shown/state.json").unwrap(), "shown/../kept/state.json");
    }

    #[test]
    fn an_absolute_link_is_resolved_to_an_absolute_name_even_if_it_dangles() {
        let (dir, disk) = disk();
        symlink("/nowhere/state.json", dir.path().join("state.json")).unwrap();
        assert_eq!(disk.resolve("state.json").unwrap(), "/nowhere/state.json");
        assert!(!disk.exists("state.json").unwrap());
    }

    #[test]
    fn replacing_a_link_keeps_the_link() {
        let (dir, disk) = disk();
        symlink("target.json", dir.path().join("link.json")).unwrap();
        crate::disk::replace_file(&disk, "link.json", b"new").unwrap();
        assert!(fs::symlink_metadata(dir.path().join("link.json")).unwrap().is_symlink());
        assert_eq!(fs::read(dir.path().join("target.json")).unwrap(), b"new");
    }

    #[test]
    fn links_to_files_are_listed_and_links_to_nothing_or_to_directories_are_not() {
        let (dir, disk) = disk();
        disk.create_new("file", None).unwrap();
        disk.create_dir("folder").unwrap();
        symlink("file", dir.path().join("a")).unwrap();
        symlink("nothing", dir.path().join("b")).unwrap();
        symlink("folder", dir.path().join("c")).unwrap();
        assert_eq!(disk.list("").unwrap(), ["a", "file"]);
    }

    #[test]
    fn one_process_cannot_lock_a_file_twice_under_two_names() {
        let (dir, disk) = disk();
        let _held = disk.lock("LOCK", b"first").unwrap();
        let detour = RealDisk::new(dir.path().join("."));
        let refusal = detour.lock("LOCK", b"second").err().unwrap();
        assert!(matches!(refusal, LockFailure::Held(holder) if holder == b"first"));
    }

    #[test]
    fn a_lock_taken_by_another_program_is_respected_and_free_when_it_ends() {
        let (dir, disk) = disk();
        fs::write(dir.path().join("LOCK"), b"stranger").unwrap();
        let stranger = File::open(dir.path().join("LOCK")).unwrap();
        stranger.lock().unwrap();
        let refusal = disk.lock("LOCK", b"second").err().unwrap();
        assert!(matches!(refusal, LockFailure::Held(holder) if holder == b"stranger"));
        drop(stranger);
        assert!(disk.lock("LOCK", b"third").is_ok());
    }

    #[test]
    fn a_refused_lock_does_not_forget_the_holder() {
        let (_dir, disk) = disk();
        let _held = disk.lock("LOCK", b"first").unwrap();
        assert!(disk.lock("LOCK", b"second").is_err());
        assert!(disk.lock("LOCK", b"third").is_err());
    }

    #[test]
    fn a_shorter_holder_leaves_nothing_of_a_longer_one() {
        let (_dir, disk) = disk();
        drop(disk.lock("LOCK", b"a very long holder").unwrap());
        let _held = disk.lock("LOCK", b"short").unwrap();
        let refusal = disk.lock("LOCK", b"other").err().unwrap();
        assert!(matches!(refusal, LockFailure::Held(holder) if holder == b"short"));
    }

    #[test]
    fn a_root_with_missing_ancestors_can_be_created_for_its_owner_only() {
        let (dir, _) = disk();
        let disk = RealDisk::new(dir.path().join("a/b"));
        assert!(disk.medium().is_ok(), "the nearest existing ancestor answers");
        disk.create_dir("").unwrap();
        let mode = fs::metadata(disk.root()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn absolute_names_are_taken_as_they_are() {
        let (dir, disk) = disk();
        let elsewhere = dir.path().join("elsewhere").display().to_string();
        disk.create_new(&elsewhere, None).unwrap();
        assert_eq!(disk.describe(&elsewhere), elsewhere);
        assert!(disk.exists("elsewhere").unwrap());
    }
}
