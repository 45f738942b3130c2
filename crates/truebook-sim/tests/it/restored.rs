//! A book that was put back to an older copy while orders of a later time are at the venue.

use std::sync::Arc;
use truebook::book::{CheckpointSchedule, NewBook, OpenOptions, Upkeep};
use truebook::engine::{ReconcileOutcome, Replace, SubmitError, Submitted, SubmittedBy, Trader};
use truebook::paper::{Fault, PaperSettings, PaperVenue, Rate, RequestKind};
use truebook::world::Clock;
use truebook::{Book, World};
use truebook_core::capability::{Brackets, IdClass, ReplaceQuantity, Rules};
use truebook_core::doc::{Doc, Limits};
use truebook_core::event::{Event, Reason, Restored};
use truebook_core::id::{AccountName, BookName, Instrument, OrderKey, VenueName};
use truebook_core::identity::Mode;
use truebook_core::life::OrderState;
use truebook_core::money::Qty;
use truebook_core::order::{Bracket, Placement, ProfitLeg, Role, Side, StopLeg, TimeInForce};
use truebook_core::spec::OrderSpec;
use truebook_core::time::Utc;
use truebook_sim::world::{SimEntropy, world};
use truebook_sim::{SimClock, SimDisk};

const CLASSES: [IdClass; 3] = [IdClass::A, IdClass::B, IdClass::C];

fn key(text: &str) -> OrderKey {
    OrderKey::new(text).unwrap()
}

fn x() -> Instrument {
    Instrument::new("X").unwrap()
}

fn qty(text: &str) -> Qty {
    text.parse().unwrap()
}

fn settings(class: IdClass) -> PaperSettings {
    let made = match class {
        IdClass::A => PaperSettings::class_a("paper"),
        IdClass::B => PaperSettings::class_b("paper"),
        IdClass::C => PaperSettings::class_c("paper"),
    };
    let rules = Rules { tick: "0.01".parse().unwrap(), lot: qty("1"), ..Rules::none() };
    made.unwrap().trading(x(), rules)
}

fn options() -> OpenOptions {
    OpenOptions {
        upkeep: Upkeep::Inline,
        checkpoints: CheckpointSchedule { events: 10, ..CheckpointSchedule::default() },
        ..OpenOptions::default()
    }
}

/// A bot, its disk and its venue.
struct Scene {
    clock: Arc<SimClock>,
    entropy: Arc<SimEntropy>,
    disk: SimDisk,
    venue: PaperVenue,
}

impl Scene {
    fn new(settings: PaperSettings) -> (Self, Trader) {
        let clock = SimClock::new();
        let venue = PaperVenue::new(settings, Arc::<SimClock>::clone(&clock));
        venue.tick(&x(), "100".parse().unwrap()).unwrap();
        let scene = Self { clock, entropy: SimEntropy::new(7), disk: SimDisk::new(7), venue };
        let new = NewBook {
            name: BookName::new("restored").unwrap(),
            venue: VenueName::new("paper").unwrap(),
            account: AccountName::new("PAPER1").unwrap(),
            mode: Mode::Paper,
            settings: Doc::parse("{}", Limits::default()).unwrap(),
            key: None,
            readable: None,
            installation: None,
        };
        let book = Book::create(scene.world(), &new, options()).unwrap();
        let trader = scene.trader(book);
        (scene, trader)
    }

    fn world(&self) -> World {
        world(&self.disk, &self.clock, &self.entropy)
    }

    fn trader(&self, book: Book) -> Trader {
        Trader::new(book, Arc::new(self.venue.clone())).unwrap()
    }

    fn pass(&self, seconds: i64) {
        self.clock.pass_seconds(seconds);
        self.venue.pass_time().unwrap();
    }

    /// The older copy takes the place of what there is, and says so.
    fn put_back(&mut self, copy: &SimDisk, since: Utc) -> Trader {
        self.disk = copy.after_kill();
        let book = Book::open(self.world(), options()).unwrap();
        let restored = Restored {
            generation: "g7".to_owned(),
            seq: book.last(),
            since,
            lost_to: None,
            why: "the disk died".to_owned(),
        };
        book.record(Event::Restored(restored.into())).unwrap();
        self.trader(book)
    }

