//! What the bot does.

use super::super::script::{Action, BotDoes};
use super::words::Words;
use super::{Parse, order};
use crate::engine::{Outcome, Replace};
use truebook_core::doc::{Doc, Limits, Path};

pub(super) const TABLE: [(&str, Parse); 14] = [
    ("submit", |words| Ok(does(BotDoes::Submit(order::key(words)?, Box::new(order::spec(words)?))))),
    ("intend", |words| Ok(does(BotDoes::Intend(order::key(words)?, Box::new(order::spec(words)?))))),
    ("outcome", outcome),
    ("cancel", |words| Ok(does(BotDoes::Cancel(order::key(words)?)))),
    ("replace", replace),
    ("close", |words| Ok(does(BotDoes::Close(order::key(words)?, order::instrument(words)?)))),
    ("save", |words| Ok(does(BotDoes::Save(json(words)?)))),
    ("set", |words| Ok(does(BotDoes::Set(path(words)?, json(words)?)))),
    ("plan", |_| Ok(does(BotDoes::Plan))),
    ("reconcile", |_| Ok(does(BotDoes::Reconcile))),
    ("listen", |_| Ok(does(BotDoes::Listen))),
    ("stream", |words| Ok(does(BotDoes::Stream(words.rest())))),
    ("checkpoint", |_| Ok(does(BotDoes::Checkpoint))),
    ("halt", |words| Ok(does(BotDoes::Halt(words.next("a reason")?.to_owned())))),
];

const fn does(what: BotDoes) -> Action {
    Action::Bot(what)
}

pub(super) fn json(words: &mut Words<'_>) -> Result<Doc, String> {
    let text = words.next("JSON, in single quotes")?;
    Doc::parse(text, Limits::default()).map_err(|failed| failed.to_string())
}

pub(super) fn path(words: &mut Words<'_>) -> Result<Path, String> {
    words.named("a path into the variables, as a.b", Path::parse)
}

fn outcome(words: &mut Words<'_>) -> Result<Action, String> {
    type Make = fn(&mut Words<'_>) -> Result<Option<Outcome>, String>;
    let of = order::reference(words)?;
    let make = words.pick::<Make>(&[
        ("accepted", |_| Ok(None)),
        ("refused", |words| Ok(Some(Outcome::Refused(reason(words))))),
        ("not-sent", |words| Ok(Some(Outcome::NotSent(reason(words))))),
        ("unknown", |words| Ok(Some(Outcome::Unknown(reason(words))))),
    ])?;
    Ok(does(BotDoes::Outcome(of, make(words)?)))
}

fn reason(words: &mut Words<'_>) -> String {
    words.maybe().unwrap_or("the drill says so").to_owned()
}

fn replace(words: &mut Words<'_>) -> Result<Action, String> {
    type Set = fn(&mut Words<'_>, &mut Replace) -> Result<(), String>;
    let key = order::key(words)?;
    let mut replace = Replace::default();
    while !words.is_at_end() {
        let set = words.pick::<Set>(&[
            ("quantity", |words, replace| Ok(replace.quantity = Some(words.value("a quantity")?))),
            ("limit", |words, replace| Ok(replace.limit = Some(words.value("a price")?))),
            ("stop", |words, replace| Ok(replace.stop = Some(words.value("a price")?))),
        ])?;
        set(words, &mut replace)?;
    }
    Ok(does(BotDoes::Replace(key, replace)))
}
