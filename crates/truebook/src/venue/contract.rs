//! What every venue must do, whatever its class: the suite that an adapter passes before it is trusted.
//!
//! Each check gets a venue of its own, on which nothing has happened. What a venue shows may come a little
//! later than it happened; the checks wait for it.

use super::{Accepted, Change, NewOrder, ReduceOnly, StreamEvent, Target, Venue, VenueError, VenueErrorKind};
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use truebook_core::capability::{Brackets, IdClass, Lookup, ReplaceQuantity};
use truebook_core::id::{Instrument, OrderId, OrderKey, VenueOrderId};
use truebook_core::life::Closing;
use truebook_core::money::{Price, Qty};
use truebook_core::observation::{Listing, OrderReport, ReportStatus, Trading};
use truebook_core::order::{
    Bracket, Intent, OrderType, Placement, ProfitLeg, Role, Side, StopLeg, Terms, TimeInForce,
};

/// A venue that is to be checked, and what the world does around it.
pub struct Setup {
    /// The venue.
    pub venue: Arc<dyn Venue>,
    /// An instrument that it trades in whole units, on a tick of 0.01 or finer, at a price of 100 now.
    pub instrument: Instrument,
    /// Sets the price of that instrument.
    pub set_price: Box<dyn Fn(Price)>,
    /// Lets time pass at the venue.
    pub pass: Box<dyn Fn(Duration)>,
}

/// A check and its name.
type Check = (&'static str, fn(&Setup));

/// Every check, in the order in which they are run.
const CHECKS: [Check; 13] = [
    ("what_is_sent_is_found_and_listed", what_is_sent_is_found_and_listed),
    (
        "an_id_that_comes_again_is_treated_as_the_class_says",
        an_id_that_comes_again_is_treated_as_the_class_says,
    ),
    ("a_cancellation_is_taken_and_shows", a_cancellation_is_taken_and_shows),
    ("a_filled_order_cannot_be_cancelled", a_filled_order_cannot_be_cancelled),
    ("executions_are_listed_with_ids_each_once", executions_are_listed_with_ids_each_once),
    ("the_chain_of_a_replaced_order_can_be_followed", the_chain_of_a_replaced_order_can_be_followed),
    ("what_is_over_leaves_the_open_list", what_is_over_leaves_the_open_list),
    ("what_is_refused_is_no_order", what_is_refused_is_no_order),
    ("legs_are_reported_with_parent_and_role", legs_are_reported_with_parent_and_role),
    ("a_long_list_is_read_to_its_end", a_long_list_is_read_to_its_end),
    ("the_stream_brings_each_order_and_execution", the_stream_brings_each_order_and_execution),
    ("positions_and_account_follow_the_executions", positions_and_account_follow_the_executions),
    ("the_instrument_has_rules_and_a_price", the_instrument_has_rules_and_a_price),
];

/// The names of the checks, for whoever must leave one out because a venue has no such thing: a stream, say.
pub fn names() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|(name, _)| *name)
}

/// Runs one check on a venue of its own. False if there is none of this name.
///
/// # Panics
/// As [`check`].
#[must_use]
pub fn check_one(name: &str, setup: &Setup) -> bool {
    let found = CHECKS.iter().find(|(known, _)| *known == name);
    found.inspect(|(_, check)| check(setup)).is_some()
}

/// Runs every check, each on a venue of its own.
///
/// # Panics
/// If the venue does not keep the contract; the message says where.
pub fn check(make: impl Fn() -> Setup) {
    for (_, check) in CHECKS {
        check(&make());
    }
}

/// More than the pages of most venues hold.
const MANY_ORDERS: usize = 600;
/// How often something is looked for that may show later.
const LOOKS: u32 = 200;
/// How long is waited between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);
/// How long an event of the stream may take.
const EVENT_TIMEOUT: Duration = Duration::from_secs(5);

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

fn price(text: &str) -> Price {
    text.parse().unwrap_or(Price::ZERO)
}

fn qty(text: &str) -> Qty {
    text.parse().unwrap_or(Qty::ZERO)
}

/// An id that no other check uses, nor another run in the same process.
fn fresh_id() -> OrderId {
    let number = NEXT_ID.fetch_add(1, Ordering::SeqCst);
    let mut bytes = [0xc0; 16];
    bytes[8..].copy_from_slice(&number.to_le_bytes());
    OrderId::from_bytes(bytes)
}

