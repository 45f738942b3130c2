//! A venue that wants fewer requests: what it did not answer proves nothing, and it is left alone.

use crate::support::{Place, new_book, small};
use std::sync::Arc;
use truebook::Book;
use truebook::core::capability::Rules;
use truebook::core::id::{Instrument, OrderKey};
use truebook::core::life::OrderState;
use truebook::core::order::Side;
use truebook::core::spec::OrderSpec;
use truebook::engine::{ReconcileOutcome, Trader};
use truebook::paper::{Fault, PaperSettings, PaperVenue, RequestKind};
use truebook::world::SystemClock;

#[test]
fn p4_a_look_up_that_is_refused_for_too_many_requests_proves_nothing_and_is_the_last_of_the_look() {
    let place = Place::new();
    let book = Book::create(place.world(), &new_book(), small()).unwrap();
    let traded = Instrument::new("X").unwrap();
    let settings = PaperSettings::class_a("paper").unwrap().trading(traded.clone(), Rules::none());
    let venue = PaperVenue::new(settings, Arc::new(SystemClock));
    let trader = Trader::new(book, Arc::new(venue.clone())).unwrap();
    trader.reconcile().unwrap();
    let spec = OrderSpec::limit(traded, Side::Buy, "1".parse().unwrap(), "10".parse().unwrap());
    let ids: Vec<_> = (0..4)
        .map(|n| {
            let key = OrderKey::new(&format!("c{n}")).unwrap();
            trader.intend(&key, &spec).unwrap();
            let id = trader.entry_id(&key).unwrap();
            let lost = truebook::engine::Outcome::Unknown("the reply was lost".to_owned());
            if n == 3 { trader.record_outcome(id, lost).unwrap().id } else { id }
        })
        .collect();
    let again = Trader::new(trader.book().clone(), Arc::new(venue.clone())).unwrap();
    venue.faults(|faults| {
        faults.spare(RequestKind::Find, 1);
        faults.script(RequestKind::Find, Fault::TooMany(core::time::Duration::from_secs(35)));
        faults.script(RequestKind::Find, Fault::OddWord("asked again".into()));
    });
    let done = again.reconcile().unwrap();
    assert!(
        matches!(&done.reconciled, ReconcileOutcome::Open(why) if why.contains("3 orders could not be looked up: rate limited")),
        "{:?}",
        done.reconciled
    );
    assert!(!again.is_reconciled());
    assert_eq!(done.passes.len(), 1, "the next reconciliation asks, not this one");
    let left = venue.faults(|faults| faults.next(RequestKind::Find));
    assert!(matches!(left, Some(Fault::OddWord(_))), "nobody asked a third time: {left:?}");
    let states: Vec<_> = ids.iter().map(|id| again.status(*id).unwrap().state).collect();
    assert!(!states.iter().any(|state| state.is_terminal()), "{states:?}");
    assert_eq!(states[3], OrderState::Unknown);
}