    fn at_venue(&self) -> usize {
        self.venue.audit(|exchange| exchange.all_orders().count())
    }

    fn held(&self) -> Qty {
        self.venue.audit(|exchange| exchange.position(&x()).quantity)
    }
}

fn limit(quantity: &str, price: &str) -> OrderSpec {
    let limit = OrderSpec::limit(x(), Side::Buy, qty(quantity), price.parse().unwrap());
    OrderSpec { time_in_force: TimeInForce::Gtc, ..limit }
}

fn market(side: Side, quantity: &str) -> OrderSpec {
    OrderSpec::market(x(), side, qty(quantity))
}

fn bracket(entry: OrderSpec) -> OrderSpec {
    entry.with_bracket(Bracket {
        stop_loss: Some(StopLeg { stop: "80".parse().unwrap(), limit: None }),
        take_profit: Some(ProfitLeg { limit: "120".parse().unwrap() }),
        legs: Placement::Own,
    })
}

/// What the bot wants in the time that will be lost, by key.
fn later() -> Vec<(&'static str, OrderSpec)> {
    vec![
        ("live", limit("3", "90")),
        ("filled", market(Side::Buy, "2")),
        ("cancelled", limit("1", "85")),
        ("bracket", bracket(OrderSpec { time_in_force: TimeInForce::Gtc, ..market(Side::Buy, "4") })),
        ("bracket to come", bracket(limit("6", "95"))),
        ("replaced", limit("1", "88")),
    ]
}

/// Trades, is copied, and trades on.
fn trade(scene: &Scene, trader: &Trader) -> (SimDisk, Utc) {
    trader.reconcile().unwrap();
    trader.submit(&key("before"), &market(Side::Buy, "5")).unwrap();
    trader.reconcile().unwrap();
    let (copy, since) = (scene.disk.after_kill(), scene.clock.now());
    scene.pass(10);
    for (name, spec) in later() {
        trader.submit(&key(name), &spec).unwrap();
    }
    trader.cancel(&key("cancelled")).unwrap();
    if trader.venue().capabilities().replace != ReplaceQuantity::Unsupported {
        let replace = Replace { limit: Some("89".parse().unwrap()), ..Replace::default() };
        trader.replace(&key("replaced"), &replace).unwrap();
    }
    trader.reconcile().unwrap();
    scene.pass(10);
    trader.reconcile().unwrap();
    (copy, since)
}

fn refusal(outcome: Result<Submitted, SubmitError>) -> String {
    match outcome {
        Err(SubmitError::Gate(refusal)) => refusal.to_string(),
        other => panic!("{other:?}"),
    }
}

fn open_reason(trader: &Trader) -> String {
    match trader.reconcile().unwrap().reconciled {
        ReconcileOutcome::Open(why) => why,
        ReconcileOutcome::Agreed => panic!("the gap counts as covered"),
    }
}

fn is_marked(trader: &Trader) -> bool {
    trader.book().live().unwrap().restored.is_some()
}

