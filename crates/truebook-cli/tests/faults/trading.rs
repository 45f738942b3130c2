//! A session that trades, killed or failed at every call that changes the disk; then the venue's own store is
//! held against the book.

use crate::matrix::{Fault, chosen, run_all};
use crate::session::{BINARY, copy_tree, text};
use crate::strace::{calls, inject, is_there};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// Fewer calls than this, and the session was not what it should be.
const CALLS_MIN: usize = 40;
/// How often book and venue are brought together after a disturbance, with a pause in between.
const RECONCILIATIONS: usize = 6;
/// Longer than the paper venue may take to show an order.
const PAUSE: Duration = Duration::from_millis(1_100);

/// A paper venue in a process of its own, which nothing disturbs.
struct Venue {
    child: Child,
    url: String,
}

impl Venue {
    fn start() -> Self {
        let mut child = Command::new(BINARY)
            .args(["paper", "--walk", "7", "--tick-ms", "3600000"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut url = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut url).unwrap();
        Self { child, url: url.trim().to_owned() }
    }

    /// All that it has, seen from inside.
    fn audit(&self) -> Value {
        let address = self.url.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /paper/audit HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        // The body may come in pieces whose lengths stand between them; the object is what is in braces.
        let (first, last) = (body.find('{').unwrap(), body.rfind('}').unwrap());
        serde_json::from_str(&body[first..=last]).unwrap()
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Orders of several kinds, a bracket among them, changed, cancelled and closed, and state in between.
fn script() -> String {
    let order = |kind: &str, quantity: &str, more: Value| {
        let mut order = json!({"instrument": "SPX", "side": "buy", "order_type": kind, "quantity": quantity,
            "time_in_force": "gtc"});
        order.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        order
    };
    let bracket = json!({"bracket": {"stop_loss": {"stop": "50"}, "take_profit": {"px": "500"}}});
    let submit = |key: &str, order: Value| json!({"op": "submit", "key": key, "order": order});
    let reconcile = json!({"op": "reconcile"});
    let lines = [
        reconcile.clone(),
        json!({"op": "set", "path": "n", "value": 1}),
        submit("bracket", order("market", "3", bracket)),
        submit("low", order("limit", "2", json!({"limit": "60"}))),
        reconcile.clone(),
        submit("lower", order("limit", "4", json!({"limit": "55"}))),
        json!({"op": "replace", "key": "low", "limit": "61"}),
        json!({"op": "cancel", "key": "lower"}),
        reconcile.clone(),
        json!({"op": "checkpoint"}),
        submit("again", order("market", "1", json!({}))),
        submit("again", order("market", "1", json!({}))),
        json!({"op": "set", "path": "n", "value": 2}),
        reconcile.clone(),
        json!({"op": "close_position", "key": "close", "instrument": "SPX"}),
        reconcile.clone(),
        json!({"op": "close_position", "key": "close", "instrument": "SPX"}),
        reconcile,
    ];
    lines.iter().fold(String::new(), |mut script, line| {
        writeln!(script, "{line}").unwrap();
        script
    })
}

fn command(data: &Path, venue: &Venue) -> Vec<String> {
    let data = data.display().to_string();
    let words = [
        BINARY,
        "--data",
        &data,
        "--upkeep",
        "inline",
        "--segment-bytes",
        "16384",
        "pipe",
        "--venue-url",
        &venue.url,
    ];
    words.map(str::to_owned).to_vec()
}

fn run(data: &Path, words: &[&str]) -> Output {
    let fixed = ["--upkeep", "inline", "--segment-bytes", "16384"];
    Command::new(BINARY).arg("--data").arg(data).args(fixed).args(words).output().unwrap()
}

fn json_of(data: &Path, words: &[&str]) -> Result<Value, String> {
    let output = run(data, words);
    serde_json::from_slice(&output.stdout)
        .map_err(|failed| format!("{words:?}: {failed}: {} {}", text(&output.stdout), text(&output.stderr)))
}

/// The client order ids that the session was told are taken care of.
fn acknowledged(output: &str) -> BTreeSet<String> {
    let answers = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    answers.filter_map(|answer| Some(answer["order"]["client_order_id"].as_str()?.to_owned())).collect()
}

/// Brings the book and the venue together as a bot does at its start.
fn settle(data: &Path, venue: &Venue) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..RECONCILIATIONS {
        let output = run(data, &["reconcile", "--apply", "--venue-url", &venue.url]);
        last = format!("{} {}", text(&output.stdout), text(&output.stderr));
        let uncertain = ["unknown", "intended"].iter().any(|state| {
            let orders = json_of(data, &["orders", "--state", state, "--json"]);
            orders.is_ok_and(|orders| orders.as_array().is_some_and(|orders| !orders.is_empty()))
        });
        if output.status.success() && !uncertain {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
    Err(format!("book and venue do not come together: {last}"))
}

fn check(data: &Path, venue: &Venue, told: &BTreeSet<String>) -> Result<(), String> {
    settle(data, venue)?;
    let (audit, orders) = (venue.audit(), json_of(data, &["orders", "--all", "--json"])?);
    let known: BTreeSet<&str> =
        orders.as_array().into_iter().flatten().filter_map(|order| order["id"].as_str()).collect();
    if let Some(lost) = told.iter().find(|id| !known.contains(id.as_str())) {
        return Err(format!("order {lost} was acknowledged and is lost: {orders}"));
    }
    one_order_an_id(&audit)?;
    same_position(&audit, &json_of(data, &["positions", "--json"])?)?;
    live_orders_known(&audit, &orders)?;
    let verified = run(data, &["verify", "--json"]);
    if verified.status.code() == Some(0) {
        Ok(())
    } else {
        Err(format!("verify: {}", text(&verified.stdout)))
    }
}

fn rows(audit: &Value) -> impl Iterator<Item = &Value> {
    audit["orders"].as_array().into_iter().flatten()
}

fn one_order_an_id(audit: &Value) -> Result<(), String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for order in rows(audit).filter(|order| order["replaces"].is_null()) {
        *counts.entry(order["client_id"].as_str().unwrap_or("")).or_default() += 1;
    }
    let twice = counts.iter().find(|(_, count)| **count > 1);
    twice
        .map_or(Ok(()), |(id, count)| Err(format!("{count} orders of the id {id} are at the venue: {audit}")))
}

fn same_position(audit: &Value, positions: &Value) -> Result<(), String> {
    let venue = audit["positions"]["SPX"]["quantity"].as_str().unwrap_or("0");
    let rows = positions["positions"].as_array().into_iter().flatten();
    let book = rows.filter(|row| row["symbol"] == "SPX").find_map(|row| row["quantity"].as_str());
    let number = |text: &str| text.parse::<i64>().map_err(|_| format!("{text} is no whole number"));
    let (venue, book) = (number(venue)?, number(book.unwrap_or("0"))?);
    if venue == book { Ok(()) } else { Err(format!("the book holds {book}, the venue {venue}: {positions}")) }
}

/// Every live order at the venue is one that the book counts as live.
fn live_orders_known(audit: &Value, orders: &Value) -> Result<(), String> {
    let text = orders.to_string();
    let is_live = |order: &&Value| {
        let over = ["Filled", "Canceled", "Expired", "Rejected", "Replaced"];
        let status = order["status"].as_str().unwrap_or("");
        !over.iter().any(|word| word.eq_ignore_ascii_case(status))
    };
    let mut live = rows(audit).filter(is_live);
    let lost = live.find(|order| !text.contains(order["id"].as_str().unwrap_or("-")));
    lost.map_or(Ok(()), |order| Err(format!("a live order is not in the book: {order}\n{orders}")))
}

fn template(directory: &Path) -> std::path::PathBuf {
    let data = directory.join("template");
    let output = run(&data, &["init", "--venue", "paper"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    data
}

pub(crate) fn run_matrix(fault: Fault) {
    if !is_there() {
        println!("SKIPPED: strace is not installed; scripts/setup test installs it");
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let template = template(scratch.path());
    let input = scratch.path().join("script");
    std::fs::write(&input, script()).unwrap();
    let calls = {
        let (undisturbed, venue) = (scratch.path().join("undisturbed"), Venue::start());
        copy_tree(&template, &undisturbed);
        let calls = calls(&command(&undisturbed, &venue), &input, scratch.path());
        check(&undisturbed, &venue, &BTreeSet::new()).unwrap();
        let audit = venue.audit();
        assert!(rows(&audit).count() >= 6, "the session trades: {audit}");
        calls
    };
    assert!(calls.len() >= CALLS_MIN, "only {} changing calls: {calls:?}", calls.len());
    let chosen = chosen(&calls);
    let failures = run_all(&chosen, |call, number| {
        let (data, venue) = (scratch.path().join(format!("run-{number}")), Venue::start());
        copy_tree(&template, &data);
        let output = inject(&command(&data, &venue), &input, call, fault);
        let told = acknowledged(&text(&output.stdout));
        let outcome = check(&data, &venue, &told);
        std::fs::remove_dir_all(&data).unwrap();
        outcome.map_err(|problem| format!("{problem} (session said {})", text(&output.stdout)))
    });
    println!("trading, {fault:?}: {} of {} changing calls", chosen.len(), calls.len());
    assert!(
        failures.is_empty(),
        "{} of {} runs failed:\n{}",
        failures.len(),
        chosen.len(),
        failures.join("\n")
    );
}
