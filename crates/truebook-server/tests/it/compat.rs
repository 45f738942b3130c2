//! The paper venue with clients and checkers that nobody here wrote: the broker's own Python library, and a
//! proxy that compares all that is said with the broker's published contract.
//!
//! What they need is fetched into the build directory, or taken from where the environment says: a Python of
//! `TRUEBOOK_ALPACA_PY`, a program of `TRUEBOOK_PRISM`, a contract of `TRUEBOOK_ALPACA_SPEC`. What is missing
//! skips the test with a visible line; where `CI=true`, a missing tool is a failure.

use super::support::{Paper, adapter, await_event, bracket, limit, order, start, tsla};
use core::time::Duration;
use std::fs::File;
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use truebook::venue::{Change, NewOrder, StreamEvent, Target, Venue};
use truebook_core::id::{Instrument, OrderId};
use truebook_core::order::{OrderType, Role, Side, Trail};
use truebook_core::time::Utc;

const ALPACA_PY: &str = "alpaca-py==0.44.0";
const PRISM: &str = "@stoplight/prism-cli@5.14.2";

/// Where tools are kept between runs.
fn tools(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// Runs a program; what it says if it fails.
fn run(program: &Path, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{} {arguments:?}: {}", program.display(), String::from_utf8_lossy(&said)))
}

/// Says something that is seen although the test passes: what the usual macros print is held back then.
fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn skip(what: &str, why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what} cannot be tested: {why}");
    say(&format!("SKIPPED: {what} cannot be tested: {why}"));
}

/// A Python with the broker's library.
fn python() -> Result<PathBuf, String> {
    if let Some(python) = std::env::var_os("TRUEBOOK_ALPACA_PY") {
        return Ok(python.into());
    }
    let (place, python) = (tools("alpaca-py"), tools("alpaca-py/bin/python"));
    let has_library = |python: &Path| run(python, &["-c", "import alpaca.trading"]);
    if has_library(&python).is_err() {
        run(Path::new("python3"), &["-m", "venv", &place.to_string_lossy()])?;
        run(&python, &["-m", "pip", "install", "--quiet", ALPACA_PY])?;
        has_library(&python)?;
    }
    Ok(python)
}

#[test]
fn the_brokers_own_python_library_finds_all_that_it_expects() {
    let python = match python() {
        Ok(python) => python,
        Err(why) => return skip("alpaca-py", &why),
    };
    let paper = start();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compat/alpaca_py.py");
    let output = Command::new(python).arg(script).arg(paper.server.url()).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("all well"), "{said}");
}

/// The checking proxy.
fn prism() -> Result<PathBuf, String> {
    if let Some(prism) = std::env::var_os("TRUEBOOK_PRISM") {
        return Ok(prism.into());
    }
    let (place, prism) = (tools("prism"), tools("prism/node_modules/.bin/prism"));
    if !prism.exists() {
        std::fs::create_dir_all(&place).map_err(|error| error.to_string())?;
        let place = place.to_string_lossy();
        run(
            Path::new("npm"),
            &["install", "--prefix", &place, "--no-audit", "--no-fund", "--silent", PRISM],
        )?;
    }
    Ok(prism)
}

/// The contract without two places where it contradicts itself: an execution fits both of two descriptions of
/// which it must fit exactly one, and a lookup can only find.
fn mended(contract: &Path) -> PathBuf {
    let text = std::fs::read_to_string(contract).unwrap();
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let paths = &mut document["paths"];
    let history = &mut paths["/v2/account/activities/{activity_type}"]["get"]["responses"]["200"];
    let row = history["content"]["application/json"]["schema"]["items"].as_object_mut().unwrap();
    let either = row.remove("oneOf").unwrap();
    row.insert("anyOf".to_owned(), either);
    let lookup = &mut paths["/v2/orders:by_client_order_id"]["get"]["responses"];
    lookup["404"] = serde_json::json!({ "description": "There is none." });
    let mended = tools("contract.json");
    std::fs::write(&mended, document.to_string()).unwrap();
    mended
}

struct Proxy {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Proxy {
    fn start(prism: &Path, contract: &Path, paper: &Paper) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = tools(&format!("prism-{port}.log"));
        let file = File::create(&log).unwrap();
        let child = Command::new(prism)
            .args(["proxy", "--host", "127.0.0.1", "--port", &port.to_string()])
            .arg(contract)
            .arg(paper.server.url())
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let proxy = Self { child, url: format!("http://127.0.0.1:{port}"), log };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "the proxy does not start: {}", proxy.said());
            std::thread::sleep(Duration::from_millis(100));
        }
        proxy
    }

    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// All that the adapter can ask, through the proxy; the stream, which it does not know, directly.
