//! Alpaca, Trading API v2.
//!
//! [`wire`] is what the venue says, `report` what that means here, [`words`] the meaning of single words,
//! `transport` and `api` how it is asked, `classify` what a reply proves, `pages` how lists are read whole,
//! `stream` how updates come, and [`Alpaca`] puts it together as a [`Venue`].

mod address;
mod api;
mod budget;
mod classify;
mod family;
mod keys;
mod market;
mod options;
mod pages;
mod report;
mod request;
mod socket;
mod stream;
mod transport;
pub mod wire;
pub mod words;

pub use address::{Address, AddressError, DATA, LIVE, PAPER};
pub use keys::{KEY_ID, Keys, KeysError, SECRET_KEY};
pub use options::{Options, StreamFills};
pub use report::Unreadable;

use api::{Api, Ask, body, part, query};
use budget::{Budget, Urgency};
use classify::Asked;
use core::time::Duration;
use family::Families;
use pages::{Read, Wanted};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use stream::Feed;
use transport::{Http, Reply};
use truebook::venue::{
    Accepted, Change, NewOrder, ReduceOnly, STREAM_EVENTS_MAX, StreamEvent, Target, Venue, VenueError,
    VenueErrorKind,
};
use truebook_core::capability::{
    Brackets, Capabilities, ConditionalList, IdClass, IdRule, Lookup, ReplaceQuantity, Rules,
};
use truebook_core::id::{Instrument, OrderId, VenueName, VenueOrderId};
use truebook_core::money::Price;
use truebook_core::observation::{
    AccountReport, Completeness, FillReport, Listing, OrderReport, PositionReport,
};
use truebook_core::order::Role;
use truebook_core::time::Utc;
use wire::{Account, Asset, Clock, Order, Position};

/// The most bytes of a client order id.
pub const CLIENT_ID_BYTES_MAX: usize = 128;

/// How often in one list the parents of legs are looked for: the requests of a minute are few.
const LOOKS_FOR_PARENTS: usize = 20;

/// Alpaca as a venue. Streams end when it is dropped.
#[derive(Debug)]
pub struct Alpaca {
    name: VenueName,
    capabilities: Capabilities,
    options: Options,
    keys: Keys,
    trading: Api,
    data: Option<Api>,
    families: Arc<Families>,
    stop: Arc<AtomicBool>,
}

impl Alpaca {
    /// With these keys. Nothing is sent yet.
    pub fn new(keys: Keys, options: Options) -> Self {
        let api = |address: &Address| Api {
            base: address.base(),
            http: Http::new(keys.clone(), options.timeout),
            budget: Budget::new(options.requests_a_minute, options.reserve),
            patience: options.patience,
        };
        Self {
            name: VenueName::new("alpaca").unwrap_or_else(|_| unreachable!("a constant is a name")),
            capabilities: capabilities(options.requests_a_minute, options.propagation),
            trading: api(&options.trading),
            data: options.data.as_ref().map(api),
            keys,
            options,
            families: Arc::default(),
            stop: Arc::default(),
        }
    }

    /// Under another name: what speaks like this venue need not be it, and books record where they trade.
    #[must_use]
    pub fn named(mut self, name: VenueName) -> Self {
        self.name = name;
        self
    }

    fn accepted(&self, reply: &Reply, id: OrderId) -> Result<Accepted, VenueError> {
        let order: Order = body(reply)?;
        let reports = report::orders(&order, &self.families);
        let mut reports = reports.map_err(|error| classify::unreadable(reply, error))?.into_iter();
        let report = reports.next().filter(|report| report.order_id() == Some(id));
        let report = report.ok_or_else(|| classify::unreadable(reply, "it is about another order"))?;
        Ok(Accepted { report, legs: reports.collect() })
    }

    /// The venue's id of an order, looked up if it is not known.
    fn venue_order(&self, target: &Target) -> Result<VenueOrderId, VenueError> {
        if let Some(id) = &target.venue_order {
            return Ok(id.clone());
        }
        let found = self.find(target.id, &target.instrument)?;
        let words = "the venue has no order of this id";
        found.map(|report| report.venue_order).ok_or_else(|| VenueError::new(VenueErrorKind::NotFound, words))
    }

