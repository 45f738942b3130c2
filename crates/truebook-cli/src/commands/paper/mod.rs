//! `paper`: a venue that exists only here, as a process of its own.

mod faults;
mod prices;
mod venue;

use crate::errors::{Failure, Outcome};
use crate::flags::PaperArgs;
use crate::needs::{Needs, stop};
use crate::output::notes;
use prices::Prices;
use serde::Serialize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use truebook::paper::PaperVenue;
use truebook_server::paper::{Options, PaperServer};

pub(super) use venue::settings;

/// What `paper` prints once it answers; part of the contract.
#[derive(Serialize)]
struct Listening {
    /// What to give to `--venue-url`.
    url: String,
}

/// How long the command sleeps at most before it looks whether it is to stop.
const NAP: Duration = Duration::from_millis(50);

pub(super) fn run(needs: &Needs, data: Option<&Path>, args: &PaperArgs) -> Result<Outcome, Failure> {
    let stop = stop::flag()?;
    let mut prices = Prices::new(args)?;
    let venue = venue::open(needs, data, args)?;
    faults::arm(&venue, &args.faults);
    tick(&venue, args, &mut prices);
    let server = PaperServer::start(args.listen, venue.clone(), options(args)?)
        .map_err(|failed| Failure::new(format!("listen at {}", args.listen)).with_cause(&failed))?;
    let listening = Listening { url: server.url() };
    needs.out().show(&listening, || listening.url.clone())?;
    let closed = Arc::new(AtomicBool::new(false));
    if args.close_with_input {
        close_with_input(Arc::clone(&closed));
    }
    while !stop.load(Ordering::SeqCst) {
        nap(args.tick_ms, &stop);
        if closed.load(Ordering::SeqCst) {
            prices.stand_still();
        }
        tick(&venue, args, &mut prices);
    }
    server.stop();
    Ok(Outcome::Fine)
}

fn options(args: &PaperArgs) -> Result<Options, Failure> {
    let Some(keys) = &args.keys else { return Ok(Options::default()) };
    let wrong = || Failure::new("--keys is written ID:SECRET").with_hint("--keys my-id:my-secret");
    let (id, secret) =
        keys.split_once(':').filter(|(id, secret)| !id.is_empty() && !secret.is_empty()).ok_or_else(wrong)?;
    Ok(Options { keys: Some((id.to_owned(), secret.to_owned())), ..Options::default() })
}

/// The next price of everything that is traded.
fn tick(venue: &PaperVenue, args: &PaperArgs, prices: &mut Prices) {
    for (number, symbol) in args.symbol.iter().enumerate() {
        if let Err(failed) = venue.tick(symbol, prices.of(number)) {
            notes::warn(&format!("the price of {symbol}: {failed}"));
        }
    }
    prices.advance();
}

fn nap(ms: u64, stop: &AtomicBool) {
    let mut left = Duration::from_millis(ms.max(1));
    while !left.is_zero() && !stop.load(Ordering::SeqCst) {
        let part = left.min(NAP);
        std::thread::sleep(part);
        left -= part;
    }
}

fn close_with_input(closed: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        // However the input ends, it has ended.
        drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
        closed.store(true, Ordering::SeqCst);
    });
}
