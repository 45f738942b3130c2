//! Trading in the simulator: a random strategy, a venue with faults, crashes at every kind of step, and an
//! auditor who knows what the venue really has.

mod auditor;
mod bot;
mod clock;
mod ids;
mod mortal;
mod restore;
mod run;
mod scene;

pub use run::{History, run};
pub use scene::{Scope, Violation};
