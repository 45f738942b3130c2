//! The client order ids that may be at the venue.

use std::collections::{BTreeMap, BTreeSet};
use truebook_core::id::{OrderId, OrderKey};
use truebook_core::order::Role;
use truebook_core::state::Live;

/// How many attempts and replacements an order of a history has at most.
const ATTEMPTS_MAX: u32 = 24;

pub(super) fn ids_of(live: &Live, key: &OrderKey, role: Role) -> Vec<OrderId> {
    let identity = &live.identity;
    (0..ATTEMPTS_MAX)
        .map(|attempt| OrderId::derive(identity.installation, identity.book, key, role.name(), attempt))
        .collect()
}

/// Every client order id that may follow from the keys of a history. Working them out takes longer than all
/// else, so it is done once a key.
#[derive(Default)]
pub(super) struct Ids {
    keys: BTreeSet<OrderKey>,
    /// The key of each id, where it is an entry's own.
    pub(super) entries: BTreeMap<OrderId, OrderKey>,
    pub(super) others: BTreeSet<OrderId>,
}

impl Ids {
    pub(super) fn learn(&mut self, live: &Live, key: OrderKey) {
        if self.keys.contains(&key) {
            return;
        }
        for role in [Role::Entry, Role::StopLoss, Role::TakeProfit] {
            let ids = ids_of(live, &key, role);
            self.others.extend(replacement_ids(live, &key, role));
            match role {
                Role::Entry => self.entries.extend(ids.into_iter().map(|id| (id, key.clone()))),
                Role::StopLoss | Role::TakeProfit => self.others.extend(ids),
            }
        }
        self.keys.insert(key);
    }
}

fn replacement_ids(live: &Live, key: &OrderKey, role: Role) -> Vec<OrderId> {
    let identity = &live.identity;
    let mut ids = Vec::new();
    for attempt in 0..ATTEMPTS_MAX / 2 {
        let what = format!("{}/{attempt}/replace", role.name());
        ids.extend(
            (1..ATTEMPTS_MAX)
                .map(|number| OrderId::derive(identity.installation, identity.book, key, &what, number)),
        );
    }
    ids
}