impl Setup {
    fn order(&self, side: Side, quantity: &str) -> NewOrder {
        let id = fresh_id();
        let key = OrderKey::new(&format!("contract-{id}"));
        let intent = Intent {
            id,
            key: key.unwrap_or_else(|error| panic!("{error}")),
            instrument: self.instrument.clone(),
            side,
            order_type: OrderType::Market,
            quantity: qty(quantity),
            limit: None,
            stop: None,
            time_in_force: TimeInForce::Gtc,
            role: Role::Entry,
            attempt: 0,
            parent: None,
            strategy: None,
            terms: Terms::default(),
        };
        NewOrder { intent, reduce_only: ReduceOnly::No }
    }

    /// A buy that rests far below the price.
    fn resting(&self) -> NewOrder {
        let mut order = self.order(Side::Buy, "2");
        (order.intent.order_type, order.intent.limit) = (OrderType::Limit, Some(price("50")));
        order
    }

    fn send(&self, order: &NewOrder) -> Accepted {
        let sent = self.venue.submit(order);
        sent.unwrap_or_else(|error| panic!("an order that makes sense is taken: {error}"))
    }

    fn refused(&self, order: &NewOrder, what: &str) -> VenueError {
        match self.venue.submit(order) {
            Ok(accepted) => panic!("{what} is refused, not accepted as {:?}", accepted.report),
            Err(error) => error,
        }
    }

    fn target(&self, order: &NewOrder, accepted: &Accepted) -> Target {
        Target {
            id: order.intent.id,
            venue_order: Some(accepted.report.venue_order.clone()),
            instrument: self.instrument.clone(),
        }
    }

    /// Waits until something shows.
    fn wait_for<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        for _ in 0..LOOKS {
            if let Some(found) = look() {
                return found;
            }
            (self.pass)(self.venue.capabilities().propagation.max(BETWEEN_LOOKS));
            std::thread::sleep(BETWEEN_LOOKS);
        }
        panic!("never seen: {what}")
    }

    fn by_venue_id(&self, id: &VenueOrderId) -> Option<OrderReport> {
        let found = self.venue.find_venue_order(id);
        found.unwrap_or_else(|error| panic!("an order can be looked for: {error}"))
    }

    /// The order once it stands like this.
    fn wait_until(&self, id: &VenueOrderId, status: ReportStatus) -> OrderReport {
        let what = format!("order {id} as {status:?}");
        self.wait_for(&what, || self.by_venue_id(id).filter(|report| report.status == status))
    }

    fn wait_until_filled(&self, accepted: &Accepted) -> OrderReport {
        self.wait_until(&accepted.report.venue_order, ReportStatus::Ended(Closing::Filled))
    }

    fn open(&self) -> Vec<OrderReport> {
        rows(self.venue.open_orders(), "open orders")
    }

    fn is_open(&self, id: &VenueOrderId) -> bool {
        self.open().iter().any(|row| row.venue_order == *id)
    }

    fn wait_until_gone(&self, id: &VenueOrderId) {
        self.wait_for("the open list without it", || (!self.is_open(id)).then_some(()));
    }
}

fn rows<T>(listing: Listing<T>, what: &str) -> Vec<T> {
    assert!(listing.is_complete(), "{what} are read whole: {:?}", listing.completeness);
    listing.rows
}

fn what_is_sent_is_found_and_listed(setup: &Setup) {
    let order = setup.resting();
    let accepted = setup.send(&order);
    let id = &accepted.report.venue_order;
    let found = setup.wait_for("a sent order", || setup.by_venue_id(id));
    for report in [&accepted.report, &found] {
        assert_eq!(report.order_id(), Some(order.intent.id), "the client order id comes back");
        assert_eq!(
            (report.side, report.quantity, report.limit),
            (Side::Buy, Some(qty("2")), Some(price("50")))
        );
        assert!(report.status.is_live() && report.filled.is_zero(), "{report:?}");
    }
    let listed = setup.wait_for("a sent order among the open ones", || {
        setup.open().into_iter().find(|row| row.venue_order == *id)
    });
    assert_eq!(listed.order_id(), Some(order.intent.id));
    if setup.venue.capabilities().lookup == Lookup::ById {
        let by_id = setup.wait_for("a sent order by its id", || find(setup, &order));
        assert_eq!(by_id.venue_order, *id);
        assert_eq!(find(setup, &setup.resting()), None, "what was never sent is not found");
    }
}

