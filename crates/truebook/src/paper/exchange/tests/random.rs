//! Whatever is asked in whatever order, the exchange's own books agree.

use super::durable::{kept, same};
use super::*;
use crate::paper::{Chance, Handling, ReplaceRequest};
use truebook_core::doc::Doc;
use truebook_core::id::VenueOrderId;

const RUNS: u64 = 60;
const STEPS: i64 = 150;

struct Run {
    exchange: Exchange,
    chance: Chance,
    now: i64,
}

impl Run {
    fn any_order(&mut self) -> Option<OrderRecord> {
        let orders: Vec<&OrderRecord> = self.exchange.all_orders().collect();
        let at = self.chance.below(u64::try_from(orders.len()).unwrap());
        orders.get(usize::try_from(at).unwrap()).map(|order| (*order).clone())
    }

    fn request(&mut self) -> OrderRequest {
        let side = if self.chance.below(2) == 0 { Side::Buy } else { Side::Sell };
        let quantity = (1 + self.chance.below(20)).to_string();
        let near = (80 + self.chance.below(40)).to_string();
        match self.chance.below(6) {
            0 => market(side, &quantity),
            1 => limit(side, &quantity, &near),
            2 => stop(side, &quantity, &near),
            3 => oco(&quantity),
            4 => bracket(limit(Side::Buy, &quantity, &near)),
            _ => bracket(market(Side::Buy, &quantity)),
        }
    }

    /// One request or tick. Refusals are as good as anything.
    fn step(&mut self) {
        self.now += 1;
        let (now, later) = (at(self.now), at(self.now + 3));
        let pieces = u32::try_from(self.chance.below(4)).unwrap();
        let handling = Handling { pieces, ..Handling::default() };
        match self.chance.below(10) {
            0..=2 => {
                let request = self.request();
                drop(self.exchange.submit_with(&request, handling, now));
            }
            3 => {
                let request = self.request();
                self.exchange.submit_later(&request, handling, later);
            }
            4 | 5 => {
                let Some(order) = self.any_order() else { return };
                self.change(&order.id, later);
            }
            _ => {
                let to = (80 + self.chance.below(45)).to_string();
                tick(&mut self.exchange, &to, self.now);
            }
        }
    }

    fn change(&mut self, id: &VenueOrderId, later: Utc) {
        let now = at(self.now);
        let has_legs = !self.exchange.order(id).unwrap().legs.is_empty();
        let quantity = (self.chance.below(3) == 0).then(|| qty(&(1 + self.chance.below(15)).to_string()));
        let change = ReplaceRequest { quantity, ..to_any_limit(&mut self.chance) };
        match self.chance.below(4) {
            0 => drop(self.exchange.cancel(id, now)),
            1 => drop(self.exchange.cancel_slowly(id, later, now)),
            2 if !has_legs => drop(self.exchange.replace(id, &change, now)),
            _ if !has_legs => drop(self.exchange.replace_slowly(id, &change, later, now)),
            _ => {}
        }
    }
}

fn to_any_limit(chance: &mut Chance) -> ReplaceRequest {
    let limit = (chance.below(2) == 0).then(|| price(&(80 + chance.below(45)).to_string()));
    ReplaceRequest { limit, ..ReplaceRequest::default() }
}

fn filled_of(exchange: &Exchange, order: &OrderRecord) -> Qty {
    let own = exchange.all_fills().iter().filter(|fill| fill.order == order.id);
    own.map(|fill| fill.quantity).try_fold(Qty::ZERO, Qty::plus).unwrap()
}

fn agrees(exchange: &Exchange) {
    let mut signed = exchange.all_fills().iter().map(|fill| fill.side.signed(fill.quantity));
    let sum = signed.try_fold(Qty::ZERO, Qty::plus).unwrap();
    assert_eq!(exchange.position(&tsla()).quantity, sum);
    for order in exchange.all_orders() {
        assert_eq!(order.filled, filled_of(exchange, order), "{order:?}");
        assert!(order.filled <= order.quantity, "{order:?}");
        assert!(order.status != OrderStatus::Filled || order.filled == order.quantity, "{order:?}");
        assert!(order.status != OrderStatus::Held || order.filled.is_zero(), "{order:?}");
        assert_eq!(order.ended_at().is_some(), !order.status.is_live(), "{order:?}");
        let open = exchange.open.get(&tsla()).is_some_and(|open| open.contains(&order.id));
        assert_eq!(open, order.status.is_live(), "{order:?}");
        closes_no_more_than_it_opened(exchange, order);
    }
}

fn closes_no_more_than_it_opened(exchange: &Exchange, entry: &OrderRecord) {
    if entry.class != OrderClass::Bracket || entry.parent.is_some() {
        return;
    }
    let legs = exchange.all_orders().filter(|leg| leg.parent.as_ref() == Some(&entry.id));
    let closed = legs.map(|leg| leg.filled).try_fold(Qty::ZERO, Qty::plus).unwrap();
    assert!(closed <= entry.filled, "{entry:?} was closed by {closed}");
}

#[test]
fn the_books_of_the_exchange_agree_after_every_step_and_its_document_is_the_same() {
    for seed in 0..RUNS {
        let mut run = Run { exchange: exchange(), chance: Chance::new(seed), now: 1 };
        let mut document = Doc::object();
        for _ in 0..STEPS {
            run.step();
            agrees(&run.exchange);
            kept(&mut run.exchange, &mut document);
        }
        same(&run.exchange, &Exchange::from_json(settings(), &document.to_compact()).unwrap());
        assert!(!run.exchange.all_fills().is_empty());
    }
}
