//! The paper venue with everything that can go wrong, and with a memory of its own.

use crate::support::{Place, small};
use core::time::Duration;
use std::sync::Arc;
use truebook::core::capability::{ConditionalList, Rules};
use truebook::core::id::{Instrument, VenueOrderId};
use truebook::core::life::Closing;
use truebook::core::money::{Price, Qty};
use truebook::core::observation::{Completeness, ReportStatus};
use truebook::core::order::{OrderType, Side, TimeInForce};
use truebook::core::time::Utc;
use truebook::paper::{
    Fault, OrderFilter, OrderRequest, OrderStatus, PaperSettings, PaperStore, PaperVenue, Rate, RequestKind,
    StreamMessage, UpdateKind,
};
use truebook::venue::{StreamEvent, Venue, VenueError, VenueErrorKind};
use truebook_sim::disk::{FaultPlan, SyncNumber};
use truebook_sim::world::SimEntropy;
use truebook_sim::{SimClock, SimDisk};

struct Desk {
    venue: PaperVenue,
    clock: Arc<SimClock>,
}

fn price(text: &str) -> Price {
    text.parse().unwrap()
}

fn qty(text: &str) -> Qty {
    text.parse().unwrap()
}

fn tsla() -> Instrument {
    Instrument::new("TSLA").unwrap()
}

fn settings() -> PaperSettings {
    let rules = Rules { tick: price("0.01"), lot: qty("1"), ..Rules::none() };
    PaperSettings::class_a("paper").unwrap().trading(tsla(), rules)
}

fn desk() -> Desk {
    desk_of(settings())
}

fn desk_of(settings: PaperSettings) -> Desk {
    let clock = SimClock::new();
    let venue = PaperVenue::new(settings, Arc::<SimClock>::clone(&clock));
    venue.tick(&tsla(), price("100")).unwrap();
    Desk { venue, clock }
}

fn stored(place: &Place, clock: &Arc<SimClock>) -> PaperVenue {
    let store = PaperStore::open(place.world(), small()).unwrap();
    PaperVenue::stored(settings(), Arc::<SimClock>::clone(clock), store).unwrap()
}

fn market(id: &str, quantity: &str) -> OrderRequest {
    OrderRequest { client_id: Some(id.into()), ..OrderRequest::market(tsla(), Side::Buy, qty(quantity)) }
}

fn resting(id: &str) -> OrderRequest {
    OrderRequest {
        order_type: OrderType::Limit,
        limit: Some(price("90")),
        time_in_force: TimeInForce::Gtc,
        ..market(id, "1")
    }
}

impl Desk {
    fn fault(&self, on: RequestKind, fault: Fault) {
        self.venue.faults(|faults| faults.script(on, fault));
    }

    fn orders(&self) -> usize {
        self.venue.audit(|exchange| exchange.all_orders().count())
    }

    fn received(&self, id: &str) -> u64 {
        self.venue.audit(|exchange| exchange.received(id))
    }

    fn status(&self, id: &VenueOrderId) -> OrderStatus {
        self.venue.audit(|exchange| exchange.order(id).unwrap().status)
    }
}

fn failed<T: std::fmt::Debug>(answer: Result<T, VenueError>) -> (VenueErrorKind, String) {
    let error = answer.unwrap_err();
    (error.kind, error.code.unwrap_or_default())
}

#[test]
fn an_order_whose_reply_was_lost_is_there_and_one_that_was_lost_itself_is_not() {
    for (fault, code, there) in [
        (Fault::ReplyLost, "reply_lost", 1),
        (Fault::Unreadable, "unreadable", 1),
        (Fault::TooManyYetDone, "42910000", 1),
        (Fault::RequestLost, "request_lost", 0),
        (Fault::ServerError, "server_error", 0),
    ] {
        let desk = desk();
        desk.fault(RequestKind::Submit, fault);
        let answer = failed(desk.venue.place(&market("a", "1")));
        assert_eq!(answer, (VenueErrorKind::Unknown, code.to_owned()));
        assert_eq!((desk.orders(), desk.received("a")), (there, u64::try_from(there).unwrap()));
        let again = desk.venue.place(&market("a", "1"));
        assert_eq!(again.is_ok(), there == 0);
        assert_eq!(desk.orders(), 1);
    }
}

#[test]
fn an_order_that_comes_late_appears_after_nobody_could_find_it() {
    let desk = desk();
    desk.fault(RequestKind::Submit, Fault::Late(Duration::from_secs(5)));
    assert_eq!(failed(desk.venue.place(&market("a", "1"))).0, VenueErrorKind::Unknown);
    assert_eq!(desk.venue.order_by_client_id("a").unwrap(), None);
    desk.clock.pass_seconds(6);
    assert_eq!(desk.venue.order_by_client_id("a").unwrap().unwrap().status, OrderStatus::Filled);
}

