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
            ("account", |words, with| Ok(with.account = Some(words.named("an account", AccountName::new)?))),
            ("mode", |words, with| Ok(with.mode = Some(words.pick(&MODES)?))),
            ("venue", |words, with| Ok(with.venue = Some(words.named("a venue", VenueName::new)?))),
            ("accept-loss", |_, with| Ok(with.loss = Loss::Accepted)),
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
        ("after", |words| match words.takes("intent") {
            // The intent is durable and nothing was sent.
            Some(()) => Ok(When::Before(RequestKind::Submit)),
            None => {
                let kind = venue::request(words);
                Ok(When::After(kind.map_err(|failed| format!("{failed}, intent"))?))
            }
        }),
        ("at-write", |words| Ok(When::AtWrite(words.value("the number of a write, the next is 1")?))),
    ])?;
    Ok(Action::Process(ProcessDoes::Crash(make(words)?)))
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
