//! What submitting costs beyond the disk and the venue.
//!
//! Three things in turn, on one disk: an intent appended to a book, an order sent to a paper venue in this
//! process, and both together as a trader does it. The difference is the engine's own.

use crate::engine::EngineName;
use crate::error::{BenchError, DuringPeer};
use crate::figures::median;
use crate::measure::nanos;
use crate::peers::truebook;
use crate::report::{Cell, Section, column};
use crate::setup::{Setup, engine_dir};
use ::truebook::Book;
use ::truebook::book::OpenOptions;
use ::truebook::core::capability::Rules;
use ::truebook::core::event::Event;
use ::truebook::core::id::{Instrument, OrderId, OrderKey};
use ::truebook::core::money::{Price, Qty};
use ::truebook::core::order::{Intent, OrderType, Role, Side, Terms, TimeInForce};
use ::truebook::core::spec::OrderSpec;
use ::truebook::engine::Trader;
use ::truebook::paper::{PaperSettings, PaperVenue};
use ::truebook::venue::{NewOrder, ReduceOnly, Venue};
use ::truebook::world::SystemClock;
use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

const ME: EngineName = EngineName::Truebook;

#[derive(Default)]
struct Samples {
    append: Vec<u64>,
    venue: Vec<u64>,
    submit: Vec<u64>,
}

pub(crate) fn run(setup: &Setup) -> Result<Vec<Section>, BenchError> {
    let samples = measure(setup).peer(ME, "submit orders")?;
    let (append, venue, submit) = (median(samples.append), median(samples.venue), median(samples.submit));
    let rows = [
        ("an intent appended", append),
        ("the venue alone", venue),
        ("submit", submit),
        ("overhead of submit", submit.saturating_sub(append).saturating_sub(venue)),
    ];
    Ok(vec![Section {
        name: "submit",
        about: "an order submitted to a paper venue in the same process, each intent durable before it is sent".into(),
        columns: vec![column("what", "what"), column("p50_ns", "p50 us")],
        rows: rows.map(|(what, ns)| vec![Cell::Text(what.into()), Cell::Nanos(ns)]).into(),
        notes: vec![
            "that the venue has the order is written down without waiting: the venue tells it again when asked".into(),
        ],
    }])
}

fn measure(setup: &Setup) -> Result<Samples, Box<dyn Error + Send + Sync>> {
    let dir = setup.fresh_dir()?;
    let book = truebook::create(&engine_dir(dir.path(), ME)?, OpenOptions::default())?;
    let other = tempfile::tempdir_in(dir.path())?;
    let plain = truebook::create(other.path(), OpenOptions::default())?;
    let spec = OrderSpec {
        time_in_force: TimeInForce::Gtc,
        ..OrderSpec::limit(Instrument::new("AAPL")?, Side::Buy, "1".parse()?, "100".parse()?)
    };
    let (mine, alone) = (venue(&book)?, venue(&book)?);
    let trader = Trader::new(book, Arc::new(mine))?;
    trader.reconcile()?;
    let mut samples = Samples::default();
    for turn in 0..setup.scale.submit_turns {
        let intent = intent(&spec, turn)?;
        samples
            .append
            .push(timed(|| Ok(plain.record(Event::Intent(Box::new(intent.clone()))).map(drop)?))?);
        let order = NewOrder { intent, reduce_only: ReduceOnly::No };
        samples.venue.push(timed(|| Ok(alone.submit(&order).map(drop)?))?);
        let key = OrderKey::new(&format!("bench/AAPL/{turn}"))?;
        samples.submit.push(timed(|| Ok(trader.submit(&key, &spec).map(drop)?))?);
    }
    Ok(samples)
}

fn timed(
    run: impl FnOnce() -> Result<(), Box<dyn Error + Send + Sync>>,
) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let start = Instant::now();
    run()?;
    Ok(nanos(start.elapsed()))
}

fn venue(book: &Book) -> Result<PaperVenue, Box<dyn Error + Send + Sync>> {
    let name = book.live()?.identity.venue;
    let rules = Rules { tick: "0.01".parse()?, lot: "1".parse()?, ..Rules::none() };
    let instrument = Instrument::new("AAPL")?;
    let settings = PaperSettings::class_a(name.as_str())?.trading(instrument.clone(), rules);
    let venue = PaperVenue::new(settings, Arc::new(SystemClock));
    venue.tick(&instrument, "187.25".parse::<Price>()?)?;
    Ok(venue)
}

fn intent(spec: &OrderSpec, turn: usize) -> Result<Intent, Box<dyn Error + Send + Sync>> {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&u64::try_from(turn)?.to_le_bytes());
    let quantity: Qty = spec.quantity;
    Ok(Intent {
        id: OrderId::from_bytes(bytes),
        key: OrderKey::new(&format!("plain/AAPL/{turn}"))?,
        instrument: spec.instrument.clone(),
        side: spec.side,
        order_type: OrderType::Limit,
        quantity,
        limit: spec.limit,
        stop: None,
        time_in_force: spec.time_in_force,
        role: Role::Entry,
        attempt: 0,
        parent: None,
        strategy: None,
        terms: Terms::default(),
    })
}
