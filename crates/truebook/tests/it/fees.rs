//! Fees that are taken in what is bought.

use crate::support::{Place, new_book, small};
use std::sync::Arc;
use truebook::Book;
use truebook::core::capability::Rules;
use truebook::core::id::{Asset, Instrument, OrderKey};
use truebook::core::order::Side;
use truebook::core::spec::OrderSpec;
use truebook::engine::{SubmitError, Trader};
use truebook::paper::{Fees, PaperSettings, PaperVenue};
use truebook::world::SystemClock;

struct Desk {
    _place: Place,
    trader: Trader,
    venue: PaperVenue,
    coin: Instrument,
}

fn desk() -> Desk {
    let place = Place::new();
    let book = Book::create(place.world(), &new_book(), small()).unwrap();
    let coin = Instrument::new("COIN").unwrap();
    let base = Some(Asset::new("COIN").unwrap());
    let rules = Rules { base, lot: "1".parse().unwrap(), ..Rules::none() };
    let settings = PaperSettings::class_b("paper").unwrap().trading(coin.clone(), rules);
    let settings = PaperSettings { fees: Fees::Received("0.001".parse().unwrap()), ..settings };
    let venue = PaperVenue::new(settings, Arc::new(SystemClock));
    venue.tick(&coin, "10".parse().unwrap()).unwrap();
    let trader = Trader::new(book, Arc::new(venue.clone())).unwrap();
    trader.reconcile().unwrap();
    Desk { _place: place, trader, venue, coin }
}

impl Desk {
    fn trade(&self, key: &str, side: Side, quantity: &str) -> Result<(), SubmitError> {
        let spec = OrderSpec::market(self.coin.clone(), side, quantity.parse().unwrap());
        self.trader.submit(&OrderKey::new(key).unwrap(), &spec).map(drop)
    }

    fn held(&self) -> String {
        self.trader.reconcile().unwrap();
        self.trader.book().live().unwrap().positions[&self.coin].quantity.to_string()
    }
}

#[test]
fn p6_more_of_a_coin_than_is_left_after_fees_is_not_sold_and_nothing_is_sent() {
    let desk = desk();
    desk.trade("buy", Side::Buy, "1600").unwrap();
    assert_eq!(desk.held(), "1598.4");
    let refused = desk.trade("sell", Side::Sell, "1600").unwrap_err();
    assert!(refused.to_string().contains("1598.4 of COIN are held"), "{refused}");
    assert_eq!(desk.venue.audit(|exchange| exchange.all_orders().count()), 1);
    desk.trade("less", Side::Sell, "1598").unwrap();
    assert_eq!(desk.held(), "0.4");
}

#[test]
fn p5_closing_a_position_sells_the_whole_lots_of_it() {
    let desk = desk();
    desk.trade("buy", Side::Buy, "1600").unwrap();
    assert_eq!(desk.held(), "1598.4");
    desk.trader.close(&OrderKey::new("exit").unwrap(), &desk.coin).unwrap();
    assert_eq!(desk.held(), "0.4");
}
