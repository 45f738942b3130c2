//! Answers of a session; the JSON contract.

use crate::errors::Failure;
use serde::Serialize;
use truebook::book::{CheckpointDone, Recorded, Status};
use truebook::core::doc::Doc;
use truebook::core::id::{OrderId, Seq, VenueOrderId};
use truebook::core::life::OrderState;
use truebook::core::settings::Change;
use truebook::engine::{ReconcileOutcome, Reconciliation, Submitted, SubmittedBy};

/// One line.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<&'a Doc>,
    #[serde(flatten)]
    pub(super) body: Body,
}

/// What it says.
#[derive(Default, Serialize)]
pub(super) struct Body {
    ok: bool,
    /// The event that is durable now.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<Seq>,
    #[serde(skip_serializing_if = "is_false")]
    unchanged: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Doc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checkpoint: Option<CheckpointDone>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unaccepted_settings: Option<Vec<Change>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<OrderAnswer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reconciled: Option<Reconciled>,
    #[serde(skip_serializing_if = "is_false")]
    closed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(rename = "try", skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

/// Where an order stands.
#[derive(Serialize)]
pub(super) struct OrderAnswer {
    client_order_id: OrderId,
    state: OrderState,
    venue_orders: Vec<VenueOrderId>,
    /// Whether an earlier command had submitted it.
    repeated: bool,
}

impl From<Submitted> for OrderAnswer {
    fn from(submitted: Submitted) -> Self {
        let Submitted { id, state, venue_orders, by } = submitted;
        Self { client_order_id: id, state, venue_orders, repeated: by == SubmittedBy::EarlierCall }
    }
}

/// What a reconciliation came to.
#[derive(Serialize)]
struct Reconciled {
    outcome: ReconcileOutcome,
    steps: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Body {
    fn fine() -> Self {
        Self { ok: true, ..Self::default() }
    }

    pub(super) fn recorded(recorded: Recorded) -> Self {
        match recorded {
            Recorded::Durable(seq) => Self { seq: Some(seq), ..Self::fine() },
            Recorded::Unchanged => Self { unchanged: true, ..Self::fine() },
        }
    }

    pub(super) fn got(value: Option<Doc>) -> Self {
        Self { found: Some(value.is_some()), value, ..Self::fine() }
    }

    pub(super) fn nothing_to_remove() -> Self {
        Self { unchanged: true, found: Some(false), ..Self::fine() }
    }

    pub(super) fn checkpointed(done: CheckpointDone) -> Self {
        Self { seq: Some(done.seq), checkpoint: Some(done), ..Self::fine() }
    }

    pub(super) fn status(status: Status, unaccepted: &[Change]) -> Self {
        let unaccepted_settings = (!unaccepted.is_empty()).then(|| unaccepted.to_vec());
        Self { seq: Some(status.seq), status: Some(status), unaccepted_settings, ..Self::fine() }
    }

    pub(super) fn order(order: OrderAnswer) -> Self {
        Self { order: Some(order), ..Self::fine() }
    }

    pub(super) fn reconciled(done: &Reconciliation) -> Self {
        let reconciled = Reconciled { outcome: done.reconciled.clone(), steps: done.steps() };
        Self { reconciled: Some(reconciled), ..Self::fine() }
    }

    pub(super) fn closed(seq: Seq) -> Self {
        Self { seq: Some(seq), closed: true, ..Self::fine() }
    }

    pub(super) fn failed(failure: &Failure) -> Self {
        let hint = failure.hint().map(str::to_owned);
        Self { error: Some(failure.in_one_line()), hint, ..Self::default() }
    }
}
