//! Recovery: one path for crash and clean start. Read everything, judge, and only then write.

pub mod assess;
pub mod inventory;
mod pipeline;
pub mod report;
mod salvage;
pub mod settle;
mod walk;

pub use assess::{AssessError, Assessment, assess, checkpoint_finding, fatal};
pub use report::{Cut, Finding, FindingKind, Report, SeqRange, SetAside, Weight};
pub use walk::Walk;