fn find(setup: &Setup, order: &NewOrder) -> Option<OrderReport> {
    let found = setup.venue.find(order.intent.id, &setup.instrument);
    found.unwrap_or_else(|error| panic!("an order can be looked for by its id: {error}"))
}

fn an_id_that_comes_again_is_treated_as_the_class_says(setup: &Setup) {
    let order = setup.resting();
    let first = setup.send(&order);
    setup.wait_until(&first.report.venue_order, ReportStatus::Live);
    let class = setup.venue.capabilities().class;
    let copy = setup.venue.submit(&order);
    assert_eq!(outcome(&copy, &first), if class == IdClass::C { Copy::Another } else { Copy::Refused });
    let target = setup.target(&order, &first);
    setup.venue.cancel(&target).unwrap_or_else(|error| panic!("a live order can be cancelled: {error}"));
    setup.wait_until(&first.report.venue_order, ReportStatus::Ended(Closing::Cancelled));
    let copy = setup.venue.submit(&order);
    assert_eq!(outcome(&copy, &first), if class == IdClass::A { Copy::Refused } else { Copy::Another });
}

/// What became of a copy. To be given the first order again is as good as a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Copy {
    Another,
    Refused,
}

fn outcome(copy: &Result<Accepted, VenueError>, first: &Accepted) -> Copy {
    match copy {
        Ok(copy) if copy.report.venue_order == first.report.venue_order => Copy::Refused,
        Ok(_) => Copy::Another,
        Err(error) => {
            assert_eq!(error.kind, VenueErrorKind::Duplicate, "{error}");
            Copy::Refused
        }
    }
}

fn a_cancellation_is_taken_and_shows(setup: &Setup) {
    let since = setup.venue.now().unwrap_or_else(|error| panic!("the venue tells the time: {error}"));
    let order = setup.resting();
    let accepted = setup.send(&order);
    let id = &accepted.report.venue_order;
    setup.wait_until(id, ReportStatus::Live);
    let taken = setup.venue.cancel(&setup.target(&order, &accepted));
    taken.unwrap_or_else(|error| panic!("a live order can be cancelled: {error}"));
    setup.wait_until(id, ReportStatus::Ended(Closing::Cancelled));
    setup.wait_until_gone(id);
    let closed = setup.wait_for("a cancelled order among the closed ones", || {
        let listing = setup.venue.closed_orders(since);
        rows(listing, "closed orders").into_iter().find(|row| row.venue_order == *id)
    });
    assert_eq!(closed.status, ReportStatus::Ended(Closing::Cancelled));
    assert_not_live(setup, &order, &accepted, "an order that is cancelled already");
}

fn assert_not_live(setup: &Setup, order: &NewOrder, accepted: &Accepted, what: &str) {
    match setup.venue.cancel(&setup.target(order, accepted)) {
        Ok(()) => panic!("{what} cannot be cancelled"),
        Err(error) => assert!(
            matches!(error.kind, VenueErrorKind::NotFound | VenueErrorKind::Refused),
            "{what}: {error}"
        ),
    }
}

fn a_filled_order_cannot_be_cancelled(setup: &Setup) {
    let order = setup.order(Side::Buy, "2");
    let accepted = setup.send(&order);
    setup.wait_until_filled(&accepted);
    assert_not_live(setup, &order, &accepted, "a filled order");
    let after = setup.by_venue_id(&accepted.report.venue_order);
    let after = after.unwrap_or_else(|| panic!("a filled order stays"));
    assert_eq!((after.status, after.filled), (ReportStatus::Ended(Closing::Filled), qty("2")));
}

