//! How long it takes until the intent of an order is durable: the figure beside which other languages are put.
//!
//! `intent_figure DIRECTORY COUNT` prints one line of JSON: `{"p50_us":…,"p99_us":…,"n":…}`.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;
use truebook::book::{NewBook, OpenOptions};
use truebook::core::capability::Rules;
use truebook::core::doc::Doc;
use truebook::core::id::{AccountName, BookName, Instrument, OrderKey, VenueName};
use truebook::core::identity::Mode;
use truebook::core::order::Side;
use truebook::core::spec::OrderSpec;
use truebook::engine::{Intended, Outcome, Trader};
use truebook::paper::{PaperSettings, PaperVenue};
use truebook::world::SystemClock;
use truebook::{Book, World};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("intent_figure DIRECTORY COUNT")?;
    let count: usize = arguments.next().ok_or("intent_figure DIRECTORY COUNT")?.parse()?;
    let trader = open(&directory)?;
    trader.reconcile()?;
    let spec = OrderSpec::limit(Instrument::new("TSLA")?, Side::Buy, "1".parse()?, "300".parse()?);
    let mut times = Vec::with_capacity(count);
    for turn in 0..count {
        let key = OrderKey::new(&format!("k{turn}"))?;
        let begun = Instant::now();
        let intended = trader.intend(&key, &spec)?;
        times.push(begun.elapsed());
        if let Intended::Send(intent) = intended {
            trader.record_outcome(intent.id, Outcome::Refused("a measurement".to_owned()))?;
        }
    }
    times.sort_unstable();
    let at = |part: usize| times.get(count * part / 100).map_or(0, std::time::Duration::as_nanos);
    println!("{{\"p50_us\":{},\"p99_us\":{},\"n\":{count}}}", at(50) / 1000, at(99) / 1000);
    Ok(())
}

fn open(directory: &str) -> Result<Trader, Box<dyn Error>> {
    let new = NewBook {
        name: BookName::new("figure")?,
        venue: VenueName::new("paper")?,
        account: AccountName::new("main")?,
        mode: Mode::Paper,
        settings: Doc::object(),
        key: None,
        readable: None,
        installation: None,
    };
    let book = Book::create(World::real(directory), &new, OpenOptions::default())?;
    let settings = PaperSettings::class_a("paper")?.trading(Instrument::new("TSLA")?, Rules::none());
    let venue = PaperVenue::new(settings, Arc::new(SystemClock));
    venue.tick(&Instrument::new("TSLA")?, "330".parse()?)?;
    Ok(Trader::new(book, Arc::new(venue))?)
}
