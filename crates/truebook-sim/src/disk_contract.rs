//! The contract that every disk keeps, the simulated one like the real one.
//!
//! A case gets an empty disk and panics where the disk breaks its word.

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use truebook::disk::{Access, Disk, DiskFile, DiskLock, LockFailure, read_file, replace_file};

const FILE_BYTES_MAX: u64 = 1 << 20;

/// One promise of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The promise, as a sentence.
    pub name: &'static str,
    /// Panics if the (empty) disk breaks it.
    pub check: fn(&dyn Disk),
}

/// Checks every case on a fresh disk from `make`.
pub fn run(make: &dyn Fn() -> Arc<dyn Disk>) {
    for case in CASES {
        println!("disk contract: {}", case.name);
        (case.check)(&*make());
    }
}

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        /// The whole contract.
        pub const CASES: &[Case] = &[$(Case { name: stringify!($name), check: $name }),*];
    };
}

cases![
    creating_refuses_an_existing_file,
    creating_in_a_missing_directory_is_not_found,
    a_new_file_is_empty_readable_and_writable,
    a_new_file_is_for_its_owner_only,
    a_new_file_takes_the_mode_of_the_one_it_is_like,
    a_missing_file_to_be_like_is_no_error,
    opening_a_missing_file_is_not_found,
    opening_a_directory_is_an_error,
    a_reader_sees_what_a_writer_wrote,
    a_read_handle_refuses_to_write,
    reading_at_and_past_the_end_gives_nothing,
    reading_across_the_end_is_short,
    writing_beyond_the_end_fills_with_zeros,
    overwriting_keeps_what_lies_around,
    writing_nothing_changes_nothing,
    a_file_over_the_limit_is_not_read,
    renaming_replaces_the_target,
    renaming_keeps_open_handles_working,
    renaming_into_another_directory_moves,
    renaming_a_missing_file_is_not_found,
    removing_takes_the_name_away,
    removing_a_missing_file_is_not_found,
    a_removed_name_can_be_created_again,
    creating_a_directory_twice_is_no_error,
    creating_a_directory_creates_its_parents,
    creating_a_directory_over_a_file_is_an_error,
    syncing_existing_directories_works,
    syncing_a_missing_directory_is_an_error,
    listing_is_sorted_and_leaves_directories_out,
    listing_shows_one_level_without_the_directory,
    listing_a_missing_directory_is_not_found,
    a_directory_is_not_a_file_that_exists,
    a_second_lock_is_refused_and_told_the_holder,
    a_lock_is_free_after_it_is_dropped,
    what_a_dead_holder_left_is_no_lock_and_is_replaced,
    a_refused_lock_changes_nothing,
    locks_on_different_files_are_independent,
    a_lock_in_a_missing_directory_is_an_io_failure,
    a_plain_name_resolves_to_itself,
    a_missing_name_resolves_to_itself,
    replacing_creates_a_missing_file,
    replacing_changes_the_content_and_leaves_no_temporary_file,
    replacing_gets_over_a_left_over_temporary_file,
    replacing_keeps_the_mode,
    a_description_tells_names_apart,
    the_medium_is_known,
];

fn creating_refuses_an_existing_file(disk: &dyn Disk) {
    put(disk, "file", b"old");
    expect_error(disk.create_new("file", None), ErrorKind::AlreadyExists);
    assert_eq!(get(disk, "file"), b"old");
}

fn creating_in_a_missing_directory_is_not_found(disk: &dyn Disk) {
    expect_error(disk.create_new("missing/file", None), ErrorKind::NotFound);
}

fn a_new_file_is_empty_readable_and_writable(disk: &dyn Disk) {
    let file = ok(disk.create_new("file", None));
    assert!(ok(file.is_empty()));
    ok(file.write_all_at(0, b"bytes"));
    assert_eq!(read(&*file, 0, 5), b"bytes");
    assert_eq!(ok(file.len()), 5);
}

fn a_new_file_is_for_its_owner_only(disk: &dyn Disk) {
    put(disk, "file", b"");
    if let Some(mode) = mode(disk, "file") {
        assert_eq!(mode, 0o600);
    }
}

fn a_new_file_takes_the_mode_of_the_one_it_is_like(disk: &dyn Disk) {
    put(disk, "model", b"");
    set_mode(disk, "model", 0o640);
    ok(disk.create_new("file", Some("model")));
    assert_eq!(mode(disk, "file"), mode(disk, "model"));
}

