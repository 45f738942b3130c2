//! Remarks on standard error.

use std::io::Write;
use truebook::backup::PlaceStatus;
use truebook::recovery::{Finding, Report};

/// Tells something that is no failure.
pub(crate) fn warn(what: &str) {
    // With nobody to tell there is nothing to be done.
    let _ = writeln!(std::io::stderr(), "truebook: note: {what}");
}

/// Tells what opening a book found and did, if it was anything.
pub(crate) fn opening(report: &Report) {
    for line in lines(report) {
        warn(&line);
    }
}

/// Tells what is wrong with backups, if anything is.
pub(crate) fn backups(places: &[PlaceStatus]) {
    for place in places {
        for alarm in &place.alarms {
            warn(&format!("backups in {}: {alarm}", place.place));
        }
        if let Some(failing) = &place.failing {
            warn(&format!("backups in {} fail: {failing}", place.place));
        }
    }
}

/// What was found and done, a line each.
pub(crate) fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(report.findings.iter().map(finding));
    if let Some(cut) = &report.cut {
        lines.push(format!(
            "{}: {} bytes of an unfinished commit were cut off at offset {}; nobody was told they were durable{}",
            cut.file,
            cut.bytes,
            cut.offset,
            cut.kept_in.as_ref().map_or_else(String::new, |kept| format!("; kept in {kept}")),
        ));
    }
    lines.extend(report.mended.iter().map(ToString::to_string));
    lines.extend(
        report.set_aside.iter().map(|aside| format!("{} is set aside: {}", aside.file, aside.kept_in)),
    );
    lines.extend(
        report
            .fallbacks
            .iter()
            .map(|file| format!("{file} was not used; an older one or the journal stood in")),
    );
    lines.extend(report.lost.iter().map(|range| format!("events {range} are lost")));
    lines
}

/// A finding and what to do about it.
pub(crate) fn finding(finding: &Finding) -> String {
    if finding.action.is_empty() { finding.to_string() } else { format!("{finding} ({})", finding.action) }
}
