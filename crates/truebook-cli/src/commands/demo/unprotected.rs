//! For how long positions that were to have a stop had none, by the venue's own record of times.
//!
//! A bracket's position is open from the moment its entry is filled (or over, if only a part was) until its
//! legs have sold all of it. A stop that the venue made with the entry is live from the moment the entry is
//! filled, one of its own from the moment the venue got it, and both until they end. While an entry is being
//! filled in pieces the venue holds its legs back; that time is the venue's, and told apart.

use super::audit::Journal;
use std::collections::BTreeSet;
use truebook::core::id::{OrderId, VenueOrderId};
use truebook::core::money::Qty;
use truebook::core::order::Role;
use truebook::core::time::Utc;
use truebook::paper::{Exchange, FillRecord, OrderRecord};

/// What was measured.
#[derive(Default)]
pub(super) struct Exposure {
    pub(super) unprotected_ms: u64,
    pub(super) filling_ms: u64,
    /// Legs that were live, or were executed, after what they protect was closed.
    pub(super) outliving: BTreeSet<VenueOrderId>,
}

/// A time from here to there.
type Span = (Utc, Utc);

pub(super) fn measure(exchange: &Exchange, journal: &Journal) -> Exposure {
    let end = last_time(exchange);
    let mut exposure = Exposure::default();
    let (mut bare_nanos, mut filling_nanos) = (0_i64, 0_i64);
    for entry in exchange.all_orders().filter(|order| !order.legs.is_empty() && !order.filled.is_zero()) {
        let group = Group::of(exchange, journal, entry);
        let flat = group.flat_at();
        exposure.outliving.extend(flat.into_iter().flat_map(|flat| group.outliving(flat)));
        let Some(begin) = group.entry.ended_at() else { continue };
        bare_nanos += bare((begin, flat.unwrap_or(end)), group.stops(end));
        filling_nanos += group.first_fill().map_or(0, |first| length((first, begin)));
    }
    (exposure.unprotected_ms, exposure.filling_ms) = (in_ms(bare_nanos), in_ms(filling_nanos));
    exposure
}

/// An entry, the legs that the venue made with it and those that were sent for it later.
struct Group<'a> {
    entry: &'a OrderRecord,
    legs: Vec<(&'a OrderRecord, Role)>,
    fills: Vec<&'a FillRecord>,
}

impl<'a> Group<'a> {
    fn of(exchange: &'a Exchange, journal: &Journal, entry: &'a OrderRecord) -> Self {
        let role = |leg: &OrderRecord| match &leg.parent {
            Some(parent) => (*parent == entry.id).then_some(leg.role),
            None => sent_for(journal, leg, entry),
        };
        let legs: Vec<_> =
            exchange.all_orders().filter_map(|order| role(order).map(|role| (order, role))).collect();
        let is_ours =
            |fill: &&FillRecord| fill.order == entry.id || legs.iter().any(|(leg, _)| leg.id == fill.order);
        let fills = exchange.all_fills().iter().filter(is_ours).collect();
        Self { entry, legs, fills }
    }

    fn first_fill(&self) -> Option<Utc> {
        self.fills.first().map(|fill| fill.at)
    }

    /// When the legs had sold all that the entry bought.
    fn flat_at(&self) -> Option<Utc> {
        let mut held = self.entry.filled;
        for fill in self.fills.iter().filter(|fill| fill.order != self.entry.id) {
            held = held.minus(fill.quantity).unwrap_or(Qty::ZERO);
            if held.is_zero() || held.is_negative() {
                return Some(fill.at);
            }
        }
        None
    }

    /// Legs that are live or were executed after this moment.
    fn outliving(&self, flat: Utc) -> impl Iterator<Item = VenueOrderId> {
        let executed =
            move |leg: &OrderRecord| self.fills.iter().any(|fill| fill.order == leg.id && fill.at > flat);
        let outlives = move |(leg, _): &&(&OrderRecord, Role)| leg.status.is_live() || executed(leg);
        self.legs.iter().filter(outlives).map(|(leg, _)| leg.id.clone())
    }

    /// When which stop was live.
    fn stops(&self, end: Utc) -> Vec<Span> {
        let stops = self.legs.iter().filter(|(_, role)| *role == Role::StopLoss);
        let from = |leg: &OrderRecord| match leg.parent {
            Some(_) => self.entry.filled_at.map(|filled| filled.max(leg.submitted_at)),
            None => Some(leg.submitted_at),
        };
        let mut spans: Vec<Span> =
            stops.filter_map(|(leg, _)| Some((from(leg)?, leg.ended_at().unwrap_or(end)))).collect();
        spans.sort_unstable();
        spans
    }
}

/// What an order was sent for, if it was for this entry; the journal knows.
fn sent_for(journal: &Journal, leg: &OrderRecord, entry: &OrderRecord) -> Option<Role> {
    let intent = journal.intents.get(&OrderId::from_hex(&leg.client_id)?)?;
    let parent = OrderId::from_hex(&entry.client_id)?;
    (intent.parent == Some(parent)).then_some(intent.role)
}

/// How much of a time none of the spans covers.
fn bare(held: Span, spans: Vec<Span>) -> i64 {
    let (mut at, mut sum) = (held.0, 0);
    for (from, to) in spans {
        if from > at {
            sum += length((at, from.min(held.1)));
        }
        at = at.max(to);
    }
    sum + length((at, held.1))
}

fn length((from, to): Span) -> i64 {
    to.nanos().saturating_sub(from.nanos()).max(0)
}

/// Rounded up: a moment is not nothing.
fn in_ms(nanos: i64) -> u64 {
    nanos.cast_unsigned().div_ceil(1_000_000)
}

fn last_time(exchange: &Exchange) -> Utc {
    exchange.all_orders().map(|order| order.updated_at).max().unwrap_or(Utc::from_nanos(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(held: (i64, i64), spans: &[(i64, i64)], expect: i64) {
        let span = |(from, to): (i64, i64)| (Utc::from_nanos(from), Utc::from_nanos(to));
        assert_eq!(bare(span(held), spans.iter().copied().map(span).collect()), expect, "{held:?} {spans:?}");
    }

    #[test]
    fn only_the_time_that_no_stop_covers_counts() {
        check((10, 20), &[], 10);
        check((10, 20), &[(0, 30)], 0);
        check((10, 20), &[(12, 15)], 7);
        check((10, 20), &[(10, 14), (13, 20)], 0);
        check((10, 20), &[(10, 14), (16, 20)], 2);
        check((10, 20), &[(25, 30)], 10);
    }
}
