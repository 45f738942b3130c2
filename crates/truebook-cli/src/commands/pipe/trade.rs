//! Trading in a session: orders by key, in any language.

use super::answer::{Body, OrderAnswer};
use crate::errors::Failure;
use serde::Deserialize;
use truebook::core::doc::{Doc, Members};
use truebook::core::id::{Instrument, OrderKey};
use truebook::core::money::{Price, Qty};
use truebook::core::spec::OrderSpec;
use truebook::engine::{Replace, SubmitError, Trader};

/// What is asked of the trader.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub(super) enum Trade {
    /// An order under a key; the same key again is the same order.
    Submit { key: OrderKey, order: Box<OrderSpec> },
    /// The order of this key is to be cancelled.
    Cancel { key: OrderKey },
    /// The order of this key is to be changed.
    Replace { key: OrderKey, quantity: Option<Qty>, limit: Option<Price>, stop: Option<Price> },
    /// The position is to be closed, by an order under this key.
    ClosePosition { key: OrderKey, instrument: Instrument },
    /// Book and venue are to be brought to agreement.
    Reconcile,
}

/// The names of the ops, and the keys that each takes.
pub(super) const KEYS: [(&str, &[&str]); 5] = [
    ("submit", &["key", "order"]),
    ("cancel", &["key"]),
    ("replace", &["key", "quantity", "limit", "stop"]),
    ("close_position", &["key", "instrument"]),
    ("reconcile", &[]),
];

impl Trade {
    /// Reads a command whose op is one of [`KEYS`].
    pub(super) fn parse(members: &Members) -> Result<Self, Failure> {
        let mut members = members.clone();
        members.remove("id");
        let doc = Doc::from(members);
        serde_json::from_str(&doc.to_compact()).map_err(|failed| {
            Failure::new(format!("the command cannot be read: {failed}")).with_hint(EXAMPLE)
        })
    }

    /// Does it. An order whose outcome nobody knows is no failure: its state says so.
    pub(super) fn perform(self, trader: &Trader) -> Result<Body, Failure> {
        Ok(match self {
            Self::Submit { key, order } => {
                let submitted = trader.submit(&key, &order).map_err(not_submitted)?;
                Body::order(OrderAnswer::from(submitted))
            }
            Self::Cancel { key } => Body::order(trader.cancel(&key)?.into()),
            Self::Replace { key, quantity, limit, stop } => {
                Body::order(trader.replace(&key, &Replace { quantity, limit, stop })?.into())
            }
            Self::ClosePosition { key, instrument } => Body::order(trader.close(&key, &instrument)?.into()),
            Self::Reconcile => Body::reconciled(&trader.reconcile()?),
        })
    }
}

const EXAMPLE: &str = r#"{"op":"submit","key":"k1","order":{"instrument":"AAPL","side":"buy","order_type":"limit","quantity":"1","limit":"187.25","time_in_force":"day"}}"#;

fn not_submitted(failed: SubmitError) -> Failure {
    match failed {
        SubmitError::Write(failed) => failed.into(),
        other => Failure::caused(&other),
    }
}
