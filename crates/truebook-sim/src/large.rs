//! A large book, and what its venue says of it.

use std::collections::{BTreeMap, BTreeSet};
use truebook::paper::PaperSettings;
use truebook_core::capability::Capabilities;
use truebook_core::doc::Doc;
use truebook_core::event::{Acked, Created, Event, Record};
use truebook_core::id::{
    AccountName, BookId, BookName, ExecutionId, InstallationTag, Instrument, OrderId, OrderKey, Seq,
    VenueName, VenueOrderId,
};
use truebook_core::identity::{Identity, Mode};
use truebook_core::life::Closing;
use truebook_core::observation::{
    FillReport, Listing, Observation, OrderReport, PositionReport, ReportStatus,
};
use truebook_core::order::{Fill, Intent, OrderType, Role, Side, Terms, TimeInForce};
use truebook_core::reconcile::{Action, Policy, plan, seen_ids};
use truebook_core::settings::Settings;
use truebook_core::state::State;
use truebook_core::time::Utc;

/// A book and a look at its venue.
pub struct Large {
    /// The book.
    pub state: State,
    /// The venue.
    pub observation: Observation,
    /// What is done where there is a choice.
    pub policy: Policy,
    /// What the venue promises.
    pub capabilities: Capabilities,
}

/// Why there is none.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A book with so many orders, so many of them live. Of the live ones, every tenth was filled while nobody
/// looked, and every tenth cancelled.
///
/// # Errors
/// If a name is none, which would be a bug.
pub fn large(orders: u32, live: u32) -> Result<Large, Failure> {
    let mut state = State::begin(&Record::new(at(0), Event::Created(Box::new(created()?))))?;
    let mut lists = Lists::default();
    for number in 0..orders {
        let fate = if number < orders - live { Fate::Known } else { Fate::of_live(number) };
        add(&mut state, &mut lists, number, &fate)?;
    }
    let quantity = i64::from(lists.filled).into();
    let position = PositionReport {
        instrument: Instrument::new("AAPL")?,
        quantity: truebook_core::money::Qty::new(quantity),
        average_price: None,
    };
    let now = at(orders + 1_000);
    let observation = Observation {
        venue_now: now,
        our_now: now,
        open: Listing::complete(lists.open),
        closed: Listing::complete(lists.closed),
        fills: Listing::complete(lists.fills),
        positions: Listing::complete(vec![position]),
        looked_up: BTreeMap::new(),
        looked_up_venue: BTreeMap::new(),
        in_flight: BTreeSet::new(),
        terms: BTreeMap::new(),
    };
    let capabilities = PaperSettings::class_a("large")?.capabilities;
    Ok(Large { state, observation, policy: Policy::default(), capabilities })
}

