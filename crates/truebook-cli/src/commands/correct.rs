//! `correct`: a position by hand, with a reason.

use crate::errors::{Failure, Outcome};
use crate::flags::CorrectArgs;
use crate::needs::Needs;
use serde::Serialize;
use truebook::Book;
use truebook::core::event::{Corrected, Event};
use truebook::core::id::{Instrument, Seq};
use truebook::core::money::{Price, Qty};

/// What `correct` prints; part of the contract.
#[derive(Serialize)]
struct Done {
    seq: Seq,
    symbol: Instrument,
    /// What the book held before.
    before: Qty,
    /// What it holds now.
    after: Qty,
}

pub(super) fn run(needs: &Needs, args: &CorrectArgs) -> Result<Outcome, Failure> {
    check(args)?;
    let done = needs.with_book(|book| correct(book, args))?;
    needs.out().show(&done, || {
        format!("{}: {} before, {} now (event {})", done.symbol, done.before, done.after, done.seq)
    })?;
    Ok(Outcome::Fine)
}

fn check(args: &CorrectArgs) -> Result<(), Failure> {
    super::halt::check_reason(&args.reason)?;
    if args.quantity.is_zero() {
        return Err(Failure::new("a correction of 0 corrects nothing")
            .with_hint("truebook positions shows what the book holds"));
    }
    match args.price {
        Some(price) if price <= Price::ZERO => {
            Err(Failure::new(format!("the price {price} is not above zero")))
        }
        _ => Ok(()),
    }
}

fn correct(book: &Book, args: &CorrectArgs) -> Result<Done, Failure> {
    let before = held(book, &args.symbol)?;
    if before.is_zero() && args.price.is_none() {
        let message = format!("the book holds no {}, so there is no average price to take", args.symbol);
        return Err(Failure::new(message).with_hint("--price PRICE"));
    }
    let corrected = Corrected {
        instrument: args.symbol.clone(),
        quantity: args.quantity,
        price: args.price,
        why: args.reason.clone(),
    };
    book.record(Event::Corrected(Box::new(corrected)))?;
    Ok(Done { seq: book.last(), symbol: args.symbol.clone(), before, after: held(book, &args.symbol)? })
}

fn held(book: &Book, symbol: &Instrument) -> Result<Qty, Failure> {
    Ok(book.live()?.positions.get(symbol).map_or(Qty::ZERO, |position| position.quantity))
}
