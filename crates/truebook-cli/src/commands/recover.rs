//! `recover`: what can be saved of a book that has lost events.

use crate::errors::{Failure, Outcome};
use crate::flags::RecoverArgs;
use crate::needs::Needs;
use crate::output::notes;
use serde::Serialize;
use truebook::book::{OnLoss, OpenOptions};
use truebook::recovery::Report;

/// What `recover` prints; part of the contract.
#[derive(Serialize)]
struct Recovery<'a> {
    /// `nothing_to_do`, `plan` or `done`.
    step: &'static str,
    #[serde(flatten)]
    report: &'a Report,
}

pub(super) fn run(needs: &Needs, args: &RecoverArgs) -> Result<Outcome, Failure> {
    if args.accept_loss { accept(needs) } else { plan(needs) }
}

fn plan(needs: &Needs) -> Result<Outcome, Failure> {
    let peek = needs.peek()?;
    let report = &peek.report;
    let lost = report.lost.is_some();
    let step = if lost || report.has_damage() { "plan" } else { "nothing_to_do" };
    needs.out().show(&Recovery { step, report }, || describe_plan(report, peek.last.get()))?;
    Ok(if lost { Outcome::Different } else { Outcome::Fine })
}

fn describe_plan(report: &Report, last: u64) -> String {
    let mut lines: Vec<String> = report.findings.iter().map(|f| format!("! {}", notes::finding(f))).collect();
    lines.push(match (report.lost, report.has_damage()) {
        (Some(lost), _) => format!(
            "kept: everything up to event {last}\nlost: events {lost}\nfirst try to put the damaged files back from a backup; to go on without them: truebook recover --accept-loss"
        ),
        (None, true) => {
            format!("kept: everything up to event {last}\nlost: nothing; opening the book for writing mends it")
        }
        (None, false) => format!("nothing is lost up to event {last}, there is nothing to do"),
    });
    lines.join("\n")
}

fn accept(needs: &Needs) -> Result<Outcome, Failure> {
    let book = needs.open(OpenOptions { on_loss: OnLoss::Accept, ..needs.options() })?;
    let report = book.report().clone();
    let last = book.last();
    book.close()?;
    let step = if report.lost.is_some() || report.has_damage() { "done" } else { "nothing_to_do" };
    needs.out().show(&Recovery { step, report: &report }, || match report.lost {
        Some(lost) => format!("the loss of events {lost} is recorded; the book goes on after event {last}"),
        None => format!("nothing was lost; the book goes on after event {last}"),
    })?;
    Ok(Outcome::Fine)
}