#[test]
fn requests_beyond_the_limit_are_refused_until_a_minute_has_passed() {
    let mut settings = settings();
    settings.capabilities.requests_per_minute = Some(3);
    let desk = desk_of(settings);
    for id in ["a", "b", "c"] {
        desk.venue.place(&resting(id)).unwrap();
    }
    let limited = desk.venue.place(&resting("d")).unwrap_err();
    assert!(matches!(limited.kind, VenueErrorKind::RateLimited(Some(_))), "{limited}");
    desk.clock.pass_seconds(60);
    assert!(desk.venue.place(&resting("d")).is_ok());
    assert_eq!(desk.orders(), 4);
}

#[test]
fn a_venue_that_says_it_did_nothing_did_nothing() {
    let desk = desk();
    for fault in [Fault::TooMany(Duration::from_secs(3)), Fault::Maintenance] {
        desk.fault(RequestKind::Submit, fault);
        let error = desk.venue.place(&market("a", "1")).unwrap_err();
        assert!(error.proves_nothing_happened(), "{error}");
    }
    assert_eq!(desk.orders(), 0);
}

#[test]
fn a_cancellation_can_be_slow_or_unanswered_and_the_order_may_fill_meanwhile() {
    let desk = desk();
    let [slow, lost, late] = ["a", "b", "c"].map(|id| desk.venue.place(&resting(id)).unwrap().id);
    desk.fault(RequestKind::Cancel, Fault::SlowCancel(Duration::from_secs(10)));
    desk.fault(RequestKind::Cancel, Fault::ReplyLost);
    desk.fault(RequestKind::Cancel, Fault::Late(Duration::from_secs(10)));
    assert_eq!(desk.venue.cancel_order(&slow).unwrap().status, OrderStatus::PendingCancel);
    assert_eq!(failed(desk.venue.cancel_order(&lost)).1, "reply_lost");
    assert_eq!(failed(desk.venue.cancel_order(&late)).1, "late");
    assert_eq!(desk.status(&lost), OrderStatus::Canceled);
    desk.venue.tick(&tsla(), price("89")).unwrap();
    assert_eq!([desk.status(&slow), desk.status(&late)], [OrderStatus::Filled; 2]);
    assert_eq!(failed(desk.venue.cancel_order(&slow)), (VenueErrorKind::NotFound, "42210000".to_owned()));
}

#[test]
fn a_list_that_was_cut_or_failed_says_so_and_one_that_omits_an_order_does_not() {
    let desk = desk();
    for id in ["a", "b", "c"] {
        desk.venue.place(&resting(id)).unwrap();
    }
    desk.fault(RequestKind::OpenOrders, Fault::FirstRows(2));
    let cut = desk.venue.open_orders();
    assert_eq!((cut.rows.len(), cut.is_complete()), (2, false));
    desk.fault(RequestKind::OpenOrders, Fault::ServerError);
    assert!(matches!(desk.venue.open_orders().completeness, Completeness::Failed(_)));
    desk.fault(RequestKind::OpenOrders, Fault::Omitted(1));
    let omitted = desk.venue.open_orders();
    assert_eq!((omitted.rows.len(), omitted.is_complete()), (2, true));
    desk.fault(RequestKind::Fills, Fault::FirstRows(0));
    assert!(!desk.venue.fills(Utc::from_nanos(0)).is_complete());
    desk.fault(RequestKind::Positions, Fault::Maintenance);
    assert!(!desk.venue.positions().is_complete());
    assert_eq!(desk.venue.open_orders().rows.len(), 3);
}

#[test]
fn a_list_whose_second_page_fails_is_partial() {
    let desk = desk_of(PaperSettings { page_rows: 2, ..settings() });
    for id in ["a", "b", "c"] {
        desk.venue.place(&resting(id)).unwrap();
    }
    desk.venue.faults(|faults| faults.spare(RequestKind::OpenOrders, 1));
    desk.fault(RequestKind::OpenOrders, Fault::ServerError);
    let listing = desk.venue.open_orders();
    assert!(matches!(listing.completeness, Completeness::Partial(_)));
    assert_eq!(listing.rows.len(), 2);
    assert_eq!(desk.venue.open_orders().rows.len(), 3);
}

