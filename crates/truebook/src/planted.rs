//! Planted bugs: each is one that somebody's state keeper really had. The suite must catch every one of
//! them, which proves that it can fail. They exist only with the feature `planted`, which no build that
//! ships turns on, and even then one is active only after a test has chosen it.

/// A bug that can be planted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Bug {
    /// Directories are never synced: a rename may not have happened after power loss.
    NoDirectorySync = 1,
    /// A write is acknowledged before it is synced.
    AckBeforeSync = 2,
    /// A failed write or sync does not stop the journal.
    NoPoison = 3,
    /// Whatever is invalid in the last segment is taken for a torn tail and cut.
    WrongTailRule = 4,
    /// A replaced file is renamed into place before it is synced.
    RenameBeforeSync = 5,
    /// The hash chain over segments is not checked.
    ChainNotChecked = 6,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::NoDirectorySync,
        Self::AckBeforeSync,
        Self::NoPoison,
        Self::WrongTailRule,
        Self::RenameBeforeSync,
        Self::ChainNotChecked,
    ];
}

#[cfg(feature = "planted")]
static ACTIVE: core::sync::atomic::AtomicU8 = core::sync::atomic::AtomicU8::new(0);

/// Plants one bug in this process, or none.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    ACTIVE.store(bug.map_or(0, |bug| bug as u8), core::sync::atomic::Ordering::SeqCst);
}

#[cfg(feature = "planted")]
pub(crate) fn is(bug: Bug) -> bool {
    ACTIVE.load(core::sync::atomic::Ordering::SeqCst) == bug as u8
}

#[cfg(not(feature = "planted"))]
pub(crate) const fn is(_bug: Bug) -> bool {
    false
}
