//! A list that is behind the stream.

use crate::support::{Place, new_book, small};
use std::sync::{Arc, Mutex};
use truebook::Book;
use truebook::core::capability::{Capabilities, Rules};
use truebook::core::id::{Instrument, OrderId, OrderKey, VenueName, VenueOrderId};
use truebook::core::money::Price;
use truebook::core::observation::{AccountReport, FillReport, Listing, OrderReport, PositionReport};
use truebook::core::order::Side;
use truebook::core::spec::OrderSpec;
use truebook::core::time::Utc;
use truebook::engine::Trader;
use truebook::paper::{PaperSettings, PaperVenue};
use truebook::venue::{Accepted, Change, NewOrder, StreamEvent, Target, Venue, VenueError};
use truebook::world::SystemClock;

/// The paper venue, but its list of open orders can be one that was read earlier.
struct Behind {
    paper: PaperVenue,
    open: Mutex<Option<Listing<OrderReport>>>,
}

impl Venue for Behind {
    fn name(&self) -> VenueName {
        self.paper.name()
    }
    fn capabilities(&self) -> &Capabilities {
        self.paper.capabilities()
    }
    fn now(&self) -> Result<Utc, VenueError> {
        self.paper.now()
    }
    fn submit(&self, order: &NewOrder) -> Result<Accepted, VenueError> {
        self.paper.submit(order)
    }
    fn cancel(&self, target: &Target) -> Result<(), VenueError> {
        self.paper.cancel(target)
    }
    fn replace(&self, target: &Target, change: &Change) -> Result<Accepted, VenueError> {
        self.paper.replace(target, change)
    }
    fn find(&self, id: OrderId, instrument: &Instrument) -> Result<Option<OrderReport>, VenueError> {
        self.paper.find(id, instrument)
    }
    fn find_venue_order(&self, id: &VenueOrderId) -> Result<Option<OrderReport>, VenueError> {
        self.paper.find_venue_order(id)
    }
    fn open_orders(&self) -> Listing<OrderReport> {
        self.open.lock().unwrap().clone().unwrap_or_else(|| self.paper.open_orders())
    }
    fn closed_orders(&self, _: Utc) -> Listing<OrderReport> {
        Listing::complete(Vec::new())
    }
    fn fills(&self, since: Utc) -> Listing<FillReport> {
        self.paper.fills(since)
    }
    fn positions(&self) -> Listing<PositionReport> {
        self.paper.positions()
    }
    fn account(&self) -> Result<AccountReport, VenueError> {
        self.paper.account()
    }
    fn rules(&self, instrument: &Instrument) -> Result<Option<Rules>, VenueError> {
        self.paper.rules(instrument)
    }
    fn last_price(&self, instrument: &Instrument) -> Result<Option<Price>, VenueError> {
        self.paper.last_price(instrument)
    }
    fn stream(&self) -> Result<std::sync::mpsc::Receiver<StreamEvent>, VenueError> {
        self.paper.stream()
    }
}

#[test]
fn p6_an_order_that_filled_is_not_taken_in_again_because_a_list_is_behind() {
    let place = Place::new();
    let book = Book::create(place.world(), &new_book(), small()).unwrap();
    let traded = Instrument::new("X").unwrap();
    let settings = PaperSettings::class_c("paper").unwrap().trading(traded.clone(), Rules::none());
    let paper = PaperVenue::new(settings, Arc::new(SystemClock));
    let venue = Arc::new(Behind { paper: paper.clone(), open: Mutex::new(None) });
    let trader = Trader::new(book, Arc::<Behind>::clone(&venue)).unwrap();
    let stream = paper.stream().unwrap();
    trader.reconcile().unwrap();
    let spec = OrderSpec::limit(traded.clone(), Side::Buy, "1".parse().unwrap(), "10".parse().unwrap());
    trader.submit(&OrderKey::new("c1").unwrap(), &spec).unwrap();
    *venue.open.lock().unwrap() = Some(paper.open_orders());
    paper.tick(&traded, "10".parse().unwrap()).unwrap();
    for event in stream.try_iter() {
        trader.absorb(&event).unwrap();
    }
    let last = trader.book().last();
    trader.reconcile().unwrap();
    assert_eq!(trader.book().last(), last, "the book has heard of the end already");
    assert!(trader.book().live().unwrap().orders.is_empty());
}