#[test]
fn open_orders_are_complete_only_with_the_conditional_ones() {
    let mut settings = settings();
    settings.capabilities.conditional = ConditionalList::Apart;
    let desk = desk_of(settings);
    let stop = OrderRequest { order_type: OrderType::Stop, stop: Some(price("110")), ..market("s", "1") };
    desk.venue.place(&stop).unwrap();
    desk.venue.place(&resting("a")).unwrap();
    assert_eq!(desk.venue.open_orders().rows.len(), 2);
    desk.fault(RequestKind::ConditionalOrders, Fault::ServerError);
    let listing = desk.venue.open_orders();
    assert!(matches!(listing.completeness, Completeness::Partial(_)));
    assert_eq!(listing.rows.len(), 1);
}

#[test]
fn an_odd_word_is_told_as_one_that_nobody_knows() {
    let desk = desk();
    let id = desk.venue.place(&resting("a")).unwrap().id;
    desk.fault(RequestKind::Find, Fault::OddWord("calculated".into()));
    let odd = desk.venue.find_venue_order(&id).unwrap().unwrap();
    assert_eq!((odd.status, &*odd.word), (ReportStatus::Odd, "calculated"));
    assert_eq!(desk.venue.find_venue_order(&id).unwrap().unwrap().status, ReportStatus::Live);
}

#[test]
fn a_fill_can_come_in_pieces_one_a_tick() {
    let desk = desk();
    desk.fault(RequestKind::Submit, Fault::Pieces(3));
    let order = desk.venue.place(&market("a", "9")).unwrap();
    assert_eq!((order.status, order.filled), (OrderStatus::PartiallyFilled, qty("3")));
    for _ in 0..2 {
        desk.venue.tick(&tsla(), price("100")).unwrap();
    }
    assert_eq!(desk.status(&order.id), OrderStatus::Filled);
}

#[test]
fn executions_can_be_told_after_their_order_says_filled() {
    let desk = desk();
    let stream = desk.venue.updates().unwrap();
    desk.fault(RequestKind::Submit, Fault::LateFills(Duration::from_secs(30)));
    let id = desk.venue.place(&market("a", "1")).unwrap().id;
    let report = desk.venue.find_venue_order(&id).unwrap().unwrap();
    assert_eq!(report.status, ReportStatus::Ended(Closing::Filled));
    assert!(desk.venue.fill_records(Utc::from_nanos(0)).unwrap().is_empty());
    assert_eq!(told(stream.try_iter()), ["new"]);
    desk.clock.pass_seconds(31);
    assert_eq!(desk.venue.fill_records(Utc::from_nanos(0)).unwrap().len(), 1);
    assert_eq!(told(stream.try_iter()), ["fill"]);
}

fn told(messages: impl Iterator<Item = StreamMessage>) -> Vec<&'static str> {
    messages
        .map(|message| match message {
            StreamMessage::Update(update) => update.what.word(),
            StreamMessage::Lost(_) => "lost",
            StreamMessage::Restored => "restored",
        })
        .collect()
}

#[test]
fn messages_of_the_stream_can_come_twice_or_in_the_wrong_order() {
    let desk = desk();
    let stream = desk.venue.updates().unwrap();
    desk.venue.place(&market("a", "1")).unwrap();
    desk.fault(RequestKind::Message, Fault::Swapped);
    desk.venue.place(&market("b", "1")).unwrap();
    desk.fault(RequestKind::Message, Fault::Twice);
    desk.venue.place(&market("c", "1")).unwrap();
    assert_eq!(told(stream.try_iter()), ["new", "fill", "fill", "new", "new", "new", "fill"]);
}

#[test]
fn a_stream_that_is_cut_says_so_and_says_when_it_works_again() {
    let desk = desk();
    let (messages, events) = (desk.venue.updates().unwrap(), desk.venue.stream().unwrap());
    desk.fault(RequestKind::Message, Fault::Cut(Duration::from_secs(5)));
    desk.venue.place(&market("a", "1")).unwrap();
    desk.clock.pass_seconds(6);
    desk.venue.place(&market("b", "1")).unwrap();
    assert_eq!(told(messages.try_iter()), ["lost", "restored", "new", "fill"]);
    let events: Vec<StreamEvent> = events.try_iter().collect();
    assert!(matches!(events[0], StreamEvent::Lost(_)) && events[1] == StreamEvent::Restored);
    assert!(matches!(events[4], StreamEvent::Fill(_)), "an order's message, then its execution");
    assert_eq!(desk.orders(), 2);
}

#[test]
fn a_listener_that_is_gone_holds_nobody_up() {
    let desk = desk();
    drop(desk.venue.updates().unwrap());
    let stream = desk.venue.updates().unwrap();
    desk.venue.place(&market("a", "1")).unwrap();
    assert_eq!(stream.try_iter().count(), 2);
}

