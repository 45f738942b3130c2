//! Generated events in the terms of truebook: what a bot would record of each.

use crate::engine::EngineName;
use crate::error::{BenchError, DuringPeer};
use crate::events::{EventStream, GenEvent, GenKind, GenSide, OrderCount};
use crate::records::{NOTE, RECORD_BYTES_MAX, RECORD_BYTES_MIN};
use crate::rng::Rng;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use truebook::core::event::{Acked, Closed, Event, Record};
use truebook::core::id::{Asset, ExecutionId, Instrument, OrderId, OrderKey, VenueOrderId};
use truebook::core::life::Closing;
use truebook::core::order::{Fee, Fill, Intent, OrderType, Role, Side, TakenFrom, Terms, TimeInForce};
use truebook::core::time::Utc;

type Malformed = Box<dyn Error + Send + Sync>;

/// The event, filled up with words to about `bytes` of JSON where it has room for words.
pub(crate) fn event_of(event: &GenEvent, bytes: usize) -> Result<Event, BenchError> {
    let mut made = bare_event(event).peer(EngineName::Truebook, "take over a generated event")?;
    let room = bytes.saturating_sub(payload_bytes(&made)?);
    fill_up(&mut made, room);
    Ok(made)
}

/// A size within the range of the peers' records, the same for the same event.
pub(crate) fn wanted_bytes(event: &GenEvent) -> usize {
    RECORD_BYTES_MIN + Rng::new(event.seq).index(RECORD_BYTES_MAX + 1 - RECORD_BYTES_MIN)
}

/// Length of an event's JSON with its envelope.
pub(crate) fn payload_bytes(event: &Event) -> Result<usize, BenchError> {
    let record = Record::new(Utc::from_nanos(1_709_217_000_000_000_000), event.clone());
    record.encode().map(|json| json.len()).peer(EngineName::Truebook, "encode an event")
}

fn bare_event(event: &GenEvent) -> Result<Event, Malformed> {
    let id = OrderId::from_hex(&event.client_id).ok_or("the client order id has no 32 hexadecimal digits")?;
    Ok(match event.kind {
        GenKind::New => Event::Intent(Box::new(intent(event, id)?)),
        GenKind::Ack => Event::Ack(Acked {
            id,
            venue_order: venue_order(event)?,
            status: Some("new".into()),
            venue_time: Some(Utc::from_nanos(event.at_ns)),
            alias: None,
        }),
        GenKind::Fill => Event::Fill(Box::new(fill(event, id)?)),
        GenKind::Closed => Event::Closed(Closed {
            id,
            closing: Closing::Cancelled,
            why: Some("".into()),
            venue_order: None,
            claimed: None,
        }),
    })
}

fn intent(event: &GenEvent, id: OrderId) -> Result<Intent, Malformed> {
    Ok(Intent {
        id,
        key: OrderKey::new(&event.order_key)?,
        instrument: Instrument::new(&event.symbol)?,
        side: side(event),
        order_type: OrderType::Limit,
        quantity: event.qty.parse()?,
        limit: Some(event.price.parse()?),
        stop: None,
        time_in_force: TimeInForce::Day,
        role: Role::Entry,
        attempt: 0,
        parent: None,
        strategy: Some("".into()),
        terms: Terms::default(),
    })
}

fn fill(event: &GenEvent, id: OrderId) -> Result<Fill, Malformed> {
    let fee = event.fee.as_deref().ok_or("a fill without a fee")?;
    let execution = event.exec_id.as_deref().ok_or("a fill without an execution id")?;
    Ok(Fill {
        id,
        execution: ExecutionId::new(execution)?,
        venue_order: Some(venue_order(event)?),
        instrument: Instrument::new(&event.symbol)?,
        side: side(event),
        quantity: event.qty.parse()?,
        price: event.price.parse()?,
        fee: Some(Fee { amount: fee.parse()?, asset: Asset::new("USD")?, taken: TakenFrom::Cash }),
        venue_time: Some(Utc::from_nanos(event.at_ns)),
        multiplier: None,
    })
}

