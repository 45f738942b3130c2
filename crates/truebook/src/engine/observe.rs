//! Observe: reads everything that a plan needs from the venue, and says how much of it was read.

use super::{TradeError, Trader, lock};
use crate::venue::{VenueError, VenueErrorKind};
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use truebook_core::capability::{Capabilities, Lookup};
use truebook_core::id::Instrument;
use truebook_core::observation::{FillReport, Found, Listing, Observation, OrderReport};
use truebook_core::reconcile::{Wanted, gap, gap_begins, leg_seen_ids, seen_ids, wanted};
use truebook_core::state::State;
use truebook_core::time::Utc;

/// How much further back fills and closed orders are read than seems necessary.
pub const OVERLAP: Duration = Duration::from_mins(5);

/// How often the lists are read again because something filled in between.
const READS_MAX: u32 = 5;

/// How often lists of orders are read before a gap counts as covered.
const READS_IN_GAP: u32 = 3;

/// How many orders are looked up singly in one look. What is left over is looked up in the next.
const LOOKUPS_MAX: usize = 500;

impl Trader {
    /// Looks at the venue, and at the book in the same moment.
    pub(super) fn observe(&self) -> Result<(State, Observation), TradeError> {
        let venue = &self.0.venue;
        // Before anything is read: whatever is sent meanwhile may be in some lists and not in others.
        let mut in_flight = lock(&self.0.session).in_flight.clone();
        let venue_now = venue.now()?;
        let our_now = self.0.book.now();
        lock(&self.0.session).skew_nanos = Some(venue_now.nanos().saturating_sub(our_now.nanos()));
        // What is wanted is dated by our clock and what happened by the venue's: with ours ahead, the venue
        // must be asked for so much more.
        let ahead = our_now.since(venue_now);
        let capabilities = venue.capabilities();
        let since = self.0.book.with_state(|state| since(state, our_now, capabilities))?.minus(ahead);
        let mut fills = venue.fills(since);
        let mut reads = 0;
        let (open, positions) = loop {
            reads += 1;
            let (open, positions) = (venue.open_orders(), venue.positions());
            // An order that fills between two lists is in neither: the fills tell.
            let again = venue.fills(since);
            let grew = merge(&mut fills, again);
            if grew == Grew::No || reads == READS_MAX {
                break (open, positions);
            }
        };
        let open = self.read_in_gap(open, || venue.open_orders())?;
        let closed = self.read_in_gap(venue.closed_orders(since), || venue.closed_orders(since))?;
        in_flight.extend(lock(&self.0.session).in_flight.iter().copied());
        let mut observation = Observation {
            venue_now,
            our_now,
            open,
            closed,
            fills,
            positions,
            looked_up: BTreeMap::new(),
            looked_up_venue: BTreeMap::new(),
            in_flight,
            terms: BTreeMap::new(),
        };
        self.look_up(&mut observation)?;
        self.read_terms(&mut observation)?;
        let ids = seen_ids(&observation);
        let state = self.0.book.with_state(|state| {
            let of_legs = leg_seen_ids(state.live()).into_iter().filter(|id| !ids.contains(id));
            state.excerpt(ids.iter().copied().chain(of_legs))
        })?;
        Ok((state, observation))
    }

    /// An order that the book does not know is looked up by nobody: a list that leaves it out once must not hide
    /// it. So lists are read several times while it is not known what happened since the book was put back.
    fn read_in_gap(
        &self,
        mut first: Listing<OrderReport>,
        read: impl Fn() -> Listing<OrderReport>,
    ) -> Result<Listing<OrderReport>, TradeError> {
        if !self.0.book.with_state(|state| gap(state.live()).is_some())? {
            return Ok(first);
        }
        for _ in 1..READS_IN_GAP {
            let again = read();
            if !again.is_complete() {
                first.completeness = again.completeness;
                return Ok(first);
            }
            let known: BTreeSet<_> = first.rows.iter().map(|row| row.venue_order.clone()).collect();
            first.rows.extend(again.rows.into_iter().filter(|row| !known.contains(&row.venue_order)));
        }
        Ok(first)
    }

