//! The process and time.

use super::super::script::{Action, Loss, ProcessDoes, StartWith, TimeDoes, When};
use super::words::Words;
use super::{Parse, venue};
use crate::paper::RequestKind;
use truebook_core::id::{AccountName, VenueName};
use truebook_core::identity::Mode;

pub(super) const MODES: [(&str, Mode); 2] = [("paper", Mode::Paper), ("live", Mode::Live)];

pub(super) const TABLE: [(&str, Parse); 7] = [
    ("create", |_| Ok(Action::Process(ProcessDoes::Create))),
    ("start", start),
    ("stop", |_| Ok(Action::Process(ProcessDoes::Stop))),
    ("crash", crash),
    ("second-opener", |_| Ok(Action::Process(ProcessDoes::SecondOpener))),
    ("wait", wait),
    ("clock", clock),
];

fn start(words: &mut Words<'_>) -> Result<Action, String> {
    type Set = fn(&mut Words<'_>, &mut StartWith) -> Result<(), String>;
    let mut with = StartWith::default();
    while !words.is_at_end() {
        let set = words.pick::<Set>(&[
            ("account", |words, with| {
                words.named("an account", AccountName::new).map(|value| with.account = Some(value))
            }),
            ("mode", |words, with| words.pick(&MODES).map(|value| with.mode = Some(value))),
            ("venue", |words, with| {
                words.named("a venue", VenueName::new).map(|value| with.venue = Some(value))
            }),
            ("accept-loss", |_, with| {
                with.loss = Loss::Accepted;
                Ok(())
            }),
        ])?;
        set(words, &mut with)?;
    }
    Ok(Action::Process(ProcessDoes::Start(with)))
}

fn crash(words: &mut Words<'_>) -> Result<Action, String> {
    type Make = fn(&mut Words<'_>) -> Result<When, String>;
    if words.is_at_end() {
        return Ok(Action::Process(ProcessDoes::Crash(When::Now)));
    }
    let make = words.pick::<Make>(&[
        ("before", |words| Ok(When::Before(venue::request(words)?))),
        ("after", after),
        ("at-write", |words| Ok(When::AtWrite(words.value("the number of a write, the next is 1")?))),
    ])?;
    Ok(Action::Process(ProcessDoes::Crash(make(words)?)))
}

/// `after intent` is before the order leaves: it is durable, and nothing was sent.
fn after(words: &mut Words<'_>) -> Result<When, String> {
    if words.takes("intent").is_some() {
        return Ok(When::Before(RequestKind::Submit));
    }
    let kind = venue::request(words).map_err(|failed| format!("{failed}, intent"))?;
    Ok(When::After(kind))
}

fn wait(words: &mut Words<'_>) -> Result<Action, String> {
    let does = match words.takes("until") {
        Some(()) => TimeDoes::Until(words.time_of_day()?),
        None => TimeDoes::Wait(words.duration()?),
    };
    Ok(Action::Time(does))
}

fn clock(words: &mut Words<'_>) -> Result<Action, String> {
    type Make = fn(&mut Words<'_>) -> Result<TimeDoes, String>;
    let make = words.pick::<Make>(&[
        ("ahead", |words| Ok(TimeDoes::Ahead(words.duration()?))),
        ("behind", |words| Ok(TimeDoes::Behind(words.duration()?))),
    ])?;
    Ok(Action::Time(make(words)?))
}
