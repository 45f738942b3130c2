//! What a history consists of: the venue, the disk, the clocks, and what the bot has asked for so far.

use super::clock::OffClock;
use super::ids::Ids;
use crate::disk::CrashChoice;
use crate::world::SimEntropy;
use crate::{Rng, SimClock, SimDisk};
use core::cell::RefCell;
use core::fmt;
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use truebook::book::{CheckpointSchedule, NewBook, OpenOptions, Upkeep};
use truebook::journal::JournalOptions;
use truebook::paper::{Fault, Faults, Fees, PaperSettings, PaperVenue, Rate, RequestKind};
use truebook::world::{Clock, World};
use truebook_core::capability::{IdClass, Rules};
use truebook_core::doc::{Doc, Limits};
use truebook_core::id::{AccountName, Asset, BookName, Instrument, OrderId, OrderKey, Seq};
use truebook_core::identity::Mode;
use truebook_core::money::{Cash, Price, Qty};
use truebook_core::spec::OrderSpec;

/// Which histories are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// What the venue does with an id that comes again.
    pub class: IdClass,
    /// How many lives the bot has.
    pub lives: u64,
    /// How many steps it takes in each at most.
    pub steps: u64,
}

impl Scope {
    /// The usual size of a history.
    pub const fn of(class: IdClass) -> Self {
        Self { class, lives: 5, steps: 26 }
    }
}

/// A promise that was not kept.
#[derive(Clone, Debug)]
pub struct Violation {
    /// The seed that shows it.
    pub seed: u64,
    /// At which kind of venue.
    pub class: IdClass,
    /// What was found.
    pub what: String,
    /// What happened before, a line a step.
    pub log: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} at a venue of class {:?}: {}", self.seed, self.class, self.what)?;
        write!(f, "TRUEBOOK_SEED={} replays it\n{}", self.seed, self.log)
    }
}

/// An order that the bot wants.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) key: OrderKey,
    pub(super) spec: OrderSpec,
    /// Whether a call that submitted it came back.
    pub(super) acknowledged: bool,
}

pub(super) struct Scene {
    pub(super) scope: Scope,
    pub(super) rng: Rng,
    pub(super) venue_clock: Arc<SimClock>,
    pub(super) bot_clock: Arc<OffClock>,
    pub(super) entropy: Arc<SimEntropy>,
    pub(super) venue: PaperVenue,
    pub(super) disk: SimDisk,
    pub(super) wishes: Vec<Wish>,
    pub(super) closes: u32,
    pub(super) prices: Vec<(Instrument, Price)>,
    /// The last event that somebody was told of.
    pub(super) acknowledged: Seq,
    pub(super) log: String,
    /// An older state of the disk that may be put back.
    pub(super) copy: Option<super::restore::Copy>,
    /// What was at the venue when a copy was put back: the book need not know it.
    pub(super) lost: BTreeSet<OrderId>,
    /// The auditor's list of the ids that may be at the venue.
    pub(super) ids: RefCell<Ids>,
}

pub(super) fn instrument(name: &str) -> Instrument {
    Instrument::new(name).unwrap_or_else(|_| unreachable!("a valid name"))
}

pub(super) fn qty(text: &str) -> Qty {
    text.parse().unwrap_or_else(|_| unreachable!("a valid number"))
}

pub(super) fn price(text: &str) -> Price {
    text.parse().unwrap_or_else(|_| unreachable!("a valid number"))
}

impl Scene {
    pub(super) fn new(seed: u64, scope: Scope) -> Self {
        let mut rng = Rng::new(seed);
        let venue_clock = SimClock::new();
        let clock: Arc<dyn Clock> = Arc::<SimClock>::clone(&venue_clock);
        let venue = PaperVenue::new(settings(scope.class), clock);
        let prices = vec![(instrument("X"), price("100")), (instrument("Y/USD"), price("20"))];
        for (instrument, price) in &prices {
            let ticked = venue.tick(instrument, *price);
            assert!(ticked.is_ok(), "the venue trades what it was told to");
        }
        let chance = rng.next_u64();
        venue.faults(|faults| {
            *faults = Faults::new(chance);
            for rate in rates(scope.class, &mut rng) {
                faults.rate(rate);
            }
        });
        Self {
            scope,
            bot_clock: OffClock::new(&venue_clock),
            venue_clock,
            entropy: SimEntropy::new(seed),
            venue,
            disk: SimDisk::new(seed),
            wishes: Vec::new(),
            closes: 0,
            prices,
            acknowledged: Seq::ZERO,
            log: String::new(),
            copy: None,
            lost: BTreeSet::new(),
            ids: RefCell::default(),
            rng,
        }
    }