#[test]
fn p3_p5_p6_p10_a_key_of_the_lost_time_gets_the_order_that_it_had_at_a_venue_of_every_class() {
    for class in CLASSES {
        let (mut scene, trader) = Scene::new(settings(class));
        let (copy, since) = trade(&scene, &trader);
        let told: Vec<_> =
            later().iter().map(|(name, spec)| trader.submit(&key(name), spec).unwrap()).collect();
        drop(trader);
        let trader = scene.put_back(&copy, since);
        assert!(refusal(trader.submit(&key("live"), &later()[0].1)).contains("g7"), "{class:?}");
        scene.pass(70);
        let done = trader.reconcile().unwrap();
        assert_eq!(done.reconciled, ReconcileOutcome::Agreed, "{class:?}: {done:#?}");
        assert!(!is_marked(&trader), "{class:?}");
        let live = trader.book().live().unwrap();
        assert_eq!(live.positions[&x()].quantity, scene.held(), "{class:?}");
        assert!(live.blocked.is_empty(), "{class:?}: {:?}", live.blocked);
        let before = scene.at_venue();
        for ((name, spec), told) in later().iter().zip(&told) {
            let again =
                trader.submit(&key(name), spec).unwrap_or_else(|failed| panic!("{class:?}: {failed}"));
            let facts = |submitted: &Submitted| (submitted.id, submitted.state);
            assert_eq!(facts(&again), facts(told), "{class:?}: {name}");
            assert_eq!(again.by, SubmittedBy::EarlierCall, "{class:?}: {name}");
        }
        trader.reconcile().unwrap();
        assert_eq!(scene.at_venue(), before, "{class:?}: a second order, or a second leg");
        assert!(trader.reconcile().unwrap().passes[0].is_empty(), "{class:?}");
        trader.submit(&key("new"), &market(Side::Buy, "1")).unwrap();
        assert_eq!(scene.at_venue(), before + 1, "{class:?}");
    }
}

#[test]
fn p5_a_bracket_of_the_lost_time_protects_what_it_opens_once_its_key_is_used_again() {
    for class in CLASSES {
        let (mut scene, trader) = Scene::new(settings(class));
        let (copy, since) = trade(&scene, &trader);
        drop(trader);
        let trader = scene.put_back(&copy, since);
        scene.pass(70);
        let done = trader.reconcile().unwrap();
        // Where legs are ours, a stop that was taken back alone is told of.
        let alarms = done.passes.iter().flat_map(|plan| &plan.alarms);
        let told = alarms.filter(|alarm| format!("{alarm:?}").contains("which entry it protects")).count();
        let ours = trader.venue().capabilities().brackets == Brackets::Emulated;
        assert_eq!(told, usize::from(ours), "{class:?}: {:?}", done.passes);
        for (name, spec) in later() {
            trader.submit(&key(name), &spec).unwrap();
        }
        scene.venue.tick(&x(), "94".parse().unwrap()).unwrap();
        trader.reconcile().unwrap();
        scene.pass(10);
        trader.reconcile().unwrap();
        let live = trader.book().live().unwrap();
        for (name, quantity) in [("bracket", "4"), ("bracket to come", "6")] {
            let entry = trader.entry_id(&key(name)).unwrap();
            let legs = live.orders.values().filter(|order| order.intent.parent == Some(entry));
            let mut stops = legs.filter(|leg| leg.intent.role == Role::StopLoss);
            let stop = stops.next().unwrap_or_else(|| panic!("{class:?}: {name} has no stop"));
            assert_eq!((stop.remaining(), stops.next()), (qty(quantity), None), "{class:?}: {name}");
        }
        // All legs go with what they protect.
        scene.venue.tick(&x(), "79".parse().unwrap()).unwrap();
        for _ in 0..4 {
            scene.pass(10);
            trader.reconcile().unwrap();
        }
        let live = trader.book().live().unwrap();
        let mut sells = live.orders.values().filter(|order| order.intent.side == Side::Sell);
        assert!(sells.all(|order| order.state().is_terminal()), "{class:?}: {:#?}", live.orders);
    }
}

#[test]
fn p3_p10_before_the_gap_is_covered_nothing_new_leaves_unless_ids_are_unique_for_ever() {
    for class in CLASSES {
        let (mut scene, trader) = Scene::new(settings(class));
        let (copy, since) = trade(&scene, &trader);
        drop(trader);
        let trader = scene.put_back(&copy, since);
        // Within the minute something may still be on its way.
        assert!(open_reason(&trader).contains("may still come"), "{class:?}");
        let before = scene.at_venue();
        let why = refusal(trader.submit(&key("new"), &market(Side::Buy, "1")));
        assert!(why.contains("g7") && why.contains("--accept-gap"), "{class:?}: {why}");
        let exit = trader.submit(&key("exit"), &market(Side::Sell, "1"));
        assert_eq!(exit.is_ok(), class == IdClass::A, "{class:?}: {exit:?}");
        assert_eq!(scene.at_venue(), before + usize::from(class == IdClass::A));
    }
}

