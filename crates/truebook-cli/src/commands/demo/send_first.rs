//! What most bots do, for comparison, and only here: it sends first, under a random id, and writes down after
//! the reply. A lost reply is a failure to it, so it sends again. What it knows it keeps in a book as
//! carefully as anybody could: the order of the two steps is all that is wrong.

use super::truebook_bot::acknowledge;
use crate::commands::run::strategy;
use crate::errors::{Failure, Outcome};
use crate::flags::VenueArgs;
use crate::needs::{Needs, stop, venue};
use rust_decimal::Decimal;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use truebook::Book;
use truebook::core::bracket::native_legs;
use truebook::core::doc::{Doc, Path};
use truebook::core::event::{Acked, Asked, Closed, Event};
use truebook::core::id::{Instrument, OrderId, OrderKey, Seq};
use truebook::core::life::{Closing, OrderState};
use truebook::core::money::{Price, Qty};
use truebook::core::observation::{FillReport, FillTerms, OrderReport};
use truebook::core::order::{
    Bracket, Intent, OrderType, Placement, ProfitLeg, Role, Side, StopLeg, Terms, TimeInForce,
};
use truebook::core::reconcile::fill_facts;
use truebook::paper::Chance;
use truebook::run::MaCrossSettings;
use truebook::venue::{Accepted, NewOrder, ReduceOnly, Venue};
use truebook::world::{Clock, SystemClock};

/// Between two looks at the price.
const PRICES: Duration = Duration::from_millis(10);
/// How far back executions are read.
const FILLS_BACK: Duration = Duration::from_mins(5);
/// How often it sends, if replies fail.
const TRIES: u32 = 3;

pub(super) fn run(needs: &Needs, args: &VenueArgs) -> Result<Outcome, Failure> {
    let stop = stop::flag()?;
    let book = needs.open(needs.options())?;
    let venue = venue::of_book(&book, args)?;
    let settings = strategy::table(&book)?;
    let Some(instrument) = settings.instruments.first().cloned() else {
        return Err(Failure::new("the strategy trades nothing"));
    };
    let chance = Chance::new(SystemClock.now().nanos().cast_unsigned());
    let mut bot = Bot { book, venue, settings, instrument, chance, prices: Vec::new(), was_up: None };
    let told = Cell::new(Seq::ZERO);
    while !stop.load(Ordering::SeqCst) {
        bot.step()?;
        acknowledge(&bot.book, &told);
        std::thread::sleep(PRICES);
    }
    bot.book.close()?;
    Ok(Outcome::Fine)
}

struct Bot {
    book: Book,
    venue: Arc<dyn Venue>,
    settings: MaCrossSettings,
    instrument: Instrument,
    chance: Chance,
    prices: Vec<Price>,
    was_up: Option<bool>,
}

impl Bot {
    fn step(&mut self) -> Result<(), Failure> {
        self.read_fills()?;
        // A venue that does not answer is asked again with the next step.
        let Ok(Some(price)) = self.venue.last_price(&self.instrument) else { return Ok(()) };
        if self.crosses_up(price) && self.is_flat()? {
            self.buy(price)?;
        }
        Ok(())
    }

    fn is_flat(&self) -> Result<bool, Failure> {
        let live = self.book.live()?;
        let held = live.positions.get(&self.instrument).map_or(Qty::ZERO, |position| position.quantity);
        Ok(held.is_zero() && live.orders.values().all(|order| order.state().is_terminal()))
    }

    fn crosses_up(&mut self, price: Price) -> bool {
        self.prices.push(price);
        let excess = self.prices.len().saturating_sub(self.settings.slow);
        self.prices.drain(..excess);
        if self.prices.len() < self.settings.slow {
            return false;
        }
        let average = |count: usize| {
            let last = self.prices.iter().rev().take(count);
            last.map(|price| price.get()).sum::<Decimal>() / Decimal::from(count)
        };
        let is_up = average(self.settings.fast) > average(self.settings.slow);
        let before = self.was_up.replace(is_up);
        is_up && before == Some(false)
    }

    /// Sends, and writes down after. What happens in between, nobody knows.
    fn buy(&mut self, price: Price) -> Result<(), Failure> {
        let key = self.next_key()?;
        for _ in 0..TRIES {
            let intent = self.entry(&key, price);
            let order = NewOrder { intent: intent.clone(), reduce_only: ReduceOnly::No };
            if let Ok(accepted) = self.venue.submit(&order) {
                return self.write_down(&intent, &accepted);
            }
        }
        Ok(())
    }

