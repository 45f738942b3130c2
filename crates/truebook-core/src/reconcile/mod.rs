//! Reconciliation: from what the book says and what the venue was seen to say, to what is to be done.
//!
//! Four places, each with one job. *Observe* is the engine's: it brings [`crate::observation::Observation`].
//! *Plan* is here, pure: [`plan()`] turns ledger, observation and policy into steps with a reason each, and
//! says why something was not done. *Check* ([`check()`]) audits a plan without trusting it. *Execute* is the
//! engine's again: it chooses nothing.
//!
//! The rule in all of it: missing is not absent. What is not in a list proves something only if the list was
//! read whole, reaches back far enough, and the venue would still show it.

mod brackets;
mod check;
mod draft;
mod facts;
mod gap;
mod others;
mod plan;
pub mod policy;
mod positions;
mod steps;
mod unresolved;

pub use check::{CheckFailure, check};
pub use facts::{book_facts, fill_facts};
pub use gap::{GAP_MARGIN, gap, gap_begins, leg_seen_ids};
pub use plan::{plan, seen_ids, wanted};
pub use policy::Policy;
pub use steps::{Action, Alarm, HeldBack, Plan, Step, Verdict, Wanted};
