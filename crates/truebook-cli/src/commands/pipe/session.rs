//! An open book and who talks to it.

use super::answer::{Answer, Body};
use super::lines::LINE_BYTES_MAX;
use super::request::{Op, Request};
use super::trade::Trade;
use crate::commands::state::{Removed, remove};
use crate::errors::{self, Failure, Outcome};
use crate::output::Out;
use std::io::Write;
use truebook::Book;
use truebook::book::WriteError;
use truebook::core::doc::Doc;
use truebook::engine::Trader;
use truebook::journal::Stop;

/// Whether a session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    GoOn,
    End,
}

/// A session.
pub(super) struct Session {
    /// `None` once it is closed.
    book: Option<Book>,
    /// With a venue, what trades there.
    trader: Option<Trader>,
    /// Why the book takes no more.
    stopped: Option<Stop>,
    out: Out,
}

impl Session {
    pub(super) fn new(book: Book, trader: Option<Trader>, out: Out) -> Self {
        Self { book: Some(book), trader, stopped: None, out }
    }

    /// Does what a line asks, and answers once it is durable.
    pub(super) fn answer(&mut self, line: &[u8]) -> Result<Step, Failure> {
        if line.trim_ascii().is_empty() {
            return Ok(Step::GoOn);
        }
        let Request { id, op } = Request::parse(line);
        let (body, step) = match op {
            Err(failed) => (Body::failed(&failed), Step::GoOn),
            Ok(Op::Close) => (self.close(), Step::End),
            Ok(op) => (self.perform(op), Step::GoOn),
        };
        self.write(id.as_ref(), body)?;
        Ok(if self.out.is_closed() { Step::End } else { step })
    }

    pub(super) fn refuse_long_line(&mut self) -> Result<Step, Failure> {
        let failed = Failure::new(format!("the line has more than {LINE_BYTES_MAX} bytes"))
            .with_hint("set or merge parts of the document one by one");
        self.write(None, Body::failed(&failed))?;
        Ok(Step::GoOn)
    }

    fn perform(&mut self, op: Op) -> Body {
        // A full disk too ends the session: whoever wrote it must not have to tell the two apart.
        if let Some(stop) = &self.stopped {
            return Body::failed(&WriteError::from(stop.clone()).into());
        }
        let Some(book) = &self.book else {
            return Body::failed(&Failure::new("the session is closed"));
        };
        if let Op::Trade(trade) = op {
            return self.trade(trade);
        }
        match perform(book, op) {
            Ok(body) => body,
            Err(failed) => self.refuse(failed),
        }
    }

    fn trade(&mut self, trade: Trade) -> Body {
        let Some(trader) = &self.trader else {
            let failed = Failure::new("the session has no venue to trade at")
                .with_hint("truebook pipe --venue-url URL");
            return Body::failed(&failed);
        };
        trade.perform(trader).unwrap_or_else(|failed| Body::failed(&failed))
    }

    fn refuse(&mut self, failed: WriteError) -> Body {
        if let WriteError::Stopped(stop) = &failed {
            self.stopped = Some(stop.clone());
        }
        Body::failed(&failed.into())
    }

    fn close(&mut self) -> Body {
        // It holds the book too.
        self.trader = None;
        let Some(book) = self.book.take() else {
            return Body::failed(&Failure::new("the session is closed"));
        };
        let last = book.last();
        match book.close() {
            Ok(()) => Body::closed(last),
            Err(failed) => self.refuse(failed),
        }
    }

    /// Closes the book, unless that was asked for already, and judges the session.
    pub(super) fn end(mut self) -> Outcome {
        if self.book.is_some() {
            self.close();
        }
        let Some(stop) = self.stopped else { return Outcome::Fine };
        errors::tell(&WriteError::from(stop).into());
        Outcome::CouldNot
    }

    fn write(&mut self, id: Option<&Doc>, body: Body) -> Result<(), Failure> {
        let line = serde_json::to_string(&Answer { id, body })
            .map_err(|failed| Failure::new("encode the answer").with_cause(&failed))?;
        self.out.write(|to| writeln!(to, "{line}"))?;
        self.out.flush()
    }
}

fn perform(book: &Book, op: Op) -> Result<Body, WriteError> {
    Ok(match op {
        Op::Set { path, value } => Body::recorded(book.set(&path, &value)?),
        Op::Merge { path, patch } => Body::recorded(book.merge(&path, &patch)?),
        Op::Save { vars } => Body::recorded(book.save(&vars)?),
        Op::Remove { path } => match remove(book, &path)? {
            Removed::Yes(recorded) => Body::recorded(recorded),
            Removed::NothingThere => Body::nothing_to_remove(),
        },
        Op::Get { path } => Body::got(book.vars()?.get(&path).cloned()),
        Op::Checkpoint => Body::checkpointed(book.checkpoint()?),
        Op::Status => Body::status(book.status()?, book.unaccepted_settings()),
        Op::Close | Op::Trade(_) => Body::closed(book.last()),
    })
}