#[test]
fn p3_another_order_under_a_key_of_the_lost_time_is_refused() {
    for class in CLASSES {
        let (mut scene, trader) = Scene::new(settings(class));
        let (copy, since) = trade(&scene, &trader);
        drop(trader);
        let trader = scene.put_back(&copy, since);
        scene.pass(70);
        trader.reconcile().unwrap();
        for (name, other) in [("live", limit("3", "91")), ("filled", market(Side::Buy, "3"))] {
            let outcome = trader.submit(&key(name), &other);
            assert!(matches!(outcome, Err(SubmitError::KeyReused { .. })), "{class:?}: {outcome:?}");
        }
    }
}

#[test]
fn p10_a_history_that_is_too_short_keeps_the_gate_shut_and_says_why_until_somebody_answers_for_it() {
    for class in CLASSES {
        let mut short = settings(class);
        short.capabilities.closed_window = Some(core::time::Duration::from_hours(1));
        let (mut scene, trader) = Scene::new(short);
        let (copy, since) = trade(&scene, &trader);
        drop(trader);
        scene.pass(3 * 3600);
        let trader = scene.put_back(&copy, since);
        scene.pass(70);
        assert!(open_reason(&trader).contains("closed orders do not reach back"), "{class:?}");
        assert!(is_marked(&trader));
        refusal(trader.submit(&key("new"), &market(Side::Buy, "1")));
        let why = "looked at by hand".to_owned();
        trader.book().record(Event::Covered(Reason { why })).unwrap();
        trader.reconcile().unwrap();
        assert!(!is_marked(&trader) && trader.is_reconciled(), "{class:?}");
    }
}

#[test]
fn p10_a_venue_that_forgets_unfilled_orders_keeps_the_gate_shut() {
    let (mut scene, trader) = Scene::new(settings(IdClass::B));
    let (copy, since) = trade(&scene, &trader);
    drop(trader);
    scene.pass(3 * 3600);
    let trader = scene.put_back(&copy, since);
    scene.pass(70);
    assert!(open_reason(&trader).contains("forgotten"));
    assert!(is_marked(&trader));
}

#[test]
fn p10_a_list_that_cannot_be_read_keeps_the_gate_shut() {
    let lists =
        [RequestKind::OpenOrders, RequestKind::ClosedOrders, RequestKind::Fills, RequestKind::Positions];
    for (class, on) in CLASSES.into_iter().flat_map(|class| lists.map(|on| (class, on))) {
        let (mut scene, trader) = Scene::new(settings(class));
        let (copy, since) = trade(&scene, &trader);
        drop(trader);
        let trader = scene.put_back(&copy, since);
        scene.pass(70);
        scene.venue.faults(|faults| faults.rate(Rate { on, fault: Fault::ServerError, per_thousand: 1000 }));
        assert!(open_reason(&trader).contains("not everything could be read"), "{class:?} {on:?}");
        assert!(is_marked(&trader));
        scene.venue.faults(truebook::paper::Faults::clear);
        assert_eq!(trader.reconcile().unwrap().reconciled, ReconcileOutcome::Agreed, "{class:?} {on:?}");
        assert!(!is_marked(&trader));
    }
}

#[test]
fn cancels_are_sent_while_the_gap_is_open() {
    for class in CLASSES {
        let (mut scene, trader) = Scene::new(settings(class));
        trader.reconcile().unwrap();
        trader.submit(&key("early"), &limit("3", "90")).unwrap();
        let (copy, since) = (scene.disk.after_kill(), scene.clock.now());
        drop(trader);
        let trader = scene.put_back(&copy, since);
        trader.reconcile().unwrap();
        assert!(is_marked(&trader));
        trader.cancel(&key("early")).unwrap();
        trader.reconcile().unwrap();
        let id = trader.entry_id(&key("early")).unwrap();
        assert_eq!(trader.status(id).unwrap().state, OrderState::Cancelled, "{class:?}");
    }
}
