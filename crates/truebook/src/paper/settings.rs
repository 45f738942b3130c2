//! How a paper venue behaves: what it promises, what it trades, what it takes, when its day ends.

use core::time::Duration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use truebook_core::capability::{
    Brackets, Capabilities, ConditionalList, IdClass, IdRule, Lookup, ReplaceQuantity, Rules,
};
use truebook_core::id::{Asset, IdError, Instrument, VenueName};
use truebook_core::money::{Cash, Qty};

/// How a paper venue behaves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaperSettings {
    /// Its name.
    pub name: VenueName,
    /// The account's name.
    pub account: Box<str>,
    /// What cash is counted in.
    pub currency: Asset,
    /// Cash at the beginning.
    pub cash: Cash,
    /// What it promises, and keeps.
    pub capabilities: Capabilities,
    /// What it trades.
    pub instruments: BTreeMap<Instrument, Rules>,
    /// What it takes for an execution.
    pub fees: Fees,
    /// When day orders end.
    pub session: Session,
    /// Whether it looks at cash and holdings.
    pub funds: Funds,
    /// What its ids begin with, so that those of two venues differ.
    pub ids: u32,
    /// The most rows in a page of a list.
    pub page_rows: usize,
}

/// What the venue takes for an execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fees {
    /// Nothing.
    #[default]
    None,
    /// This part of the amount, from the cash.
    Quote(Qty),
    /// This part of what is received: of the quantity when it is bought, of the amount when it is sold.
    Received(Qty),
}

/// When day orders end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Session {
    /// Never: the venue trades around the clock.
    #[default]
    Endless,
    /// Every day, so long after midnight UTC.
    EndsDaily(Duration),
}

/// Whether the venue looks at cash and holdings before it takes an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Funds {
    /// It does not.
    #[default]
    Unchecked,
    /// Cash pays for what is bought, and only what is held can be sold.
    CashOnly,
}

/// The cash that a paper account begins with.
const CASH: i64 = 100_000;
/// The rows of a page, as most venues have it.
const PAGE_ROWS: usize = 500;

impl PaperSettings {
    /// A venue whose client order ids are unique for ever, with native brackets and replacing: like Alpaca.
    ///
    /// # Errors
    /// If the name is none.
    pub fn class_a(name: &str) -> Result<Self, IdError> {
        Ok(Self {
            name: VenueName::new(name)?,
            account: "PAPER1".into(),
            currency: Asset::new("USD")?,
            cash: Cash::new(CASH.into()),
            capabilities: unique_for_ever(),
            instruments: BTreeMap::new(),
            fees: Fees::None,
            session: Session::Endless,
            funds: Funds::Unchecked,
            ids: 0xa1a1_0001,
            page_rows: PAGE_ROWS,
        })
    }

    /// A venue whose client order ids are unique among open orders, with an admission deadline, conditional
    /// orders in a list of their own, and a short memory: like the large crypto exchanges.
    ///
    /// # Errors
    /// If the name is none.
    pub fn class_b(name: &str) -> Result<Self, IdError> {
        let capabilities = Capabilities {
            class: IdClass::B,
            client_id: IdRule { bytes_max: 36, punctuation: "-_".into() },
            admission: Some(Duration::from_secs(5)),
            unfilled_visible: Some(Duration::from_hours(2)),
            closed_window: Some(Duration::from_hours(7 * 24)),
            fills_window: Some(Duration::from_hours(3 * 24)),
            brackets: Brackets::Emulated,
            conditional: ConditionalList::Apart,
            replace: ReplaceQuantity::Remaining,
            requests_per_minute: None,
            clock_skew_max: Duration::from_secs(1),
            ..unique_for_ever()
        };
        Ok(Self { capabilities, ids: 0xb2b2_0002, ..Self::class_a(name)? })
    }

    /// A venue to which client order ids are labels, which can be found in lists only and which replaces
    /// nothing: like a broker's order references.
    ///
    /// # Errors
    /// If the name is none.
    pub fn class_c(name: &str) -> Result<Self, IdError> {
        let capabilities = Capabilities {
            class: IdClass::C,
            client_id: IdRule { bytes_max: 64, punctuation: "-_".into() },
            closed_window: Some(Duration::from_hours(24)),
            fills_window: Some(Duration::from_hours(24)),
            lookup: Lookup::ListsOnly,
            brackets: Brackets::Emulated,
            replace: ReplaceQuantity::Unsupported,
            requests_per_minute: None,
            ..unique_for_ever()
        };
        Ok(Self { capabilities, ids: 0xc3c3_0003, ..Self::class_a(name)? })
    }

    /// Also trades this instrument.
    #[must_use]
    pub fn trading(mut self, instrument: Instrument, rules: Rules) -> Self {
        self.instruments.insert(instrument, rules);
        self
    }
}

/// What a venue of class A promises.
fn unique_for_ever() -> Capabilities {
    Capabilities {
        class: IdClass::A,
        client_id: IdRule { bytes_max: 128, punctuation: "-_.:".into() },
        admission: None,
        propagation: Duration::ZERO,
        unfilled_visible: None,
        closed_window: None,
        fills_window: None,
        lookup: Lookup::ById,
        brackets: Brackets::Native,
        conditional: ConditionalList::Together,
        replace: ReplaceQuantity::Total,
        requests_per_minute: None,
        clock_skew_max: Duration::from_secs(30),
    }
}
