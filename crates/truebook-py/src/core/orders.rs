//! Orders: submitted, or written down around the bot's own client; and what became of them.

use super::{Core, Held, text};
use crate::fault::Fault;
use crate::rows;
use crate::spec::{self, SpecText};
use pyo3::prelude::*;
use serde_json::Value;
use truebook::core::event::Event;
use truebook::core::id::{Instrument, OrderKey};
use truebook::core::life::{Order, OrderState};
use truebook::core::observation::{FillReport, OrderReport};
use truebook::core::time::Utc;
use truebook::engine::{Intended, Outcome, Replace, Submitted, SubmittedBy};
use truebook::history::{self, Keys};

/// Client order id, state, the venue's ids, whether this call made it.
type SubmittedText = (String, &'static str, Vec<String>, bool);

fn submitted(of: Submitted) -> SubmittedText {
    let venue_orders = of.venue_orders.iter().map(ToString::to_string).collect();
    (of.id.to_string(), of.state.name(), venue_orders, of.by == SubmittedBy::ThisCall)
}

fn parse<T: serde::de::DeserializeOwned>(what: &str, text: &str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|failed| Fault::new("OrderError", format!("{what}: {failed}")))
}

/// Which orders or executions are wanted.
struct Wanted {
    instrument: Option<Instrument>,
    key: Option<OrderKey>,
    since: Option<Utc>,
}

impl Wanted {
    fn of(instrument: Option<&str>, key: Option<&str>, since: Option<&str>) -> Result<Self, Fault> {
        Ok(Self {
            instrument: instrument.map(spec::instrument).transpose()?,
            key: key.map(spec::key).transpose()?,
            since: since.map(spec::time).transpose()?,
        })
    }

    fn is_order(&self, order: &Order) -> bool {
        self.instrument.as_ref().is_none_or(|wanted| *wanted == order.intent.instrument)
            && self.key.as_ref().is_none_or(|wanted| *wanted == order.intent.key)
            && self.since.is_none_or(|since| order.intended_at >= since)
    }
}

/// Whether orders that are over are wanted too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Live,
    All,
}

impl<'py> FromPyObject<'_, 'py> for Reach {
    type Error = PyErr;

    fn extract(all: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(if all.is_truthy()? { Self::All } else { Self::Live })
    }
}

impl Held {
    fn orders(&self, reach: Reach) -> Result<Vec<(Order, OrderState)>, Fault> {
        if reach == Reach::All {
            // What waits to be written is not in the journal yet.
            return Ok(history::orders(&self.told.world(), self.told.key())?);
        }
        let live = self.book.live()?;
        let orders = live.orders.values().map(|order| ((**order).clone(), order.state()));
        Ok(orders.filter(|(_, state)| !state.is_terminal()).collect())
    }

    fn fills(&self, wanted: &Wanted, limit: Option<usize>) -> Result<Vec<Value>, Fault> {
        let (mut keys, mut found) = (Keys::default(), Vec::new());
        history::each::<history::HistoryError>(&self.told.world(), self.told.key(), |seq, record| {
            keys.take(record);
            if let Event::Fill(fill) = &record.ev {
                let key = keys.get(fill.id);
                let is_wanted = wanted.instrument.as_ref().is_none_or(|wanted| *wanted == fill.instrument)
                    && wanted.key.as_ref().is_none_or(|wanted| key == Some(wanted))
                    && wanted.since.is_none_or(|since| record.at >= since);
                if is_wanted {
                    found.push(rows::fill(seq, record, fill, key));
                }
            }
            Ok(())
        })?;
        if let Some(limit) = limit {
            found.drain(..found.len().saturating_sub(limit));
        }
        Ok(found)
    }
}

#[pymethods]
impl Core {
    /// Submits an order under a key.
    fn submit(&self, py: Python<'_>, key: String, order: SpecText) -> PyResult<SubmittedText> {
        self.away(py, |held| {
            let (key, order) = (spec::key(&key)?, order.into_spec()?);
            Ok(submitted(held.trader.submit(&key, &order)?))
        })
    }

    /// Asks for the order of a key to be cancelled.
    fn cancel(&self, py: Python<'_>, key: String) -> PyResult<SubmittedText> {
        self.away(py, |held| Ok(submitted(held.trader.cancel(&spec::key(&key)?)?)))
    }

