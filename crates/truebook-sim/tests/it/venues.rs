//! The paper venue keeps the contract of venues, in every class.

use core::time::Duration;
use std::sync::Arc;
use truebook::paper::{PaperSettings, PaperVenue};
use truebook_core::capability::{Lookup, Rules};
use truebook_core::id::Instrument;
use truebook_sim::SimClock;
use truebook_sim::venue_contract::{Setup, check};

fn setup(settings: PaperSettings) -> Setup {
    let instrument = Instrument::new("TSLA").unwrap();
    let rules = Rules { tick: "0.01".parse().unwrap(), lot: "1".parse().unwrap(), ..Rules::none() };
    let clock = SimClock::new();
    let venue = PaperVenue::new(settings.trading(instrument.clone(), rules), Arc::<SimClock>::clone(&clock));
    venue.tick(&instrument, "100".parse().unwrap()).unwrap();
    let (ticked, of) = (venue.clone(), instrument.clone());
    Setup {
        venue: Arc::new(venue),
        instrument,
        set_price: Box::new(move |price| ticked.tick(&of, price).unwrap()),
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
