//! Checkpoints: the live state at one sequence number, so that opening need not read the whole journal.
//!
//! Two or more are kept; the newest valid one is used. What is no longer live (keys of closed orders,
//! executions) stands in run files that checkpoints share, so a checkpoint's cost follows what is live.

mod file;
mod runs;

pub use file::{
    CHECKPOINT_DIR, Checkpoint, CheckpointError, CheckpointName, ReadableMark, list, read, read_file_alone,
    remove_except, restore, write,
};
pub(crate) use file::{decode as decode_checkpoint, encode as encode_checkpoint};
pub use runs::{RUN_DIR, RunError, RunRef, load_all as load_runs, save as save_runs};
pub(crate) use runs::{decode as decode_run, encode as encode_run, path as run_path};
