//! What the venue does.

use super::super::script::{Action, List, RawEvent, VenueDoes, Word};
use super::words::Words;
use super::{Parse, order};
use crate::paper::{Fault, RequestKind};
use truebook_core::id::{ExecutionId, VenueOrderId};
use truebook_core::money::Qty;

pub(super) const TABLE: [(&str, Parse); 11] = [
    ("price", |words| Ok(does(VenueDoes::Price(order::instrument(words)?, words.value("a price")?)))),
    ("fault", |words| Ok(does(VenueDoes::Fault(request(words)?, fault(words)?)))),
    ("spare", |words| Ok(does(VenueDoes::Spare(request(words)?, words.value("a number of requests")?)))),
    ("foreign", foreign),
    ("double", |words| Ok(does(VenueDoes::Double(order::reference(words)?)))),
    ("withdraw", |words| Ok(does(VenueDoes::Withdraw(order::reference(words)?)))),
    ("word", word),
    ("hide", hide),
    ("event", event),
    ("show", |words| Ok(does(VenueDoes::Show(words.rest())))),
    ("holding", |words| Ok(does(VenueDoes::Holding(order::instrument(words)?, words.value("a quantity")?)))),
];

const fn does(what: VenueDoes) -> Action {
    Action::Venue(what)
}

/// The kinds of requests, and of a stream's messages.
pub(super) fn request(words: &mut Words<'_>) -> Result<RequestKind, String> {
    words.pick(&[
        ("submit", RequestKind::Submit),
        ("cancel", RequestKind::Cancel),
        ("replace", RequestKind::Replace),
        ("find", RequestKind::Find),
        ("open-orders", RequestKind::OpenOrders),
        ("conditional-orders", RequestKind::ConditionalOrders),
        ("closed-orders", RequestKind::ClosedOrders),
        ("fills", RequestKind::Fills),
        ("positions", RequestKind::Positions),
        ("account", RequestKind::Account),
        ("connect", RequestKind::Connect),
        ("message", RequestKind::Message),
    ])
}

fn fault(words: &mut Words<'_>) -> Result<Fault, String> {
    type Make = fn(&mut Words<'_>) -> Result<Fault, String>;
    let make = words.pick::<Make>(&[
        ("reply-lost", |_| Ok(Fault::ReplyLost)),
        ("unreadable", |_| Ok(Fault::Unreadable)),
        ("request-lost", |_| Ok(Fault::RequestLost)),
        ("late", |words| Ok(Fault::Late(words.duration()?))),
        ("too-many", |words| Ok(Fault::TooMany(words.duration()?))),
        ("maintenance", |_| Ok(Fault::Maintenance)),
        ("server-error", |_| Ok(Fault::ServerError)),
        ("pieces", |words| Ok(Fault::Pieces(words.value("a number of pieces")?))),
        ("late-fills", |words| Ok(Fault::LateFills(words.duration()?))),
        ("slow-cancel", |words| Ok(Fault::SlowCancel(words.duration()?))),
        ("first-rows", |words| Ok(Fault::FirstRows(words.value("a number of rows")?))),
        ("omitted", |words| Ok(Fault::Omitted(words.value("the number of a row, the first is 0")?))),
        ("odd-word", |words| Ok(Fault::OddWord(words.next("a word")?.into()))),
        ("twice", |_| Ok(Fault::Twice)),
        ("swapped", |_| Ok(Fault::Swapped)),
        ("cut", |words| Ok(Fault::Cut(words.duration()?))),
    ])?;
    make(words)
}

fn foreign(words: &mut Words<'_>) -> Result<Action, String> {
    let name = words.next("a client order id of somebody else")?.to_owned();
    Ok(does(VenueDoes::Foreign(name, Box::new(order::spec(words)?))))
}

fn word(words: &mut Words<'_>) -> Result<Action, String> {
    let of = order::reference(words)?;
    let word = if words.takes("as-it-is").is_some() { None } else { Some(status_word(words)?) };
    Ok(does(VenueDoes::Word(of, word)))
}

fn status_word(words: &mut Words<'_>) -> Result<Word, String> {
    let word = words.next("the venue's word for a status")?.into();
    let why_held = words.takes("why-held").map(|()| words.next("why it is held").map(str::to_owned));
    Ok(Word { word, why_held: why_held.transpose()? })
}

fn hide(words: &mut Words<'_>) -> Result<Action, String> {
    let of = order::reference(words)?;
    words.pick(&[("from", ())])?;
    let list = words.pick(&[
        ("open", List::Open),
        ("closed", List::Closed),
        ("fills", List::Fills),
        ("find", List::Find),
        ("everywhere", List::Everywhere),
    ])?;
    if words.is_at_end() {
        return Ok(does(VenueDoes::Hide(of, list, None)));
    }
    let times = words.value("a number of answers")?;
    words.pick(&[("times", ())])?;
    Ok(does(VenueDoes::Hide(of, list, Some(times))))
}

fn event(words: &mut Words<'_>) -> Result<Action, String> {
    type Make = fn(&mut Words<'_>) -> Result<RawEvent, String>;
    let name = words.next("a name for the event")?.to_owned();
    let make = words.pick::<Make>(&[
        ("order", raw_order),
        ("fill", raw_fill),
        ("lost", |_| Ok(RawEvent::Lost)),
        ("restored", |_| Ok(RawEvent::Restored)),
    ])?;
    Ok(does(VenueDoes::Event(name, make(words)?)))
}

fn venue_id(words: &mut Words<'_>) -> Result<VenueOrderId, String> {
    words.named("the venue's id for the order", VenueOrderId::new)
}

/// `order ORDER ID WORD [why-held WHY] [filled QUANTITY]`.
fn raw_order(words: &mut Words<'_>) -> Result<RawEvent, String> {
    let (order, id, word) = (order::reference(words)?, venue_id(words)?, status_word(words)?);
    let filled = words.takes("filled").map(|()| words.value("a quantity")).transpose()?;
    Ok(RawEvent::Order { order, id, word, filled: filled.unwrap_or(Qty::ZERO) })
}

/// `fill ORDER ID QUANTITY at PRICE as EXECUTION`.
fn raw_fill(words: &mut Words<'_>) -> Result<RawEvent, String> {
    let (order, id) = (order::reference(words)?, venue_id(words)?);
    let quantity = words.value("a quantity")?;
    words.pick(&[("at", ())])?;
    let price = words.value("a price")?;
    words.pick(&[("as", ())])?;
    let execution = words.named("an execution's id", ExecutionId::new)?;
    Ok(RawEvent::Fill { order, id, quantity, price, execution })
}
