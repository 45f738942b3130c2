//! What verifying a generation found. Each outcome is a small file of its own beside the generation, which
//! itself never changes.

use super::names::GenerationId;
use crate::envelope;
use serde::{Deserialize, Serialize};
use truebook_core::hash::StateHash;
use truebook_core::id::Seq;
use truebook_core::time::Utc;

/// The largest outcome in bytes.
pub const VERDICT_BYTES_MAX: u64 = 1 << 20;

/// The most findings that are kept.
pub const FINDINGS_MAX: usize = 100;

const ENVELOPE: &str = "verdict";

/// What verifying a generation found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The generation.
    pub generation: GenerationId,
    /// When.
    pub at: Utc,
    /// What came out.
    pub outcome: Outcome,
    /// Hash of the state that replaying gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_hash: Option<StateHash>,
    /// Sequence number of the event after which replaying began: 0 for all of it.
    pub replayed_after: Seq,
    /// The verified generation whose state replaying began with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<GenerationId>,
    /// How many objects were read.
    pub objects: u64,
    /// How many bytes they had.
    pub bytes: u64,
    /// What is wrong, object by object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<String>,
}

/// What came of verifying.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was restored elsewhere and replayed, and the state has the hash that was stored.
    Verified,
    /// It is damaged: it cannot be restored, or gives another state.
    Damaged,
}

impl Verdict {
    /// Whether it is verified.
    pub fn is_verified(&self) -> bool {
        self.outcome == Outcome::Verified
    }

    /// The bytes of its file.
    pub fn to_file(&self) -> Vec<u8> {
        // All fields are strings and numbers: nothing here can fail to serialise.
        envelope::wrap(ENVELOPE, &serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads a file; `None` if it is damaged: then nothing is known.
    pub fn from_file(file: &[u8]) -> Option<Self> {
        serde_json::from_slice(envelope::unwrap(ENVELOPE, file).ok()?).ok()
    }
}