    fn read_order(&self, path: &str) -> Result<Option<OrderReport>, VenueError> {
        let Some(order) = self.trading.find::<Order>(path)? else { return Ok(None) };
        self.families.learn(&order);
        report::one(&order, &self.families).map(Some).map_err(|error| unreadable(&error))
    }

    /// Looks for the parents of legs that nobody has told of, among what came at the same time. One that is
    /// not found stays unknown, which the leg's report says.
    fn find_parents(&self, orders: &[Order]) {
        let mut looked = 0;
        for orphan in self.families.orphans(orders) {
            let at = orphan.submitted_at.as_deref().and_then(wire::time::parse);
            let Some(at) =
                at.filter(|_| looked < LOOKS_FOR_PARENTS && self.families.parent(orphan).is_none())
            else {
                continue;
            };
            looked += 1;
            let found = pages::around(&self.trading, at).unwrap_or_default();
            for order in &found {
                self.families.learn(order);
            }
        }
    }

    fn orders(&self, read: Read<Order>) -> Listing<OrderReport> {
        let nested = read.rows.iter().map(|order| report::orders(order, &self.families));
        let (rows, completeness) = readable(nested, read.completeness);
        Listing { rows: rows.into_iter().flatten().collect(), completeness, since: None }
    }
}

fn capabilities(requests_a_minute: u32, propagation: Duration) -> Capabilities {
    const HALF_A_MINUTE: Duration = Duration::from_secs(30);
    Capabilities {
        // An id that was ever used is refused for good, whatever became of the order.
        class: IdClass::A,
        client_id: IdRule { bytes_max: CLIENT_ID_BYTES_MAX, punctuation: ".:_-".to_owned() },
        admission: None,
        propagation,
        // The venue names no end of what it remembers.
        unfilled_visible: None,
        closed_window: None,
        fills_window: None,
        lookup: Lookup::ById,
        brackets: Brackets::Native,
        conditional: ConditionalList::Together,
        replace: ReplaceQuantity::Total,
        requests_per_minute: Some(requests_a_minute),
        // Requests carry no time and none is refused for it; but a clock that is off by more is a broken one.
        clock_skew_max: HALF_A_MINUTE,
    }
}

/// What makes risk smaller goes first.
fn urgency(order: &NewOrder) -> Urgency {
    let protects = order.intent.role != Role::Entry || order.reduce_only == ReduceOnly::Yes;
    if protects { Urgency::First } else { Urgency::Usual }
}

fn unreadable(error: &Unreadable) -> VenueError {
    VenueError::new(VenueErrorKind::Unknown, error.to_string())
}

/// The rows that can be read; one that cannot makes the list partial.
fn readable<T>(
    rows: impl Iterator<Item = Result<T, Unreadable>>,
    mut completeness: Completeness,
) -> (Vec<T>, Completeness) {
    let mut good = Vec::new();
    for row in rows {
        match row {
            Ok(row) => good.push(row),
            Err(error) if completeness == Completeness::Complete => {
                completeness = Completeness::Partial(error.to_string());
            }
            Err(_) => {}
        }
    }
    (good, completeness)
}

/// Two readings of one list: complete if both are.
fn both(mut one: Listing<OrderReport>, other: Listing<OrderReport>) -> Listing<OrderReport> {
    let known: HashSet<VenueOrderId> = one.rows.iter().map(|row| row.venue_order.clone()).collect();
    one.rows.extend(other.rows.into_iter().filter(|row| !known.contains(&row.venue_order)));
    if one.is_complete() {
        one.completeness = other.completeness;
    }
    one
}

