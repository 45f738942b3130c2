//! `clock`: whether this machine's clock can be right.

use super::found::Found;
use super::stage::Stage;
use super::targets;
use crate::errors::Failure;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use truebook::World;
use truebook::core::id::Seq;
use truebook::core::time::Utc;
use truebook::log::LogReader;

/// No machine of today is before this: 2026-01-01.
const FLOOR: Utc = Utc::from_nanos(1_767_225_600_000_000_000);
/// How long the two clocks are compared.
const LOOK: Duration = Duration::from_secs(1);
/// How far they may come apart in that time; more means that somebody sets the clock right now.
const APART_MAX: Duration = Duration::from_millis(50);
/// How far back the newest event is looked for.
const EVENTS_BACK: u64 = 1000;

pub(super) fn run(stage: &Stage<'_>) -> Result<Found, Failure> {
    let mut found = Found::new();
    let now = Stage::now();
    if now < FLOOR {
        found.fail(format!("the clock says {now}: set it"));
    }
    let newest = newest_event(stage)?;
    match newest {
        Some(newest) if newest > now => {
            found.fail(format!("the clock says {now}, but the newest event was written at {newest}: set it"));
        }
        Some(newest) => found.pass(format!("{now} is not before the newest event ({newest})")),
        None => found.pass(format!("the clock says {now}")),
    }
    if let Some(made) = targets::newest_generation(stage).filter(|made| *made > now) {
        found.fail(format!("the clock says {now}, but a backup was made at {made}: set it"));
    }
    found.ran(1);
    compare(&mut found);
    match synchronised() {
        Some(Synchronised::Yes(by)) => found.pass(format!("synchronised, says {by}")),
        Some(Synchronised::No(by)) => {
            found.warn(format!("not synchronised, says {by}: turn on a time service"));
        }
        None => found.pass("whether a time service keeps it right is unknown: this system does not tell"),
    }
    Ok(found)
}

fn newest_event(stage: &Stage<'_>) -> Result<Option<Utc>, Failure> {
    let last = stage.peek(&stage.base())?.last.get();
    let from = Seq::new(last.saturating_sub(EVENTS_BACK).max(1));
    let mut reader = LogReader::open(&World::real(stage.base()), stage.key(), from)?;
    let mut newest = None;
    loop {
        let batch = reader.next_batch()?;
        if batch.is_empty() {
            return Ok(newest);
        }
        newest = newest.max(batch.iter().map(|entry| entry.record.at).max());
    }
}

/// Wall clock and monotonic clock, over a second.
fn compare(found: &mut Found) {
    let (wall, steady) = (Stage::now(), Instant::now());
    std::thread::sleep(LOOK);
    let (steady, wall_after) = (steady.elapsed(), Stage::now());
    let apart = wall_after.since(wall).abs_diff(steady);
    found.ran(1);
    let said = format!("wall and monotonic clock {} us apart after a second", apart.as_micros());
    if wall_after < wall {
        found.fail("the clock went backwards within a second");
    } else if apart > APART_MAX {
        found.warn(format!("{said}: it is being set right now"));
    } else {
        found.pass(said);
    }
}

enum Synchronised {
    Yes(&'static str),
    No(&'static str),
}

/// What the system tells, if it does.
fn synchronised() -> Option<Synchronised> {
    if Path::new("/run/systemd/timesync/synchronized").exists() {
        return Some(Synchronised::Yes("systemd-timesyncd"));
    }
    let mut command = Command::new("timedatectl");
    command.args(["show", "--property=NTPSynchronized", "--value"]).stdin(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    match String::from_utf8_lossy(&output.stdout).trim() {
        "yes" => Some(Synchronised::Yes("timedatectl")),
        "no" => Some(Synchronised::No("timedatectl")),
        _ => None,
    }
}
