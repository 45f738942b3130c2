//! Everything that the adapter can ask, asked of the paper venue.

use super::support::{await_event, bracket, limit, order, start, tsla};
use truebook::venue::{Change, StreamEvent, Target, Venue, VenueErrorKind};
use truebook_core::id::{Instrument, OrderId};
use truebook_core::life::Closing;
use truebook_core::observation::{OrderReport, ReportStatus, Trading};
use truebook_core::order::Role;
use truebook_core::time::Utc;

const BEGINNING: Utc = Utc::from_nanos(0);

fn target(report: &OrderReport) -> Target {
    Target {
        id: report.order_id().unwrap(),
        venue_order: Some(report.venue_order.clone()),
        instrument: tsla(),
    }
}

#[test]
fn a_market_order_is_filled_and_seen_alike_in_reply_lists_history_and_position() {
    let paper = start();
    let venue = paper.alpaca();
    let id = order(1).intent.id;
    let accepted = venue.submit(&order(1)).unwrap();
    assert_eq!(accepted.report.order_id(), Some(id));
    let found = venue.find(id, &tsla()).unwrap().unwrap();
    assert_eq!(found.status, ReportStatus::Ended(Closing::Filled));
    assert_eq!(venue.find_venue_order(&found.venue_order).unwrap().unwrap(), found);
    let fills = venue.fills(BEGINNING);
    assert!(fills.is_complete());
    assert_eq!(fills.rows.len(), 1);
    assert_eq!((&fills.rows[0].venue_order, fills.rows[0].quantity), (&found.venue_order, found.filled));
    assert_eq!(venue.positions().rows[0].quantity, "10".parse().unwrap());
    let closed = venue.closed_orders(BEGINNING);
    assert_eq!((closed.is_complete(), closed.rows), (true, vec![found]));
}

#[test]
fn an_id_that_was_used_is_refused_as_a_duplicate_whatever_became_of_the_order() {
    let venue = start().alpaca_and_keep();
    let accepted = venue.0.submit(&limit(1, "200")).unwrap();
    assert_eq!(venue.0.submit(&limit(1, "200")).unwrap_err().kind, VenueErrorKind::Duplicate);
    venue.0.cancel(&target(&accepted.report)).unwrap();
    assert_eq!(venue.0.submit(&limit(1, "200")).unwrap_err().kind, VenueErrorKind::Duplicate);
}

#[test]
fn an_order_that_nobody_knows_is_nothing() {
    let (venue, _paper) = start().alpaca_and_keep();
    let unknown = OrderId::from_bytes([9; 16]);
    assert_eq!(venue.find(unknown, &tsla()), Ok(None));
    let target = Target { id: unknown, venue_order: None, instrument: tsla() };
    assert_eq!(venue.cancel(&target).unwrap_err().kind, VenueErrorKind::NotFound);
}

#[test]
fn a_bracket_comes_with_its_legs_which_are_live_and_known_as_such() {
    let (venue, paper) = start().alpaca_and_keep();
    let accepted = venue.submit(&bracket(1, "290")).unwrap();
    let roles: Vec<_> = accepted.legs.iter().map(|leg| leg.role).collect();
    assert_eq!(roles, [Some(Role::TakeProfit), Some(Role::StopLoss)]);
    let open = venue.open_orders();
    assert!(open.is_complete());
    assert_eq!(open.rows.len(), 3);
    paper.tick("290");
    let open = venue.open_orders();
    assert_eq!(open.rows.len(), 2, "{:?}", open.rows);
    let parent = Some(&accepted.report.venue_order);
    assert!(open.rows.iter().all(|leg| leg.parent.as_ref() == parent && leg.role.is_some()));
    // Another process, which was told nothing, sees the same.
    assert_eq!(paper.alpaca().open_orders().rows, open.rows);
    paper.tick("320");
    assert_eq!(venue.open_orders().rows, []);
    assert_eq!(venue.positions().rows, []);
}

#[test]
fn an_order_is_replaced_by_another_that_names_it() {
    let (venue, _paper) = start().alpaca_and_keep();
    let old = venue.submit(&limit(1, "200")).unwrap().report;
    let alias = OrderId::from_bytes([2; 16]);
    let change = Change {
        alias,
        quantity: Some("7".parse().unwrap()),
        limit: Some("210".parse().unwrap()),
        stop: None,
    };
    let new = venue.replace(&target(&old), &change).unwrap().report;
    assert_eq!(new.replaces.as_ref(), Some(&old.venue_order));
    assert_eq!((new.quantity, new.limit), (change.quantity, change.limit));
    let old = venue.find_venue_order(&old.venue_order).unwrap().unwrap();
    assert_eq!(old.status, ReportStatus::Ended(Closing::Replaced));
    assert_eq!(old.replaced_by, Some(new.venue_order.clone()));
    let again = Change { alias: OrderId::from_bytes([3; 16]), ..change };
    let refused = venue.replace(&target(&old), &again).unwrap_err();
    assert!(refused.proves_nothing_happened() || refused.kind == VenueErrorKind::NotFound, "{refused}");
}

