//! Drills: an incident as a short text that anybody can read, and that is run against the real book, the
//! real engine and a scripted venue.
//!
//! A drill says line by line what the bot does, what the venue does, where the process is killed, what
//! happens to files and clocks, and what must hold then. `docs/DRILLS.md` is the language's reference.
//! Everything is deterministic: the clock and the randomness are virtual, only the directory is real.

mod built_in;
mod disk;
mod overlay;
mod parse;
mod run;
mod script;
mod text;
mod world;

pub use built_in::BUILT_IN;
pub use run::{Failure, Passed, RunError};
pub use text::{ParseError, Place};

use script::Script;
use std::sync::Arc;

/// A drill that was read and understood.
#[derive(Clone, Debug)]
pub struct Drill {
    file: Arc<str>,
    scenarios: Vec<Scenario>,
}

/// One scenario, in every variant in which it is to be run.
#[derive(Clone, Debug)]
struct Scenario {
    variants: Vec<Script>,
}

impl Drill {
    /// Reads a drill. `file` is what failures call it.
    ///
    /// # Errors
    /// The first line that is not understood, with what could stand there.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParseError> {
        let file: Arc<str> = file.into();
        let mut scenarios = Vec::new();
        for lines in text::scenarios(&file, text)? {
            let variants = (0..lines.variants()).map(|variant| parse::script(&file, &lines.expand(variant)));
            scenarios.push(Scenario { variants: variants.collect::<Result<_, _>>()? });
        }
        if scenarios.iter().all(|scenario| scenario.variants.iter().all(|script| script.steps.is_empty())) {
            return Err(ParseError { place: Place { file, line: 1 }, what: "it does nothing".to_owned() });
        }
        Ok(Self { file, scenarios })
    }

    /// What failures call it.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Runs every scenario in every variant, each in a fresh directory.
    ///
    /// # Errors
    /// [`RunError::Failed`] with the first expectation that did not hold; [`RunError::CannotRun`] if there is
    /// no directory to run in.
    pub fn run(&self) -> Result<Passed, RunError> {
        let mut passed = Passed::default();
        for scenario in &self.scenarios {
            passed.scenarios += 1;
            for script in &scenario.variants {
                passed.expectations += run::script(&self.file, script)?;
                passed.runs += 1;
            }
        }
        Ok(passed)
    }
}
