//! Planted bugs: each is one that somebody's state keeper or order manager really had. The suite must catch
//! every one of them, which proves that it can fail. They exist only with the feature `planted`, which no
//! build that ships turns on, and even then one is active only after a test has chosen it.

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
    /// An order whose reply was lost is sent again wherever it is.
    ResendOnTimeout = 7,
    /// A lost reply counts as a refusal.
    UnknownIsRejected = 8,
    /// An execution that comes twice counts twice.
    FillsCountedTwice = 9,
    /// An order that is not listed counts as cancelled.
    AbsentIsCancelled = 10,
    /// Client order ids are made up anew each time.
    RandomIds = 11,
    /// Executions that are awaited are made up.
    InventedFill = 12,
    /// Legs forget which entry they belong to.
    ForgottenLegLink = 13,
    /// New risk is allowed before the first reconciliation.
    GateOpenTooEarly = 14,
    /// An order counts as over when one of its venue orders is.
    OneIncarnationEndsAll = 15,
    /// Facts are ordered by the clock instead of as they come.
    WallClockOrder = 16,
    /// Orders are sent before they are written down.
    SendFirst = 17,
    /// New orders leave a book that was put back before it is known what happened since.
    GateOpenInGap = 18,
    /// A segment of a backup is used without comparing the hash chain.
    BackupChainNotCompared = 19,
}

impl Bug {
    /// Those about files.
    pub const OF_FILES: [Self; 7] = [
        Self::NoDirectorySync,
        Self::AckBeforeSync,
        Self::NoPoison,
        Self::WrongTailRule,
        Self::RenameBeforeSync,
        Self::ChainNotChecked,
        Self::BackupChainNotCompared,
    ];

    /// Those about orders.
    pub const OF_ORDERS: [Self; 12] = [
        Self::ResendOnTimeout,
        Self::UnknownIsRejected,
        Self::FillsCountedTwice,
        Self::AbsentIsCancelled,
        Self::RandomIds,
        Self::InventedFill,
        Self::ForgottenLegLink,
        Self::GateOpenTooEarly,
        Self::OneIncarnationEndsAll,
        Self::WallClockOrder,
        Self::SendFirst,
        Self::GateOpenInGap,
    ];
}

#[cfg(feature = "planted")]
static ACTIVE: core::sync::atomic::AtomicU8 = core::sync::atomic::AtomicU8::new(0);

/// Plants one bug in this process, or none.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    ACTIVE.store(bug.map_or(0, |bug| bug as u8), core::sync::atomic::Ordering::SeqCst);
}

/// Whether this bug is planted.
#[cfg(feature = "planted")]
pub fn is(bug: Bug) -> bool {
    ACTIVE.load(core::sync::atomic::Ordering::SeqCst) == bug as u8
}

/// Whether this bug is planted: it never is.
#[cfg(not(feature = "planted"))]
pub const fn is(_bug: Bug) -> bool {
    false
}
