//! `status`: the book in a few figures.

use crate::errors::{Failure, Outcome};
use crate::needs::Needs;
use crate::needs::backup::{places_in_use, target};
use crate::output::{notes, table};
use core::time::Duration;
use serde::Serialize;
use std::sync::Arc;
use truebook::backup::{Patient, Shelf, tail};
use truebook::book::{DiskHealth, Status};
use truebook::core::id::{BookId, Seq};
use truebook::core::time::Utc;

/// How long a place of backups may take to answer.
const PLACE_PATIENCE: Duration = Duration::from_secs(5);

/// What `status` prints; part of the contract.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    status: &'a Status,
    backups: Vec<Backup>,
}

/// A place of backups.
#[derive(Serialize)]
struct Backup {
    place: String,
    /// How many events it is behind the book; `None` if it could not be asked.
    lag: Option<u64>,
    /// When a generation was last verified.
    verified_at: Option<Utc>,
    /// Why it could not be asked.
    failing: Option<String>,
}

pub(super) fn run(needs: &Needs) -> Result<Outcome, Failure> {
    let peek = needs.peek()?;
    let status = peek.status();
    let places = places_in_use(needs);
    let backups = places.iter().map(|place| backup(place, &status)).collect();
    let shown = Shown { status: &status, backups };
    needs.out().show(&shown, || {
        let backups = shown.backups.iter().map(describe_backup);
        let findings = status.findings.iter().map(|finding| format!("! {}", notes::finding(finding)));
        std::iter::once(describe(&status)).chain(backups).chain(findings).collect::<Vec<_>>().join("\n")
    })?;
    // Figures that are not those of the last acknowledged event must not pass for it.
    Ok(if peek.report.lost.is_some() { Outcome::Different } else { Outcome::Fine })
}

fn backup(place: &str, status: &Status) -> Backup {
    let mut backup = Backup { place: place.to_owned(), lag: None, verified_at: None, failing: None };
    match ask(place, status.book) {
        Ok((reached, verified_at)) => {
            backup.lag = Some(status.seq.get().saturating_sub(reached.get()));
            backup.verified_at = verified_at;
        }
        Err(failure) => backup.failing = Some(failure.in_one_line()),
    }
    backup
}

fn ask(place: &str, book: BookId) -> Result<(Seq, Option<Utc>), Failure> {
    let target = Patient::new(target(place)?, PLACE_PATIENCE);
    let shelf = Shelf::new(Arc::new(target), book, None);
    let verdicts = shelf.verdicts()?;
    let verified = verdicts.values().filter(|verdict| verdict.is_verified()).map(|verdict| verdict.at).max();
    Ok((tail::reached(&shelf)?, verified))
}

fn describe_backup(backup: &Backup) -> String {
    let place = &backup.place;
    if let Some(why) = &backup.failing {
        return format!("! backups in {place} could not be asked: {why}");
    }
    let verified = backup.verified_at.map_or_else(
        || "nothing verified yet: truebook backup create".to_owned(),
        |at| format!("last verified {at}"),
    );
    format!("backups in {place}: {} events behind, {verified}", backup.lag.unwrap_or_default())
}

/// The figures for people.
pub(super) fn describe(status: &Status) -> String {
    let checkpoint = status.last_checkpoint.as_ref();
    let mut lines = vec![
        ("book", format!("{} ({})", status.name, status.book)),
        ("installation", status.installation.to_string()),
        ("trades at", format!("{}, account {}, {}", status.venue, status.account, status.mode)),
        ("last event", status.seq.to_string()),
        ("state hash", status.state_hash.to_string()),
        ("settings hash", status.settings_hash.to_string()),
        (
            "last checkpoint",
            checkpoint.map_or_else(|| "none".to_owned(), |done| format!("event {}, {}", done.seq, done.at)),
        ),
        ("variables", format!("{} bytes", status.vars_bytes)),
        ("live orders", status.orders.to_string()),
        ("positions", status.positions.to_string()),
        ("encrypted", if status.encrypted { "yes" } else { "no" }.to_owned()),
    ];
    if let Some(holder) = &status.holder {
        lines.push(("held by", holder.to_string()));
    }
    if let Some(why) = &status.halted {
        lines.push(("halted", why.clone()));
    }
    if let Some(mark) = &status.restored {
        lines.push(("restored", format!("{mark}: nothing is known for sure of what happened later")));
    }
    if let DiskHealth::Full(why) | DiskHealth::Failed(why) = &status.disk {
        lines.push(("disk", why.clone()));
    }
    table::pairs(lines)
}