    /// Its count of signals, saved as state managers save it.
    fn next_key(&self) -> Result<OrderKey, Failure> {
        let path = Path::parse("/signals").map_err(|failed| Failure::caused(&failed))?;
        let text = |doc: &Doc| doc.as_str().and_then(|text| text.parse::<u64>().ok());
        let next = self.book.vars()?.get(&path).and_then(text).unwrap_or(0) + 1;
        self.book.set(&path, &Doc::from(next.to_string().as_str()))?;
        OrderKey::new(&format!("ma_cross/{}/{next}", self.instrument))
            .map_err(|failed| Failure::caused(&failed))
    }

    fn entry(&mut self, key: &OrderKey, price: Price) -> Intent {
        let percent = |percent: Qty| percent.get() / Decimal::ONE_HUNDRED;
        let cents = |price: Decimal| Price::new(price.round_dp(2));
        let stop = cents(price.get() * (Decimal::ONE - percent(self.settings.stop_percent)));
        let profit = cents(price.get() * (Decimal::ONE + percent(self.settings.profit_percent)));
        let bracket = Bracket {
            stop_loss: Some(StopLeg { stop, limit: None }),
            take_profit: Some(ProfitLeg { limit: profit }),
            legs: Placement::WithParent,
        };
        Intent {
            id: self.random_id(key),
            key: key.clone(),
            instrument: self.instrument.clone(),
            side: Side::Buy,
            order_type: OrderType::Market,
            quantity: self.settings.quantity,
            limit: None,
            stop: None,
            time_in_force: TimeInForce::Gtc,
            role: Role::Entry,
            attempt: 0,
            parent: None,
            strategy: Some("ma_cross".into()),
            terms: Terms { bracket: Some(bracket), ..Terms::default() },
        }
    }

    /// The usual id: something that tells whose it is and what for, then something random.
    fn random_id(&mut self, key: &OrderKey) -> OrderId {
        let Ok(live) = self.book.live() else { return OrderId::from_bytes([0; 16]) };
        let identity = live.identity;
        let named = OrderId::derive(identity.installation, identity.book, key, "entry", 0);
        let mut bytes = *named.as_bytes();
        bytes[12..].copy_from_slice(&self.chance.next_u64().to_le_bytes()[..4]);
        OrderId::from_bytes(bytes)
    }

    fn write_down(&self, intent: &Intent, accepted: &Accepted) -> Result<(), Failure> {
        let legs = native_legs(&self.book.live()?.identity, intent);
        let leg = |role| legs.iter().find(|leg| Some(leg.role) == role).map(|leg| leg.id);
        let mut events = vec![Event::Intent(Box::new(intent.clone()))];
        events.push(acknowledged(intent.id, &accepted.report));
        events
            .extend(accepted.legs.iter().filter_map(|report| Some(acknowledged(leg(report.role)?, report))));
        self.book.record_all(events)?;
        Ok(())
    }

    /// Takes in the executions of the orders that it knows of.
    fn read_fills(&mut self) -> Result<(), Failure> {
        let fills = self.venue.fills(self.book.now().minus(FILLS_BACK));
        for fill in &fills.rows {
            self.take_in(fill)?;
        }
        self.finish()
    }

    fn take_in(&self, fill: &FillReport) -> Result<(), Failure> {
        let live = self.book.live()?;
        let owner = live.orders.values().find(|order| order.venue_orders.contains_key(&fill.venue_order));
        let Some(order) = owner else { return Ok(()) };
        let terms = FillTerms::default();
        let facts = fill_facts(order.intent.id, Some(order), fill, &terms);
        let fills = facts.into_iter().filter(|event| matches!(event, Event::Fill(_)));
        self.book.record_all(fills.collect())?;
        Ok(())
    }

    /// A bracket whose legs have sold all that its entry bought is over.
    fn finish(&self) -> Result<(), Failure> {
        let live = self.book.live()?;
        for entry in live.orders.values().filter(|order| order.state() == OrderState::Filled) {
            let id = entry.intent.id;
            let legs = || live.orders.values().filter(move |order| order.intent.parent == Some(id));
            let sold = legs().try_fold(Qty::ZERO, |sum, leg| sum.plus(leg.filled));
            if legs().next().is_none() || sold.is_ok_and(|sold| sold < entry.filled) {
                continue;
            }
            let open = legs().filter(|leg| !leg.state().is_terminal());
            let mut events: Vec<Event> = open.map(|leg| cancelled(leg.intent.id)).collect();
            events.push(Event::Done(Asked { id, why: "the legs were filled".to_owned() }));
            self.book.record_all(events)?;
        }
        Ok(())
    }
}

fn acknowledged(id: OrderId, report: &OrderReport) -> Event {
    let (venue_order, status) = (report.venue_order.clone(), Some(report.word.clone()));
    Event::Ack(Acked { id, venue_order, status, venue_time: report.updated_at, alias: None })
}

fn cancelled(id: OrderId) -> Event {
    let closing = Closing::Cancelled;
    Event::Closed(Closed { id, closing, why: None, venue_order: None, claimed: None })
}