impl Venue for Alpaca {
    fn name(&self) -> VenueName {
        self.name.clone()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn now(&self) -> Result<Utc, VenueError> {
        let clock: Clock = self.trading.get("/v2/clock")?;
        let words = || format!("the venue's time cannot be read: {}", clock.timestamp);
        wire::time::parse(&clock.timestamp).ok_or_else(|| VenueError::new(VenueErrorKind::Unknown, words()))
    }

    fn submit(&self, order: &NewOrder) -> Result<Accepted, VenueError> {
        let body = request::place(order)?;
        let reply = self.trading.send(&Ask {
            method: "POST",
            path: "/v2/orders",
            body: Some(&body),
            urgency: urgency(order),
            asked: Asked::Order,
        })?;
        self.accepted(&reply, order.intent.id)
    }

    fn cancel(&self, target: &Target) -> Result<(), VenueError> {
        let id = self.venue_order(target)?;
        let ask = Ask {
            method: "DELETE",
            path: &format!("/v2/orders/{}", part(id.as_str())),
            body: None,
            urgency: Urgency::First,
            asked: Asked::Cancel,
        };
        self.trading.send(&ask).map(drop)
    }

    fn replace(&self, target: &Target, change: &Change) -> Result<Accepted, VenueError> {
        let id = self.venue_order(target)?;
        let reply = self.trading.send(&Ask {
            method: "PATCH",
            path: &format!("/v2/orders/{}", part(id.as_str())),
            body: Some(&request::replace(change)),
            urgency: Urgency::Usual,
            asked: Asked::Order,
        })?;
        self.accepted(&reply, change.alias)
    }

    fn find(&self, id: OrderId, _: &Instrument) -> Result<Option<OrderReport>, VenueError> {
        self.read_order(&query("/v2/orders:by_client_order_id", [("client_order_id", &*id.to_string())]))
    }

    fn find_venue_order(&self, id: &VenueOrderId) -> Result<Option<OrderReport>, VenueError> {
        let path = format!("/v2/orders/{}", part(id.as_str()));
        self.read_order(&query(&path, [("nested", "true")]))
    }

    /// Read twice: below their parents, which says what belongs together, and each for itself, because a
    /// live leg stands below no parent that is open once that is filled.
    fn open_orders(&self) -> Listing<OrderReport> {
        let wanted = |nested| Wanted { status: "open", nested, since: None };
        let below = self.orders(pages::orders(&self.trading, wanted("true")));
        let each = pages::orders(&self.trading, wanted("false"));
        self.find_parents(&each.rows);
        let mut all = both(self.orders(each), below);
        all.rows.retain(|report| report.status.ended().is_none());
        all
    }

    fn closed_orders(&self, since: Utc) -> Listing<OrderReport> {
        let wanted = Wanted { status: "closed", nested: "true", since: Some(since) };
        let mut all = self.orders(pages::orders(&self.trading, wanted));
        all.rows.retain(|report| report.status.ended().is_some());
        Listing { since: Some(since), ..all }
    }

    fn fills(&self, since: Utc) -> Listing<FillReport> {
        let read = pages::fills(&self.trading, since);
        let (mut rows, completeness) = readable(read.rows.iter().map(report::fill), read.completeness);
        rows.retain(|fill| fill.at >= since);
        Listing { rows, completeness, since: Some(since) }
    }

    fn positions(&self) -> Listing<PositionReport> {
        match self.trading.get::<Vec<Position>>("/v2/positions") {
            Ok(positions) => {
                let read = positions.iter().map(report::position);
                let (rows, completeness) = readable(read, Completeness::Complete);
                Listing { rows, completeness, since: None }
            }
            Err(error) => Listing::failed(error.to_string()),
        }
    }

    fn account(&self) -> Result<AccountReport, VenueError> {
        let account: Account = self.trading.get("/v2/account")?;
        report::account(&account).map_err(|error| unreadable(&error))
    }

    fn rules(&self, instrument: &Instrument) -> Result<Option<Rules>, VenueError> {
        let path = format!("/v2/assets/{}", part(instrument.as_str()));
        let Some(asset) = self.trading.find::<Asset>(&path)? else { return Ok(None) };
        market::rules(&asset, instrument, || self.last_price(instrument).ok().flatten())
    }

    fn last_price(&self, instrument: &Instrument) -> Result<Option<Price>, VenueError> {
        self.data.as_ref().map_or(Ok(None), |data| market::last_price(data, instrument))
    }

    fn stream(&self) -> Result<Receiver<StreamEvent>, VenueError> {
        let feed = Feed {
            address: self.options.trading.clone(),
            keys: self.keys.clone(),
            families: Arc::clone(&self.families),
            fills: self.options.stream_fills,
            timeout: self.options.timeout,
            stop: Arc::clone(&self.stop),
        };
        let socket = feed.connect()?;
        let (sender, receiver) = sync_channel(STREAM_EVENTS_MAX);
        let thread = std::thread::Builder::new().name("alpaca stream".to_owned());
        let started = thread.spawn(move || feed.run(socket, sender));
        started.map_err(|error| VenueError::new(VenueErrorKind::NotSent, error.to_string()))?;
        Ok(receiver)
    }
}

impl Drop for Alpaca {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
