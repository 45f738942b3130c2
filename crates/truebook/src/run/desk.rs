//! What a strategy can do: read the book, remember something, and ask for orders.

use crate::book::{Book, WriteError};
use crate::engine::{SubmitError, Submitted, TradeError, Trader};
use truebook_core::doc::{Doc, Path};
use truebook_core::id::{Instrument, OrderKey};
use truebook_core::life::Order;
use truebook_core::money::Qty;
use truebook_core::spec::OrderSpec;

/// A strategy's access to book and venue.
pub struct Desk<'a> {
    trader: &'a Trader,
    strategy: String,
}

/// Why a desk could not do something.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The order was not submitted; nothing was sent.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// The request could not be made.
    #[error(transparent)]
    Trade(#[from] TradeError),
    /// The strategy's own trouble.
    #[error("{0}")]
    Strategy(String),
}

impl From<WriteError> for DeskError {
    fn from(failed: WriteError) -> Self {
        Self::Trade(failed.into())
    }
}

impl<'a> Desk<'a> {
    pub(super) const fn new(trader: &'a Trader, strategy: String) -> Self {
        Self { trader, strategy }
    }

    /// The book.
    pub fn book(&self) -> &Book {
        self.trader.book()
    }

    /// The trader, for everything that the desk has no shorter word for.
    pub const fn trader(&self) -> &Trader {
        self.trader
    }

    /// What the book holds of an instrument.
    ///
    /// # Errors
    /// If the book cannot be read any more.
    pub fn position(&self, instrument: &Instrument) -> Result<Qty, DeskError> {
        let live = self.book().live()?;
        Ok(live.positions.get(instrument).map_or(Qty::ZERO, |position| position.quantity))
    }

    /// The live orders in an instrument.
    ///
    /// # Errors
    /// If the book cannot be read any more.
    pub fn orders(&self, instrument: &Instrument) -> Result<Vec<Order>, DeskError> {
        let live = self.book().live()?;
        let orders = live.orders.values().filter(|order| order.intent.instrument == *instrument);
        Ok(orders.filter(|order| !order.state().is_terminal()).map(|order| (**order).clone()).collect())
    }

    /// Submits an order in the strategy's name. The same key again is the same order.
    ///
    /// # Errors
    /// Nothing was sent.
    pub fn submit(&self, key: &OrderKey, spec: &OrderSpec) -> Result<Submitted, DeskError> {
        let strategy = Some(self.strategy.as_str().into());
        Ok(self.trader.submit(key, &OrderSpec { strategy, ..spec.clone() })?)
    }

    /// Closes the position in an instrument.
    ///
    /// # Errors
    /// As [`Trader::close`].
    pub fn close(&self, key: &OrderKey, instrument: &Instrument) -> Result<Submitted, DeskError> {
        Ok(self.trader.close(key, instrument)?)
    }

    /// What the strategy remembered under a name.
    ///
    /// # Errors
    /// If the book cannot be read any more.
    pub fn remembered(&self, name: &str) -> Result<Option<Doc>, DeskError> {
        let vars = self.book().live()?.vars;
        Ok(vars.get(&self.place(name)?).cloned())
    }

    /// Remembers something; it is durable when this returns.
    ///
    /// # Errors
    /// If the book does not take it.
    pub fn remember(&self, name: &str, value: &Doc) -> Result<(), DeskError> {
        self.book().set(&self.place(name)?, value)?;
        Ok(())
    }

    fn place(&self, name: &str) -> Result<Path, DeskError> {
        let text = format!("/strategies/{}/{name}", self.strategy);
        text.parse().map_err(|_| DeskError::Strategy(format!("{text} is no path into the variables")))
    }
}
