//! `restore`: puts a book back from a backup.

use super::halt::check_reason;
use super::state::Written;
use crate::errors::{Failure, Outcome};
use crate::flags::RestoreArgs;
use crate::needs::{Needs, backup, before};
use crate::output::{Format, notes, progress::Progress, table};
use serde::Serialize;
use std::io::{BufRead, IsTerminal, Write};
use std::sync::Arc;
use truebook::backup::restore::{self, Done, Options, Plan, Point, Proof};
use truebook::backup::{BackupError, Generation, GenerationId, Shelf, Verdict, shelf};
use truebook::core::event::{Event, Reason};
use truebook::core::id::Seq;
use truebook::core::time::Utc;

/// What `restore` prints; part of the contract.
#[derive(Serialize)]
struct Restoration<'a> {
    /// `plan` or `done`.
    step: &'static str,
    plan: &'a Plan,
    done: Option<&'a Done>,
}

/// A generation in a list; part of the contract.
#[derive(Serialize)]
struct Listed {
    generation: GenerationId,
    made_at: Utc,
    first: Seq,
    last: Seq,
    bytes: u64,
    /// `verified`, `damaged` or `unknown`.
    verified: &'static str,
    verified_at: Option<Utc>,
    suspicions: Vec<String>,
    reason: String,
}

pub(super) fn run(needs: &Needs, args: &RestoreArgs) -> Result<Outcome, Failure> {
    if let Some(reason) = &args.accept_gap {
        return accept_gap(needs, reason);
    }
    check_reason(&args.why)?;
    if args.list {
        let shelf = find_shelf(needs, args, |_| Ok(()))?.0;
        return list(needs, &shelf);
    }
    finish_earlier(needs, args)?;
    let (shelf, plan) = find_shelf(needs, args, |shelf| {
        restore::plan(&needs.world(), shelf, point(shelf, args)?, needs.key().as_ref())
    })?;
    if args.dry_run {
        show(needs, &plan, None)?;
        return Ok(Outcome::Fine);
    }
    if needs.format() == Format::Text {
        needs.out().text(&plan.to_string())?;
    }
    ask(needs, args)?;
    before::restoring(needs, &shelf);
    let done = carry_out(needs, args, &shelf, &plan)?;
    show(needs, &plan, Some(&done))?;
    Ok(Outcome::Fine)
}

fn accept_gap(needs: &Needs, reason: &str) -> Result<Outcome, Failure> {
    check_reason(reason)?;
    let event = Event::Covered(Reason { why: reason.to_owned() });
    let written = needs.with_book(|book| Ok(Written::new(book, book.record(event)?)))?;
    needs.out().show(&written, || {
        format!("what happened since the book was restored counts as known ({})", written.in_words())
    })?;
    Ok(Outcome::Fine)
}

/// An earlier restore that was decided and interrupted is finished first: planning over it would be planning
/// over half a book.
fn finish_earlier(needs: &Needs, args: &RestoreArgs) -> Result<(), Failure> {
    if args.dry_run {
        return Ok(());
    }
    if let Some(kept_in) = restore::finish(&needs.world())? {
        notes::warn(&format!("an earlier restore was interrupted and is finished now; it kept {kept_in}"));
    }
    Ok(())
}

/// The first place that can be used, and what `use_it` made of it.
fn find_shelf<T>(
    needs: &Needs,
    args: &RestoreArgs,
    use_it: impl Fn(&Shelf) -> Result<T, BackupError>,
) -> Result<(Shelf, T), Failure> {
    let places = args.from.clone().map_or_else(|| backup::places(needs, &args.place), |from| vec![from]);
    let (last, others) = places.split_last().ok_or_else(|| Failure::new("no place for backups is given"))?;
    for place in others {
        match try_place(needs, args, place, &use_it) {
            Ok(found) => return Ok(found),
            Err(failure) => notes::warn(&format!("{place} is passed over: {}", failure.in_one_line())),
        }
    }
    try_place(needs, args, last, &use_it)
}

fn try_place<T>(
    needs: &Needs,
    args: &RestoreArgs,
    place: &str,
    use_it: impl Fn(&Shelf) -> Result<T, BackupError>,
) -> Result<(Shelf, T), Failure> {
    let target = backup::target(place)?;
    let here = restore::book_in(&needs.world());
    let book = shelf::which_book(&*target, args.book, here).map_err(|failed| match failed {
        BackupError::Asked(what) => {
            Failure::new(what).with_hint("--from DIR or --backup-to DIR says where, --book ID which")
        }
        failed => failed.into(),
    })?;
    let unlock = backup::unlock(&args.place, &*target, book)?;
    let shelf = Shelf::new(Arc::clone(&target), book, unlock);
    let made = use_it(&shelf)?;
    Ok((shelf, made))
}

fn point(shelf: &Shelf, args: &RestoreArgs) -> Result<Point, BackupError> {
    Ok(match (&args.generation, args.seq(), args.to_time) {
        (Some(generation), ..) => Point::Generation(shelf.find(generation)?),
        (None, Some(seq), _) => Point::Seq(seq),
        (None, None, Some(time)) => Point::Time(time),
        (None, None, None) => Point::Latest,
    })
}

