//! Commands about orders, positions and the venue, against a paper venue in a process of its own.

use crate::support::{Place, Run, keys};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::time::Duration;

/// A paper venue that ends with the test.
pub(crate) struct Venue {
    child: Child,
    pub(crate) url: String,
}

impl Venue {
    pub(crate) fn start(place: &Place, args: &[&str]) -> Self {
        let mut command = place.command(["paper", "--tick-ms", "10"]);
        command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    /// Ends it as a person would.
    fn stop(mut self) -> i32 {
        end(&self.child);
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn end(child: &Child) {
    let pid = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
}

const STRATEGY: &str = r#"
[strategy]
instruments = ["SPX"]
fast = 2
slow = 4
quantity = "2"
stop_percent = "0.5"
profit_percent = "0.5"
tick = "0.01"
"#;

fn trading_book() -> Place {
    let place = Place::empty();
    let settings = place.write("settings.toml", STRATEGY);
    place.run(["init", "--name", "trading", "--settings", &settings]).ok();
    place
}

/// Runs a bot for a while, and ends it as a service manager would.
fn trade(place: &Place, venue: &Venue, args: &[&str], time: Duration) -> Run {
    let mut command = place.command(["run", "--prices-ms", "10", "--venue-url", &venue.url]);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    std::thread::sleep(time);
    end(&child);
    child.wait_with_output().unwrap().into()
}

#[test]
fn a_bot_trades_and_stops_cleanly_and_what_it_did_can_be_read() {
    let place = trading_book();
    let venue = Venue::start(&place, &["--walk", "7", "--partial-fills", "300", "--lost-replies", "100"]);
    trade(&place, &venue, &[], Duration::from_secs(3)).ok().prints(&["the stream works", "agree", "stopped"]);
    let status = place.json(["status", "--json"]);
    assert_eq!(status["last_checkpoint"]["seq"], status["seq"], "the last checkpoint is written");
    let all = place.json(["orders", "--all", "--json"]);
    let all = all.as_array().unwrap();
    assert!(all.len() >= 3, "{all:#?}");
    let filled = place.json(["orders", "--all", "--state", "filled", "--strategy", "ma_cross", "--json"]);
    let order = &filled.as_array().unwrap()[0];
    assert_eq!(
        keys(order),
        [
            "id",
            "key",
            "strategy",
            "symbol",
            "side",
            "type",
            "role",
            "state",
            "quantity",
            "filled",
            "average_price",
            "limit",
            "stop",
            "time_in_force",
            "parent",
            "venue_orders",
            "unknown",
            "intended_at",
            "updated_at"
        ]
        .into_iter()
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
    );
    assert_eq!(order["filled"], order["quantity"]);
    let key = order["key"].as_str().unwrap();
    let fills = place.json(["fills", "--key", key, "--json"]);
    assert!(!fills.as_array().unwrap().is_empty());
    assert_eq!(place.json(["fills", "--symbol", "NONE", "--json"]).as_array().unwrap().len(), 0);
    assert_eq!(place.json(["fills", "--limit", "1", "--json"]).as_array().unwrap().len(), 1);
    assert_eq!(
        place.json(["orders", "--all", "--since", "2199-01-01", "--json"]).as_array().unwrap().len(),
        0
    );
    let positions = place.json(["positions", "--json"]);
    assert_eq!(keys(&positions), ["halted", "positions"]);
    assert_eq!(positions["positions"][0]["symbol"], "SPX");
    assert_eq!(venue.stop(), 0);
}

#[test]
fn positions_are_the_sum_of_the_fills_that_are_shown() {
    let place = trading_book();
    let venue = Venue::start(&place, &["--walk", "3"]);
    trade(&place, &venue, &[], Duration::from_secs(2)).ok();
    let mut sum = 0;
    for fill in place.json(["fills", "--json"]).as_array().unwrap() {
        let quantity: i64 = fill["quantity"].as_str().unwrap().parse().unwrap();
        sum += if fill["side"] == "buy" { quantity } else { -quantity };
        assert!(fill["key"].as_str().unwrap().starts_with("ma_cross/SPX/"), "{fill}");
    }
    let held = place.json(["positions", "--json"])["positions"][0]["quantity"].clone();
    assert_eq!(held.as_str().unwrap().parse::<i64>().unwrap(), sum);
}

#[test]
fn reconciling_twice_finds_nothing_the_second_time() {
    let place = Place::new();
    let venue = Venue::start(&place, &["--walk", "1"]);
    let plan = place.run(["reconcile", "--plan", "--venue-url", &venue.url, "--json"]).ok();
    assert!(plan.stdout.contains("\"agreed\": true"), "{plan:?}");
    let seq = place.json(["status", "--json"])["seq"].clone();
    place.run(["reconcile", "--apply", "--venue-url", &venue.url]).ok().prints(&["book and venue agree"]);
    assert_eq!(place.json(["status", "--json"])["seq"], seq);
}

#[test]
fn a_difference_is_planned_then_blocked_then_corrected() {
    let place = Place::new();
    let venue = Venue::start(&place, &["--walk", "1"]);
    let url = venue.url.as_str();
    place
        .run(["correct", "SPX", "5", "--price", "100", "--reason", "opening balance"])
        .ok()
        .prints(&["0 before, 5 now"]);
    place.run(["reconcile", "--plan", "--venue-url", url]).code(1).prints(&[
        "to do",
        "SPX",
        "reconcile --apply",
    ]);
    place.run(["reconcile", "--apply", "--venue-url", url]).code(1).prints(&[
        "blocked",
        "SPX",
        "do not agree",
    ]);
    place.run(["positions"]).ok().prints(&["SPX is blocked (position_difference)"]);
    place
        .run(["unblock", "SPX", "--reason", "impatience"])
        .code(1)
        .says(&["only its cause can end", "try: "]);
    place.run(["correct", "SPX", "-5", "--reason", "it was not there"]).ok().prints(&["5 before, 0 now"]);
    place.run(["reconcile", "--apply", "--venue-url", url]).ok().prints(&["book and venue agree"]);
}

#[test]
fn what_an_operator_blocks_and_halts_only_an_operator_lifts() {
    let place = Place::new();
    place.run(["block", "SPX", "--reason", "earnings"]).ok();
    place.run(["positions"]).ok().prints(&["SPX is blocked (operator): earnings"]);
    place.run(["unblock", "SPX", "--reason", "over"]).ok();
    place.run(["unblock", "SPX", "--reason", "over"]).code(1).says(&["is not refused"]);
    place.run(["halt", "--reason", "holiday"]).ok();
    assert_eq!(place.json(["positions", "--json"])["halted"], "holiday");
    place.run(["resume", "--reason", "back"]).ok();
    assert!(place.json(["positions", "--json"])["halted"].is_null());
}

#[test]
fn a_correction_that_says_nothing_is_refused() {
    let place = Place::new();
    let refused = |args: &[&str], words: &[&str]| {
        let before = place.json(["status", "--json"])["seq"].clone();
        place.run(args).code(2).says(words);
        assert_eq!(place.json(["status", "--json"])["seq"], before, "{args:?} wrote something");
    };
    refused(&["correct", "SPX", "0", "--reason", "x"], &["corrects nothing"]);
    refused(&["correct", "SPX", "-0.0", "--reason", "x"], &["corrects nothing"]);
    refused(&["correct", "SPX", "5", "--price", "0", "--reason", "x"], &["not above zero"]);
    refused(&["correct", "SPX", "5", "--reason", "x"], &["holds no SPX", "--price"]);
    refused(&["correct", "SPX", "-5", "--reason", "x"], &["holds no SPX", "--price"]);
    refused(&["correct", "SPX", "five", "--price", "1", "--reason", "x"], &["five"]);
    refused(&["correct", "SPX", "5", "--price", "1"], &["--reason"]);
    refused(&["correct", "SPX", "5", "--price", "1", "--reason", " "], &["the reason is empty"]);
    refused(&["halt"], &["--reason"]);
    refused(&["block", "SPX", "--reason", ""], &["the reason is empty"]);
    refused(&["orders", "--state", "gone"], &["states are", "awaiting_fills"]);
    refused(&["fills", "--since", "yesterday"], &["2025-04-09"]);
}

#[test]
fn a_venue_that_cannot_be_reached_or_does_not_know_the_keys_is_told_so() {
    let place = Place::new();
    let nobody = "http://127.0.0.1:9";
    place.run(["reconcile", "--plan", "--venue-url", nobody]).code(2).says(&["truebook: "]);
    place.run(["reconcile", "--plan"]).code(2).says(&["nobody said where", "try: truebook paper"]);
    let venue = Venue::start(&place, &["--keys", "me:secret"]);
    let url = venue.url.as_str();
    place.run(["reconcile", "--plan", "--venue-url", url]).code(2).says(&["keys", "try: --venue-keys"]);
    let file = place.write("keys", "APCA_API_KEY_ID=me\nAPCA_API_SECRET_KEY=secret\n");
    let with_file = ["reconcile", "--plan", "--venue-url", url, "--venue-keys", &file];
    place.run(with_file).code(2).says(&["chmod 600"]);
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    place.run(with_file).ok();
}

#[test]
fn practice_and_real_money_never_meet() {
    let place = Place::empty();
    let live = "https://api.alpaca.markets";
    place.run(["--data", "paper", "init", "--venue", "alpaca"]).ok();
    place
        .run(["--data", "paper", "reconcile", "--plan", "--venue-url", live])
        .code(2)
        .says(&["trades real money"]);
    place.run(["--data", "live", "init", "--venue", "alpaca", "--mode", "live"]).ok();
    for url in ["https://paper-api.alpaca.markets", "http://127.0.0.1:9"] {
        let run = place.run(["--data", "live", "reconcile", "--plan", "--venue-url", url]);
        run.code(2).says(&["is for practice", "try: "]);
    }
    let open = "http://api.alpaca.markets";
    place
        .run(["--data", "live", "reconcile", "--plan", "--venue-url", open])
        .code(2)
        .says(&["not encrypted"]);
}

#[test]
fn with_a_clock_minutes_off_nothing_is_ordered_and_the_reason_is_told() {
    for off in ["300", "-900"] {
        let place = trading_book();
        let venue = Venue::start(&place, &["--walk", "7", "--clock-s", off]);
        let plan = place.run(["reconcile", "--plan", "--venue-url", &venue.url]);
        assert!(plan.stdout.contains("the venue's clock is"), "{plan:?}");
        let run = trade(&place, &venue, &[], Duration::from_millis(1500)).ok();
        assert!(run.stderr.contains("s off the venue's"), "{run:?}");
        assert_eq!(place.json(["orders", "--all", "--json"]).as_array().unwrap().len(), 0);
    }
}

#[test]
fn with_a_clock_seconds_off_nothing_is_missed() {
    for off in ["20", "-25"] {
        let place = trading_book();
        let venue = Venue::start(&place, &["--walk", "7", "--clock-s", off, "--lost-replies", "300"]);
        trade(&place, &venue, &["--reconcile-ms", "100"], Duration::from_secs(2)).ok();
        assert!(!place.json(["fills", "--json"]).as_array().unwrap().is_empty());
        trade(&place, &venue, &["--strategy", "none"], Duration::from_secs(1)).ok();
        let awaited = place.json(["orders", "--state", "awaiting_fills", "--json"]);
        assert_eq!(awaited.as_array().unwrap().len(), 0, "{awaited}");
    }
}

#[test]
fn a_bot_without_a_strategy_keeps_book_and_venue_in_agreement() {
    let place = Place::new();
    let venue = Venue::start(&place, &[]);
    let run = trade(&place, &venue, &["--strategy", "none", "--json"], Duration::from_millis(800)).ok();
    let lines: Vec<serde_json::Value> =
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["event"] == "reconciled" && line["agreed"] == true), "{lines:?}");
    assert_eq!(lines.last().unwrap()["event"], "stopped");
    let args = ["run", "--venue-url", &venue.url];
    place.run(args).code(2).says(&["settings under \"strategy\"", "--strategy none"]);
}

#[test]
fn a_lost_book_is_made_again_with_its_tag_and_its_orders_are_taken_in() {
    let place = trading_book();
    let venue = Venue::start(&place, &["--walk", "7", "--data", "venue"]);
    let tag = place.json(["status", "--json"])["installation"].as_str().unwrap().to_owned();
    let url = venue.url.as_str();
    let submit = r#"{"op":"reconcile"}
{"op":"submit","key":"low","order":{"instrument":"SPX","side":"buy","order_type":"limit","quantity":"1","limit":"1","time_in_force":"gtc"}}
"#;
    place.feed(["pipe", "--venue-url", url], submit).ok();
    assert_eq!(place.json(["orders", "--json"]).as_array().unwrap().len(), 1);
    std::fs::rename(place.data(), place.path().join("lost")).unwrap();
    place.run(["init", "--installation", "nonsense"]).code(2).says(&["8 lower-case hexadecimal digits"]);
    place.run(["init", "--name", "again", "--installation", &tag]).ok();
    assert_eq!(place.json(["status", "--json"])["installation"], tag.as_str());
    let plan = place.run(["reconcile", "--plan", "--venue-url", url]).code(1);
    assert!(plan.stdout.contains("--adopt-lost"), "{plan:?}");
    place.run(["reconcile", "--apply", "--adopt-lost", "--venue-url", url]);
    let orders = place.json(["orders", "--json"]);
    assert_eq!(orders[0]["state"], "working", "{orders}");
}

#[test]
fn a_venue_with_a_store_remembers_and_a_bots_book_is_not_taken_for_one() {
    let place = trading_book();
    let prices = place.write("prices.csv", "date,close\n2024-01-01,100\n2024-01-02,101.5\n");
    let args = ["--prices", &prices, "--data", "venue"];
    assert_eq!(Venue::start(&place, &args).stop(), 0);
    assert_eq!(Venue::start(&place, &args).stop(), 0);
    place.run(["paper", "--data", "data"]).code(2).says(&["holds the book trading", "try: --data"]);
    let faulty = place.write("faulty.csv", "100\nnan\n");
    place.run(["paper", "--prices", &faulty]).code(2).says(&["faulty.csv, line 2", "no price"]);
    place.run(["paper", "--keys", "me"]).code(2).says(&["ID:SECRET"]);
    place.run(["paper", "--listen", "nowhere"]).code(2).says(&["nowhere"]);
}