fn side(event: &GenEvent) -> Side {
    match event.side {
        GenSide::Buy => Side::Buy,
        GenSide::Sell => Side::Sell,
    }
}

fn venue_order(event: &GenEvent) -> Result<VenueOrderId, Malformed> {
    let id = event.venue_id.as_deref().ok_or("an event without the venue's id")?;
    Ok(VenueOrderId::new(id)?)
}

/// Adds words where the event has a place for them; an execution has none, and is long enough without.
fn fill_up(event: &mut Event, room: usize) {
    let words = &NOTE[..room.min(NOTE.len())];
    let place = match event {
        Event::Intent(intent) => &mut intent.strategy,
        Event::Ack(ack) => &mut ack.status,
        Event::Closed(closed) => &mut closed.why,
        _ => return,
    };
    let old = place.as_deref().unwrap_or_default();
    *place = Some([old, words].concat().into());
}

/// Numbers of all orders that any author of this process has begun.
static ORDERS: AtomicU64 = AtomicU64::new(1);

/// Writes one order after the other, four events each, without end and without a repetition; cheap, as it is
/// within the measured time.
pub(crate) struct Author {
    templates: [Template; 4],
    order: u64,
    step: usize,
}

struct Template {
    event: Event,
    bytes: usize,
}

impl Author {
    pub(crate) fn new(seed: u64) -> Result<Self, BenchError> {
        let mut steps = EventStream::new(seed, OrderCount(1)).map(|event| {
            let event = event_of(&event, 0)?;
            let bytes = payload_bytes(&event)?;
            Ok(Template { event, bytes })
        });
        let mut next = || steps.next().unwrap_or_else(|| unreachable!("an order has four events"));
        Ok(Self { templates: [next()?, next()?, next()?, next()?], order: 0, step: 0 })
    }

    /// The next event, of about `bytes` as JSON.
    pub(crate) fn next(&mut self, bytes: usize) -> Event {
        if self.step == 0 {
            self.order = ORDERS.fetch_add(1, Ordering::Relaxed);
        }
        let template = &self.templates[self.step];
        self.step = (self.step + 1) % self.templates.len();
        let mut event = template.event.clone();
        name(&mut event, self.order);
        fill_up(&mut event, bytes.saturating_sub(template.bytes));
        event
    }
}

/// Puts the ids of another order in, each as long as the one it replaces.
fn name(event: &mut Event, number: u64) {
    let mut rng = Rng::new(number);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&rng.next().to_le_bytes());
    bytes[8..].copy_from_slice(&rng.next().to_le_bytes());
    let order = OrderId::from_bytes(bytes);
    match event {
        Event::Intent(intent) => intent.id = order,
        Event::Ack(ack) => ack.id = order,
        Event::Fill(fill) => {
            fill.id = order;
            // Twelve digits are no empty, long or strange text.
            if let Ok(execution) = ExecutionId::new(&format!("{number:012x}")) {
                fill.execution = execution;
            }
        }
        Event::Closed(closed) => closed.id = order,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_about_as_long_as_the_records_of_the_peers() {
        for event in EventStream::new(3, OrderCount(500)) {
            let bytes = payload_bytes(&event_of(&event, wanted_bytes(&event)).unwrap()).unwrap();
            assert!((RECORD_BYTES_MIN..=RECORD_BYTES_MAX + 8).contains(&bytes), "{bytes} bytes: {event:?}");
        }
    }

    #[test]
    fn an_author_never_repeats_an_order() {
        let mut author = Author::new(1).unwrap();
        let mut next = || match author.next(300) {
            Event::Intent(intent) => Some(intent.id),
            _ => None,
        };
        let first = next().unwrap();
        assert_eq!([next(), next(), next()], [None; 3]);
        assert_ne!(next().unwrap(), first);
    }
}
