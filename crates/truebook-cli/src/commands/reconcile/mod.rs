//! `reconcile`: book and venue brought to agreement, or what that would take.

mod words;

use crate::errors::{Failure, Outcome};
use crate::flags::ReconcileArgs;
use crate::needs::{Needs, venue};
use serde::Serialize;
use std::time::Duration;
use truebook::Book;
use truebook::core::reconcile::{Alarm, HeldBack, Plan, Step, Verdict};
use truebook::engine::Trader;

/// What `reconcile` prints; part of the contract.
#[derive(Serialize)]
struct Shown {
    /// `plan` or `done`.
    step: &'static str,
    /// What would be done, or was done, in this order.
    steps: Vec<Step>,
    /// What was looked at and left alone.
    held_back: Vec<HeldBack>,
    /// What a person should hear of.
    alarms: Vec<Alarm>,
    verdict: Verdict,
    /// Whether book and venue agree, with nothing left to do.
    agreed: bool,
    /// Instruments in which new risk is refused until their reason is gone.
    blocked: Vec<String>,
    /// How many seconds the venue's clock is ahead of ours, if that is worth telling.
    clock_off_s: Option<i64>,
}

pub(super) fn run(needs: &Needs, args: &ReconcileArgs) -> Result<Outcome, Failure> {
    let shown = needs.with_book(|book| look(book, args))?;
    needs.out().show(&shown, || words::describe(&shown))?;
    Ok(if shown.agreed { Outcome::Fine } else { Outcome::Different })
}

fn look(book: &Book, args: &ReconcileArgs) -> Result<Shown, Failure> {
    let venue = venue::of_book(book, &args.venue)?;
    let make = if args.adopt_lost { Trader::after_loss } else { Trader::new };
    let trader = make(book.clone(), venue)?;
    let (step, passes) =
        if args.plan { ("plan", vec![trader.plan()?]) } else { ("done", trader.reconcile()?.passes) };
    let clock_off_s = clock_off(&trader)?;
    Shown::new(step, passes, book, clock_off_s)
}

impl Shown {
    fn new(
        step: &'static str,
        passes: Vec<Plan>,
        book: &Book,
        clock_off_s: Option<i64>,
    ) -> Result<Self, Failure> {
        let blocked = blocked(book)?;
        let Some(last) = passes.last().cloned() else { return Err(Failure::new("nothing was looked at")) };
        let agreed = last.steps.is_empty() && last.verdict == Verdict::Agreed && blocked.is_empty();
        let (mut steps, mut alarms) = (Vec::new(), Vec::new());
        for pass in passes {
            steps.extend(pass.steps);
            for alarm in pass.alarms {
                if !alarms.contains(&alarm) {
                    alarms.push(alarm);
                }
            }
        }
        let Plan { held_back, verdict, .. } = last;
        Ok(Self { step, steps, held_back, alarms, verdict, agreed, blocked, clock_off_s })
    }
}

/// What is blocked because book and venue differ; what an operator blocked is no difference.
fn blocked(book: &Book) -> Result<Vec<String>, Failure> {
    let blocked = book.live()?.blocked;
    let differs = blocked.into_iter().flat_map(|(symbol, kinds)| {
        let open = kinds.into_iter().filter(|(kind, _)| !kind.needs_review());
        open.map(move |(kind, why)| format!("{symbol} ({}): {why}", kind.name())).collect::<Vec<_>>()
    });
    Ok(differs.collect())
}

/// Clocks that are so far apart are told, whatever the venue allows.
const CLOCK_OFF: Duration = Duration::from_mins(1);

fn clock_off(trader: &Trader) -> Result<Option<i64>, Failure> {
    let theirs = trader.venue().now().map_err(truebook::engine::TradeError::from)?;
    let most = trader.venue().capabilities().clock_skew_max.min(CLOCK_OFF);
    let off = theirs.nanos().saturating_sub(trader.book().now().nanos());
    let too_far = Duration::from_nanos(off.unsigned_abs()) > most;
    Ok(too_far.then_some(off / 1_000_000_000))
}
