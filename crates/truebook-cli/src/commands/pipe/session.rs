//! An open book and who talks to it.

use super::answer::{Answer, Body};
use super::lines::LINE_BYTES_MAX;
use super::request::{Op, Request};
use crate::commands::state::{Removed, remove};
use crate::errors::{Failure, Outcome};
use crate::output::Out;
use std::io::Write;
use truebook::Book;
use truebook::book::WriteError;
use truebook::core::doc::Doc;
use truebook::journal::Level;

/// Whether a session goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    GoOn,
    End,
}

/// What has become of a session.
enum State {
    Open(Book),
    /// Closed on demand.
    Closed,
    /// A write or sync failed: nothing is true any more that was not acknowledged before.
    Failed(Failure),
}

/// A session.
pub(super) struct Session {
    state: State,
    /// The first failure after which the book took no more, or not everything.
    stopped: Option<Failure>,
    out: Out,
}

impl Session {
    pub(super) fn new(book: Book, out: Out) -> Self {
        Self { state: State::Open(book), stopped: None, out }
    }

    /// Does what a line asks, and answers once it is durable.
    pub(super) fn answer(&mut self, line: &[u8]) -> Result<Step, Failure> {
        if line.trim_ascii().is_empty() {
            return Ok(Step::GoOn);
        }
        let Request { id, op } = Request::parse(line);
        if matches!(op, Ok(Op::Close)) {
            self.close(id.as_ref())?;
            return Ok(Step::End);
        }
        let body = match &self.state {
            State::Open(book) => match op.and_then(|op| perform(book, op).map_err(|failed| note(&mut self.stopped, failed))) {
                Ok(body) => body,
                Err(failed) => Body::failed(&failed),
            },
            State::Failed(failed) => Body::failed(failed),
            State::Closed => return Ok(Step::End),
        };
        write(&mut self.out, id.as_ref(), body)?;
        self.settle();
        Ok(if self.out.is_closed() { Step::End } else { Step::GoOn })
    }

    pub(super) fn refuse_long_line(&mut self) -> Result<Step, Failure> {
        let failed = Failure::new(format!("the line has more than {LINE_BYTES_MAX} bytes"))
            .with_hint("set or merge parts of the document one by one");
        write(&mut self.out, None, Body::failed(&failed))?;
        Ok(Step::GoOn)
    }
}
