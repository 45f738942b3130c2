//! The two steps for a bot that talks to its broker with a client of its own: the intent first, then the
//! outcome.

use super::submit::{Prepared, Submitted, unknown};
use super::{SubmitError, TradeError, Trader};
use crate::venue::{VenueError, VenueErrorKind};
use truebook_core::id::{OrderId, OrderKey};
use truebook_core::observation::{FillReport, OrderReport};
use truebook_core::order::Intent;
use truebook_core::spec::OrderSpec;

/// What came of writing an intent down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intended {
    /// It is durable: now send it, with this client order id.
    Send(Box<Intent>),
    /// The key is an order already: do not send anything.
    Known(Submitted),
}

/// What the bot's own client brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The venue has the order.
    Accepted(Box<OrderReport>),
    /// The venue itself said no, before it had an order.
    Refused(String),
    /// It is certain that nothing left this machine.
    NotSent(String),
    /// Anything else: an exception, a timeout, an unreadable reply.
    Unknown(String),
}

impl Trader {
    /// Writes an order down, durably, before it is sent by the bot itself.
    ///
    /// # Errors
    /// As [`Self::submit`]: nothing may be sent then.
    pub fn intend(&self, key: &OrderKey, spec: &OrderSpec) -> Result<Intended, SubmitError> {
        match self.prepare(key, spec)? {
            Prepared::Used(submitted) => Ok(Intended::Known(submitted)),
            Prepared::New(intent, pass) => {
                self.write_intent(&intent, pass)?;
                Ok(Intended::Send(intent))
            }
        }
    }

    /// Writes down what came of an order that the bot sent itself.
    ///
    /// # Errors
    /// [`TradeError::NoId`] if no such order was intended.
    pub fn record_outcome(&self, id: OrderId, outcome: Outcome) -> Result<Submitted, TradeError> {
        let order = self.live_order(id)?;
        let Some(order) = order else { return self.status(id) };
        let error = |kind, why: String| Err(VenueError::new(kind, why));
        match outcome {
            Outcome::Accepted(report) => {
                // The bot says it, and may not say it again: durable before this returns.
                self.record(self.facts_about(id, &report)?)?;
            }
            Outcome::Refused(why) => self.record_reply(&order.intent, error(VenueErrorKind::Refused, why))?,
            Outcome::NotSent(why) => self.record_reply(&order.intent, error(VenueErrorKind::NotSent, why))?,
            Outcome::Unknown(why) => {
                self.record(vec![unknown(id, &VenueError::new(VenueErrorKind::Unknown, why))])?;
            }
        }
        self.landed(id);
        self.status(id)
    }

    /// Takes in what the bot's own client learnt of an order.
    ///
    /// # Errors
    /// If the book does not take it.
    pub fn record_report(&self, report: &OrderReport) -> Result<(), TradeError> {
        self.absorb_report(report).map(drop)
    }

    /// Takes in an execution that the bot's own client learnt of. The same one twice counts once.
    ///
    /// # Errors
    /// If the book does not take it.
    pub fn record_fill(&self, fill: &FillReport) -> Result<(), TradeError> {
        self.absorb_fill(fill).map(drop)
    }
}
