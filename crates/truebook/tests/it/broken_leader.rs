//! A commit whose leader panics: those who wait behind it are refused, not left waiting.

use crate::support::{Place, doc, new_book, small};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use truebook::core::doc::Path;
use truebook::disk::{Access, Disk, DiskFile, DiskLock, LockFailure, Medium};
use truebook::{Book, World};

/// The real disk, until it is told to panic at the next write.
struct Panicky(Arc<dyn Disk>, Arc<AtomicBool>);

struct PanickyFile(Arc<dyn DiskFile>, Arc<AtomicBool>);

impl Panicky {
    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(PanickyFile(file, Arc::clone(&self.1)))
    }
}

impl DiskFile for PanickyFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buf)
    }
    fn write_all_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        assert!(!self.1.load(Ordering::SeqCst), "told to panic");
        self.0.write_all_at(offset, data)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }
}

impl Disk for Panicky {
    fn create_new(&self, name: &str, like: Option<&str>) -> io::Result<Arc<dyn DiskFile>> {
        self.0.create_new(name, like).map(|file| self.file(file))
    }
    fn open(&self, name: &str, access: Access) -> io::Result<Arc<dyn DiskFile>> {
        self.0.open(name, access).map(|file| self.file(file))
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.rename(from, to)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        self.0.remove(name)
    }
    fn create_dir(&self, name: &str) -> io::Result<()> {
        self.0.create_dir(name)
    }
    fn sync_dir(&self, name: &str) -> io::Result<()> {
        self.0.sync_dir(name)
    }
    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.0.list(dir)
    }
    fn exists(&self, name: &str) -> io::Result<bool> {
        self.0.exists(name)
    }
    fn lock(&self, name: &str, holder: &[u8]) -> Result<Box<dyn DiskLock>, LockFailure> {
        self.0.lock(name, holder)
    }
    fn resolve(&self, name: &str) -> io::Result<String> {
        self.0.resolve(name)
    }
    fn describe(&self, name: &str) -> String {
        self.0.describe(name)
    }
    fn medium(&self) -> io::Result<Medium> {
        self.0.medium()
    }
}

#[test]
fn p12_a_leader_that_panics_leaves_nobody_waiting_and_stops_the_journal() {
    let place = Place::new();
    let panic_now = Arc::new(AtomicBool::new(false));
    let disk = Arc::new(Panicky(place.world().disk, Arc::clone(&panic_now)));
    let book = Book::create(World { disk, ..place.world() }, &new_book(), small()).unwrap();
    book.set(&Path::parse("a").unwrap(), &doc("1")).unwrap();
    book.upkeep().unwrap();
    panic_now.store(true, Ordering::SeqCst);
    std::thread::scope(|scope| {
        for n in 0..16 {
            let book = book.clone();
            // Either the leader, which panics, or one of those behind it, which are refused.
            let writer = move || book.set(&Path::parse("b").unwrap(), &doc(&n.to_string())).is_err();
            scope.spawn(move || {
                assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(writer)).unwrap_or(true));
            });
        }
    });
    assert!(book.set(&Path::parse("c").unwrap(), &doc("1")).is_err());
    panic_now.store(false, Ordering::SeqCst);
    drop(book);
    assert_eq!(place.open().vars().unwrap().get(&Path::parse("a").unwrap()), Some(&doc("1")));
}