/// Writes everything down that the plan finds.
///
/// # Errors
/// If a fact does not fit the book.
pub fn carry_out(
    state: &mut State,
    observation: &Observation,
    policy: &Policy,
    capabilities: &Capabilities,
) -> Result<(), Failure> {
    let made = plan(state.excerpt(seen_ids(observation)), observation, policy, capabilities);
    for (seq, step) in (1_u64 << 32..).map(Seq::new).zip(made.steps) {
        if let Action::Record(event) = step.action {
            state.apply(seq, &Record::new(observation.our_now, event))?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Lists {
    open: Vec<OrderReport>,
    closed: Vec<OrderReport>,
    fills: Vec<FillReport>,
    filled: u32,
}

/// What became of an order.
enum Fate {
    /// Filled, and the book knows.
    Known,
    /// Filled, and nobody looked.
    Filled,
    /// Cancelled, and nobody looked.
    Cancelled,
    /// Live.
    Live,
}

impl Fate {
    fn of_live(number: u32) -> Self {
        match number % 10 {
            0 => Self::Filled,
            1 => Self::Cancelled,
            _ => Self::Live,
        }
    }
}

fn add(state: &mut State, lists: &mut Lists, number: u32, fate: &Fate) -> Result<(), Failure> {
    let intent = intent(number)?;
    let (id, venue_order) = (intent.id, VenueOrderId::new(&format!("venue-{number}"))?);
    let report = report(&intent, &venue_order, fate);
    let seq = |step: u64| Seq::new(2 + u64::from(number) * 3 + step);
    state.apply(seq(0), &Record::new(at(number), Event::Intent(Box::new(intent.clone()))))?;
    let ack = Acked { id, venue_order: venue_order.clone(), status: None, venue_time: None, alias: None };
    state.apply(seq(1), &Record::new(at(number), Event::Ack(ack)))?;
    if matches!(fate, Fate::Known | Fate::Filled) {
        let fill = fill(&intent, &venue_order, number)?;
        lists.fills.push(told(&fill, &venue_order, number));
        lists.filled += 1;
        if matches!(fate, Fate::Known) {
            state.apply(seq(2), &Record::new(at(number), Event::Fill(Box::new(fill))))?;
        }
    }
    if matches!(fate, Fate::Live) {
        lists.open.push(report);
    } else {
        lists.closed.push(report);
    }
    Ok(())
}

fn at(second: u32) -> Utc {
    Utc::from_nanos((1_735_689_600 + i64::from(second)) * 1_000_000_000)
}

fn created() -> Result<Created, Failure> {
    let identity = Identity {
        book: BookId::from_bytes([7; 16]),
        name: BookName::new("large")?,
        installation: InstallationTag::from_bytes([0xab; 4]),
        venue: VenueName::new("large")?,
        account: AccountName::new("P1")?,
        mode: Mode::Paper,
    };
    Ok(Created { identity, settings: Settings::new(&Doc::object(), &[4; 32]) })
}

fn intent(number: u32) -> Result<Intent, Failure> {
    let key = OrderKey::new(&format!("meanrev/AAPL/{number}"))?;
    let (tag, book) = (InstallationTag::from_bytes([0xab; 4]), BookId::from_bytes([7; 16]));
    Ok(Intent {
        id: OrderId::derive(tag, book, &key, Role::Entry.name(), 0),
        key,
        instrument: Instrument::new("AAPL")?,
        side: Side::Buy,
        order_type: OrderType::Limit,
        quantity: "1".parse()?,
        limit: Some("187.25".parse()?),
        stop: None,
        time_in_force: TimeInForce::Gtc,
        role: Role::Entry,
        attempt: 0,
        parent: None,
        strategy: None,
        terms: Terms::default(),
    })
}

fn fill(intent: &Intent, venue_order: &VenueOrderId, number: u32) -> Result<Fill, Failure> {
    Ok(Fill {
        id: intent.id,
        execution: ExecutionId::new(&format!("execution-{number}"))?,
        venue_order: Some(venue_order.clone()),
        instrument: intent.instrument.clone(),
        side: intent.side,
        quantity: intent.quantity,
        price: "187.25".parse()?,
        fee: None,
        venue_time: Some(at(number)),
        multiplier: None,
    })
}

fn told(fill: &Fill, venue_order: &VenueOrderId, number: u32) -> FillReport {
    FillReport {
        execution: fill.execution.clone(),
        venue_order: venue_order.clone(),
        client_id: None,
        instrument: fill.instrument.clone(),
        side: fill.side,
        quantity: fill.quantity,
        price: fill.price,
        fee: None,
        at: at(number),
    }
}

fn report(intent: &Intent, venue_order: &VenueOrderId, fate: &Fate) -> OrderReport {
    let filled = matches!(fate, Fate::Known | Fate::Filled);
    let (status, word) = match fate {
        Fate::Known | Fate::Filled => (ReportStatus::Ended(Closing::Filled), "filled"),
        Fate::Cancelled => (ReportStatus::Ended(Closing::Cancelled), "canceled"),
        Fate::Live => (ReportStatus::Live, "new"),
    };
    OrderReport {
        client_id: Some(intent.id.to_string().into()),
        venue_order: venue_order.clone(),
        instrument: intent.instrument.clone(),
        side: intent.side,
        order_type: Some(intent.order_type),
        time_in_force: Some(intent.time_in_force),
        quantity: Some(intent.quantity),
        filled: if filled { intent.quantity } else { truebook_core::money::Qty::ZERO },
        average_price: intent.limit.filter(|_| filled),
        limit: intent.limit,
        stop: None,
        status,
        word: word.into(),
        parent: None,
        role: None,
        replaces: None,
        replaced_by: None,
        submitted_at: None,
        updated_at: None,
        why: None,
    }
}