fn a_missing_file_to_be_like_is_no_error(disk: &dyn Disk) {
    ok(disk.create_new("file", Some("missing")));
    if let Some(mode) = mode(disk, "file") {
        assert_eq!(mode, 0o600);
    }
}

fn opening_a_missing_file_is_not_found(disk: &dyn Disk) {
    expect_error(disk.open("missing", Access::Read), ErrorKind::NotFound);
    expect_error(disk.open("missing", Access::ReadWrite), ErrorKind::NotFound);
    assert!(!ok(disk.exists("missing")), "opening does not create");
}

fn opening_a_directory_is_an_error(disk: &dyn Disk) {
    ok(disk.create_dir("dir"));
    assert!(disk.open("dir", Access::Read).is_err());
}

fn a_reader_sees_what_a_writer_wrote(disk: &dyn Disk) {
    let writer = ok(disk.create_new("file", None));
    let reader = ok(disk.open("file", Access::Read));
    ok(writer.write_all_at(0, b"seen"));
    assert_eq!(read(&*reader, 0, 4), b"seen", "before the sync");
    ok(writer.sync_data());
    assert_eq!(get(disk, "file"), b"seen");
}

fn a_read_handle_refuses_to_write(disk: &dyn Disk) {
    put(disk, "file", b"old");
    let reader = ok(disk.open("file", Access::Read));
    assert!(reader.write_all_at(0, b"new").is_err());
    assert_eq!(get(disk, "file"), b"old");
}

fn reading_at_and_past_the_end_gives_nothing(disk: &dyn Disk) {
    put(disk, "file", b"bytes");
    let file = ok(disk.open("file", Access::Read));
    assert_eq!(read(&*file, 5, 10), b"");
    assert_eq!(read(&*file, 5000, 10), b"");
}

fn reading_across_the_end_is_short(disk: &dyn Disk) {
    put(disk, "file", b"bytes");
    let file = ok(disk.open("file", Access::Read));
    assert_eq!(read(&*file, 3, 10), b"es");
}

fn writing_beyond_the_end_fills_with_zeros(disk: &dyn Disk) {
    put(disk, "file", b"ab");
    let file = ok(disk.open("file", Access::ReadWrite));
    ok(file.write_all_at(5, b"c"));
    assert_eq!(get(disk, "file"), b"ab\0\0\0c");
}

fn overwriting_keeps_what_lies_around(disk: &dyn Disk) {
    put(disk, "file", b"abcdef");
    let file = ok(disk.open("file", Access::ReadWrite));
    ok(file.write_all_at(2, b"XY"));
    assert_eq!(get(disk, "file"), b"abXYef");
}

fn writing_nothing_changes_nothing(disk: &dyn Disk) {
    put(disk, "file", b"ab");
    let file = ok(disk.open("file", Access::ReadWrite));
    ok(file.write_all_at(10, b""));
    assert_eq!(get(disk, "file"), b"ab");
}

fn a_file_over_the_limit_is_not_read(disk: &dyn Disk) {
    put(disk, "file", b"abc");
    assert_eq!(ok(read_file(disk, "file", 3)), b"abc");
    expect_error(read_file(disk, "file", 2), ErrorKind::FileTooLarge);
}

fn renaming_replaces_the_target(disk: &dyn Disk) {
    put(disk, "from", b"new");
    put(disk, "to", b"old, and longer");
    ok(disk.rename("from", "to"));
    assert_eq!(get(disk, "to"), b"new");
    assert_eq!(names(disk, ""), ["to"]);
}

fn renaming_keeps_open_handles_working(disk: &dyn Disk) {
    let file = ok(disk.create_new("from", None));
    ok(disk.rename("from", "to"));
    ok(file.write_all_at(0, b"after"));
    ok(file.sync_data());
    assert_eq!(get(disk, "to"), b"after");
}

fn renaming_into_another_directory_moves(disk: &dyn Disk) {
    ok(disk.create_dir("dir"));
    put(disk, "file", b"bytes");
    ok(disk.rename("file", "dir/moved"));
    assert_eq!(get(disk, "dir/moved"), b"bytes");
    assert!(!ok(disk.exists("file")));
    expect_error(disk.rename("dir/moved", "missing/file"), ErrorKind::NotFound);
}

fn renaming_a_missing_file_is_not_found(disk: &dyn Disk) {
    put(disk, "to", b"old");
    expect_error(disk.rename("missing", "to"), ErrorKind::NotFound);
    assert_eq!(get(disk, "to"), b"old");
}

fn removing_takes_the_name_away(disk: &dyn Disk) {
    put(disk, "file", b"bytes");
    ok(disk.remove("file"));
    assert!(!ok(disk.exists("file")));
    assert_eq!(names(disk, ""), [""; 0]);
}

