//! What the adapter makes of everything that can happen to a request on its way.

use super::server::{Answer, Server};
use core::time::Duration;
use std::net::TcpListener;
use truebook::venue::{Change, NewOrder, ReduceOnly, Target, Venue, VenueErrorKind};
use truebook_core::id::{Instrument, OrderId, OrderKey, VenueOrderId};
use truebook_core::order::{Intent, OrderType, Role, Side, Terms, TimeInForce};
use truebook_venues::alpaca::{Alpaca, Keys, Options};

fn id() -> OrderId {
    OrderId::from_bytes([7; 16])
}

fn order() -> NewOrder {
    let intent = Intent {
        id: id(),
        key: OrderKey::new("k").unwrap(),
        instrument: Instrument::new("TSLA").unwrap(),
        side: Side::Buy,
        order_type: OrderType::Market,
        quantity: "1".parse().unwrap(),
        limit: None,
        stop: None,
        time_in_force: TimeInForce::Day,
        role: Role::Entry,
        attempt: 0,
        parent: None,
        strategy: None,
        terms: Terms::default(),
    };
    NewOrder { intent, reduce_only: ReduceOnly::No }
}

fn target() -> Target {
    Target {
        id: id(),
        venue_order: Some(VenueOrderId::new("v").unwrap()),
        instrument: Instrument::new("TSLA").unwrap(),
    }
}

fn taken() -> String {
    let id = id();
    format!(r#"{{"id":"v","client_order_id":"{id}","status":"new","symbol":"TSLA","side":"buy","qty":1}}"#)
}

fn kind(venue: &Alpaca) -> VenueErrorKind {
    venue.submit(&order()).unwrap_err().kind
}

fn at(address: &str) -> Alpaca {
    Alpaca::new(Keys::new("a", "b").unwrap(), Options::at(address).unwrap())
}

#[test]
fn p4_an_order_whose_reply_is_a_gateway_error_was_sent_once_and_its_outcome_is_unknown() {
    for status in [500, 502, 503, 504] {
        let server = Server::start(move |_| Answer::Reply(status, "", String::new()));
        assert_eq!(kind(&server.venue()), VenueErrorKind::Unknown);
        assert_eq!(server.count("POST"), 1);
    }
}

#[test]
fn p4_an_order_whose_connection_breaks_before_the_reply_was_sent_once_and_is_unknown() {
    let server = Server::start(|_| Answer::Close);
    let venue = server.venue();
    assert_eq!(kind(&venue), VenueErrorKind::Unknown);
    assert_eq!(server.count("POST"), 1);
    let change = Change { alias: id(), quantity: None, limit: None, stop: None };
    assert_eq!(venue.replace(&target(), &change).unwrap_err().kind, VenueErrorKind::Unknown);
    assert_eq!(venue.cancel(&target()).unwrap_err().kind, VenueErrorKind::Unknown);
    assert_eq!((server.count("PATCH"), server.count("DELETE")), (1, 1));
}

#[test]
fn p4_a_reply_that_does_not_come_in_time_is_unknown() {
    let server = Server::start(|_| Answer::Silence);
    let venue = server.venue_with(|options| options.timeout = Duration::from_millis(200));
    assert_eq!(kind(&venue), VenueErrorKind::Unknown);
    assert_eq!(server.count("POST"), 1);
}

#[test]
fn p4_a_yes_that_cannot_be_read_is_unknown() {
    for body in ["", "<html>", "{}", r#"{"id":"v","status":"new"}"#] {
        let server = Server::start(move |_| Answer::Reply(200, "", body.to_owned()));
        assert_eq!(kind(&server.venue()), VenueErrorKind::Unknown, "{body}");
    }
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"id\":";
    let server = Server::start(move |_| Answer::Raw(cut.to_owned()));
    assert_eq!(kind(&server.venue()), VenueErrorKind::Unknown);
    assert_eq!(server.count("POST"), 1);
}

#[test]
fn p4_a_yes_about_another_order_is_unknown() {
    let other = taken().replace(&id().to_string(), &OrderId::from_bytes([8; 16]).to_string());
    let server = Server::start(move |_| Answer::Reply(200, "", other.clone()));
    assert_eq!(kind(&server.venue()), VenueErrorKind::Unknown);
}

#[test]
fn p3_a_redirect_does_not_send_an_order_again() {
    let server = Server::start(|_| Answer::Reply(307, "Location: /v2/elsewhere\r\n", String::new()));
    assert_eq!(kind(&server.venue()), VenueErrorKind::Unknown);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_order_that_finds_no_server_was_not_sent() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    assert_eq!(kind(&at(&format!("http://127.0.0.1:{port}"))), VenueErrorKind::NotSent);
    assert_eq!(kind(&at("https://no-such-host.invalid")), VenueErrorKind::NotSent);
}

#[test]
fn an_order_that_finds_a_server_without_encryption_was_not_sent() {
    let server = Server::start(|_| Answer::Close);
    let encrypted = server.address.replace("http:", "https:");
    assert_eq!(kind(&at(&encrypted)), VenueErrorKind::NotSent);
    assert_eq!(server.count("POST"), 0);
}

/// The first request of a connection is answered, a second one on it is what the test is about.
fn used_again(second: fn() -> Answer) -> Server {
    let seen = std::sync::Mutex::new(std::collections::HashSet::new());
    Server::start(move |request| {
        if request.method == "GET" && seen.lock().unwrap().insert(request.connection) {
            return Answer::Reply(404, "", r#"{"code":40410000,"message":"order not found"}"#.to_owned());
        }
        second()
    })
}

#[test]
fn p3_a_connection_that_breaks_when_it_is_used_again_does_not_send_an_order_twice() {
    let server = used_again(|| Answer::Close);
    let venue = server.venue();
    assert_eq!(venue.find(id(), &Instrument::new("TSLA").unwrap()), Ok(None));
    assert_eq!(kind(&venue), VenueErrorKind::Unknown);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].connection, requests[1].connection, "the test means a connection used again");
}

