//! The contract that every target of backups keeps, a directory like an object store.
//!
//! A case gets an empty target and panics where the target breaks its word.

use std::fmt::Debug;
use std::sync::Arc;
use truebook::backup::{Put, Target, TargetError, TargetErrorKind};

const OBJECT_BYTES_MAX: u64 = 64 << 20;
const THREADS: u8 = 8;

/// One promise of the contract.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The promise, as a sentence.
    pub name: &'static str,
    /// Panics if the (empty) target breaks it.
    pub check: fn(&dyn Target),
}

/// Checks every case on a fresh target from `make`.
pub fn run(make: &dyn Fn() -> Arc<dyn Target>) {
    for case in CASES {
        println!("target contract: {}", case.name);
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
    what_was_created_is_read_back,
    creating_leaves_an_object_that_exists_as_it_is,
    creating_the_same_once_more_tells_that_it_exists,
    reading_more_than_the_limit_is_too_large,
    reading_what_is_not_there_is_not_found,
    a_list_is_sorted_and_tells_lengths,
    a_list_shows_what_is_directly_below_the_prefix_and_nothing_else,
    the_list_of_nothing_is_empty,
    removing_takes_the_object_out_of_the_list,
    removing_what_is_not_there_is_no_error,
    a_removed_name_can_be_created_again,
    a_name_may_have_several_directories,
    an_object_may_be_empty,
    a_large_object_comes_back_byte_for_byte,
    of_many_that_create_one_name_at_once_one_does,
    many_names_are_created_at_once,
    a_description_tells_names_apart,
];

fn what_was_created_is_read_back(target: &dyn Target) {
    create(target, "dir/object", b"bytes");
    assert_eq!(get(target, "dir/object"), b"bytes");
}

fn creating_leaves_an_object_that_exists_as_it_is(target: &dyn Target) {
    create(target, "dir/object", b"old");
    assert_eq!(ok(target.put_new("dir/object", b"new, and longer")), Put::Exists);
    assert_eq!(get(target, "dir/object"), b"old");
    assert_eq!(list(target, "dir/"), [("dir/object".to_owned(), 3)]);
}

fn creating_the_same_once_more_tells_that_it_exists(target: &dyn Target) {
    create(target, "dir/object", b"same");
    assert_eq!(ok(target.put_new("dir/object", b"same")), Put::Exists);
}

fn reading_more_than_the_limit_is_too_large(target: &dyn Target) {
    create(target, "dir/object", b"bytes");
    assert_eq!(ok(target.get("dir/object", 5)), b"bytes");
    expect_error(target.get("dir/object", 4), TargetErrorKind::TooLarge);
}

fn reading_what_is_not_there_is_not_found(target: &dyn Target) {
    expect_error(target.get("missing/object", 100), TargetErrorKind::NotFound);
    create(target, "dir/object", b"bytes");
    expect_error(target.get("dir/objec", 100), TargetErrorKind::NotFound);
    expect_error(target.get("dir/object2", 100), TargetErrorKind::NotFound);
}

fn a_list_is_sorted_and_tells_lengths(target: &dyn Target) {
    for (name, bytes) in [("dir/c", "123"), ("dir/a-10", "1"), ("dir/B", ""), ("dir/a-9", "12")] {
        create(target, name, bytes.as_bytes());
    }
    let names = [("dir/B", 0), ("dir/a-10", 1), ("dir/a-9", 2), ("dir/c", 3)];
    assert_eq!(list(target, "dir/"), names.map(|(name, bytes)| (name.to_owned(), bytes)));
}

fn a_list_shows_what_is_directly_below_the_prefix_and_nothing_else(target: &dyn Target) {
    for name in ["dir/object", "dir/inner/deep", "dir2/other", "top"] {
        create(target, name, b"");
    }
    assert_eq!(list(target, "dir/"), [("dir/object".to_owned(), 0)]);
    assert_eq!(list(target, "dir/inner/"), [("dir/inner/deep".to_owned(), 0)]);
    assert_eq!(list(target, ""), [("top".to_owned(), 0)]);
}

fn the_list_of_nothing_is_empty(target: &dyn Target) {
    assert_eq!(list(target, ""), []);
    assert_eq!(list(target, "missing/dir/"), []);
}

fn removing_takes_the_object_out_of_the_list(target: &dyn Target) {
    create(target, "dir/one", b"1");
    create(target, "dir/two", b"2");
    ok(target.remove("dir/one"));
    assert_eq!(list(target, "dir/"), [("dir/two".to_owned(), 1)]);
    expect_error(target.get("dir/one", 100), TargetErrorKind::NotFound);
}

fn removing_what_is_not_there_is_no_error(target: &dyn Target) {
    ok(target.remove("missing/object"));
    create(target, "dir/object", b"bytes");
    ok(target.remove("dir/object"));
    ok(target.remove("dir/object"));
}

fn a_removed_name_can_be_created_again(target: &dyn Target) {
    create(target, "dir/object", b"old");
    ok(target.remove("dir/object"));
    create(target, "dir/object", b"new");
    assert_eq!(get(target, "dir/object"), b"new");
}

fn a_name_may_have_several_directories(target: &dyn Target) {
    create(target, "a/b/c/object-1.seg.zst", b"deep");
    create(target, "a/object-2.json", b"shallow");
    assert_eq!(get(target, "a/b/c/object-1.seg.zst"), b"deep");
    assert_eq!(get(target, "a/object-2.json"), b"shallow");
}

fn an_object_may_be_empty(target: &dyn Target) {
    create(target, "dir/empty", b"");
    assert_eq!(ok(target.get("dir/empty", 0)), b"");
    assert_eq!(ok(target.put_new("dir/empty", b"bytes")), Put::Exists);
}

fn a_large_object_comes_back_byte_for_byte(target: &dyn Target) {
    let mut rng = crate::Rng::new(5);
    let content: Vec<u8> = (0..5 << 17).flat_map(|_| rng.next_u64().to_le_bytes()).collect();
    assert_eq!(content.len(), 5 << 20);
    create(target, "dir/large", &content);
    assert!(get(target, "dir/large") == content, "it came back changed");
}

fn of_many_that_create_one_name_at_once_one_does(target: &dyn Target) {
    let puts = at_once(|thread| ok(target.put_new("dir/object", &[thread; 4096])));
    let created: Vec<u8> =
        (0..).zip(puts).filter(|(_, put)| *put == Put::Created).map(|(at, _)| at).collect();
    let [winner] = created[..] else { panic!("{} were told that they created it", created.len()) };
    assert_eq!(get(target, "dir/object"), [winner; 4096], "what is there is not the winner's");
}

fn many_names_are_created_at_once(target: &dyn Target) {
    let puts = at_once(|thread| ok(target.put_new(&format!("dir/{thread}"), &[thread])));
    assert!(puts.iter().all(|put| *put == Put::Created));
    assert_eq!(list(target, "dir/").len(), usize::from(THREADS));
}

fn a_description_tells_names_apart(target: &dyn Target) {
    assert!(target.describe("dir/object").contains("dir/object"));
    assert_ne!(target.describe("a"), target.describe("b"));
    assert!(!target.describe("").is_empty());
}

// ----- words the cases are told in -----

fn ok<T, E: Debug>(outcome: Result<T, E>) -> T {
    outcome.unwrap_or_else(|error| panic!("this should have worked: {error:?}"))
}

fn expect_error<T>(outcome: Result<T, TargetError>, kind: TargetErrorKind) {
    match outcome {
        Ok(_) => panic!("this should have failed with {kind:?}"),
        Err(error) => assert_eq!(error.kind, kind, "{error}"),
    }
}

fn create(target: &dyn Target, name: &str, content: &[u8]) {
    assert_eq!(ok(target.put_new(name, content)), Put::Created, "{name}");
}

fn get(target: &dyn Target, name: &str) -> Vec<u8> {
    ok(target.get(name, OBJECT_BYTES_MAX))
}

fn list(target: &dyn Target, prefix: &str) -> Vec<(String, u64)> {
    ok(target.list(prefix)).into_iter().map(|entry| (entry.name, entry.bytes)).collect()
}

/// Runs the same in several threads that begin together.
fn at_once<T: Send>(run: impl Fn(u8) -> T + Sync) -> Vec<T> {
    let barrier = std::sync::Barrier::new(usize::from(THREADS));
    std::thread::scope(|scope| {
        let begin = |thread| {
            let (barrier, run) = (&barrier, &run);
            scope.spawn(move || {
                barrier.wait();
                run(thread)
            })
        };
        let threads: Vec<_> = (0..THREADS).map(begin).collect();
        threads.into_iter().map(|thread| ok(thread.join())).collect()
    })
}
