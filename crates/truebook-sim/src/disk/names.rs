//! Directory entries: as programs see them, as the platter has them, and what lies between.
//!
//! Names are whole paths. Directories are created and never renamed or removed, as truebook does neither.

use super::crash::Fate;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use truebook::disk::parent;

/// A file apart from its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct InodeId(pub(super) u64);

/// Which name leads to which file.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    pub(super) files: BTreeMap<Arc<str>, InodeId>,
    pub(super) dirs: BTreeSet<Arc<str>>,
}

/// A change of directory entries that was not synced yet.
#[derive(Clone, Debug)]
pub(super) enum NameOp {
    Link { name: Arc<str>, inode: InodeId },
    Unlink { name: Arc<str>, inode: InodeId },
    Move { from: Arc<str>, to: Arc<str>, inode: InodeId },
    MakeDir { name: Arc<str> },
}

/// How much of an operation a sync makes durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    Nothing,
    /// Of a rename, the new name; the old one may come back.
    NewName,
    Whole,
}

/// All directories of a disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    view: Tree,
    durable: Tree,
    pending: Vec<NameOp>,
}

impl Tree {
    pub(super) fn has_dir(&self, name: &str) -> bool {
        name.is_empty() || name == "/" || self.dirs.contains(name)
    }

    fn apply(&mut self, op: &NameOp) {
        match op {
            NameOp::Link { name, inode } => {
                self.files.insert(Arc::clone(name), *inode);
            }
            NameOp::Unlink { name, inode } => self.unlink(name, *inode),
            NameOp::Move { from, to, inode } => {
                self.unlink(from, *inode);
                // Inserted even if the file's creation was lost: the rename alone carries it.
                self.files.insert(Arc::clone(to), *inode);
            }
            NameOp::MakeDir { name } => {
                self.dirs.insert(Arc::clone(name));
            }
        }
    }

    /// Removes the name only if it leads to this file: with earlier operations lost, another one may be there.
    fn unlink(&mut self, name: &str, inode: InodeId) {
        if self.files.get(name) == Some(&inode) {
            self.files.remove(name);
        }
    }

    /// Drops whatever lies in a directory that does not exist.
    fn prune(&mut self) {
        let Tree { files, dirs } = self;
        let mut reachable = Tree::default();
        // Sorted, so a directory comes before what lies in it.
        for dir in std::mem::take(dirs) {
            if reachable.has_dir(parent(&dir)) {
                reachable.dirs.insert(dir);
            }
        }
        files.retain(|name, _| reachable.has_dir(parent(name)));
        self.dirs = reachable.dirs;
    }
}

impl Names {
    /// Names that survive everything.
    pub(super) fn settled(tree: Tree) -> Names {
        Names { view: tree.clone(), durable: tree, pending: Vec::new() }
    }

    pub(super) fn view(&self) -> &Tree {
        &self.view
    }

    pub(super) fn change(&mut self, op: NameOp) {
        self.view.apply(&op);
        self.pending.push(op);
    }

    /// Makes the entries of one directory durable.
    ///
    /// A rename out of the directory takes its other half along, and what came before it there; a file
    /// must not lose both names. A rename into it does not: the old name may come back beside the new one.
    pub(super) fn sync_dir(&mut self, dir: &str) {
        let reaches = self.reach_of_sync(dir);
        let pending = std::mem::take(&mut self.pending);
        for (op, reach) in pending.into_iter().zip(reaches) {
            self.settle(op, reach);
        }
    }

    /// For each pending operation, how much of it a sync of `dir` makes durable.
    fn reach_of_sync(&self, dir: &str) -> Vec<Reach> {
        let mut synced = BTreeSet::from([dir]);
        let mut reaches = vec![Reach::Nothing; self.pending.len()];
        // Backwards, because a rename takes along what came before it.
        for (op, reach) in self.pending.iter().zip(&mut reaches).rev() {
            let [left, entered] = op.directories();
            if synced.contains(left) {
                synced.insert(entered);
                *reach = Reach::Whole;
            } else if synced.contains(entered) {
                *reach = Reach::NewName;
            }
        }
        reaches
    }

