//! Lists, read page by page to the end, so that nothing between two pages is missed.

use super::api::{Api, query};
use super::wire::{Activity, Order, time};
use std::collections::HashSet;
use truebook::venue::VenueError;
use truebook_core::observation::Completeness;
use truebook_core::time::Utc;

/// The most orders that the venue gives on a page.
const ORDERS: usize = 500;
/// A page with fewer than this is the last, in whichever way the venue counts legs: no order has more than
/// four.
const ORDERS_LAST: usize = ORDERS / 5;
/// The most activities that the venue gives on a page.
const ACTIVITIES: usize = 100;
/// Pages of a list before it is given up.
const PAGES_MAX: usize = 2_000;
/// A page begins so long before the end of the one before: orders of the same moment stand on both sides of
/// a boundary.
const OVERLAP_NANOS: i64 = 1_000_000;
const NANOS_A_SECOND: i64 = 1_000_000_000;

/// Rows, and whether they are all.
pub(crate) struct Read<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) completeness: Completeness,
}

impl<T> Read<T> {
    fn all(rows: Vec<T>) -> Self {
        Self { rows, completeness: Completeness::Complete }
    }

    fn cut(rows: Vec<T>, why: &impl ToString) -> Self {
        let why = why.to_string();
        let nothing = rows.is_empty();
        let completeness = if nothing { Completeness::Failed(why) } else { Completeness::Partial(why) };
        Self { rows, completeness }
    }
}

/// Which orders.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// open or closed.
    pub(crate) status: &'static str,
    /// Whether legs stand below their parent, or for themselves: `true` or `false`.
    pub(crate) nested: &'static str,
    /// Only those that were submitted since.
    pub(crate) since: Option<Utc>,
}

/// Orders, the oldest first. A page ends where the next begins again a moment before, and what comes twice is
/// left out; so it does not matter what closes or is added while pages are read.
pub(crate) fn orders(api: &Api, wanted: Wanted) -> Read<Order> {
    let (mut rows, mut seen) = (Vec::new(), HashSet::new());
    let mut after = wanted.since.map(just_before);
    for _ in 0..PAGES_MAX {
        let page = match api.get::<Vec<Order>>(&orders_path(wanted, after)) {
            Ok(page) => page,
            Err(error) => return Read::cut(rows, &error),
        };
        let count: usize = page.iter().map(|order| 1 + order.legs.as_ref().map_or(0, Vec::len)).sum();
        let last = page.iter().filter_map(|order| time::parse(order.submitted_at.as_deref()?)).max();
        let before = rows.len();
        rows.extend(page.into_iter().filter(|order| seen.insert(order.id.clone())));
        if count < ORDERS_LAST {
            return Read::all(rows);
        }
        if rows.len() == before {
            return if count < ORDERS { Read::all(rows) } else { Read::cut(rows, &TOO_DENSE) };
        }
        let Some(last) = last else { return Read::cut(rows, &"orders without a time of submission") };
        after = Some(just_before(last));
    }
    Read::cut(rows, &TOO_LONG)
}

const TOO_DENSE: &str = "more orders in one moment than on a page";
const TOO_LONG: &str = "the list has no end";

fn orders_path(wanted: Wanted, after: Option<Utc>) -> String {
    let limit = ORDERS.to_string();
    let after = after.map(time::write);
    let pairs =
        [("status", wanted.status), ("limit", &limit), ("direction", "asc"), ("nested", wanted.nested)];
    let after = after.as_deref().map(|after| ("after", after));
    query("/v2/orders", pairs.into_iter().chain(after))
}

/// All orders that were submitted at about this time, legs below their parents: one page.
pub(crate) fn around(api: &Api, at: Utc) -> Result<Vec<Order>, VenueError> {
    let limit = ORDERS.to_string();
    let bound = |nanos: i64| time::write(Utc::from_nanos(at.nanos().saturating_add(nanos)));
    let (after, until) = (bound(-NANOS_A_SECOND), bound(NANOS_A_SECOND));
    let pairs = [
        ("status", "all"),
        ("limit", &*limit),
        ("direction", "asc"),
        ("nested", "true"),
        ("after", &*after),
        ("until", &*until),
    ];
    api.get(&query("/v2/orders", pairs))
}

fn just_before(at: Utc) -> Utc {
    Utc::from_nanos(at.nanos() - OVERLAP_NANOS)
}

/// Executions since, the oldest first.
pub(crate) fn fills(api: &Api, since: Utc) -> Read<Activity> {
    let (mut rows, mut seen) = (Vec::<Activity>::new(), HashSet::new());
    for _ in 0..PAGES_MAX {
        let token = rows.last().map(|activity| activity.id.clone());
        let page = match api.get::<Vec<Activity>>(&fills_path(since, token.as_deref())) {
            Ok(page) => page,
            Err(error) => return Read::cut(rows, &error),
        };
        let (count, before) = (page.len(), rows.len());
        rows.extend(page.into_iter().filter(|activity| seen.insert(activity.id.clone())));
        if count < ACTIVITIES {
            return Read::all(rows);
        }
        if rows.len() == before {
            return Read::cut(rows, &"the list of executions does not go on");
        }
    }
    Read::cut(rows, &TOO_LONG)
}

fn fills_path(since: Utc, token: Option<&str>) -> String {
    let size = ACTIVITIES.to_string();
    // Whole seconds are what the contract promises to read, and the bound itself is not included.
    let second = since.nanos() / NANOS_A_SECOND - 1;
    let after = time::write(Utc::from_nanos(second * NANOS_A_SECOND));
    let pairs = [("after", &*after), ("direction", "asc"), ("page_size", &*size)];
    let token = token.map(|token| ("page_token", token));
    query("/v2/account/activities/FILL", pairs.into_iter().chain(token))
}
