//! How much of everything, so that a run ends in reasonable time.

use std::time::Duration;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// `append`: turns of each participant.
    pub(crate) append_turns: usize,
    /// `group`: rounds, and the length of one engine's turn within a round.
    pub(crate) group_rounds: usize,
    pub(crate) group_turn: Duration,
    /// `flushes`: commits between the two counts.
    pub(crate) flush_commits: u64,
    /// `replay`: orders, four events each.
    pub(crate) replay_orders: u64,
    pub(crate) replay_rounds: usize,
    /// `save-field`: changes of each kind.
    pub(crate) save_rounds: usize,
    /// `cpu`: records a child writes.
    pub(crate) cpu_records: u64,
    pub(crate) cpu_rounds: usize,
    /// `submit`: orders.
    pub(crate) submit_turns: usize,
    /// `reconcile`: orders in the book.
    pub(crate) reconcile_orders: u32,
    pub(crate) reconcile_rounds: usize,
    /// `backup`: orders, four events each; a gibibyte of journal.
    pub(crate) backup_orders: u64,
    pub(crate) backup_rounds: usize,
}

impl Scale {
    pub(crate) fn full() -> Self {
        Self {
            append_turns: 400,
            group_rounds: 5,
            group_turn: Duration::from_secs(1),
            flush_commits: 2_000,
            replay_orders: 250_000,
            replay_rounds: 3,
            save_rounds: 30,
            cpu_records: 40_000,
            cpu_rounds: 5,
            submit_turns: 2_000,
            reconcile_orders: 100_000,
            reconcile_rounds: 7,
            backup_orders: 900_000,
            backup_rounds: 3,
        }
    }

    pub(crate) fn quick() -> Self {
        Self {
            append_turns: 30,
            group_rounds: 3,
            group_turn: Duration::from_millis(100),
            flush_commits: 200,
            replay_orders: 12_500,
            replay_rounds: 1,
            save_rounds: 5,
            cpu_records: 5_000,
            cpu_rounds: 1,
            submit_turns: 50,
            reconcile_orders: 5_000,
            reconcile_rounds: 1,
            backup_orders: 3_000,
            backup_rounds: 1,
        }
    }
}
