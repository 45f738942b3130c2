//! The paper venue keeps the contract of venues, in every class.

use core::time::Duration;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use truebook::paper::{Fault, PaperSettings, PaperVenue, Rate, RequestKind};
use truebook::venue::contract::{Setup, check};
use truebook::venue::{Accepted, Change, NewOrder, StreamEvent, Target, Venue, VenueError};
use truebook_core::capability::{Brackets, Capabilities, IdClass, Lookup, ReplaceQuantity, Rules};
use truebook_core::id::{Instrument, OrderId, VenueName, VenueOrderId};
use truebook_core::money::Price;
use truebook_core::observation::{AccountReport, FillReport, Listing, OrderReport, PositionReport};
use truebook_core::time::Utc;
use truebook_sim::SimClock;

fn setup(settings: PaperSettings) -> Setup {
    setup_with(settings, &[])
}

fn setup_with(settings: PaperSettings, always: &[(RequestKind, Fault)]) -> Setup {
    let made = setup_venue(settings);
    for (on, fault) in always.iter().cloned() {
        made.0.faults(|faults| faults.rate(Rate { on, fault, per_thousand: 1000 }));
    }
    setup_of(made)
}

fn tsla() -> Instrument {
    Instrument::new("TSLA").unwrap()
}

fn setup_venue(settings: PaperSettings) -> (PaperVenue, Arc<SimClock>) {
    let rules = Rules { tick: "0.01".parse().unwrap(), lot: "1".parse().unwrap(), ..Rules::none() };
    let clock = SimClock::new();
    let venue = PaperVenue::new(settings.trading(tsla(), rules), Arc::<SimClock>::clone(&clock));
    venue.tick(&tsla(), "100".parse().unwrap()).unwrap();
    (venue, clock)
}

fn setup_of((venue, clock): (PaperVenue, Arc<SimClock>)) -> Setup {
    let ticked = venue.clone();
    Setup {
        venue: Arc::new(venue),
        instrument: tsla(),
        set_price: Box::new(move |price| ticked.tick(&tsla(), price).unwrap()),
        pass: Box::new(move |time| clock.pass_seconds(i64::try_from(time.as_secs()).unwrap() + 1)),
    }
}

fn late(mut settings: PaperSettings) -> PaperSettings {
    settings.capabilities.propagation = Duration::from_secs(3);
    settings
}

#[test]
fn a_paper_venue_of_class_a_keeps_the_contract() {
    check(|| setup(PaperSettings::class_a("paper").unwrap()));
}

#[test]
fn a_paper_venue_of_class_b_keeps_the_contract() {
    check(|| setup(PaperSettings::class_b("paper").unwrap()));
}

#[test]
fn a_paper_venue_of_class_c_keeps_the_contract() {
    check(|| setup(PaperSettings::class_c("paper").unwrap()));
}

#[test]
fn a_paper_venue_with_labels_that_can_be_looked_up_keeps_the_contract() {
    check(|| {
        let mut settings = PaperSettings::class_c("paper").unwrap();
        settings.capabilities.lookup = Lookup::ById;
        setup(settings)
    });
}

#[test]
fn a_paper_venue_that_shows_orders_late_keeps_the_contract() {
    check(|| setup(late(PaperSettings::class_a("paper").unwrap())));
    check(|| setup(late(PaperSettings::class_b("paper").unwrap())));
}

/// Whether the contract finds something in a venue that always does this wrong.
fn is_caught(on: RequestKind, fault: &Fault) -> bool {
    let settings = || PaperSettings::class_a("paper").unwrap();
    let checked = || check(|| setup_with(settings(), &[(on, fault.clone())]));
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(checked)).is_err()
}