#[test]
fn a_replacement_that_takes_its_time_shows_both_orders_as_they_stand() {
    let (venue, paper) = start().alpaca_and_keep();
    let old = venue.submit(&limit(1, "200")).unwrap().report;
    paper.script(r#"{"on":"replace","fault":"slow_replace","ms":300}"#);
    let alias = OrderId::from_bytes([2; 16]);
    let change = Change { alias, quantity: None, limit: Some("210".parse().unwrap()), stop: None };
    let new = venue.replace(&target(&old), &change).unwrap().report;
    let status = |report: &OrderReport| venue.find_venue_order(&report.venue_order).unwrap().unwrap().status;
    assert_eq!((status(&old), status(&new)), (ReportStatus::PendingReplace, ReportStatus::Live));
    std::thread::sleep(core::time::Duration::from_millis(500));
    assert_eq!(status(&old), ReportStatus::Ended(Closing::Replaced));
    assert_eq!(status(&new), ReportStatus::Live);
}

#[test]
fn a_cancelled_order_is_over_and_cannot_be_cancelled_again() {
    let (venue, _paper) = start().alpaca_and_keep();
    let report = venue.submit(&limit(1, "200")).unwrap().report;
    venue.cancel(&target(&report)).unwrap();
    let found = venue.find(report.order_id().unwrap(), &tsla()).unwrap().unwrap();
    assert_eq!(found.status, ReportStatus::Ended(Closing::Cancelled));
    assert_eq!(venue.cancel(&target(&report)).unwrap_err().kind, VenueErrorKind::NotFound);
    let unknown_id = Target { venue_order: None, ..target(&report) };
    assert_eq!(venue.cancel(&unknown_id).unwrap_err().kind, VenueErrorKind::NotFound);
}

#[test]
fn account_clock_rules_and_prices_are_read() {
    let (venue, paper) = start().alpaca_and_keep();
    let account = venue.account().unwrap();
    assert_eq!((account.cash, account.trading), ("100000".parse().unwrap(), Trading::Allowed));
    let clock = venue.now().unwrap().nanos() - paper.venue.now().unwrap().nanos();
    assert!(clock.abs() < 5_000_000_000);
    let rules = venue.rules(&tsla()).unwrap().unwrap();
    assert_eq!((rules.tick, rules.lot), ("0.01".parse().unwrap(), "0.000000001".parse().unwrap()));
    let coin = Instrument::new("BTC/USD").unwrap();
    assert_eq!(venue.rules(&coin).unwrap().unwrap().base.unwrap().as_str(), "BTC");
    assert_eq!(venue.rules(&Instrument::new("NONE").unwrap()), Ok(None));
    assert_eq!(venue.last_price(&tsla()), Ok(Some("300".parse().unwrap())));
    assert_eq!(venue.last_price(&coin), Ok(None));
}

#[test]
fn a_list_of_many_orders_is_read_to_the_end() {
    let (venue, paper) = start().alpaca_and_keep();
    for _ in 0..1_203 {
        let mut request = truebook::paper::OrderRequest::from(&limit(1, "200"));
        request.client_id = None;
        paper.venue.place(&request).unwrap();
    }
    let open = venue.open_orders();
    assert!(open.is_complete());
    assert_eq!(open.rows.len(), 1_203);
}

#[test]
fn the_stream_tells_of_orders_and_executions_as_they_happen() {
    let (venue, paper) = start().alpaca_and_keep();
    let events = venue.stream().unwrap();
    let report = venue.submit(&limit(1, "290")).unwrap().report;
    let is = |event: &StreamEvent, filled: bool| match event {
        StreamEvent::Order(order) => {
            order.venue_order == report.venue_order
                && (order.status.ended() == Some(Closing::Filled)) == filled
        }
        _ => false,
    };
    await_event(&events, |event| is(event, false));
    paper.tick("290");
    let fill = await_event(&events, |event| matches!(event, StreamEvent::Fill(_)));
    await_event(&events, |event| is(event, true));
    let StreamEvent::Fill(fill) = fill else { panic!("it is an execution") };
    let listed = &venue.fills(BEGINNING).rows[0];
    assert_eq!((&listed.execution, listed.quantity, listed.at), (&fill.execution, fill.quantity, fill.at));
}

#[test]
fn a_stream_of_text_frames_is_understood_as_well() {
    let options = truebook_server::paper::Options {
        frames: truebook_server::paper::Frames::Text,
        ..truebook_server::paper::Options::default()
    };
    let (venue, _paper) = super::support::start_with(options).alpaca_and_keep();
    let events = venue.stream().unwrap();
    venue.submit(&order(1)).unwrap();
    await_event(&events, |event| matches!(event, StreamEvent::Fill(_)));
}

#[test]
fn executions_are_not_taken_from_the_stream_unless_that_was_chosen() {
    let paper = start();
    let mut options = truebook_venues::alpaca::Options::at(&paper.server.url()).unwrap();
    options.requests_a_minute = 1_000;
    let keys = truebook_venues::alpaca::Keys::new("key", "secret").unwrap();
    let venue = truebook_venues::alpaca::Alpaca::new(keys, options);
    let events = venue.stream().unwrap();
    venue.submit(&order(1)).unwrap();
    let event = await_event(&events, |event| match event {
        StreamEvent::Order(order) => order.status.ended() == Some(Closing::Filled),
        StreamEvent::Fill(_) => true,
        _ => false,
    });
    assert!(matches!(event, StreamEvent::Order(_)), "{event:?}");
    assert_eq!(venue.fills(BEGINNING).rows.len(), 1);
}

#[test]
fn keys_that_are_wrong_open_neither_requests_nor_the_stream() {
    let options = truebook_server::paper::Options {
        keys: Some(("right".to_owned(), "key".to_owned())),
        ..truebook_server::paper::Options::default()
    };
    let paper = super::support::start_with(options);
    let venue = paper.alpaca();
    assert_eq!(venue.account().unwrap_err().kind, VenueErrorKind::Unauthorized);
    assert_eq!(venue.submit(&order(1)).unwrap_err().kind, VenueErrorKind::Unauthorized);
    assert_eq!(venue.stream().unwrap_err().kind, VenueErrorKind::Unauthorized);
}