fn executions_are_listed_with_ids_each_once(setup: &Setup) {
    let since = setup.venue.now().unwrap_or_else(|error| panic!("the venue tells the time: {error}"));
    let orders = [setup.order(Side::Buy, "3"), setup.order(Side::Sell, "1")];
    let sent = orders.each_ref().map(|order| setup.send(order));
    for accepted in &sent {
        setup.wait_until_filled(accepted);
    }
    let quantity_of = |accepted: &Accepted| {
        let fills = rows(setup.venue.fills(since), "executions");
        let ids: BTreeSet<_> = fills.iter().map(|fill| fill.execution.clone()).collect();
        assert_eq!(ids.len(), fills.len(), "each execution is listed once");
        assert!(fills.is_sorted_by_key(|fill| fill.at), "oldest first");
        let own = fills.iter().filter(|fill| fill.venue_order == accepted.report.venue_order);
        own.map(|fill| fill.quantity).try_fold(Qty::ZERO, Qty::plus).unwrap_or(Qty::ZERO)
    };
    for (accepted, quantity) in sent.iter().zip(["3", "1"]) {
        setup.wait_for("all executions", || (quantity_of(accepted) == qty(quantity)).then_some(()));
    }
}

fn the_chain_of_a_replaced_order_can_be_followed(setup: &Setup) {
    let order = setup.resting();
    let old = setup.send(&order);
    let old_id = &old.report.venue_order;
    setup.wait_until(old_id, ReportStatus::Live);
    let alias = fresh_id();
    let change = Change { alias, quantity: None, limit: Some(price("51")), stop: None };
    let replaced = setup.venue.replace(&setup.target(&order, &old), &change);
    if setup.venue.capabilities().replace == ReplaceQuantity::Unsupported {
        assert_eq!(replaced.map_err(|error| error.kind), Err(VenueErrorKind::Refused));
        return;
    }
    let new = replaced.unwrap_or_else(|error| panic!("a live order can be replaced: {error}")).report;
    setup.wait_until_gone(old_id);
    let new = setup.wait_until(&new.venue_order, ReportStatus::Live);
    assert_eq!((new.order_id(), new.limit), (Some(alias), Some(price("51"))));
    if new.venue_order != *old_id {
        let old = setup.wait_until(old_id, ReportStatus::Ended(Closing::Replaced));
        assert_eq!(new.replaces.as_ref(), Some(old_id), "the new order names the old one");
        assert_eq!(old.replaced_by, Some(new.venue_order), "the old order names the new one");
    }
}

fn what_is_over_leaves_the_open_list(setup: &Setup) {
    let mut order = setup.resting();
    order.intent.limit = Some(price("99"));
    let accepted = setup.send(&order);
    let id = &accepted.report.venue_order;
    setup.wait_for("the order among the open ones", || setup.is_open(id).then_some(()));
    (setup.set_price)(price("98"));
    setup.wait_until_filled(&accepted);
    setup.wait_until_gone(id);
}

fn what_is_refused_is_no_order(setup: &Setup) {
    let mut unknown = setup.resting();
    unknown.intent.instrument = Instrument::new("NOSUCHTHING").unwrap_or_else(|error| panic!("{error}"));
    let mut nothing = setup.resting();
    nothing.intent.quantity = Qty::ZERO;
    let mut negative = setup.resting();
    negative.intent.quantity = qty("-2");
    for (order, what) in
        [(unknown, "an unknown instrument"), (nothing, "no quantity"), (negative, "a negative quantity")]
    {
        let error = setup.refused(&order, what);
        assert_eq!(error.kind, VenueErrorKind::Refused, "{what}: {error}");
        (setup.pass)(setup.venue.capabilities().propagation);
        assert!(setup.open().iter().all(|row| row.order_id() != Some(order.intent.id)), "{what}");
        if setup.venue.capabilities().lookup == Lookup::ById {
            assert_eq!(find(setup, &order), None, "{what}");
        }
    }
}

fn with_legs(setup: &Setup) -> NewOrder {
    let mut order = setup.order(Side::Buy, "2");
    (order.intent.order_type, order.intent.limit) = (OrderType::Limit, Some(price("99")));
    let bracket = Bracket {
        stop_loss: Some(StopLeg { stop: price("90"), limit: None }),
        take_profit: Some(ProfitLeg { limit: price("110") }),
        legs: Placement::WithParent,
    };
    order.intent.terms = Terms { bracket: Some(bracket), ..Terms::default() };
    order
}