fn removing_a_missing_file_is_not_found(disk: &dyn Disk) {
    expect_error(disk.remove("missing"), ErrorKind::NotFound);
}

fn a_removed_name_can_be_created_again(disk: &dyn Disk) {
    put(disk, "file", b"old");
    ok(disk.remove("file"));
    put(disk, "file", b"new");
    assert_eq!(get(disk, "file"), b"new");
}

fn creating_a_directory_twice_is_no_error(disk: &dyn Disk) {
    ok(disk.create_dir("dir"));
    put(disk, "dir/file", b"bytes");
    ok(disk.create_dir("dir"));
    ok(disk.create_dir(""));
    assert_eq!(get(disk, "dir/file"), b"bytes");
}

fn creating_a_directory_creates_its_parents(disk: &dyn Disk) {
    ok(disk.create_dir("a/b/c"));
    put(disk, "a/b/c/file", b"bytes");
    put(disk, "a/file", b"bytes");
    assert_eq!(names(disk, "a/b/c"), ["file"]);
}

fn creating_a_directory_over_a_file_is_an_error(disk: &dyn Disk) {
    put(disk, "file", b"bytes");
    assert!(disk.create_dir("file").is_err());
    assert_eq!(get(disk, "file"), b"bytes");
}

fn syncing_existing_directories_works(disk: &dyn Disk) {
    ok(disk.create_dir("dir"));
    ok(disk.sync_dir("dir"));
    ok(disk.sync_dir(""));
}

fn syncing_a_missing_directory_is_an_error(disk: &dyn Disk) {
    expect_error(disk.sync_dir("missing"), ErrorKind::NotFound);
    put(disk, "file", b"");
    assert!(disk.sync_dir("file").is_err(), "a file is no directory");
}

fn listing_is_sorted_and_leaves_directories_out(disk: &dyn Disk) {
    for name in ["c", "a", "B", "b.tmp"] {
        put(disk, name, b"");
    }
    ok(disk.create_dir("dir"));
    assert_eq!(names(disk, ""), ["B", "a", "b.tmp", "c"]);
}

fn listing_shows_one_level_without_the_directory(disk: &dyn Disk) {
    ok(disk.create_dir("dir/inner"));
    put(disk, "dir/file", b"");
    put(disk, "dir/inner/deep", b"");
    put(disk, "dir.json", b"");
    assert_eq!(names(disk, "dir"), ["file"]);
    assert_eq!(names(disk, ""), ["dir.json"]);
}

fn listing_a_missing_directory_is_not_found(disk: &dyn Disk) {
    expect_error(disk.list("missing"), ErrorKind::NotFound);
}

fn a_directory_is_not_a_file_that_exists(disk: &dyn Disk) {
    ok(disk.create_dir("dir"));
    assert!(!ok(disk.exists("dir")));
    assert!(!ok(disk.exists("dir/missing")));
    assert!(!ok(disk.exists("missing/missing")));
}

fn a_second_lock_is_refused_and_told_the_holder(disk: &dyn Disk) {
    let _held = locked(disk, "LOCK", b"first");
    assert_eq!(refused(disk, "LOCK", b"second"), b"first");
}

fn a_lock_is_free_after_it_is_dropped(disk: &dyn Disk) {
    drop(locked(disk, "LOCK", b"first"));
    let _held = locked(disk, "LOCK", b"second");
    assert_eq!(refused(disk, "LOCK", b"third"), b"second");
}

fn what_a_dead_holder_left_is_no_lock_and_is_replaced(disk: &dyn Disk) {
    put(disk, "LOCK", b"a dead holder with a long name");
    let _held = locked(disk, "LOCK", b"alive");
    assert_eq!(refused(disk, "LOCK", b"second"), b"alive");
}

fn a_refused_lock_changes_nothing(disk: &dyn Disk) {
    let held = locked(disk, "LOCK", b"first");
    assert_eq!(refused(disk, "LOCK", b"second"), b"first");
    assert_eq!(refused(disk, "LOCK", b"third"), b"first");
    drop(held);
    let _held = locked(disk, "LOCK", b"fourth");
}

fn locks_on_different_files_are_independent(disk: &dyn Disk) {
    let _one = locked(disk, "one", b"1");
    let _two = locked(disk, "two", b"2");
    assert_eq!(refused(disk, "one", b"3"), b"1");
}