#[test]
fn a_connection_that_was_closed_while_it_was_idle_costs_nothing() {
    let server = Server::start(|request| match request.method.as_str() {
        "GET" => Answer::ReplyAndClose(404, r#"{"code":40410000,"message":"order not found"}"#.to_owned()),
        _ => Answer::Reply(200, "", taken()),
    });
    let venue = server.venue();
    assert_eq!(venue.find(id(), &Instrument::new("TSLA").unwrap()), Ok(None));
    std::thread::sleep(Duration::from_millis(100));
    let accepted = venue.submit(&order()).unwrap();
    assert_eq!(accepted.report.venue_order.as_str(), "v");
    assert_eq!(server.count("POST"), 1);
}

#[test]
fn keys_go_with_every_request() {
    let server = Server::start(|_| Answer::Reply(200, "", taken()));
    server.venue().submit(&order()).unwrap();
    let head = server.requests()[0].head.to_ascii_lowercase();
    assert!(head.contains("apca-api-key-id: the-id") && head.contains("apca-api-secret-key: the-secret"));
}

#[test]
fn after_the_venue_wanted_fewer_requests_only_what_makes_risk_smaller_is_sent() {
    let server = Server::start(|_| Answer::Reply(429, "Retry-After: 30\r\n", String::new()));
    let venue = server.venue_with(|options| options.patience = Duration::ZERO);
    let limited = |kind| matches!(kind, VenueErrorKind::RateLimited(Some(_)));
    assert!(limited(kind(&venue)) && limited(kind(&venue)));
    assert_eq!(server.count("POST"), 1, "the second is held back");
    assert!(limited(venue.cancel(&target()).unwrap_err().kind));
    assert_eq!(server.count("DELETE"), 1);
    let mut exit = order();
    exit.intent.role = Role::StopLoss;
    assert!(limited(venue.submit(&exit).unwrap_err().kind));
    assert_eq!(server.count("POST"), 2);
}

#[test]
fn a_cancel_whose_order_is_over_says_that_one_has_to_look() {
    let body = r#"{"code":42210000,"message":"order is already in \"filled\" state"}"#;
    let server = Server::start(move |_| Answer::Reply(422, "", body.to_owned()));
    assert_eq!(server.venue().cancel(&target()).unwrap_err().kind, VenueErrorKind::NotFound);
}