    /// Looks up singly what the lists do not tell; twice, for the orders that were put in place of others. A
    /// venue that wants fewer requests gets none any more in this look.
    fn look_up(&self, observation: &mut Observation) -> Result<(), TradeError> {
        let mut limited = None;
        for _ in 0..2 {
            let missing = self.0.book.with_state(|state| wanted(state, observation))?;
            for want in missing.into_iter().take(LOOKUPS_MAX) {
                let found = match &limited {
                    Some(why) => Found::Failed(format!("not asked for: {why}")),
                    None => self.look_up_one(&want, observation, &mut limited),
                };
                match want {
                    Wanted::Order(id, _) => observation.looked_up.insert(id, found),
                    Wanted::VenueOrder(id) => observation.looked_up_venue.insert(id, found),
                };
            }
        }
        Ok(())
    }

    fn look_up_one(&self, want: &Wanted, observation: &Observation, limited: &mut Option<String>) -> Found {
        let answer = match want {
            Wanted::Order(..) if self.0.venue.capabilities().lookup == Lookup::ListsOnly => {
                return in_no_list(observation);
            }
            Wanted::Order(id, instrument) => self.0.venue.find(*id, instrument),
            Wanted::VenueOrder(id) => self.0.venue.find_venue_order(id),
        };
        if let Err(failed) = &answer
            && matches!(failed.kind, VenueErrorKind::RateLimited(_))
        {
            *limited = Some(failed.to_string());
        }
        found(answer)
    }

    fn read_terms(&self, observation: &mut Observation) -> Result<(), TradeError> {
        let rows = observation.fills.rows.iter();
        let mut instruments: BTreeSet<Instrument> = rows.map(|fill| fill.instrument.clone()).collect();
        // Legs are placed in whole lots.
        instruments.extend(self.0.book.with_state(|state| {
            let brackets = state.live().orders.values().filter(|order| order.intent.terms.bracket.is_some());
            brackets.map(|order| order.intent.instrument.clone()).collect::<Vec<_>>()
        })?);
        for instrument in instruments {
            let terms = self.fill_terms(&instrument)?;
            observation.terms.insert(instrument, terms);
        }
        Ok(())
    }
}

/// An order that no list has, where there is nothing but lists.
fn in_no_list(observation: &Observation) -> Found {
    if observation.open.is_complete() && observation.closed.is_complete() {
        return Found::Nothing;
    }
    Found::Failed("it can only be found in lists, and they were not read whole".to_owned())
}

fn found(answer: Result<Option<OrderReport>, VenueError>) -> Found {
    match answer {
        Ok(Some(report)) => Found::Order(Box::new(report)),
        Ok(None) => Found::Nothing,
        Err(failed) => Found::Failed(failed.to_string()),
    }
}

/// From when on fills and closed orders are of interest.
fn since(state: &State, now: Utc, capabilities: &Capabilities) -> Utc {
    let live = state.live();
    let open = live.orders.values().filter(|order| !order.state().is_terminal());
    let oldest = open.map(|order| order.intended_at).min();
    let last = live.last_fill.unwrap_or(now);
    let usual = oldest.unwrap_or(now).min(last).min(now).minus(OVERLAP);
    gap(live).map_or(usual, |mark| usual.min(gap_begins(mark, capabilities)))
}

#[derive(PartialEq, Eq)]
enum Grew {
    Yes,
    No,
}

/// Adds what a second read of the fills brought.
fn merge(fills: &mut Listing<FillReport>, again: Listing<FillReport>) -> Grew {
    if !again.is_complete() {
        fills.completeness = again.completeness;
        return Grew::No;
    }
    let known: BTreeSet<_> =
        fills.rows.iter().map(|row| (row.instrument.clone(), row.execution.clone())).collect();
    let is_new = |row: &FillReport| !known.contains(&(row.instrument.clone(), row.execution.clone()));
    let news: Vec<_> = again.rows.into_iter().filter(is_new).collect();
    let grew = if news.is_empty() { Grew::No } else { Grew::Yes };
    fills.rows.extend(news);
    grew
}
