//! Faults of the venue are faults on the wire: what the adapter makes of them, and what the venue did.

use super::support::{await_event, limit, order, start, tsla};
use core::time::Duration;
use truebook::venue::{StreamEvent, Venue, VenueErrorKind};
use truebook_core::life::Closing;
use truebook_core::observation::{Completeness, ReportStatus};
use truebook_core::time::Utc;

#[test]
fn p4_an_order_whose_reply_is_lost_is_at_the_venue_and_unknown_here() {
    let (venue, paper) = start().alpaca_and_keep();
    for fault in ["reply_lost", "unreadable"] {
        paper.script(&format!(r#"{{"on":"submit","fault":"{fault}"}}"#));
        let order = order(if fault == "unreadable" { 2 } else { 1 });
        assert_eq!(venue.submit(&order).unwrap_err().kind, VenueErrorKind::Unknown);
        let received = paper.venue.audit(|exchange| exchange.received(&order.intent.id.to_string()));
        assert_eq!(received, 1, "it was sent once");
        assert!(venue.find(order.intent.id, &tsla()).unwrap().is_some());
        assert_eq!(venue.submit(&order).unwrap_err().kind, VenueErrorKind::Duplicate);
    }
}

#[test]
fn p4_an_order_that_is_lost_on_its_way_is_unknown_here_and_can_be_sent_again() {
    let (venue, paper) = start().alpaca_and_keep();
    paper.script(r#"{"on":"submit","fault":"request_lost"}"#);
    assert_eq!(venue.submit(&order(1)).unwrap_err().kind, VenueErrorKind::Unknown);
    assert_eq!(venue.find(order(1).intent.id, &tsla()), Ok(None));
    venue.submit(&order(1)).unwrap();
}

#[test]
fn p4_an_order_that_arrives_after_the_gateway_gave_up_is_found_later() {
    let (venue, paper) = start().alpaca_and_keep();
    paper.script(r#"{"on":"submit","fault":"late","ms":300}"#);
    assert_eq!(venue.submit(&order(1)).unwrap_err().kind, VenueErrorKind::Unknown);
    assert_eq!(venue.find(order(1).intent.id, &tsla()), Ok(None));
    std::thread::sleep(Duration::from_millis(500));
    assert!(venue.find(order(1).intent.id, &tsla()).unwrap().is_some());
}

#[test]
fn a_reply_that_is_late_but_in_time_is_a_reply() {
    let (venue, paper) = start().alpaca_and_keep();
    paper.script(r#"{"on":"submit","fault":"late_reply","ms":300}"#);
    venue.submit(&order(1)).unwrap();
}

#[test]
fn refusals_without_an_order_say_so() {
    let (venue, paper) = start().alpaca_and_keep();
    paper.script(r#"{"on":"submit","fault":"maintenance"}"#);
    assert_eq!(venue.submit(&order(1)).unwrap_err().kind, VenueErrorKind::Unknown, "a gateway says 503 too");
    let mut small = limit(1, "200.001");
    assert_eq!(venue.submit(&small).unwrap_err().kind, VenueErrorKind::Refused, "not a whole cent");
    small.intent.limit = Some("200".parse().unwrap());
    venue.submit(&small).unwrap();
    paper.script(r#"{"on":"submit","fault":"too_many","ms":2000}"#);
    let error = venue.submit(&order(3)).unwrap_err();
    assert!(matches!(error.kind, VenueErrorKind::RateLimited(Some(_))), "{error}");
}

#[test]
fn a_list_that_breaks_off_is_never_called_complete() {
    let (venue, paper) = start().alpaca_and_keep();
    venue.submit(&limit(1, "200")).unwrap();
    venue.submit(&order(2)).unwrap();
    for on in ["open_orders", "closed_orders", "fills", "positions"] {
        for fault in ["first_rows", "reply_lost", "server_error"] {
            paper.script(&format!(r#"{{"on":"{on}","fault":"{fault}","count":0}}"#));
        }
    }
    let since = Utc::from_nanos(0);
    for _ in 0..2 {
        assert!(!venue.open_orders().is_complete());
    }
    for _ in 0..3 {
        assert!(!venue.closed_orders(since).is_complete());
        assert!(!venue.fills(since).is_complete());
        assert_ne!(venue.positions().completeness, Completeness::Complete);
    }
    assert!(venue.open_orders().is_complete() && venue.closed_orders(since).is_complete());
    assert!(venue.fills(since).is_complete() && venue.positions().is_complete());
}

#[test]
fn a_word_that_nobody_knows_is_odd() {
    let (venue, paper) = start().alpaca_and_keep();
    venue.submit(&limit(1, "200")).unwrap();
    // The list is read twice, and what was read last counts.
    paper.script(r#"{"on":"open_orders","fault":"odd_word","word":"musing"}"#);
    paper.script(r#"{"on":"open_orders","fault":"odd_word","word":"pondering"}"#);
    let open = venue.open_orders();
    assert!(open.rows.iter().any(|row| row.status == ReportStatus::Odd && &*row.word == "pondering"));
}

#[test]
fn a_stream_that_is_cut_says_so_and_comes_back() {
    let (venue, paper) = start().alpaca_and_keep();
    let events = venue.stream().unwrap();
    paper.control("POST", "disconnect", "");
    await_event(&events, |event| matches!(event, StreamEvent::Lost(_)));
    await_event(&events, |event| *event == StreamEvent::Restored);
    venue.submit(&order(1)).unwrap();
    await_event(&events, |event| match event {
        StreamEvent::Order(order) => order.status.ended() == Some(Closing::Filled),
        _ => false,
    });
}

#[test]
fn a_stream_does_not_come_back_while_it_is_cut() {
    let (venue, paper) = start().alpaca_and_keep();
    let events = venue.stream().unwrap();
    paper.script(r#"{"on":"message","fault":"cut","ms":700}"#);
    let begun = std::time::Instant::now();
    venue.submit(&order(1)).unwrap();
    await_event(&events, |event| matches!(event, StreamEvent::Lost(_)));
    await_event(&events, |event| *event == StreamEvent::Restored);
    assert!(begun.elapsed() >= Duration::from_millis(700));
    venue.submit(&order(2)).unwrap();
    await_event(&events, |event| matches!(event, StreamEvent::Fill(_)));
}

#[test]
fn a_server_that_was_stopped_answers_nothing_and_frees_its_address() {
    let (venue, paper) = start().alpaca_and_keep();
    let address = paper.server.address();
    venue.account().unwrap();
    paper.server.stop();
    let kind = venue.submit(&order(1)).unwrap_err().kind;
    assert_eq!(kind, VenueErrorKind::NotSent);
    std::net::TcpListener::bind(address).unwrap();
}

#[test]
fn the_audit_shows_what_the_venue_has_as_json() {
    let (venue, paper) = start().alpaca_and_keep();
    venue.submit(&order(1)).unwrap();
    let reply = paper.control("GET", "audit", "");
    let (_, body) = reply.split_once("\r\n\r\n").unwrap();
    let audit: serde_json::Value = serde_json::from_str(body).unwrap();
    let id = order(1).intent.id.to_string();
    assert_eq!(audit["received"][&id], 1);
    assert_eq!(audit["orders"][0]["client_id"], id.as_str());
    assert_eq!(audit["fills"].as_array().unwrap().len(), 1);
    assert_eq!(audit["positions"]["TSLA"]["quantity"], "10");
    let ticked = paper.control("POST", "tick", r#"{"symbol":"TSLA","price":301.25}"#);
    assert!(ticked.starts_with("HTTP/1.1 204"), "{ticked}");
    assert_eq!(venue.last_price(&tsla()), Ok(Some("301.25".parse().unwrap())));
}