/// Asks who sits there; without anybody, `--yes` must have been typed.
fn ask(needs: &Needs, args: &RestoreArgs) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    let nobody = || {
        Failure::new("nothing was restored: there is nobody to ask")
            .with_hint("--yes, after a look at --dry-run")
    };
    let input = std::io::stdin();
    if needs.format() == Format::Json || !input.is_terminal() {
        return Err(nobody());
    }
    // Whoever does not see the question cannot answer it.
    write!(std::io::stderr(), "restore? [yes/no] ").map_err(|_| nobody())?;
    let mut answer = String::new();
    input.lock().read_line(&mut answer).map_err(|_| nobody())?;
    if answer.trim() == "yes" { Ok(()) } else { Err(Failure::new("nothing was restored")) }
}

fn carry_out(needs: &Needs, args: &RestoreArgs, shelf: &Shelf, plan: &Plan) -> Result<Done, Failure> {
    let world = needs.world();
    let proof = if args.replay_all { Proof::Replay } else { Proof::Trust };
    let (key, journal, why) = (needs.key(), needs.options().journal, args.why.clone());
    let options = Options { key, journal, why, proof };
    let mut progress = Progress::new("fetching objects");
    let outcome = restore::restore(&world, shelf, plan, &options, &mut progress);
    drop(progress);
    outcome.map_err(|failed| {
        let failure = Failure::from(failed);
        let data = needs.data().display();
        match (restore::is_pending(&*world.disk), failure.hint()) {
            (Ok(true), _) => failure.with_hint(format!(
                "truebook --data {data} checkpoint: it finishes the restore, which is decided"
            )),
            (_, Some(_)) => failure,
            (_, None) => failure.with_hint(format!(
                "truebook --data {data} restore again once that is mended; what was there is as it was"
            )),
        }
    })
}

fn show(needs: &Needs, plan: &Plan, done: Option<&Done>) -> Result<(), Failure> {
    let step = if done.is_some() { "done" } else { "plan" };
    needs.out().show(&Restoration { step, plan, done }, || match done {
        None => format!("{plan}\nnothing was done; the same command with --yes instead of --dry-run does it"),
        Some(done) => describe_done(needs, plan, done),
    })
}

fn describe_done(needs: &Needs, plan: &Plan, done: &Done) -> String {
    let data = needs.data().display();
    let replayed = match done.replayed_after {
        Seq::ZERO => format!("{} events were replayed", done.events_replayed),
        after => format!(
            "every object has the hash that it had when the generation was verified, the {} events after its \
             checkpoint at event {after} were replayed",
            done.events_replayed
        ),
    };
    let mut lines =
        vec![format!("restored up to event {}; {replayed}, the state is {}", done.until, done.state_hash)];
    lines.push(match &done.kept_in {
        Some(kept_in) => format!("what was there is kept in {kept_in}"),
        None => format!("nothing was in {} before", plan.directory),
    });
    lines.push(format!("the restore is event {} of the book", done.recorded_as));
    lines.push(format!(
        "next: truebook --data {data} verify, then start the bot: it asks the venue what happened since {}",
        plan.until_at
    ));
    lines.join("\n")
}

fn list(needs: &Needs, shelf: &Shelf) -> Result<Outcome, Failure> {
    let verdicts = shelf.verdicts()?;
    let mut listed = Vec::new();
    for id in shelf.generations()? {
        match shelf.read(&id) {
            Ok(generation) => listed.push(row(&id, generation, verdicts.get(&id))),
            Err(failed) if failed.is_damage() => notes::warn(&failed.to_string()),
            Err(failed) => return Err(failed.into()),
        }
    }
    needs.out().show(&listed, || describe_list(shelf, &listed))?;
    Ok(Outcome::Fine)
}

fn row(id: &GenerationId, generation: Generation, verdict: Option<&Verdict>) -> Listed {
    let bytes = generation.stored_bytes();
    let verified = match verdict {
        Some(verdict) if verdict.is_verified() => "verified",
        Some(_) => "damaged",
        None => "unknown",
    };
    Listed {
        generation: id.clone(),
        made_at: generation.created_at,
        first: generation.first,
        last: generation.last,
        bytes,
        verified,
        verified_at: verdict.map(|verdict| verdict.at),
        suspicions: generation.suspicions,
        reason: generation.reason,
    }
}

fn describe_list(shelf: &Shelf, listed: &[Listed]) -> String {
    if listed.is_empty() {
        return format!("no generation of book {} is in {}", shelf.book(), shelf.describe(""));
    }
    let rows = listed.iter().map(|row| {
        let note = row.suspicions.first().unwrap_or(&row.reason);
        let [generation, made] = [row.generation.to_string(), row.made_at.to_string()];
        [generation, made, row.last.to_string(), row.bytes.to_string(), row.verified.to_owned(), note.clone()]
    });
    table::rows(["generation", "made", "last event", "bytes", "verified", ""], rows)
}
