//! Books in temporary directories.

use std::path::{Path, PathBuf};
use truebook::book::{CheckpointSchedule, NewBook, OpenOptions, Upkeep};
use truebook::core::doc::{Doc, Limits};
use truebook::core::id::{AccountName, BookName, VenueName};
use truebook::core::identity::Mode;
use truebook::journal::JournalOptions;
use truebook::{Book, World};

pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    pub(crate) fn world(&self) -> World {
        World::real(self.path())
    }

    pub(crate) fn create(&self) -> Book {
        Book::create(self.world(), &new_book(), small()).unwrap()
    }

    pub(crate) fn open(&self) -> Book {
        Book::open(self.world(), small()).unwrap()
    }

    pub(crate) fn copy(&self) -> Self {
        let copy = Self::new();
        copy_tree(self.path(), copy.path());
        copy
    }
}

fn copy_tree(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

pub(crate) fn new_book() -> NewBook {
    NewBook {
        name: BookName::new("test").unwrap(),
        venue: VenueName::new("paper").unwrap(),
        account: AccountName::new("P1").unwrap(),
        mode: Mode::Paper,
        settings: doc("{}"),
        key: None,
        readable: None,
        installation: None,
    }
}

/// Small segments and inline upkeep: everything happens soon and in order.
pub(crate) fn small() -> OpenOptions {
    OpenOptions {
        journal: JournalOptions { segment_bytes: 16 * 1024, compression_level: 3 },
        upkeep: Upkeep::Inline,
        checkpoints: CheckpointSchedule { events: 1000, ..CheckpointSchedule::default() },
        ..OpenOptions::default()
    }
}

pub(crate) fn doc(text: &str) -> Doc {
    Doc::parse(text, Limits::default()).unwrap()
}
