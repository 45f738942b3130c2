//! `backup follow`: new events are copied as they come.

use super::places;
use crate::errors::{Failure, Outcome};
use crate::flags::BackupFollowArgs;
use crate::needs::{Needs, stop};
use crate::output::{Format, notes};
use serde::Serialize;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use truebook::backup::keeper::SHIPPING_INTERVAL;
use truebook::backup::{BackupError, Place, Reader, tail};
use truebook::core::id::Seq;

/// What `backup follow` prints whenever something was copied; part of the contract.
#[derive(Serialize)]
struct Copied {
    place: String,
    /// The last event that the place has now.
    reached: Seq,
    /// The last event of the book.
    book: Seq,
    pieces: u64,
    bytes: u64,
}

/// A stopping process is not waited for longer than this.
const TICK: Duration = Duration::from_millis(100);

pub(super) fn run(needs: &Needs, args: &BackupFollowArgs) -> Result<Outcome, Failure> {
    let stop = stop::flag()?;
    let context = needs.peek_whole()?.context().clone();
    let mut places: Vec<_> =
        places(needs, &args.form)?.usable.into_iter().map(|place| (place, None)).collect();
    let end = args.seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let is_over = |stop: &std::sync::atomic::AtomicBool| {
        stop.load(Ordering::SeqCst) || end.is_some_and(|end| Instant::now() >= end)
    };
    loop {
        let reader = Reader::beside(context.clone())?;
        for (place, reached) in &mut places {
            match copy(place, reached, &reader) {
                Ok(Some(copied)) => show(needs, &copied)?,
                Ok(None) => {}
                // It is tried again with the next events.
                Err(failed) => notes::warn(&format!("{}: {failed}", place.shelf.describe(""))),
            }
        }
        let next = Instant::now() + SHIPPING_INTERVAL;
        while Instant::now() < next && !is_over(&stop) {
            std::thread::sleep(TICK);
        }
        if is_over(&stop) {
            return Ok(Outcome::Fine);
        }
    }
}

fn copy(place: &Place, reached: &mut Option<Seq>, reader: &Reader) -> Result<Option<Copied>, BackupError> {
    let after = match *reached {
        Some(reached) => reached,
        None => tail::reached(&place.shelf)?,
    };
    *reached = Some(after);
    if reader.last() <= after {
        return Ok(None);
    }
    let shipped = tail::ship(reader, &place.shelf, &place.form, after)?;
    *reached = Some(shipped.last);
    Ok(Some(Copied {
        place: place.shelf.describe(""),
        reached: shipped.last,
        book: reader.last(),
        pieces: shipped.pieces,
        bytes: shipped.bytes,
    }))
}

fn show(needs: &Needs, copied: &Copied) -> Result<(), Failure> {
    if needs.format() == Format::Json {
        let line = serde_json::to_string(copied)
            .map_err(|failed| Failure::new("encode the output").with_cause(&failed))?;
        return needs.out().text(&line);
    }
    needs.out().text(&format!("{}: up to event {} of {}", copied.place, copied.reached, copied.book))
}