#[test]
fn p11_the_same_seed_gives_the_same_faults_and_the_same_orders() {
    let run = || {
        let desk = desk();
        desk.venue.faults(|faults| {
            for (fault, per_thousand) in [(Fault::ReplyLost, 200), (Fault::RequestLost, 200)] {
                faults.rate(Rate { on: RequestKind::Submit, fault, per_thousand });
            }
        });
        let answers: Vec<bool> =
            (0..100).map(|number| desk.venue.place(&market(&format!("o{number}"), "1")).is_ok()).collect();
        (answers, desk.venue.audit(|exchange| exchange.all_fills().to_vec()))
    };
    let (answers, fills) = run();
    assert_eq!((answers.clone(), fills.clone()), run());
    assert!(answers.contains(&false) && answers.contains(&true));
    assert!(fills.len() > answers.iter().filter(|ok| **ok).count(), "some replies were lost");
}

#[test]
fn p1_a_venue_with_a_store_goes_on_where_it_stood_however_it_went_down() {
    let (place, clock) = (Place::new(), SimClock::new());
    let venue = stored(&place, &clock);
    venue.tick(&tsla(), price("100")).unwrap();
    venue.place(&market("a", "5")).unwrap();
    let rests = venue.place(&resting("b")).unwrap();
    venue.faults(|faults| faults.script(RequestKind::Submit, Fault::Late(Duration::from_mins(1))));
    venue.place(&market("c", "1")).unwrap_err();
    let before = venue.audit(|exchange| exchange.all_orders().cloned().collect::<Vec<_>>());

    // A copy of the directory under a running venue is what a machine has after its power failed.
    let copy = place.copy();
    let again = stored(&copy, &clock);
    assert_eq!(again.audit(|exchange| exchange.all_orders().cloned().collect::<Vec<_>>()), before);
    assert_eq!(again.audit(|exchange| exchange.received("c")), 1);
    assert_eq!(again.cash().unwrap(), venue.cash().unwrap());
    assert_eq!(again.place(&market("a", "5")).unwrap_err().kind, VenueErrorKind::Duplicate);
    again.tick(&tsla(), price("90")).unwrap();
    assert_eq!(again.order(&rests.id).unwrap().unwrap().status, OrderStatus::Filled);
    clock.pass_seconds(61);
    assert!(again.order_by_client_id("c").unwrap().is_some());
    let ids = again
        .audit(|exchange| exchange.all_fills().iter().map(|fill| fill.execution.clone()).collect::<Vec<_>>());
    assert_eq!(ids.len(), 3);
    assert!(ids.is_sorted_by(|one, other| one < other), "no id is given twice");
}

#[test]
fn an_order_placed_by_hand_at_the_venue_has_an_id_of_the_venues_making() {
    let desk = desk();
    let stream = desk.venue.updates().unwrap();
    let order = desk.venue.place(&OrderRequest::market(tsla(), Side::Sell, qty("1"))).unwrap();
    assert!(order.client_id.starts_with("venue-"));
    let Ok(StreamMessage::Update(update)) = stream.try_recv() else { panic!("it is told") };
    assert_eq!((update.what, &update.order.id), (UpdateKind::New, &order.id));
    let page = desk.venue.orders(RequestKind::ClosedOrders, &OrderFilter::default()).unwrap();
    assert_eq!(page.len(), 1);
}

#[test]
fn p12_what_the_venue_could_not_keep_is_told_to_nobody_and_it_answers_no_more() {
    let (disk, clock) = (SimDisk::new(1), SimClock::new());
    let open = |disk: &SimDisk| {
        let world = truebook_sim::world::world(disk, &clock, &SimEntropy::new(1));
        let store = PaperStore::open(world, small()).unwrap();
        PaperVenue::stored(settings(), Arc::<SimClock>::clone(&clock), store).unwrap()
    };
    let venue = open(&disk);
    venue.place(&resting("kept")).unwrap();
    let stream = venue.updates().unwrap();
    disk.set_faults(FaultPlan::default().fail_at_sync(SyncNumber(disk.syncs_done().0 + 1)));
    assert_eq!(failed(venue.place(&resting("lost"))), (VenueErrorKind::Unknown, "store".to_owned()));
    assert_eq!(failed(venue.place(&resting("later"))).0, VenueErrorKind::Maintenance);
    assert_eq!(stream.try_iter().count(), 0);
    drop(venue);
    let again = open(&disk.after_kill());
    assert!(again.order_by_client_id("kept").unwrap().is_some());
    assert_eq!(again.order_by_client_id("later").unwrap(), None);
}
