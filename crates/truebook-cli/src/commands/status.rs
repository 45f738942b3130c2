//! `status`: the book in a few figures.

use crate::errors::{Failure, Outcome};
use crate::needs::Needs;
use crate::output::{notes, table};
use truebook::book::{DiskHealth, Status};

pub(super) fn run(needs: &Needs) -> Result<Outcome, Failure> {
    let peek = needs.peek()?;
    let status = peek.status();
    needs.out().show(&status, || {
        let findings = status.findings.iter().map(|finding| format!("! {}", notes::finding(finding)));
        std::iter::once(describe(&status)).chain(findings).collect::<Vec<_>>().join("\n")
    })?;
    // Figures that are not those of the last acknowledged event must not pass for it.
    Ok(if peek.report.lost.is_some() { Outcome::Different } else { Outcome::Fine })
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
