//! A paper venue on a port of its own, and the adapter to it.

use core::time::Duration;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;
use truebook::paper::{PaperSettings, PaperVenue};
use truebook::venue::{NewOrder, ReduceOnly, StreamEvent};
use truebook::world::SystemClock;
use truebook_core::capability::Rules;
use truebook_core::id::{Instrument, OrderId, OrderKey};
use truebook_core::order::{
    Bracket, Intent, OrderType, Placement, ProfitLeg, Role, Side, StopLeg, Terms, TimeInForce,
};
use truebook_server::paper::{Options as ServerOptions, PaperServer};
use truebook_venues::alpaca::{Address, Alpaca, Keys, Options, StreamFills};

pub(crate) struct Paper {
    pub(crate) venue: PaperVenue,
    pub(crate) server: PaperServer,
}

pub(crate) fn tsla() -> Instrument {
    Instrument::new("TSLA").unwrap()
}

pub(crate) fn start() -> Paper {
    start_with(ServerOptions::default())
}

pub(crate) fn start_with(options: ServerOptions) -> Paper {
    let rules = Rules { tick: "0.01".parse().unwrap(), lot: "0.000000001".parse().unwrap(), ..Rules::none() };
    let coin = Rules { tick: "0.5".parse().unwrap(), lot: "0.0001".parse().unwrap(), ..Rules::none() };
    let settings = PaperSettings::class_a("paper").unwrap().trading(tsla(), rules);
    let settings = settings.trading(Instrument::new("BTC/USD").unwrap(), coin);
    let venue = PaperVenue::new(settings, Arc::new(SystemClock));
    venue.tick(&tsla(), "300".parse().unwrap()).unwrap();
    serve(venue, options)
}

/// One instrument, traded in whole units, at a price of 100.
pub(crate) fn start_whole_units() -> (Paper, Instrument) {
    let instrument = tsla();
    let rules = Rules { tick: "0.01".parse().unwrap(), lot: "1".parse().unwrap(), ..Rules::none() };
    let settings = PaperSettings::class_a("paper").unwrap().trading(instrument.clone(), rules);
    let paper = serve(PaperVenue::new(settings, Arc::new(SystemClock)), ServerOptions::default());
    paper.tick("100");
    (paper, instrument)
}

fn serve(venue: PaperVenue, options: ServerOptions) -> Paper {
    let server = PaperServer::start("127.0.0.1:0".parse().unwrap(), venue.clone(), options).unwrap();
    Paper { venue, server }
}

impl Paper {
    pub(crate) fn alpaca(&self) -> Alpaca {
        adapter(&self.server.url())
    }

    pub(crate) fn alpaca_and_keep(self) -> (Alpaca, Self) {
        (self.alpaca(), self)
    }

    pub(crate) fn tick(&self, price: &str) {
        self.venue.tick(&tsla(), price.parse().unwrap()).unwrap();
    }

    /// Sends a request to the venue's own controls, and gives the whole reply.
    pub(crate) fn control(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(self.server.address()).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} /paper/{path} HTTP/1.1\r\nHost: paper\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    pub(crate) fn script(&self, body: &str) {
        let reply = self.control("POST", "faults", body);
        assert!(reply.starts_with("HTTP/1.1 204"), "{reply}");
    }
}

pub(crate) fn adapter(url: &str) -> Alpaca {
    let mut options = Options::at(url).unwrap();
    options.data = Some(Address::parse(url).unwrap());
    options.stream_fills = StreamFills::Passed;
    options.requests_a_minute = 100_000;
    options.timeout = Duration::from_secs(5);
    Alpaca::new(Keys::new("key", "secret").unwrap(), options)
}

pub(crate) fn order(number: u8) -> NewOrder {
    let intent = Intent {
        id: OrderId::from_bytes([number; 16]),
        key: OrderKey::new(&format!("key-{number}")).unwrap(),
        instrument: tsla(),
        side: Side::Buy,
        order_type: OrderType::Market,
        quantity: "10".parse().unwrap(),
        limit: None,
        stop: None,
        time_in_force: TimeInForce::Gtc,
        role: Role::Entry,
        attempt: 0,
        parent: None,
        strategy: None,
        terms: Terms::default(),
    };
    NewOrder { intent, reduce_only: ReduceOnly::No }
}

pub(crate) fn limit(number: u8, price: &str) -> NewOrder {
    let mut order = order(number);
    order.intent.order_type = OrderType::Limit;
    order.intent.limit = Some(price.parse().unwrap());
    order
}

pub(crate) fn bracket(number: u8, price: &str) -> NewOrder {
    let mut order = limit(number, price);
    order.intent.terms.bracket = Some(Bracket {
        stop_loss: Some(StopLeg { stop: "280".parse().unwrap(), limit: None }),
        take_profit: Some(ProfitLeg { limit: "320".parse().unwrap() }),
        legs: Placement::WithParent,
    });
    order
}

/// The next event for which the question is answered with yes; fails after ten seconds.
pub(crate) fn await_event(
    events: &Receiver<StreamEvent>,
    wanted: impl Fn(&StreamEvent) -> bool,
) -> StreamEvent {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(10) {
        match events.recv_timeout(Duration::from_millis(100)) {
            Ok(event) if wanted(&event) => return event,
            Ok(_) | Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the event did not come");
}