fn a_lock_in_a_missing_directory_is_an_io_failure(disk: &dyn Disk) {
    match disk.lock("missing/LOCK", b"holder") {
        Err(LockFailure::Io(error)) => assert_eq!(error.kind(), ErrorKind::NotFound),
        Err(LockFailure::Held(_)) => panic!("nobody can hold it"),
        Ok(_) => panic!("there is no such directory"),
    }
}

fn a_plain_name_resolves_to_itself(disk: &dyn Disk) {
    put(disk, "file", b"");
    assert_eq!(ok(disk.resolve("file")), "file");
}

fn a_missing_name_resolves_to_itself(disk: &dyn Disk) {
    assert_eq!(ok(disk.resolve("missing/file")), "missing/file");
}

fn replacing_creates_a_missing_file(disk: &dyn Disk) {
    replace(disk, "file", b"new");
    assert_eq!(get(disk, "file"), b"new");
    assert_eq!(names(disk, ""), ["file"]);
}

fn replacing_changes_the_content_and_leaves_no_temporary_file(disk: &dyn Disk) {
    ok(disk.create_dir("dir"));
    put(disk, "dir/file", b"old, and longer");
    replace(disk, "dir/file", b"new");
    assert_eq!(get(disk, "dir/file"), b"new");
    assert_eq!(names(disk, "dir"), ["file"]);
}

fn replacing_gets_over_a_left_over_temporary_file(disk: &dyn Disk) {
    put(disk, "file.tmp", b"half of a very long conten");
    replace(disk, "file", b"new");
    assert_eq!(get(disk, "file"), b"new");
    assert_eq!(names(disk, ""), ["file"]);
}

fn replacing_keeps_the_mode(disk: &dyn Disk) {
    put(disk, "file", b"old");
    set_mode(disk, "file", 0o644);
    let before = mode(disk, "file");
    replace(disk, "file", b"new");
    assert_eq!(mode(disk, "file"), before);
}

fn a_description_tells_names_apart(disk: &dyn Disk) {
    assert!(disk.describe("journal/1.seg").contains("journal/1.seg"));
    assert_ne!(disk.describe("a"), disk.describe("b"));
}

fn the_medium_is_known(disk: &dyn Disk) {
    // Which one it is depends on where the tests run.
    ok(disk.medium());
}

// ----- words the cases are told in -----

fn ok<T, E: Debug>(outcome: Result<T, E>) -> T {
    outcome.unwrap_or_else(|error| panic!("this should have worked: {error:?}"))
}

fn expect_error<T>(outcome: io::Result<T>, kind: ErrorKind) {
    match outcome {
        Ok(_) => panic!("this should have failed with {kind:?}"),
        Err(error) => assert_eq!(error.kind(), kind, "{error}"),
    }
}

fn put(disk: &dyn Disk, name: &str, bytes: &[u8]) {
    let file = ok(disk.create_new(name, None));
    ok(file.write_all_at(0, bytes));
    ok(file.sync_data());
}

fn get(disk: &dyn Disk, name: &str) -> Vec<u8> {
    ok(read_file(disk, name, FILE_BYTES_MAX))
}

fn read(file: &dyn DiskFile, offset: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let got = ok(file.read_at(offset, &mut bytes));
    bytes.truncate(got);
    bytes
}

fn names(disk: &dyn Disk, dir: &str) -> Vec<String> {
    ok(disk.list(dir))
}

fn replace(disk: &dyn Disk, name: &str, content: &[u8]) {
    ok(replace_file(disk, name, content));
}

fn locked(disk: &dyn Disk, name: &str, holder: &[u8]) -> Box<dyn DiskLock> {
    ok(disk.lock(name, holder))
}

fn refused(disk: &dyn Disk, name: &str, holder: &[u8]) -> Vec<u8> {
    match disk.lock(name, holder) {
        Err(LockFailure::Held(holder)) => holder,
        Err(LockFailure::Io(error)) => panic!("the lock file failed: {error}"),
        Ok(_) => panic!("{name} was locked twice"),
    }
}

/// The permission bits, where the disk is a real one that has them.
#[cfg(unix)]
fn mode(disk: &dyn Disk, name: &str) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = std::fs::metadata(disk.describe(name)).ok()?;
    Some(metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_disk: &dyn Disk, _name: &str) -> Option<u32> {
    None
}

#[cfg(unix)]
fn set_mode(disk: &dyn Disk, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let path = disk.describe(name);
    if std::path::Path::new(&path).exists() {
        ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)));
    }
}

#[cfg(not(unix))]
fn set_mode(_disk: &dyn Disk, _name: &str, _mode: u32) {}
