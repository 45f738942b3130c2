//! Recovery: one path for crash and clean start. Read everything, judge, and only then write.

pub mod assess;
pub mod inventory;
pub mod mend;
pub(crate) mod pipeline;
pub mod report;
mod salvage;
pub mod settle;
mod walk;

pub use assess::{
    AssessError, Assessment, assess, assess_knowing, assess_watching, checkpoint_finding, fatal,
};
pub use report::{Cut, Finding, FindingKind, Mended, Report, SeqRange, SetAside, Weight};
pub use walk::Walk;
