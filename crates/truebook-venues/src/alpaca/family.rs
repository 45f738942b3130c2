//! Which order is a leg of which: the stream sends legs alone, so what lists and replies tell is kept.

use super::wire::Order;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many links are kept; the oldest give way. A leg whose link is gone is found again in the lists.
const LINKS_MAX: usize = 50_000;

/// What is known of brackets.
#[derive(Debug, Default)]
pub(crate) struct Families {
    links: Mutex<Links>,
}

#[derive(Debug, Default)]
struct Links {
    /// The parent of a leg, by the leg's id, or by the id that the venue gave the whole group.
    parents: HashMap<String, String>,
    order: VecDeque<String>,
    /// Orders of which legs are known.
    with_legs: HashSet<String>,
}

impl Families {
    /// Learns from an order with its legs, or from the entry of a group.
    pub(crate) fn learn(&self, order: &Order) {
        let mut links = self.lock();
        for leg in order.legs.iter().flatten() {
            links.add(&leg.id, &order.id);
            links.with_legs.insert(order.id.clone());
        }
        if let (Some(group), Some("entry")) = (&order.group_id, order.group_role.as_deref()) {
            links.add(group, &order.id);
        }
        let before = order.replaces.as_ref().and_then(|id| links.parents.get(id).cloned());
        if let Some(parent) = before {
            links.add(&order.id, &parent);
        }
    }

    /// The parent of an order, if it is a leg and anybody said of which.
    pub(crate) fn parent(&self, order: &Order) -> Option<String> {
        let links = self.lock();
        // What is put in the place of a leg is a leg of the same parent.
        let ids = [Some(&order.id), order.replaces.as_ref(), order.group_id.as_ref()];
        let found = ids.into_iter().flatten().find_map(|id| links.parents.get(id));
        let parent = found.filter(|parent| **parent != order.id).cloned()?;
        drop(links);
        (order.group_role.as_deref() != Some("entry")).then_some(parent)
    }

    /// Of these orders, those that came with others while nobody said with which: a leg that is live when its
    /// parent is over stands alone in every list of live orders.
    pub(crate) fn orphans<'a>(&self, orders: &'a [Order]) -> Vec<&'a Order> {
        let alone = |order: &&Order| {
            let came_with_others = matches!(order.order_class.as_deref(), Some("bracket" | "oto" | "oco"));
            let first = order.group_role.as_deref() == Some("entry") || self.is_parent(&order.id);
            came_with_others && !first && self.parent(order).is_none()
        };
        orders.iter().filter(alone).collect()
    }

    fn is_parent(&self, id: &str) -> bool {
        self.lock().with_legs.contains(id)
    }

    fn lock(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Links {
    fn add(&mut self, child: &str, parent: &str) {
        if self.parents.insert(child.to_owned(), parent.to_owned()).is_some() {
            return;
        }
        self.order.push_back(child.to_owned());
        if self.order.len() > LINKS_MAX {
            let gone = self.order.pop_front().and_then(|oldest| self.parents.remove(&oldest));
            gone.map(|parent| self.with_legs.remove(&parent));
        }
    }
}
