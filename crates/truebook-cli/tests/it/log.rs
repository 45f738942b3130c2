//! The journal, event by event.

use crate::support::{Place, SMALL, Session};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn seqs(lines: &[Value]) -> Vec<u64> {
    lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect()
}

fn fill(session: &mut Session, numbers: std::ops::Range<u32>) {
    for n in numbers {
        let padding = "x".repeat(120);
        session.fine(&format!(r#"{{"op":"set","path":"/k","value":"{n}{padding}"}}"#));
    }
}

#[test]
fn the_log_has_one_object_a_line_and_keeps_numbers_as_they_were_written() {
    let place = Place::new();
    place.set("price", "600.0");
    let run = place.run(["log", "--json", "--from", "2"]).ok();
    assert!(run.stdout.contains("600.0"), "{}", run.stdout);
    let all = lines(&place.run(["log", "--json"]).ok().stdout);
    assert_eq!(crate::support::keys(&all[0]), ["at", "event", "kind", "seq"]);
    assert_eq!(all[0]["kind"], "created");
    assert_eq!(all[1]["event"]["by"], "set");
}

#[test]
fn ranges_and_kinds_are_picked_across_sealed_segments() {
    let place = Place::new();
    let mut session = place.pipe(SMALL);
    fill(&mut session, 0..150);
    session.end().ok();
    place.run(["checkpoint"]).ok();
    assert!(place.files("journal", "0000").len() > 3);
    let picked = lines(&place.run(["log", "--json", "--from", "40", "--to", "99"]).ok().stdout);
    assert_eq!(seqs(&picked), (40..=99).collect::<Vec<_>>());
    let all = lines(&place.run(["log", "--json"]).ok().stdout);
    assert_eq!(seqs(&all), (1..=151).collect::<Vec<_>>());
    let created = lines(&place.run(["log", "--json", "--kind", "created"]).ok().stdout);
    assert_eq!(seqs(&created), [1]);
    assert_eq!(place.run(["log", "--from", "1000"]).ok().stdout, "");
}

struct Follower {
    child: Child,
    lines: Receiver<String>,
}

impl Follower {
    fn start(place: &Place, args: &[&str]) -> Self {
        let mut command = place.command(["log", "--follow", "--json"]);
        let mut child = command.args(args).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    fn next_seq(&self) -> u64 {
        let line = self.lines.recv_timeout(Duration::from_secs(20)).expect("an event comes");
        serde_json::from_str::<Value>(&line).unwrap()["seq"].as_u64().unwrap()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn check_follows(place: &Place) {
    let mut session = place.pipe(SMALL);
    fill(&mut session, 0..10);
    let follower = Follower::start(place, &["--from", "5"]);
    for seq in 5..=11 {
        assert_eq!(follower.next_seq(), seq);
    }
    // One by one, then many at once, over rolls and seals, then a restart of the writer.
    for n in 0..5 {
        fill(&mut session, n..n + 1);
        assert_eq!(follower.next_seq(), u64::from(n) + 12);
    }
    fill(&mut session, 0..300);
    for seq in 17..=316 {
        assert_eq!(follower.next_seq(), seq);
    }
    session.kill();
    let mut session = place.pipe(SMALL);
    fill(&mut session, 500..600);
    for seq in 317..=416 {
        assert_eq!(follower.next_seq(), seq);
    }
    session.end().ok();
}

#[test]
fn a_follower_sees_every_event_once_across_rolls_seals_and_restarts() {
    check_follows(&Place::new());
}

#[test]
fn a_follower_of_an_encrypted_book_sees_every_event_too() {
    let place = Place::empty().with_variable("TRUEBOOK_KEY", KEY);
    place.run(["init"].into_iter().chain(SMALL)).ok();
    check_follows(&place);
}

#[test]
fn a_follower_ends_by_itself_at_the_last_event_wanted() {
    let place = Place::new();
    place.set("a", "1");
    let run = place.run(["log", "--follow", "--to", "2", "--json"]).ok();
    assert_eq!(seqs(&lines(&run.stdout)), [1, 2]);
}

#[test]
fn p7_damage_is_reported_after_the_events_before_it() {
    let place = Place::new();
    let mut session = place.pipe(SMALL);
    fill(&mut session, 0..100);
    session.end().ok();
    place.run(["checkpoint"]).ok();
    let sealed = place.files("journal", "00000002.seg.zst").pop().unwrap();
    let mut bytes = std::fs::read(&sealed).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&sealed, bytes).unwrap();
    let run = place.run(["log", "--json"]).code(1).says(&["00000002.seg.zst", "try: truebook verify"]);
    let events = run.stdout.lines().filter(|line| line.contains("\"seq\"")).count();
    assert!(events > 10, "{events}");
}