fn repertoire(paper: &Paper, url: &str) {
    let venue = adapter(url);
    let listener = paper.alpaca();
    let events = listener.stream().unwrap();
    let target = |id: OrderId| Target { id, venue_order: None, instrument: tsla() };
    let id = |number| OrderId::from_bytes([number; 16]);
    venue.now().unwrap();
    venue.account().unwrap();
    venue.rules(&tsla()).unwrap().unwrap();
    venue.rules(&Instrument::new("BTC/USD").unwrap()).unwrap().unwrap();
    assert_eq!(venue.rules(&Instrument::new("NONE").unwrap()), Ok(None));
    venue.submit(&order(1)).unwrap();
    venue.submit(&bracket(2, "290")).unwrap();
    venue.submit(&limit(3, "200")).unwrap();
    venue.submit(&limit(3, "200")).unwrap_err();
    venue.submit(&limit(9, "200.001")).unwrap_err();
    for order in unusual() {
        venue.submit(&order).unwrap();
    }
    let alias = id(4);
    let change = Change {
        alias,
        quantity: Some("7".parse().unwrap()),
        limit: Some("210".parse().unwrap()),
        stop: None,
    };
    venue.replace(&target(id(3)), &change).unwrap();
    venue.cancel(&target(alias)).unwrap();
    venue.cancel(&target(alias)).unwrap_err();
    paper.tick("290");
    await_event(&events, |event| matches!(event, StreamEvent::Fill(_)));
    let found = venue.find(id(2), &tsla()).unwrap().unwrap();
    venue.find_venue_order(&found.venue_order).unwrap().unwrap();
    assert_eq!(venue.find(id(99), &tsla()), Ok(None));
    assert!(venue.open_orders().is_complete() && adapter(url).open_orders().is_complete());
    let since = Utc::from_nanos(0);
    assert!(venue.closed_orders(since).is_complete() && venue.fills(since).is_complete());
    assert!(venue.positions().is_complete() && !venue.positions().rows.is_empty());
}

/// Orders of the less usual kinds: one leg only, an alternative, stops, a stop that follows the price.
fn unusual() -> Vec<NewOrder> {
    let mut one_leg = bracket(10, "290");
    if let Some(bracket) = &mut one_leg.intent.terms.bracket {
        bracket.take_profit = None;
    }
    let mut alternative = bracket(11, "320");
    (alternative.intent.side, alternative.intent.role) = (Side::Sell, Role::TakeProfit);
    let mut stop = order(12);
    (stop.intent.order_type, stop.intent.stop) = (OrderType::Stop, Some("340".parse().unwrap()));
    let mut stop_limit = limit(13, "341.5");
    (stop_limit.intent.order_type, stop_limit.intent.stop) = (OrderType::StopLimit, stop.intent.stop);
    let mut by_amount = order(14);
    by_amount.intent.order_type = OrderType::TrailingStop;
    by_amount.intent.terms.trail = Some(Trail::Amount("50.5".parse().unwrap()));
    let mut by_percent = by_amount.clone();
    by_percent.intent.id = OrderId::from_bytes([15; 16]);
    by_percent.intent.terms.trail = Some(Trail::Percent("12.5".parse().unwrap()));
    vec![one_leg, alternative, stop, stop_limit, by_amount, by_percent]
}

#[test]
fn adapter_and_paper_venue_keep_the_brokers_published_contract() {
    let Some(contract) = std::env::var_os("TRUEBOOK_ALPACA_SPEC") else {
        say("SKIPPED: TRUEBOOK_ALPACA_SPEC names no contract to compare with");
        return;
    };
    let prism = match prism() {
        Ok(prism) => prism,
        Err(why) => return skip("prism", &why),
    };
    let paper = start();
    let proxy = Proxy::start(&prism, &mended(Path::new(&contract)), &paper);
    repertoire(&paper, &proxy.url);
    // It answers first and writes down what it thinks of it then.
    std::thread::sleep(Duration::from_secs(1));
    let said = proxy.said();
    assert!(said.contains("post /v2/orders"), "it checked nothing: {said}");
    let violations: Vec<_> = said.lines().filter(|line| line.contains("Violation")).collect();
    assert!(violations.is_empty(), "{violations:#?}");
}
