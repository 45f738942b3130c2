//! The probe: tries each operation on a target by itself, and says in plain words what the target does not do.

use super::{OVERWRITES, Put, Target, TargetError};
use crate::backup::names::PROBE_PREFIX;
use crate::world::Clock;
use serde::{Deserialize, Serialize};

const OBJECT_BYTES: usize = 1024;

/// What a probe found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// Where the target is.
    pub target: String,
    /// What was tried, in this order; what follows a failed write is not.
    pub steps: Vec<ProbeStep>,
    /// What the target does not do, in words that stand after its name.
    pub weaknesses: Vec<String>,
}

/// One operation that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeStep {
    /// Which one.
    pub step: String,
    /// Whether it did what it must.
    pub ok: bool,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// What went wrong, and what can be done about it; empty if nothing did.
    pub what: String,
}

impl ProbeReport {
    /// Whether backups can be kept there: every step did what it must. A weakness is no obstacle.
    pub fn ok(&self) -> bool {
        self.steps.iter().all(|step| step.ok)
    }
}

/// Tries every operation with an object of its own, which is removed again. `nonce` tells this probe from others.
pub fn probe(target: &dyn Target, clock: &dyn Clock, nonce: u64) -> ProbeReport {
    let object = Object { name: format!("{PROBE_PREFIX}{nonce:016x}"), content: content(nonce) };
    let mut steps = Steps { clock, taken: Vec::new() };
    let mut overwrites = false;
    if steps.take("create", || object.create(target)) {
        steps.take("read", || object.read(target));
        steps.take("create again", || {
            let put = target.put_new(&object.name, b"another").map_err(|error| words(&error))?;
            overwrites = put == Put::Created;
            if overwrites { Err(OVERWRITES.to_owned()) } else { object.read(target) }
        });
        steps.take("list", || object.listed(target, Listed::Once));
    }
    // After a failed create nobody knows whether the object is there.
    steps.take("remove", || target.remove(&object.name).map_err(|error| words(&error)));
    steps.take("list again", || object.listed(target, Listed::Never));
    let mut weaknesses = target.weaknesses();
    if overwrites && !weaknesses.contains(&OVERWRITES) {
        weaknesses.push(OVERWRITES);
    }
    ProbeReport {
        target: target.describe(""),
        steps: steps.taken,
        weaknesses: weaknesses.into_iter().map(str::to_owned).collect(),
    }
}

struct Steps<'clock> {
    clock: &'clock dyn Clock,
    taken: Vec<ProbeStep>,
}

impl Steps<'_> {
    /// Takes a step; tells whether it went well.
    fn take(&mut self, step: &str, run: impl FnOnce() -> Result<(), String>) -> bool {
        let begun = self.clock.now();
        let outcome = run();
        let micros = u64::try_from(self.clock.now().since(begun).as_micros()).unwrap_or(u64::MAX);
        let (ok, what) = outcome.map_or_else(|what| (false, what), |()| (true, String::new()));
        self.taken.push(ProbeStep { step: step.to_owned(), ok, micros, what });
        ok
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Listed {
    Once,
    Never,
}

struct Object {
    name: String,
    content: Vec<u8>,
}

impl Object {
    fn create(&self, target: &dyn Target) -> Result<(), String> {
        match target.put_new(&self.name, &self.content).map_err(|error| words(&error))? {
            Put::Created => Ok(()),
            Put::Exists => Err(format!("{} exists: another probe ran", target.describe(&self.name))),
        }
    }

    fn read(&self, target: &dyn Target) -> Result<(), String> {
        let found = target.get(&self.name, OBJECT_BYTES as u64).map_err(|error| words(&error))?;
        if found == self.content { Ok(()) } else { Err("what is read is not what was written".to_owned()) }
    }

    fn listed(&self, target: &dyn Target, wanted: Listed) -> Result<(), String> {
        let entries = target.list(PROBE_PREFIX).map_err(|error| words(&error))?;
        let found = entries.iter().filter(|entry| entry.name == self.name).map(|entry| entry.bytes);
        match (wanted, found.collect::<Vec<_>>().as_slice()) {
            (Listed::Never, []) => Ok(()),
            (Listed::Once, [bytes]) if *bytes == self.content.len() as u64 => Ok(()),
            (Listed::Once, _) => Err("the list does not show what was just written".to_owned()),
            (Listed::Never, _) => Err("the list still shows what was just removed".to_owned()),
        }
    }
}

fn words(error: &TargetError) -> String {
    format!("{error}: {}", error.kind.way_out())
}

/// Bytes that no other probe writes.
fn content(nonce: u64) -> Vec<u8> {
    nonce.to_le_bytes().into_iter().cycle().take(OBJECT_BYTES).collect()
}