fn legs_are_reported_with_parent_and_role(setup: &Setup) {
    let order = with_legs(setup);
    if setup.venue.capabilities().brackets == Brackets::Emulated {
        let error = setup.refused(&order, "an order with legs");
        assert_eq!(error.kind, VenueErrorKind::Refused, "{error}");
        assert!(setup.open().is_empty());
        return;
    }
    let accepted = setup.send(&order);
    let parent = &accepted.report.venue_order;
    let legs_open = || {
        let mut rows = setup.open();
        rows.retain(|row| row.parent.as_ref() == Some(parent));
        (rows.len() == 2).then_some(rows)
    };
    setup.wait_for("the legs among the open orders, before the entry fills", legs_open);
    (setup.set_price)(price("98"));
    setup.wait_until_filled(&accepted);
    let legs = setup.wait_for("the legs among the open orders, after the entry filled", legs_open);
    let roles: Vec<Option<Role>> = legs.iter().map(|leg| leg.role).collect();
    assert!(roles.contains(&Some(Role::StopLoss)) && roles.contains(&Some(Role::TakeProfit)), "{roles:?}");
    for leg in &legs {
        assert_eq!((leg.side, leg.quantity), (Side::Sell, Some(qty("2"))));
    }
    (setup.set_price)(price("111"));
    setup.wait_for("no open order once one leg filled", || setup.open().is_empty().then_some(()));
    setup.wait_for("an empty position", || held(setup).is_zero().then_some(()));
}

fn a_long_list_is_read_to_its_end(setup: &Setup) {
    let sent: BTreeSet<OrderId> = (0..MANY_ORDERS)
        .map(|_| {
            let order = setup.resting();
            setup.send(&order);
            order.intent.id
        })
        .collect();
    let all = || {
        let open = setup.open();
        let ids: BTreeSet<OrderId> = open.iter().filter_map(OrderReport::order_id).collect();
        assert!(ids.len() == open.len(), "each order is listed once");
        (ids == sent).then_some(())
    };
    setup.wait_for("every order of many", all);
}

fn the_stream_brings_each_order_and_execution(setup: &Setup) {
    let stream = setup.venue.stream().unwrap_or_else(|error| panic!("there is a stream: {error}"));
    let orders = [setup.resting(), setup.order(Side::Buy, "1")];
    let sent = orders.each_ref().map(|order| setup.send(order).report.venue_order);
    let (mut told, mut filled) = (BTreeSet::new(), BTreeSet::new());
    while !(sent.iter().all(|id| told.contains(id)) && filled.contains(&sent[1])) {
        match stream.recv_timeout(EVENT_TIMEOUT) {
            Ok(StreamEvent::Order(report)) => {
                told.insert(report.venue_order);
            }
            Ok(StreamEvent::Fill(fill)) => {
                filled.insert(fill.venue_order);
            }
            Ok(StreamEvent::Lost(_) | StreamEvent::Restored) => {}
            Err(error) => panic!("the stream tells orders {told:?} and executions {filled:?}: {error}"),
        }
    }
}

fn held(setup: &Setup) -> Qty {
    let positions = rows(setup.venue.positions(), "positions");
    let own = positions.into_iter().find(|position| position.instrument == setup.instrument);
    own.map_or(Qty::ZERO, |position| position.quantity)
}

fn positions_and_account_follow_the_executions(setup: &Setup) {
    assert!(held(setup).is_zero());
    let before = setup.venue.account().unwrap_or_else(|error| panic!("there is an account: {error}"));
    assert_eq!(before.trading, Trading::Allowed);
    let accepted = setup.send(&setup.order(Side::Buy, "3"));
    setup.wait_until_filled(&accepted);
    setup.wait_for("the position", || (held(setup) == qty("3")).then_some(()));
    setup.wait_for("less cash", || setup.venue.account().ok().filter(|after| after.cash < before.cash));
}

fn the_instrument_has_rules_and_a_price(setup: &Setup) {
    let rules = setup.venue.rules(&setup.instrument);
    let rules = rules.unwrap_or_else(|error| panic!("rules can be read: {error}"));
    assert!(rules.is_some_and(|rules| qty("1").is_multiple_of(rules.lot)));
    let unknown = Instrument::new("NOSUCHTHING").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(setup.venue.rules(&unknown), Ok(None), "what is not traded has no rules");
    (setup.set_price)(price("101"));
    setup.wait_for("the price", || {
        setup.venue.last_price(&setup.instrument).ok().flatten().filter(|shown| *shown == price("101"))
    });
}
