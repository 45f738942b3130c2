//! `backup status`: how far each place is behind the book.

use super::places;
use crate::errors::{Failure, Outcome};
use crate::flags::BackupFormArgs;
use crate::needs::Needs;
use crate::output::table;
use serde::Serialize;
use truebook::backup::{Generation, GenerationId, Listed, list, tail};
use truebook::core::id::Seq;
use truebook::core::retention::Standing;
use truebook::core::time::Utc;

/// A place; part of the contract.
#[derive(Serialize)]
struct Standings {
    place: String,
    generations: usize,
    newest: Option<GenerationId>,
    newest_at: Option<Utc>,
    newest_verified: Option<GenerationId>,
    newest_verified_at: Option<Utc>,
    suspicious: usize,
    damaged: usize,
    /// The last event that could be restored from there.
    reached: Seq,
    /// The last event of the book; `None` if there is no book here.
    book: Option<Seq>,
    /// How many events the place is behind.
    lag: Option<u64>,
}

pub(super) fn run(needs: &Needs, args: &BackupFormArgs) -> Result<Outcome, Failure> {
    let book = needs.peek().ok().map(|peek| peek.last);
    let mut standings = Vec::new();
    let places = places(needs, args)?;
    for place in &places.usable {
        let listed = list(&place.shelf)?;
        let reached = tail::reached(&place.shelf)?;
        standings.push(standing(place.shelf.describe(""), &listed, reached, book));
    }
    needs.out().show(&standings, || standings.iter().map(describe).collect::<Vec<_>>().join("\n\n"))?;
    let sound =
        standings.iter().all(|one| one.suspicious + one.damaged == 0 && one.newest_verified.is_some());
    Ok(places.judge(if sound { Outcome::Fine } else { Outcome::Different }))
}

fn standing(place: String, listed: &[Listed], reached: Seq, book: Option<Seq>) -> Standings {
    let count = |standing| listed.iter().filter(|one| one.standing == standing).count();
    let verified = listed.iter().rev().find(|one| one.standing == Standing::Verified);
    let made_at = |one: &Listed| one.generation.as_ref().map(|generation: &Generation| generation.created_at);
    Standings {
        place,
        generations: listed.len(),
        newest: listed.last().map(|one| one.id.clone()),
        newest_at: listed.last().and_then(made_at),
        newest_verified: verified.map(|one| one.id.clone()),
        newest_verified_at: verified.and_then(made_at),
        suspicious: count(Standing::Suspicious),
        damaged: count(Standing::Damaged),
        reached,
        book,
        lag: book.map(|book| book.get().saturating_sub(reached.get())),
    }
}

fn describe(standing: &Standings) -> String {
    let with_time = |id: &Option<GenerationId>, at: Option<Utc>| match (id, at) {
        (Some(id), Some(at)) => format!("{id}, {at}"),
        (Some(id), None) => id.to_string(),
        (None, _) => "none".to_owned(),
    };
    table::pairs([
        ("place", standing.place.clone()),
        ("generations", standing.generations.to_string()),
        ("newest", with_time(&standing.newest, standing.newest_at)),
        ("newest verified", with_time(&standing.newest_verified, standing.newest_verified_at)),
        ("suspicious", standing.suspicious.to_string()),
        ("damaged", standing.damaged.to_string()),
        ("reaches event", standing.reached.to_string()),
        (
            "behind the book by",
            standing.lag.map_or_else(|| "no book here".to_owned(), |lag| format!("{lag} events")),
        ),
    ])
}
