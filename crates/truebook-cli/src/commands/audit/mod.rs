//! `audit`: what truebook claims is proved on this machine and this disk, on copies of the book.
//!
//! `stage` and `copy` make the copies, one file a drill does something to one of them, `found` is what came out,
//! `checklist` says which line rests on which drill, `lines`, `show` and `html` tell it.

mod checklist;
mod clock;
mod compression;
mod copy;
mod corrupt;
mod encryption;
mod facts;
mod found;
mod fsync;
mod full;
mod html;
mod kill;
mod lines;
mod lock;
mod permissions;
mod plant;
mod restore;
mod saver;
mod settings;
mod show;
mod small;
mod stage;
mod targets;
mod trading;
mod utc;
mod whole;

use crate::errors::{Failure, Outcome};
use crate::flags::{AuditArgs, AuditChild, AuditChildArgs, AuditDrill, Globals};
use crate::needs::{Needs, stop};
use clap::ValueEnum;
use found::{Found, Verdict};
use lines::{Line, Ran};
use stage::Stage;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub(super) fn run(needs: &Needs, globals: &Globals, args: &AuditArgs) -> Result<Outcome, Failure> {
    let begun = Instant::now();
    let stage = Stage::set(needs, globals, args)?;
    let ran = run_drills(&stage)?;
    let lines = lines::lines(&ran);
    let took = begun.elapsed();
    if let Some(file) = &args.html {
        write_page(&stage, file, &ran, &lines, took)?;
    }
    needs.out().show(&lines, || show::describe(&stage, &lines, took))?;
    Ok(if lines::worst(&lines) == Verdict::Fail { Outcome::Different } else { Outcome::Fine })
}

/// A process of the audit's own.
pub(super) fn child(needs: &Needs, args: &AuditChildArgs) -> Result<Outcome, Failure> {
    match &args.child {
        AuditChild::Save { threads, from, seed } => saver::run(needs, *threads, *from, *seed),
        AuditChild::Hold => lock::hold(needs),
        AuditChild::Fill { base } => full::fill(needs, base),
    }
}

fn run_drills(stage: &Stage<'_>) -> Result<Vec<Ran>, Failure> {
    let stop = stop::flag()?;
    let wanted: Vec<_> =
        AuditDrill::value_variants().iter().copied().filter(|drill| stage.wants(*drill)).collect();
    let mut ran = Vec::with_capacity(wanted.len());
    for (number, drill) in (1..).zip(&wanted) {
        let begun = Instant::now();
        if stop.load(Ordering::SeqCst) {
            return Err(Failure::new("the audit was interrupted; the book was only read"));
        }
        let found = run_drill(stage, *drill).unwrap_or_else(|failure| {
            // What could not be shown is not known to hold.
            let mut found = Found::new();
            found.fail(format!("could not be done: {}", failure.in_one_line()));
            found
        });
        let (name, took) = (lines::name(*drill), begun.elapsed().as_millis());
        tell(&format!("{number} of {}: {name}: {} ({took} ms)", wanted.len(), found.verdict.words()));
        ran.push(Ran { drill: *drill, found });
    }
    Ok(ran)
}

fn run_drill(stage: &Stage<'_>, drill: AuditDrill) -> Result<Found, Failure> {
    match drill {
        AuditDrill::WholeBook => whole::run(stage),
        AuditDrill::KillDuringSave => kill::one_writer(stage),
        AuditDrill::ThreadSafety => kill::many_threads(stage),
        AuditDrill::CorruptFile => corrupt::run(stage),
        AuditDrill::DiskFull => full::run(stage),
        AuditDrill::RestoreFromBackup => restore::run(stage),
        AuditDrill::LastVerifiedBackup => targets::last_verified(stage),
        AuditDrill::ReconcileAfterDisconnect => trading::reconcile(stage),
        AuditDrill::IdempotentOrders => trading::idempotent(stage),
        AuditDrill::Lock => lock::run(stage),
        AuditDrill::SettingsMismatch => settings::run(stage),
        AuditDrill::Permissions => permissions::run(stage),
        AuditDrill::Utc => utc::run(stage),
        AuditDrill::Clock => clock::run(stage),
        AuditDrill::FsyncProbe => fsync::run(stage),
        AuditDrill::Encryption => encryption::run(stage),
        AuditDrill::Remote => targets::remote(stage),
        AuditDrill::Compression => compression::run(stage),
    }
}

fn write_page(
    stage: &Stage<'_>,
    file: &Path,
    ran: &[Ran],
    lines: &[Line],
    took: Duration,
) -> Result<(), Failure> {
    let probe = ran.iter().find(|ran| ran.drill == AuditDrill::FsyncProbe);
    let facts = facts::facts(stage, probe.map(|ran| ran.found.headline()), took);
    std::fs::write(file, html::page(lines, &facts)).map_err(|failed| copy::at("write", file, &failed))
}

fn tell(what: &str) {
    // With nobody to tell there is nothing to be done.
    let _ = writeln!(std::io::stderr(), "{what}");
}
