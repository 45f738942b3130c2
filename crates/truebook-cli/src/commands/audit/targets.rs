//! `last-verified-backup` and `remote`: the places where the backups are, by reading only.

use super::found::Found;
use super::stage::Stage;
use crate::errors::Failure;
use crate::needs::backup;
use std::path::Path;
use std::time::Duration;
use truebook::backup::target::probe;
use truebook::backup::{BackupError, Generation, Shelf, Verdict};
use truebook::core::time::Utc;
use truebook::world::SystemClock;

/// The places of backups, as they were typed or by default.
fn places(stage: &Stage<'_>) -> Vec<String> {
    backup::places(stage.needs, &stage.args.place)
}

fn shelf(stage: &Stage<'_>, place: &str) -> Result<Shelf, Failure> {
    let book = stage.peek(&stage.base())?.state.live().identity.book;
    let target = backup::target(place)?;
    let unlock = backup::unlock(&stage.args.place, &*target, book)?;
    Ok(Shelf::new(target, book, unlock))
}

/// A generation and what is known of it.
struct Known {
    generation: Generation,
    verdict: Option<Verdict>,
}

/// The generations that can be read, newest first.
fn known(shelf: &Shelf) -> Result<Vec<Known>, BackupError> {
    let mut verdicts = shelf.verdicts()?;
    let mut known = Vec::new();
    for id in shelf.generations()?.into_iter().rev() {
        match shelf.read(&id) {
            Ok(generation) => known.push(Known { generation, verdict: verdicts.remove(&id) }),
            Err(failed) if failed.is_damage() => {}
            Err(failed) => return Err(failed),
        }
    }
    Ok(known)
}

/// When the newest backup was made, on whichever place can be reached.
pub(super) fn newest_generation(stage: &Stage<'_>) -> Option<Utc> {
    let shelves = places(stage).into_iter().filter_map(|place| shelf(stage, &place).ok());
    let newest =
        shelves.filter_map(|shelf| known(&shelf).ok()?.first().map(|known| known.generation.created_at));
    newest.max()
}

#[expect(clippy::unnecessary_wraps, reason = "all drills have one shape")]
pub(super) fn last_verified(stage: &Stage<'_>) -> Result<Found, Failure> {
    let mut found = Found::new();
    for place in places(stage) {
        found.ran(1);
        match shelf(stage, &place).and_then(|shelf| Ok(known(&shelf)?)) {
            Ok(known) => judge(stage, &place, &known, &mut found),
            Err(failed) => {
                let failed = failed.in_one_line();
                found
                    .fail(format!("{place}: no verified backup: {failed}; make one: truebook backup create"));
            }
        }
    }
    Ok(found)
}

fn judge(stage: &Stage<'_>, place: &str, known: &[Known], found: &mut Found) {
    let is_verified = |known: &&Known| known.verdict.as_ref().is_some_and(Verdict::is_verified);
    let limit = stage.args.backup_max_age;
    let Some(newest) = known.iter().find(is_verified) else {
        found.fail(format!(
            "{place}: no verified backup among {} generations; make one: truebook backup create",
            known.len()
        ));
        return;
    };
    let age = Stage::now().since(newest.generation.created_at);
    let verified = known.iter().filter(is_verified).count();
    let said = format!(
        "{place}: the newest verified backup is {} old (event {}, state {}), {verified} of {} generations are \
         verified",
        age_words(age),
        newest.generation.last,
        newest.generation.state_hash,
        known.len()
    );
    if age > limit {
        found.fail(format!("{said}; older than {}", age_words(limit)));
    } else {
        found.pass(said);
    }
}

fn age_words(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        7200..=172_799 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "all drills have one shape")]
pub(super) fn remote(stage: &Stage<'_>) -> Result<Found, Failure> {
    let mut found = Found::new();
    let mut elsewhere = 0;
    for place in places(stage) {
        found.ran(1);
        let distance = distance(&stage.live, &place);
        if matches!(distance, Distance::Nowhere) {
            found.warn(format!("{place}: not there yet"));
            continue;
        }
        let shelf = match shelf(stage, &place) {
            Ok(shelf) => shelf,
            Err(failed) => {
                found.fail(format!("{place}: {}", failed.in_one_line()));
                continue;
            }
        };
        let locked = match known(&shelf) {
            Ok(known) => known.first().map(|known| !known.generation.recipients.is_empty()),
            Err(failed) => {
                found.fail(format!("{place}: {failed}"));
                continue;
            }
        };
        try_operations(&shelf, &mut found);
        let locked = match locked {
            Some(true) => "its newest backup is encrypted for its recipients",
            Some(false) => "its newest backup is not encrypted beyond what the book is",
            None => "there is no backup yet",
        };
        match distance {
            Distance::SameDisk => {
                found.warn(format!("{place}: on the same disk as the book, which may die with it; {locked}"));
            }
            Distance::OtherDisk => {
                elsewhere += 1;
                found.pass(format!("{place}: on another disk of this machine; {locked}"));
            }
            Distance::OtherMachine => {
                elsewhere += 1;
                found.pass(format!("{place}: reached and read; {locked}"));
            }
            Distance::Nowhere => {}
        }
    }
    if elsewhere == 0 {
        found.warn("no backup leaves this disk: --backup-to with another disk or a URL");
    }
    Ok(found)
}

/// Tries each operation on a place, with an object that is removed again.
fn try_operations(shelf: &Shelf, found: &mut Found) {
    let nonce = u64::try_from(Stage::now().nanos()).unwrap_or(0);
    let report = probe(shelf.target(), &SystemClock, nonce);
    found.ran(report.steps.len() as u64);
    for step in report.steps.iter().filter(|step| !step.ok) {
        found.fail(format!("{}: {}: {}", report.target, step.step, step.what));
    }
    for weakness in &report.weaknesses {
        found.warn(format!("{} {weakness}", report.target));
    }
    if report.ok() {
        let steps: Vec<_> =
            report.steps.iter().map(|step| format!("{} {} us", step.step, step.micros)).collect();
        found.pass(format!("{}: every operation does what it must ({})", report.target, steps.join(", ")));
    }
}

enum Distance {
    SameDisk,
    OtherDisk,
    OtherMachine,
    Nowhere,
}

#[cfg(unix)]
fn distance(live: &Path, place: &str) -> Distance {
    use std::os::unix::fs::MetadataExt;
    if place.contains("://") {
        return Distance::OtherMachine;
    }
    match (std::fs::metadata(live), std::fs::metadata(place)) {
        (Ok(book), Ok(backups)) if book.dev() == backups.dev() => Distance::SameDisk,
        (_, Ok(_)) => Distance::OtherDisk,
        (_, Err(_)) => Distance::Nowhere,
    }
}

/// Elsewhere nobody tells which disk a directory is on.
#[cfg(not(unix))]
fn distance(_live: &Path, place: &str) -> Distance {
    match (place.contains("://"), Path::new(place).exists()) {
        (true, _) => Distance::OtherMachine,
        (false, true) => Distance::SameDisk,
        (false, false) => Distance::Nowhere,
    }
}