    /// Asks for the order of a key to be replaced.
    fn replace(
        &self,
        py: Python<'_>,
        key: String,
        quantity: Option<String>,
        limit: Option<String>,
        stop: Option<String>,
    ) -> PyResult<SubmittedText> {
        self.away(py, |held| {
            let replace = Replace {
                quantity: spec::optional("quantity", quantity.as_deref())?,
                limit: spec::optional("limit", limit.as_deref())?,
                stop: spec::optional("stop", stop.as_deref())?,
            };
            Ok(submitted(held.trader.replace(&spec::key(&key)?, &replace)?))
        })
    }

    /// Closes the position in an instrument.
    fn close_position(&self, py: Python<'_>, key: String, instrument: String) -> PyResult<SubmittedText> {
        self.away(py, |held| {
            let (key, instrument) = (spec::key(&key)?, spec::instrument(&instrument)?);
            Ok(submitted(held.trader.close(&key, &instrument)?))
        })
    }

    /// Writes an order down before the bot sends it.
    fn intend(&self, py: Python<'_>, key: String, order: SpecText) -> PyResult<SubmittedText> {
        self.away(py, |held| {
            let (key, order) = (spec::key(&key)?, order.into_spec()?);
            Ok(match held.trader.intend(&key, &order)? {
                Intended::Send(intent) => {
                    (intent.id.to_string(), OrderState::Intended.name(), Vec::new(), true)
                }
                Intended::Known(known) => submitted(known),
            })
        })
    }

    /// Writes down what came of an order that the bot sent.
    fn record_outcome(
        &self,
        py: Python<'_>,
        id: String,
        kind: &str,
        told: String,
    ) -> PyResult<SubmittedText> {
        let kind = kind.to_owned();
        self.away(py, move |held| {
            let outcome = match kind.as_str() {
                "accepted" => Outcome::Accepted(Box::new(parse::<OrderReport>("the report", &told)?)),
                "refused" => Outcome::Refused(told),
                "not_sent" => Outcome::NotSent(told),
                _ => Outcome::Unknown(told),
            };
            Ok(submitted(held.trader.record_outcome(spec::id(&id)?, outcome)?))
        })
    }

    /// Takes in a report of an order.
    fn record_report(&self, py: Python<'_>, report: String) -> PyResult<()> {
        self.away(py, |held| Ok(held.trader.record_report(&parse::<OrderReport>("the report", &report)?)?))
    }

    /// Takes in an execution.
    fn record_fill(&self, py: Python<'_>, fill: String) -> PyResult<()> {
        self.away(py, |held| Ok(held.trader.record_fill(&parse::<FillReport>("the fill", &fill)?)?))
    }

    /// Where the order of a key stands, by its client order id.
    fn order_status(&self, py: Python<'_>, id: String) -> PyResult<SubmittedText> {
        self.away(py, |held| Ok(submitted(held.trader.status(spec::id(&id)?)?)))
    }

    /// The live order of a key, as JSON.
    fn order(&self, py: Python<'_>, key: String) -> PyResult<Option<String>> {
        self.away(py, |held| {
            let found = held.trader.order(&spec::key(&key)?)?;
            found.map(|order| text(&rows::order(&order, order.state()))).transpose()
        })
    }

    /// Orders, as JSON, oldest first.
    fn orders(
        &self,
        py: Python<'_>,
        all: Reach,
        instrument: Option<String>,
        key: Option<String>,
        since: Option<String>,
    ) -> PyResult<String> {
        self.away(py, move |held| {
            let wanted = Wanted::of(instrument.as_deref(), key.as_deref(), since.as_deref())?;
            let mut found = held.orders(all)?;
            found.retain(|(order, _)| wanted.is_order(order));
            found.sort_by_key(|(order, _)| order.intended_at);
            text(&found.iter().map(|(order, state)| rows::order(order, *state)).collect::<Vec<_>>())
        })
    }

    /// Executions, as JSON, oldest first.
    fn fills(
        &self,
        py: Python<'_>,
        instrument: Option<String>,
        key: Option<String>,
        since: Option<String>,
        limit: Option<usize>,
    ) -> PyResult<String> {
        self.away(py, move |held| {
            let wanted = Wanted::of(instrument.as_deref(), key.as_deref(), since.as_deref())?;
            text(&held.fills(&wanted, limit)?)
        })
    }

    /// What is held, as JSON.
    fn positions(&self, py: Python<'_>) -> PyResult<String> {
        self.away(py, |held| text(&rows::positions(&held.book.live()?)))
    }
}
