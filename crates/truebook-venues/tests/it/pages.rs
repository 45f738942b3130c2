//! Lists that are longer than a page, with boundaries in the worst places.

use super::server::{Answer, Request, Server};
use truebook::venue::Venue;
use truebook_core::observation::Completeness;
use truebook_core::time::Utc;
use truebook_venues::alpaca::wire::time;

const SECOND: i64 = 1_000_000_000;

fn parameter(request: &Request, name: &str) -> Option<String> {
    let (_, query) = request.path.split_once('?')?;
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.into_iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| value.replace("%3A", ":"))
}

fn order(number: i64, submitted: Utc) -> String {
    let at = time::write(submitted);
    format!(
        r#"{{"id":"o{number}","client_order_id":"c{number}","symbol":"TSLA","side":"buy","qty":"1",
        "status":"canceled","submitted_at":"{at}"}}"#
    )
}

/// As many as there are, several in one moment; a page is what the contract says: after, exclusive, the
/// oldest first, at most 500.
fn of_orders(count: i64, in_one_moment: i64) -> Server {
    Server::start(move |request| {
        let after = parameter(request, "after").and_then(|after| time::parse(&after));
        let after = after.unwrap_or(Utc::from_nanos(0));
        let at = |number: i64| Utc::from_nanos((1 + number / in_one_moment) * SECOND);
        let page: Vec<_> = (0..count).filter(|number| at(*number) > after).take(500).collect();
        let rows: Vec<_> = page.into_iter().map(|number| order(number, at(number))).collect();
        Answer::Reply(200, "", format!("[{}]", rows.join(",")))
    })
}

#[test]
fn orders_of_one_moment_on_both_sides_of_a_page_are_all_read() {
    for in_one_moment in [1, 7, 499] {
        let server = of_orders(1_700, in_one_moment);
        let all = server.venue().closed_orders(Utc::from_nanos(0));
        assert_eq!(all.completeness, Completeness::Complete);
        assert_eq!(all.rows.len(), 1_700, "{in_one_moment} in one moment");
    }
}

#[test]
fn a_list_that_cannot_be_paged_is_not_called_complete() {
    let all = of_orders(1_700, 600).venue().closed_orders(Utc::from_nanos(0));
    assert!(matches!(all.completeness, Completeness::Partial(_)));
}

#[test]
fn a_page_that_fails_makes_the_list_partial_and_a_first_one_that_fails_makes_it_failed() {
    let rows: Vec<_> = (0..500).map(|number| order(number, Utc::from_nanos(number * SECOND))).collect();
    let first = format!("[{}]", rows.join(","));
    let server = Server::start(move |request| match parameter(request, "after") {
        Some(after) if !after.starts_with("1970-01-01T00:00:00") => Answer::Reply(503, "", String::new()),
        _ => Answer::Reply(200, "", first.clone()),
    });
    let all = server.venue().closed_orders(Utc::from_nanos(SECOND / 2));
    assert_eq!(all.rows.len(), 500);
    assert!(matches!(all.completeness, Completeness::Partial(_)), "{:?}", all.completeness);
    let down = Server::start(|_| Answer::Reply(503, "", String::new())).venue();
    assert!(matches!(down.open_orders().completeness, Completeness::Failed(_)));
    assert!(matches!(down.positions().completeness, Completeness::Failed(_)));
}

#[test]
fn a_row_that_cannot_be_read_makes_the_list_partial_and_keeps_the_others() {
    let good = order(1, Utc::from_nanos(SECOND));
    let bad = good.replace(r#""qty":"1""#, r#""qty":"lots""#).replace("o1", "o2");
    let server = Server::start(move |_| Answer::Reply(200, "", format!("[{bad},{good}]")));
    let all = server.venue().closed_orders(Utc::from_nanos(0));
    assert_eq!(all.rows.len(), 1);
    assert!(matches!(all.completeness, Completeness::Partial(why) if why.contains("qty")));
}

#[test]
fn executions_are_read_to_the_last_page() {
    let server = Server::start(|request| {
        let token = parameter(request, "page_token");
        let from = token.map_or(0, |token| {
            token.trim_start_matches("x%3A%3Ae").trim_start_matches("x::e").parse::<usize>().unwrap() + 1
        });
        let rows = (from..250).take(100).map(|number| {
            format!(
                r#"{{"id":"x::e{number}","activity_type":"FILL","order_id":"o","symbol":"TSLA","side":"buy",
                "qty":"1","price":"2","transaction_time":"2026-01-02T03:04:05Z"}}"#
            )
        });
        Answer::Reply(200, "", format!("[{}]", rows.collect::<Vec<_>>().join(",")))
    });
    let all = server.venue().fills(Utc::from_nanos(0));
    assert_eq!(all.completeness, Completeness::Complete);
    let ids: Vec<_> = all.rows.iter().map(|fill| fill.execution.as_str().to_owned()).collect();
    assert_eq!(ids, (0..250).map(|number| format!("e{number}")).collect::<Vec<_>>());
}
