//! Clocks that are apart.

use crate::support::{Place, new_book, small};
use core::time::Duration;
use std::sync::Arc;
use truebook::Book;
use truebook::core::capability::Rules;
use truebook::core::id::{Instrument, OrderKey};
use truebook::core::life::OrderState;
use truebook::core::order::Side;
use truebook::core::spec::OrderSpec;
use truebook::core::time::Utc;
use truebook::engine::Trader;
use truebook::paper::{Fault, PaperSettings, PaperVenue, RequestKind};
use truebook::world::{Clock, SystemClock};

/// A clock that is behind by a quarter of an hour.
struct Behind;

impl Clock for Behind {
    fn now(&self) -> Utc {
        SystemClock.now().minus(Duration::from_mins(15))
    }
}

#[test]
fn p6_an_execution_is_found_though_our_clock_is_ahead_of_the_venues() {
    let place = Place::new();
    let book = Book::create(place.world(), &new_book(), small()).unwrap();
    let traded = Instrument::new("X").unwrap();
    let mut settings = PaperSettings::class_a("paper").unwrap().trading(traded.clone(), Rules::none());
    settings.capabilities.clock_skew_max = Duration::from_hours(1);
    let venue = PaperVenue::new(settings, Arc::new(Behind));
    venue.tick(&traded, "10".parse().unwrap()).unwrap();
    let trader = Trader::new(book, Arc::new(venue.clone())).unwrap();
    trader.reconcile().unwrap();
    venue.faults(|faults| faults.script(RequestKind::Submit, Fault::ReplyLost));
    let spec = OrderSpec::market(traded.clone(), Side::Buy, "1".parse().unwrap());
    let sent = trader.submit(&OrderKey::new("k").unwrap(), &spec).unwrap();
    assert_eq!(sent.state, OrderState::Unknown);
    trader.reconcile().unwrap();
    assert_eq!(trader.status(sent.id).unwrap().state, OrderState::Filled);
    assert_eq!(trader.book().live().unwrap().positions[&traded].quantity, "1".parse().unwrap());
}
