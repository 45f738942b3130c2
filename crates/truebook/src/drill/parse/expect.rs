//! What must hold.

use super::super::script::{Action, Expected, OrderRef, Standing};
use super::words::Words;
use super::{Parse, bot, order};
use truebook_core::event::BlockKind;
use truebook_core::life::OrderState;

pub(super) const TABLE: [(&str, Parse); 2] = [
    ("expect", |words| Ok(Action::Expect(expectation(words)?))),
    ("remember", |words| Ok(Action::Expect(Expected::Remember(text(words)?)))),
];

type Make = fn(&mut Words<'_>) -> Result<Expected, String>;

fn expectation(words: &mut Words<'_>) -> Result<Expected, String> {
    let make = words.pick::<Make>(&[
        ("order", |words| Ok(Expected::Order(order::reference(words)?, state(words)?))),
        ("odd-word", |words| Ok(Expected::OddWord(order::reference(words)?, text(words)?))),
        ("sent", sent),
        ("sent-only-durable", |_| Ok(Expected::SentOnlyDurable)),
        ("received", |words| Ok(Expected::Received(order::reference(words)?, number(words)?))),
        ("at-venue", at_venue),
        ("filled", |words| Ok(Expected::Filled(order::reference(words)?, words.value("a quantity")?))),
        ("fills", |words| Ok(Expected::Fills(order::reference(words)?, words.value("a number")?))),
        ("position", |words| Ok(Expected::Position(order::instrument(words)?, words.value("a quantity")?))),
        ("blocked", |words| Ok(Expected::Blocked(order::instrument(words)?, block(words)?))),
        ("not-blocked", |words| Ok(Expected::NotBlocked(order::instrument(words)?))),
        ("gate", gate),
        ("reconciled", |_| Ok(Expected::Reconciled)),
        ("not-reconciled", |words| Ok(Expected::NotReconciled(words.maybe().map(str::to_owned)))),
        ("plan", plan),
        ("events", |words| Ok(Expected::Events(number(words)?))),
        ("refused", |words| Ok(Expected::Refused(text(words)?))),
        ("alarm", |words| Ok(Expected::Alarm(text(words)?))),
        ("no-alarm", |_| Ok(Expected::NoAlarm)),
        ("held-back", |words| Ok(Expected::Held(text(words)?))),
        ("set-aside", |words| Ok(Expected::SetAside(text(words)?))),
        ("finding", |words| Ok(Expected::Finding(text(words)?))),
        ("nothing-lost", |_| Ok(Expected::NothingLost)),
        ("halted", |words| Ok(Expected::Halted(text(words)?))),
        ("var", |words| Ok(Expected::Var(bot::path(words)?, bot::json(words)?))),
        ("same-as", |words| Ok(Expected::Same(text(words)?))),
        ("unprotected", unprotected),
        ("leg", |words| Ok(Expected::Leg(order::reference(words)?, order::side(words)?))),
        ("not-running", |_| Ok(Expected::Stopped)),
    ])?;
    make(words)
}

fn text(words: &mut Words<'_>) -> Result<String, String> {
    words.next("a text, in quotes if it has blanks").map(str::to_owned)
}

fn number(words: &mut Words<'_>) -> Result<u64, String> {
    words.value("a number")
}

/// `none` for an order that the book has never had.
fn state(words: &mut Words<'_>) -> Result<Option<OrderState>, String> {
    let known = OrderState::ALL.map(|state| (state.name(), Some(state)));
    let table: Vec<_> = known.into_iter().chain([("none", None)]).collect();
    words.pick(&table)
}

fn block(words: &mut Words<'_>) -> Result<BlockKind, String> {
    let kinds = [
        BlockKind::PositionDifference,
        BlockKind::Overfill,
        BlockKind::ForeignOrder,
        BlockKind::Unprotected,
        BlockKind::Unexplained,
        BlockKind::Operator,
    ];
    words.pick(&kinds.map(|kind| (kind.name(), kind)))
}

/// `sent ORDER N`, or `sent all N`.
fn sent(words: &mut Words<'_>) -> Result<Expected, String> {
    let of: Option<OrderRef> = match words.takes("all") {
        Some(()) => None,
        None => Some(order::reference(words)?),
    };
    Ok(Expected::Sent(of, number(words)?))
}

/// `at-venue ORDER N [live]`.
fn at_venue(words: &mut Words<'_>) -> Result<Expected, String> {
    let of = order::reference(words)?;
    let count = words.value("a number")?;
    let standing = words.takes("live").map_or(Standing::Any, |()| Standing::Live);
    Ok(Expected::AtVenue(of, standing, count))
}

fn gate(words: &mut Words<'_>) -> Result<Expected, String> {
    let instrument = order::instrument(words)?;
    let make = words.pick::<fn(_, Option<String>) -> Expected>(&[
        ("open", |instrument, _| Expected::GateOpen(instrument)),
        ("shut", Expected::GateShut),
    ])?;
    Ok(make(instrument, words.maybe().map(str::to_owned)))
}

fn plan(words: &mut Words<'_>) -> Result<Expected, String> {
    let make = words.pick::<Make>(&[
        ("empty", |_| Ok(Expected::PlanEmpty)),
        ("refused", |words| Ok(Expected::PlanRefused(text(words)?))),
    ])?;
    make(words)
}

fn unprotected(words: &mut Words<'_>) -> Result<Expected, String> {
    let make = words.pick::<Make>(&[
        ("never", |_| Ok(Expected::UnprotectedNever)),
        ("at-most", |words| Ok(Expected::UnprotectedAtMost(words.duration()?))),
    ])?;
    make(words)
}
