//! What the engine knows besides the book, for as long as the process lives.

use super::{Trader, lock};
use crate::book::WriteError;
use crate::journal::Level;
use std::collections::{BTreeMap, BTreeSet};
use truebook_core::gate::{Conditions, Disk, Pass, Reconciled, Refusal, Request, SettingsState};
use truebook_core::id::{Instrument, OrderId};
use truebook_core::money::Qty;
use truebook_core::planted::{Bug, is};

pub(super) struct Session {
    pub(super) reconciled: Reconciled,
    pub(super) venue_positions: BTreeMap<Instrument, Qty>,
    pub(super) in_flight: BTreeSet<OrderId>,
    /// The venue's clock minus ours, in nanoseconds, as last seen.
    pub(super) skew_nanos: Option<i64>,
    settings: SettingsState,
}

impl Session {
    pub(super) fn new(settings: SettingsState) -> Self {
        let why = "nobody has looked yet since the program started".to_owned();
        let too_early = is(Bug::GateOpenTooEarly);
        let reconciled = if too_early { Reconciled::Yes } else { Reconciled::No { why } };
        Self {
            reconciled,
            venue_positions: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            skew_nanos: None,
            settings,
        }
    }
}

impl Trader {
    /// The conditions under which the gate decides just now.
    pub fn conditions(&self) -> Conditions {
        let session = lock(&self.0.session);
        let disk = match self.0.book.disk_level() {
            None => Disk::Healthy,
            Some(Level::Full | Level::Failed) => Disk::Full,
        };
        Conditions {
            reconciled: session.reconciled.clone(),
            disk,
            settings: session.settings,
            class: self.0.venue.capabilities().class,
            venue_positions: session.venue_positions.clone(),
        }
    }

    /// Asks the gate.
    pub(super) fn ask_gate(&self, request: Request<'_>) -> Result<Result<Pass, Refusal>, WriteError> {
        let conditions = self.conditions();
        self.0.book.with_state(|state| truebook_core::gate::check(state, &conditions, request))
    }

    /// Shuts the gate until the next complete reconciliation.
    pub fn shut_gate(&self, why: impl Into<String>) {
        lock(&self.0.session).reconciled = Reconciled::No { why: why.into() };
    }

    /// Whether book and venue were brought to agreement and nothing has shaken that since.
    pub fn is_reconciled(&self) -> bool {
        lock(&self.0.session).reconciled == Reconciled::Yes
    }
}
