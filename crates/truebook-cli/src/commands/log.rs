//! `log`: the events of the journal, one after another.
//!
//! With `--json` one object a line: `{"seq":N,"at":"…","kind":"…","event":{…}}`.

use crate::errors::{Failure, Outcome};
use crate::flags::LogArgs;
use crate::needs::Needs;
use crate::output::{Format, Out};
use serde::Serialize;
use serde_json::value::RawValue;
use std::io::Write;
use std::time::Duration;
use truebook::core::event::{DecodeError, Event};
use truebook::core::id::Seq;
use truebook::core::time::Utc;
use truebook::log::{Entry, LogReader};

/// How often a follower looks for more.
const POLL: Duration = Duration::from_millis(200);
/// How much of an event people are shown on one line.
const SHOWN_CHARS_MAX: usize = 160;

/// An event as it is printed; part of the contract.
#[derive(Serialize)]
struct Line<'a> {
    seq: Seq,
    at: Utc,
    kind: &'a str,
    event: &'a RawValue,
}

/// Whether there is more to show.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    GoOn,
    Enough,
}

pub(super) fn run(needs: &Needs, args: &LogArgs) -> Result<Outcome, Failure> {
    let mut reader = LogReader::open(&needs.world(), needs.key(), Seq::new(args.from))?;
    let mut out = needs.out();
    loop {
        let batch = reader.next_batch()?;
        let at_end = batch.is_empty();
        if show(needs, args, &batch, &mut out)? == Step::Enough || (at_end && !args.follow) {
            return Ok(Outcome::Fine);
        }
        if at_end {
            std::thread::sleep(POLL);
        }
    }
}

fn show(needs: &Needs, args: &LogArgs, batch: &[Entry], out: &mut Out) -> Result<Step, Failure> {
    let wanted = |entry: &Entry| args.to.is_none_or(|to| entry.seq.get() <= to);
    for entry in batch.iter().take_while(|entry| wanted(entry)) {
        let kind = entry.record.ev.name();
        if args.kind.is_empty() || args.kind.iter().any(|wanted| wanted == kind) {
            show_entry(needs.format(), entry, out)?;
        }
        if out.is_closed() {
            return Ok(Step::Enough);
        }
    }
    out.flush()?;
    let last = batch.last().map_or(0, |entry| entry.seq.get());
    Ok(if args.to.is_some_and(|to| last >= to) { Step::Enough } else { Step::GoOn })
}

fn show_entry(format: Format, entry: &Entry, out: &mut Out) -> Result<(), Failure> {
    let Entry { seq, record } = entry;
    let event = event_json(&record.ev)?;
    let kind = record.ev.name();
    let line = match format {
        Format::Text => format!("{seq:>10}  {}  {kind:<9}  {}", record.at, shortened(event.get())),
        Format::Json => serde_json::to_string(&Line { seq: *seq, at: record.at, kind, event: &event })
            .map_err(|failed| unreadable(&failed))?,
    };
    out.write(|to| writeln!(to, "{line}"))
}

/// What an event says, without its name. As text, so that numbers stay as they were written.
pub(super) fn event_json(event: &Event) -> Result<Box<RawValue>, Failure> {
    let text = serde_json::to_string(event).map_err(|failed| unreadable(&failed))?;
    let head = format!("{{\"{}\":", event.name());
    let inner = text.strip_prefix(&head).and_then(|rest| rest.strip_suffix('}')).unwrap_or(&text);
    RawValue::from_string(inner.to_owned()).map_err(|failed| unreadable(&failed))
}

fn unreadable(failed: &serde_json::Error) -> Failure {
    Failure::caused(&DecodeError::Malformed { reason: failed.to_string() })
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
