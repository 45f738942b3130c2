//! `block` and `unblock`: new risk in an instrument.

use super::state::Written;
use crate::errors::{Failure, Outcome};
use crate::flags::BlockArgs;
use crate::needs::Needs;
use truebook::Book;
use truebook::book::Recorded;
use truebook::core::event::{BlockKind, Blocked, Event};

pub(super) fn block(needs: &Needs, args: &BlockArgs) -> Result<Outcome, Failure> {
    super::halt::check_reason(&args.reason)?;
    let event = Event::Blocked(blocked(args, BlockKind::Operator));
    let written = needs.with_book(|book| Ok(Written::new(book, book.record(event)?)))?;
    needs.out().show(&written, || {
        format!("new risk in {} is refused from here on ({})", args.symbol, written.in_words())
    })?;
    Ok(Outcome::Fine)
}

pub(super) fn unblock(needs: &Needs, args: &BlockArgs) -> Result<Outcome, Failure> {
    super::halt::check_reason(&args.reason)?;
    let written = needs.with_book(|book| lift(book, args))?;
    needs.out().show(&written, || {
        format!("what somebody had to look at in {} is lifted ({})", args.symbol, written.in_words())
    })?;
    Ok(Outcome::Fine)
}

/// Lifts what waits for a person. What a reconciliation can settle is left to it: lifted by hand, it would
/// come back with the next one.
fn lift(book: &Book, args: &BlockArgs) -> Result<Written, Failure> {
    let blocks = book.live()?.blocked.get(&args.symbol).cloned().unwrap_or_default();
    let kinds: Vec<BlockKind> = blocks.keys().copied().filter(|kind| kind.needs_review()).collect();
    if kinds.is_empty() {
        return Err(nothing_to_lift(args, blocks.keys().next().copied()));
    }
    let events = kinds.into_iter().map(|kind| Event::Unblocked(blocked(args, kind))).collect();
    let recorded = book.record_all(events)?;
    Ok(Written::new(book, recorded.last().copied().unwrap_or(Recorded::Unchanged)))
}

fn nothing_to_lift(args: &BlockArgs, other: Option<BlockKind>) -> Failure {
    match other {
        None => Failure::different(format!("new risk in {} is not refused", args.symbol))
            .with_hint("truebook positions shows what is blocked"),
        Some(kind) => {
            let message =
                format!("{} is blocked for {}, which only its cause can end", args.symbol, kind.name());
            Failure::different(message).with_hint("truebook reconcile --plan, or truebook correct")
        }
    }
}

fn blocked(args: &BlockArgs, kind: BlockKind) -> Blocked {
    Blocked { instrument: args.symbol.clone(), kind, why: args.reason.clone() }
}
