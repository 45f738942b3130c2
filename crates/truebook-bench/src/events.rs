//! The life of many orders, interleaved: what every store in `replay` holds.
//!
//! Neutral on purpose: each store maps [`GenEvent`] onto its own shape, and is asked for the same fields
//! again.

use crate::rng::Rng;
use serde::Serialize;

/// Orders alive at one time.
const OPEN_ORDERS_MAX: usize = 2_000;
/// 2024-02-29T14:30:00Z, in nanoseconds since 1970.
const FIRST_AT_NS: i64 = 1_709_217_000_000_000_000;
const SYMBOLS: [&str; 12] =
    ["AAPL", "MSFT", "SPY", "QQQ", "NVDA", "TSLA", "AMZN", "META", "GOOGL", "BRK.B", "BTC/USD", "ETH/USD"];
const STRATEGIES: [&str; 4] = ["meanrev", "breakout", "pairs", "carry"];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GenKind {
    /// Written before the order is sent.
    New,
    /// The venue has it, and gave it its own id.
    Ack,
    /// One execution of half the quantity.
    Fill,
    /// The rest was cancelled: nothing more can come.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GenSide {
    Buy,
    Sell,
}

/// One event; decimals are text, as in any ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct GenEvent {
    /// From 1, without a gap.
    pub(crate) seq: u64,
    /// Nanoseconds since 1970, UTC.
    pub(crate) at_ns: i64,
    pub(crate) kind: GenKind,
    /// The bot's own key of the order.
    pub(crate) order_key: String,
    /// 32 lower-case hex digits.
    pub(crate) client_id: String,
    pub(crate) symbol: String,
    pub(crate) side: GenSide,
    /// Of the order; on `Fill` what was executed.
    pub(crate) qty: String,
    /// The limit on `New` and `Ack`, the price paid on `Fill` and `Closed`.
    pub(crate) price: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) venue_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exec_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fee: Option<String>,
}

/// How many orders a stream tells of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OrderCount(pub(crate) u64);

/// Every event of `OrderCount` orders, four each, about 2,000 orders open at a time.
#[derive(Debug, Clone)]
pub(crate) struct EventStream {
    rng: Rng,
    seed: u64,
    open: Vec<OpenOrder>,
    started: u64,
    orders: u64,
    seq: u64,
    at_ns: i64,
}

#[derive(Debug, Clone, Copy)]
struct OpenOrder {
    number: u64,
    next: GenKind,
}

impl EventStream {
    pub(crate) fn new(seed: u64, orders: OrderCount) -> Self {
        Self {
            rng: Rng::new(seed),
            seed,
            open: Vec::with_capacity(OPEN_ORDERS_MAX),
            started: 0,
            orders: orders.0,
            seq: 0,
            at_ns: FIRST_AT_NS,
        }
    }

    fn start_order(&mut self) -> OpenOrder {
        self.started += 1;
        let order = OpenOrder { number: self.started, next: GenKind::Ack };
        self.open.push(order);
        OpenOrder { next: GenKind::New, ..order }
    }

    /// Takes the next step of any open order; `None` once all are closed.
    fn step_order(&mut self) -> Option<OpenOrder> {
        if self.open.is_empty() {
            return None;
        }
        let index = self.rng.index(self.open.len());
        let step = self.open[index];
        match after(step.next) {
            Some(next) => self.open[index].next = next,
            None => drop(self.open.swap_remove(index)),
        }
        Some(step)
    }

    fn event(&mut self, step: OpenOrder) -> GenEvent {
        self.seq += 1;
        self.at_ns += 1_000_000 + i64::from(self.rng.next().to_le_bytes()[0]);
        Order::of(self.seed, step.number).event(self.seq, self.at_ns, step.next)
    }
}

impl Iterator for EventStream {
    type Item = GenEvent;

    fn next(&mut self) -> Option<GenEvent> {
        let may_start = self.open.len() < OPEN_ORDERS_MAX && self.started < self.orders;
        let step = if may_start { self.start_order() } else { self.step_order()? };
        Some(self.event(step))
    }
}

fn after(kind: GenKind) -> Option<GenKind> {
    match kind {
        GenKind::New => Some(GenKind::Ack),
        GenKind::Ack => Some(GenKind::Fill),
        GenKind::Fill => Some(GenKind::Closed),
        GenKind::Closed => None,
    }
}

/// What does not change over an order's life; derived anew from its number, so that a million need no memory.
struct Order {
    number: u64,
    ids: [u64; 4],
    symbol: &'static str,
    strategy: &'static str,
    side: GenSide,
    qty: u64,
    price_cents: u64,
}

impl Order {
    fn of(seed: u64, number: u64) -> Self {
        let mut rng = Rng::new(seed ^ number.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        Self {
            number,
            ids: [rng.next(), rng.next(), rng.next(), rng.next()],
            symbol: SYMBOLS[rng.index(SYMBOLS.len())],
            strategy: STRATEGIES[rng.index(STRATEGIES.len())],
            side: if rng.below(2) == 0 { GenSide::Buy } else { GenSide::Sell },
            qty: 2 + rng.below(998),
            price_cents: 1_000 + rng.below(99_000),
        }
    }

    fn event(&self, seq: u64, at_ns: i64, kind: GenKind) -> GenEvent {
        GenEvent {
            seq,
            at_ns,
            kind,
            order_key: format!("{}/{}/{:06}", self.strategy, self.symbol, self.number),
            client_id: format!("{:016x}{:016x}", self.ids[0], self.ids[1]),
            symbol: self.symbol.to_owned(),
            side: self.side,
            qty: self.qty_at(kind).to_string(),
            price: self.price_text(kind),
            venue_id: (kind != GenKind::New).then(|| self.venue_id()),
            exec_id: (kind == GenKind::Fill).then(|| format!("{:012x}", self.ids[2] >> 16)),
            fee: (kind == GenKind::Fill).then(|| self.fee_text()),
        }
    }

    fn qty_at(&self, kind: GenKind) -> u64 {
        if kind == GenKind::Fill { self.qty / 2 } else { self.qty }
    }

    fn price_text(&self, kind: GenKind) -> String {
        let paid = matches!(kind, GenKind::Fill | GenKind::Closed);
        let cents = self.price_cents - u64::from(paid);
        format!("{}.{:02}", cents / 100, cents % 100)
    }

    fn fee_text(&self) -> String {
        format!("0.{:04}", self.ids[3] % 10_000)
    }

    /// Thirty-six characters, as most venues give.
    fn venue_id(&self) -> String {
        let id = format!("{:016x}{:016x}", self.ids[2], self.ids[3]);
        [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_goes_through_all_four_steps() {
        let events: Vec<_> = EventStream::new(1, OrderCount(3_000)).collect();
        assert_eq!(events.len(), 12_000);
        let closed = events.iter().filter(|event| event.kind == GenKind::Closed);
        assert_eq!(closed.count(), 3_000);
    }

    #[test]
    fn the_same_seed_gives_the_same_events() {
        let stream = EventStream::new(7, OrderCount(50));
        assert!(stream.clone().eq(stream));
    }

    #[test]
    fn about_two_thousand_orders_are_open_in_the_middle() {
        let mut open = 0_i64;
        for event in EventStream::new(3, OrderCount(10_000)).take(20_000) {
            open += i64::from(event.kind == GenKind::New) - i64::from(event.kind == GenKind::Closed);
        }
        assert!((1_900..=2_000).contains(&open), "{open} open");
    }
}