    fn settle(&mut self, op: NameOp, reach: Reach) {
        match (op, reach) {
            (op, Reach::Nothing) => self.pending.push(op),
            (NameOp::Move { from, to, inode }, Reach::NewName) => {
                self.durable.apply(&NameOp::Link { name: to, inode });
                self.pending.push(NameOp::Unlink { name: from, inode });
            }
            (op, _) => self.durable.apply(&op),
        }
    }

    /// The names found after a power loss: each pending operation is there or not, in order.
    pub(super) fn after_power_loss(&self, fate: &mut Fate) -> Tree {
        let mut found = self.durable.clone();
        for op in &self.pending {
            if fate.keeps() {
                found.apply(op);
            }
        }
        found.prune();
        found
    }

    /// All files that some name leads to, or may lead to after a power loss.
    pub(super) fn inodes(&self) -> BTreeSet<InodeId> {
        let pending = self.pending.iter().filter_map(NameOp::inode);
        let seen = self.view.files.values().copied();
        seen.chain(self.durable.files.values().copied()).chain(pending).collect()
    }
}

impl NameOp {
    /// The directory a name leaves and the one it enters; the same but for a rename.
    fn directories(&self) -> [&str; 2] {
        match self {
            NameOp::Link { name, .. } | NameOp::Unlink { name, .. } | NameOp::MakeDir { name } => {
                [parent(name); 2]
            }
            NameOp::Move { from, to, .. } => [parent(from), parent(to)],
        }
    }

    fn inode(&self) -> Option<InodeId> {
        match self {
            NameOp::Link { inode, .. } | NameOp::Unlink { inode, .. } | NameOp::Move { inode, .. } => {
                Some(*inode)
            }
            NameOp::MakeDir { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: InodeId = InodeId(1);

    fn moved_from_a_to_b() -> Names {
        let mut names = Names::default();
        for dir in ["a", "b"] {
            names.change(NameOp::MakeDir { name: dir.into() });
        }
        names.sync_dir("");
        names.change(NameOp::Link { name: "a/file".into(), inode: FILE });
        names.sync_dir("a");
        names.change(NameOp::Move { from: "a/file".into(), to: "b/file".into(), inode: FILE });
        names
    }

    fn found(names: &Names) -> Vec<String> {
        names.after_power_loss(&mut Fate::None).files.keys().map(ToString::to_string).collect()
    }

    #[test]
    fn a_move_between_directories_is_whole_once_the_old_one_is_synced() {
        let mut names = moved_from_a_to_b();
        names.sync_dir("a");
        assert_eq!(found(&names), ["b/file"]);
    }

    #[test]
    fn a_move_between_directories_may_leave_both_names_once_only_the_new_one_is_synced() {
        let mut names = moved_from_a_to_b();
        names.sync_dir("b");
        assert_eq!(found(&names), ["a/file", "b/file"]);
        names.sync_dir("a");
        assert_eq!(found(&names), ["b/file"]);
    }

    #[test]
    fn files_vanish_with_a_directory_that_was_not_synced_in_its_parent() {
        let mut names = Names::default();
        names.change(NameOp::MakeDir { name: "a".into() });
        names.change(NameOp::Link { name: "a/file".into(), inode: FILE });
        names.sync_dir("a");
        assert_eq!(found(&names), [""; 0]);
        names.sync_dir("");
        assert_eq!(found(&names), ["a/file"]);
    }

    #[test]
    fn a_kept_rename_carries_a_file_whose_creation_is_lost() {
        let mut tree = Tree::default();
        tree.apply(&NameOp::Move { from: "temporary".into(), to: "target".into(), inode: FILE });
        assert_eq!(tree.files.get("target"), Some(&FILE));
    }
}
