//! The audit: the venue's own store beside the journal. Every figure is counted from the two.

use super::stage::{SYMBOL, Stage};
use super::unprotected::{self, Exposure};
use crate::commands::paper;
use crate::errors::Failure;
use crate::flags::{ClassArg, DemoArgs};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use truebook::book::{OpenOptions, Peek};
use truebook::core::event::Event;
use truebook::core::id::{Instrument, OrderId, Seq};
use truebook::core::money::Qty;
use truebook::core::order::{Intent, Placement};
use truebook::core::state::Live;
use truebook::log::LogReader;
use truebook::paper::{Exchange, OrderRecord, PaperStore};

/// What `demo` prints; part of the contract.
#[derive(Serialize)]
pub(super) struct Figures {
    /// How often the bot was killed.
    pub(super) kills: u32,
    /// Orders that the journal has as wanted, those that the venue makes with another left aside.
    pub(super) intended: usize,
    /// Requests to place an order that came to the venue.
    pub(super) requests: u64,
    /// Orders that the venue made of them.
    pub(super) at_venue: usize,
    /// Orders at the venue beyond one for each key.
    pub(super) duplicates: usize,
    /// Live orders at the venue that bear our tag and are not in the book, and legs that were live or executed
    /// after their position was closed.
    pub(super) orphans: usize,
    /// For how long a position that was to have a stop had none, by the venue's own times.
    pub(super) unprotected_ms: u64,
    /// How far the positions of book and venue are apart.
    pub(super) position_difference: Qty,
    /// Events that the bot acknowledged and the journal does not have.
    pub(super) lost: u64,
}

impl Figures {
    pub(super) fn is_clean(&self) -> bool {
        let none = [self.duplicates, self.orphans].iter().all(|count| *count == 0);
        none && self.unprotected_ms == 0 && self.lost == 0 && self.position_difference.is_zero()
    }
}

/// The figures, and what is worth knowing beside them.
pub(super) struct Found {
    pub(super) figures: Figures,
    pub(super) fills: usize,
    pub(super) acknowledged: u64,
    /// While an entry is filled in pieces the venue holds its legs back.
    pub(super) filling_ms: u64,
}

/// What the journal says.
pub(super) struct Journal {
    seqs: BTreeSet<Seq>,
    pub(super) intents: BTreeMap<OrderId, Intent>,
}

pub(super) fn audit(stage: &Stage, args: &DemoArgs, acknowledged: u64) -> Result<Found, Failure> {
    let exchange = venue(stage)?;
    let peek = Peek::read(&stage.book(), None)?;
    let live = peek.state.live();
    let journal = read_journal(stage)?;
    let exposure = unprotected::measure(&exchange, &journal);
    let figures = Figures {
        kills: args.kills,
        intended: journal.intents.values().filter(|intent| intent.terms.via == Placement::Own).count(),
        requests: exchange.all_received().values().sum(),
        at_venue: own_orders(&exchange).count(),
        duplicates: duplicates(&exchange, &journal),
        orphans: orphans(&exchange, live, &exposure),
        unprotected_ms: exposure.unprotected_ms,
        position_difference: difference(&exchange, live)?,
        lost: (1..=acknowledged).filter(|seq| !journal.seqs.contains(&Seq::new(*seq))).count() as u64,
    };
    let fills = exchange.all_fills().len();
    Ok(Found { figures, fills, acknowledged, filling_ms: exposure.filling_ms })
}

fn venue(stage: &Stage) -> Result<Exchange, Failure> {
    let symbol = Instrument::new(SYMBOL).map_err(|failed| Failure::caused(&failed))?;
    let settings = paper::settings(ClassArg::A, &[symbol]).map_err(|failed| Failure::caused(&failed))?;
    let store = PaperStore::open(stage.store(), OpenOptions::default());
    let store = store.map_err(|failed| Failure::caused(&failed))?;
    store.load(settings).map_err(|failed| Failure::caused(&failed))
}

fn read_journal(stage: &Stage) -> Result<Journal, Failure> {
    let mut reader = LogReader::open(&stage.book(), None, Seq::new(1))?;
    let mut journal = Journal { seqs: BTreeSet::new(), intents: BTreeMap::new() };
    loop {
        let batch = reader.next_batch()?;
        if batch.is_empty() {
            return Ok(journal);
        }
        for entry in batch {
            journal.seqs.insert(entry.seq);
            if let Event::Intent(intent) = entry.record.ev {
                journal.intents.insert(intent.id, *intent);
            }
        }
    }
}

/// Orders that came of a request of their own.
fn own_orders(exchange: &Exchange) -> impl Iterator<Item = &OrderRecord> {
    exchange.all_orders().filter(|order| order.parent.is_none() && order.replaces.is_none())
}

/// What an order was sent for. The first 24 digits of an id are a function of the key with both bots; where
/// the journal knows the id it tells the key itself, and so catches a second attempt too.
fn purpose(order: &OrderRecord, journal: &Journal) -> String {
    let intent = OrderId::from_hex(&order.client_id).and_then(|id| journal.intents.get(&id));
    let digits = order.client_id.get(..24).unwrap_or(&order.client_id).to_owned();
    let same = |other: &&Intent| other.id.to_string().starts_with(&digits);
    let intent = intent.or_else(|| journal.intents.values().find(same));
    match intent {
        // One stop may take the place of another that is over.
        Some(intent) if intent.parent.is_some() => order.client_id.to_string(),
        Some(intent) => intent.key.to_string(),
        None => digits,
    }
}

fn duplicates(exchange: &Exchange, journal: &Journal) -> usize {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for order in own_orders(exchange) {
        *counts.entry(purpose(order, journal)).or_default() += 1;
    }
    counts.values().map(|count| count.saturating_sub(1)).sum()
}

fn orphans(exchange: &Exchange, live: &Live, exposure: &Exposure) -> usize {
    let tag = live.identity.installation;
    let is_ours = |order: &OrderRecord| OrderId::from_hex(&order.client_id).is_some_and(|id| id.tag() == tag);
    let in_book = |order: &OrderRecord| {
        let mut open = live.orders.values().filter(|known| !known.state().is_terminal());
        open.any(|known| known.venue_orders.contains_key(&order.id))
    };
    let is_of_ours = |order: &OrderRecord| match &order.parent {
        None => is_ours(order),
        Some(parent) => exchange.order(parent).is_some_and(is_ours),
    };
    let live_orders = exchange.all_orders().filter(|order| order.status.is_live());
    let unknown = live_orders.filter(|order| is_of_ours(order) && !in_book(order));
    let outliving = exposure.outliving.iter().cloned();
    unknown.map(|order| order.id.clone()).chain(outliving).collect::<BTreeSet<_>>().len()
}

fn difference(exchange: &Exchange, live: &Live) -> Result<Qty, Failure> {
    let venue: BTreeMap<_, _> = exchange.positions().map(|(of, held)| (of.clone(), held.quantity)).collect();
    let symbols: BTreeSet<_> = venue.keys().chain(live.positions.keys()).collect();
    let mut sum = Qty::ZERO;
    for symbol in symbols {
        let theirs = venue.get(symbol).copied().unwrap_or(Qty::ZERO);
        let ours = live.positions.get(symbol).map_or(Qty::ZERO, |position| position.quantity);
        let apart = ours.minus(theirs).and_then(|apart| sum.plus(apart.abs()));
        sum = apart.map_err(|failed| Failure::caused(&failed))?;
    }
    Ok(sum.normalized())
}
