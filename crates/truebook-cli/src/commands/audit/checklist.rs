//! The checklist: what an operator asks of a system that keeps a bot's state, and the drills that answer it.

use crate::flags::AuditDrill::{
    self, Clock, Compression, CorruptFile, DiskFull, Encryption, IdempotentOrders, KillDuringSave,
    LastVerifiedBackup, Lock, ReconcileAfterDisconnect, Remote, RestoreFromBackup, SettingsMismatch,
    ThreadSafety, Utc, WholeBook,
};

/// A line of the checklist.
pub(super) struct Item {
    pub(super) line: &'static str,
    /// The drills that it rests on.
    pub(super) drills: &'static [AuditDrill],
}

const fn item(line: &'static str, drills: &'static [AuditDrill]) -> Item {
    Item { line, drills }
}

/// Features, crashes, what was recommended and what was still to be done, and the tests by hand.
pub(super) const CHECKLIST: [Item; 24] = [
    item("Feature: Atomic writes", &[KillDuringSave]),
    item("Feature: Thread safety", &[ThreadSafety, Lock]),
    item("Feature: Automatic backups", &[LastVerifiedBackup]),
    item("Feature: Corruption detection", &[CorruptFile, WholeBook]),
    item("Feature: UTC timestamps", &[Utc, Clock]),
    item("Feature: Settings hash", &[SettingsMismatch]),
    item("Feature: Reconciliation", &[ReconcileAfterDisconnect]),
    item("Feature: Idempotent orders", &[IdempotentOrders]),
    item("Crash: process killed during a state save", &[KillDuringSave]),
    item("Crash: disk full during a save", &[DiskFull]),
    item("Crash: state file corrupted", &[CorruptFile]),
    item("Crash: API disconnect in mid-trade", &[ReconcileAfterDisconnect, IdempotentOrders]),
    item("Recommendation 1: atomic writes", &[KillDuringSave]),
    item("Recommendation 2: thread safety", &[ThreadSafety]),
    item("Recommendation 3: backup system active", &[LastVerifiedBackup]),
    item("Recommendation 4: integration test for crash recovery", &[KillDuringSave, CorruptFile]),
    item("Recommendation 5: reconciliation after a disconnect tested", &[ReconcileAfterDisconnect]),
    item("Recommendation 6: backup restore procedure verified", &[RestoreFromBackup]),
    item("Recommendation 7: state file encryption (optional)", &[Encryption]),
    item("Recommendation 8: remote backup", &[Remote]),
    item("Recommendation 9: compression of large histories", &[Compression]),
    item("Manual test 1: kill during save", &[KillDuringSave]),
    item("Manual test 2: corrupt the state file", &[CorruptFile]),
    item("Manual test 3: restore from backup", &[RestoreFromBackup]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_line_stands_once_and_rests_on_a_drill() {
        assert!(CHECKLIST.iter().all(|item| !item.drills.is_empty()));
        assert_eq!(CHECKLIST.iter().map(|item| item.line).collect::<BTreeSet<_>>().len(), CHECKLIST.len());
    }
}
