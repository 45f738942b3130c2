//! The paper venue in this process: real matching, no money, faults on demand.

use crate::fault::Fault;
use crate::spec;
use pyo3::prelude::*;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use truebook::World;
use truebook::book::OpenOptions;
use truebook::core::capability::{IdClass, Rules};
use truebook::core::id::Instrument;
use truebook::core::money::{Cash, Qty};
use truebook::paper::{Fault as Mishap, Fees, PaperSettings, PaperStore, PaperVenue, Rate, RequestKind};
use truebook::venue::Venue;
use truebook::world::SystemClock;

/// What was told of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    name: String,
    id_class: IdClass,
    instruments: BTreeMap<Instrument, RulesText>,
    cash: Option<Cash>,
    fee_rate: Option<Qty>,
    store: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesText {
    tick: truebook::core::money::Price,
    lot: Qty,
    notional_min: Cash,
    multiplier: Option<Qty>,
}

/// A fault, by its name and what belongs to it.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum MishapText {
    ReplyLost,
    Unreadable,
    RequestLost,
    Late(f64),
    TooMany(f64),
    TooManyYetDone,
    Maintenance,
    ServerError,
    Pieces(u32),
    LateFills(f64),
    SlowCancel(f64),
    FirstRows(usize),
    Omitted(usize),
    OddWord(Box<str>),
}

impl MishapText {
    fn into_mishap(self) -> Result<Mishap, Fault> {
        let time = |seconds: f64| {
            Duration::try_from_secs_f64(seconds)
                .map_err(|failed| Fault::new("OptionError", format!("{seconds} s: {failed}")))
        };
        Ok(match self {
            Self::ReplyLost => Mishap::ReplyLost,
            Self::Unreadable => Mishap::Unreadable,
            Self::RequestLost => Mishap::RequestLost,
            Self::Late(by) => Mishap::Late(time(by)?),
            Self::TooMany(by) => Mishap::TooMany(time(by)?),
            Self::TooManyYetDone => Mishap::TooManyYetDone,
            Self::Maintenance => Mishap::Maintenance,
            Self::ServerError => Mishap::ServerError,
            Self::Pieces(pieces) => Mishap::Pieces(pieces),
            Self::LateFills(by) => Mishap::LateFills(time(by)?),
            Self::SlowCancel(by) => Mishap::SlowCancel(time(by)?),
            Self::FirstRows(rows) => Mishap::FirstRows(rows),
            Self::Omitted(row) => Mishap::Omitted(row),
            Self::OddWord(word) => Mishap::OddWord(word),
        })
    }
}

/// The request that a fault befalls.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindText {
    Submit,
    Cancel,
    Replace,
    Find,
    OpenOrders,
    ClosedOrders,
    Fills,
    Positions,
    Account,
    Connect,
}

impl From<KindText> for RequestKind {
    fn from(text: KindText) -> Self {
        match text {
            KindText::Submit => Self::Submit,
            KindText::Cancel => Self::Cancel,
            KindText::Replace => Self::Replace,
            KindText::Find => Self::Find,
            KindText::OpenOrders => Self::OpenOrders,
            KindText::ClosedOrders => Self::ClosedOrders,
            KindText::Fills => Self::Fills,
            KindText::Positions => Self::Positions,
            KindText::Account => Self::Account,
            KindText::Connect => Self::Connect,
        }
    }
}

/// A paper venue. Use `truebook.PaperVenue`.
#[pyclass(frozen, module = "truebook._truebook")]
pub(crate) struct PaperCore {
    venue: PaperVenue,
}

impl PaperCore {
    /// As the engine sees it.
    pub(crate) fn as_venue(&self) -> Arc<dyn Venue> {
        Arc::new(self.venue.clone())
    }
}

fn wrong(failed: impl std::fmt::Display) -> Fault {
    Fault::new("OptionError", failed.to_string())
}

fn make(told: Told) -> Result<PaperVenue, Fault> {
    let usual = match told.id_class {
        IdClass::A => PaperSettings::class_a(&told.name),
        IdClass::B => PaperSettings::class_b(&told.name),
        IdClass::C => PaperSettings::class_c(&told.name),
    };
    let mut settings = usual.map_err(wrong)?;
    settings.cash = told.cash.unwrap_or(settings.cash);
    settings.fees = told.fee_rate.map_or(Fees::None, Fees::Quote);
    for (instrument, rules) in told.instruments {
        let RulesText { tick, lot, notional_min, multiplier } = rules;
        settings = settings.trading(instrument, Rules { tick, lot, notional_min, multiplier, base: None });
    }
    let clock = Arc::new(SystemClock);
    match told.store {
        None => Ok(PaperVenue::new(settings, clock)),
        Some(directory) => {
            let store = PaperStore::open(World::real(directory), OpenOptions::default());
            let store = store.map_err(|failed| Fault::new("FileError", failed.to_string()))?;
            PaperVenue::stored(settings, clock, store)
                .map_err(|failed| Fault::new("FileError", failed.to_string()))
        }
    }
}

#[pymethods]
impl PaperCore {
    /// Makes a venue of settings as JSON.
    #[new]
    fn new(py: Python<'_>, told: String) -> PyResult<Self> {
        let venue = py.detach(|| make(serde_json::from_str(&told).map_err(wrong)?))?;
        Ok(Self { venue })
    }

    /// Its name.
    #[getter]
    fn name(&self) -> String {
        Venue::name(&self.venue).to_string()
    }

    /// Sets the price of an instrument, and executes what can be executed at it.
    fn set_price(&self, py: Python<'_>, instrument: String, price: String) -> PyResult<()> {
        py.detach(|| {
            let (instrument, price) = (spec::instrument(&instrument)?, spec::parse("price", &price)?);
            self.venue.tick(&instrument, price).map_err(Fault::from)
        })?;
        Ok(())
    }

    /// What goes wrong with the next request of a kind, once; with `per_thousand`, by chance from here on.
    fn fail(&self, on: String, fault: String, per_thousand: Option<u64>) -> PyResult<()> {
        let on = spec::word::<KindText>("on", &on)?.into();
        let fault: MishapText = serde_json::from_str(&fault).map_err(wrong)?;
        let fault = fault.into_mishap()?;
        self.venue.faults(|faults| match per_thousand {
            None => faults.script(on, fault),
            Some(per_thousand) => faults.rate(Rate { on, fault, per_thousand }),
        });
        Ok(())
    }

    /// From here on everything goes well.
    fn clear_faults(&self) {
        self.venue.faults(truebook::paper::Faults::clear);
    }

    /// Lets everything happen that is due by now.
    fn pass_time(&self, py: Python<'_>) -> PyResult<()> {
        Ok(py.detach(|| self.venue.pass_time().map_err(Fault::from))?)
    }

    /// What the venue really has, as JSON: every order with its venue's id, client order id and status, how many
    /// executions, and what is held.
    fn audit(&self, py: Python<'_>) -> String {
        py.detach(|| {
            self.venue.audit(|exchange| {
                let orders = exchange.all_orders().map(|order| {
                    json!({ "venue_order": order.id, "client_id": order.client_id, "status": order.status })
                });
                let held: BTreeMap<_, _> =
                    exchange.positions().map(|(of, position)| (of, position.quantity)).collect();
                let (orders, fills) = (orders.collect::<Vec<_>>(), exchange.all_fills().len());
                json!({ "orders": orders, "fills": fills, "positions": held }).to_string()
            })
        })
    }
}