    pub(super) fn world(&self) -> World {
        let clock: Arc<dyn Clock> = Arc::<OffClock>::clone(&self.bot_clock);
        let entropy: Arc<dyn truebook::world::Entropy> = Arc::<SimEntropy>::clone(&self.entropy);
        World { disk: Arc::new(self.disk.clone()), clock, entropy }
    }

    pub(super) fn note(&mut self, line: &str) {
        self.log.push_str(line);
        self.log.push('\n');
    }

    /// The process is dead: what of its disk is left.
    pub(super) fn bury(&mut self) {
        self.disk = if self.rng.coin() {
            self.disk.after_kill()
        } else {
            self.disk.crash(CrashChoice::sample(self.rng.next_u64()))
        };
    }
}

pub(super) fn options() -> OpenOptions {
    OpenOptions {
        journal: JournalOptions { segment_bytes: 32 * 1024, compression_level: 1 },
        upkeep: Upkeep::Inline,
        checkpoints: CheckpointSchedule { interval: Duration::from_mins(5), events: 40, kept: 2 },
        ..OpenOptions::default()
    }
}

pub(super) fn new_book(scope: Scope) -> NewBook {
    let patience = match scope.class {
        IdClass::C => r#"{"reconcile":{"absent_after_s":120}}"#,
        IdClass::A | IdClass::B => r#"{"reconcile":{}}"#,
    };
    NewBook {
        name: BookName::new("simulated").unwrap_or_else(|_| unreachable!("a valid name")),
        venue: truebook_core::id::VenueName::new("sim").unwrap_or_else(|_| unreachable!("a valid name")),
        account: AccountName::new("PAPER1").unwrap_or_else(|_| unreachable!("a valid name")),
        mode: Mode::Paper,
        settings: Doc::parse(patience, Limits::default()).unwrap_or_else(|_| unreachable!("valid JSON")),
        key: None,
        readable: None,
        installation: None,
    }
}

fn settings(class: IdClass) -> PaperSettings {
    let made = match class {
        IdClass::A => PaperSettings::class_a("sim"),
        IdClass::B => PaperSettings::class_b("sim"),
        IdClass::C => PaperSettings::class_c("sim"),
    };
    let mut settings = made.unwrap_or_else(|_| unreachable!("a valid name"));
    let tick = price("0.01");
    let shares = Rules { tick, lot: qty("1"), ..Rules::none() };
    let base = Asset::new("Y").ok();
    let coins = Rules { tick, lot: qty("0.001"), notional_min: Cash::ZERO, multiplier: None, base };
    if class == IdClass::B {
        settings.fees = Fees::Received(qty("0.001"));
    }
    // What is accepted shows a little later in queries.
    settings.capabilities.propagation = Duration::from_secs(if class == IdClass::C { 3 } else { 1 });
    settings.trading(instrument("X"), shares).trading(instrument("Y/USD"), coins)
}

/// What goes wrong, and how often: each history has its own mixture.
fn rates(class: IdClass, rng: &mut Rng) -> Vec<Rate> {
    let late = Duration::from_secs(1 + rng.below(3));
    let mut all = vec![
        (RequestKind::Submit, Fault::ReplyLost, 120),
        (RequestKind::Submit, Fault::Unreadable, 40),
        (RequestKind::Submit, Fault::RequestLost, 80),
        (RequestKind::Submit, Fault::Late(late), 60),
        (RequestKind::Submit, Fault::TooMany(Duration::from_secs(2)), 30),
        (RequestKind::Submit, Fault::ServerError, 40),
        (RequestKind::Submit, Fault::Pieces(3), 200),
        (RequestKind::Submit, Fault::LateFills(Duration::from_secs(2)), 80),
        (RequestKind::Cancel, Fault::ReplyLost, 80),
        (RequestKind::Cancel, Fault::RequestLost, 60),
        (RequestKind::Cancel, Fault::SlowCancel(Duration::from_secs(2)), 150),
        (RequestKind::Replace, Fault::ReplyLost, 120),
        (RequestKind::Replace, Fault::RequestLost, 80),
        (RequestKind::Find, Fault::ServerError, 40),
        (RequestKind::OpenOrders, Fault::FirstRows(1), 40),
        (RequestKind::OpenOrders, Fault::Omitted(0), 40),
        (RequestKind::ClosedOrders, Fault::ServerError, 30),
        (RequestKind::Fills, Fault::ServerError, 30),
        (RequestKind::Positions, Fault::ServerError, 20),
        (RequestKind::Message, Fault::Twice, 150),
        (RequestKind::Message, Fault::Swapped, 150),
        (RequestKind::Message, Fault::Cut(Duration::from_secs(5)), 20),
    ];
    if class != IdClass::A {
        all.push((RequestKind::ConditionalOrders, Fault::ServerError, 30));
    }
    let scale = rng.below(3);
    all.into_iter().map(|(on, fault, rate)| Rate { on, fault, per_thousand: rate * scale / 2 }).collect()
}