#[test]
fn the_contract_catches_a_venue_that_always_does_one_thing_wrong() {
    for (on, fault) in [
        (RequestKind::Submit, Fault::ReplyLost),
        (RequestKind::Submit, Fault::RequestLost),
        (RequestKind::Submit, Fault::LateFills(Duration::from_hours(999))),
        (RequestKind::Message, Fault::Cut(Duration::from_hours(999))),
        (RequestKind::Cancel, Fault::RequestLost),
        (RequestKind::Cancel, Fault::SlowCancel(Duration::from_hours(999))),
        (RequestKind::Replace, Fault::SlowReplace(Duration::from_hours(999))),
        (RequestKind::Find, Fault::OddWord("calculated".into())),
        (RequestKind::OpenOrders, Fault::Omitted(0)),
        (RequestKind::OpenOrders, Fault::FirstRows(500)),
        (RequestKind::ClosedOrders, Fault::Omitted(0)),
        (RequestKind::Fills, Fault::Omitted(0)),
        (RequestKind::Positions, Fault::Omitted(0)),
        (RequestKind::Account, Fault::Maintenance),
        (RequestKind::Connect, Fault::Maintenance),
    ] {
        assert!(is_caught(on, &fault), "{on:?} with {fault:?} is not noticed");
    }
}

/// A venue that promises what another kind of venue keeps.
struct Liar {
    venue: PaperVenue,
    promised: Capabilities,
}

impl Venue for Liar {
    fn name(&self) -> VenueName {
        self.venue.name()
    }
    fn capabilities(&self) -> &Capabilities {
        &self.promised
    }
    fn now(&self) -> Result<Utc, VenueError> {
        self.venue.now()
    }
    fn submit(&self, order: &NewOrder) -> Result<Accepted, VenueError> {
        self.venue.submit(order)
    }
    fn cancel(&self, target: &Target) -> Result<(), VenueError> {
        self.venue.cancel(target)
    }
    fn replace(&self, target: &Target, change: &Change) -> Result<Accepted, VenueError> {
        self.venue.replace(target, change)
    }
    fn find(&self, id: OrderId, instrument: &Instrument) -> Result<Option<OrderReport>, VenueError> {
        self.venue.find(id, instrument)
    }
    fn find_venue_order(&self, id: &VenueOrderId) -> Result<Option<OrderReport>, VenueError> {
        self.venue.find_venue_order(id)
    }
    fn open_orders(&self) -> Listing<OrderReport> {
        self.venue.open_orders()
    }
    fn closed_orders(&self, since: Utc) -> Listing<OrderReport> {
        self.venue.closed_orders(since)
    }
    fn fills(&self, since: Utc) -> Listing<FillReport> {
        self.venue.fills(since)
    }
    fn positions(&self) -> Listing<PositionReport> {
        self.venue.positions()
    }
    fn account(&self) -> Result<AccountReport, VenueError> {
        self.venue.account()
    }
    fn rules(&self, instrument: &Instrument) -> Result<Option<Rules>, VenueError> {
        self.venue.rules(instrument)
    }
    fn last_price(&self, instrument: &Instrument) -> Result<Option<Price>, VenueError> {
        self.venue.last_price(instrument)
    }
    fn stream(&self) -> Result<Receiver<StreamEvent>, VenueError> {
        self.venue.stream()
    }
}

#[test]
fn the_contract_catches_a_venue_that_promises_more_than_it_keeps() {
    let honest = |kept: &PaperSettings| kept.capabilities.clone();
    let [a, b, c] = [PaperSettings::class_a, PaperSettings::class_b, PaperSettings::class_c]
        .map(|class| class("paper").unwrap());
    for (promised, kept) in [
        (Capabilities { class: IdClass::A, ..honest(&b) }, &b),
        (Capabilities { class: IdClass::B, ..honest(&c) }, &c),
        (Capabilities { class: IdClass::B, ..honest(&a) }, &a),
        (Capabilities { lookup: Lookup::ById, ..honest(&c) }, &c),
        (Capabilities { brackets: Brackets::Native, ..honest(&b) }, &b),
        (Capabilities { brackets: Brackets::Emulated, ..honest(&a) }, &a),
        (Capabilities { replace: ReplaceQuantity::Total, ..honest(&c) }, &c),
    ] {
        let lying = || {
            let made = setup_venue(kept.clone());
            let venue = Arc::new(Liar { venue: made.0.clone(), promised: promised.clone() });
            Setup { venue, ..setup_of(made) }
        };
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check(lying)));
        assert!(checked.is_err(), "{promised:?}");
    }
}
