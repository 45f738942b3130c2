//! The auditor: what a book must hold, kept by other means than the book's own.
//!
//! It knows nothing of journals, folds or documents: flat maps of texts, updated by what the workload says it
//! does. After every step it takes a picture; a book that was opened again must look like exactly one of
//! them, and not like one from before the last acknowledgement.

use crate::workload::Op;
use std::collections::{BTreeMap, BTreeSet};
use truebook::Book;
use truebook::book::WriteError;
use truebook_core::id::Seq;

/// What a book must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Model {
    vars: BTreeMap<String, String>,
    /// Live orders and how much of each is filled, in whole units.
    orders: BTreeMap<String, i64>,
    position: i64,
    used: BTreeSet<String>,
    executions: BTreeSet<String>,
    halted: bool,
}

impl Model {
    /// What the workload has just done.
    pub fn apply(&mut self, op: &Op) {
        match op {
            Op::Save(vars) => self.vars.clone_from(vars),
            Op::Set { key, value } | Op::Merge { key, value: Some(value) } => {
                self.vars.insert(key.clone(), value.clone());
            }
            Op::Merge { key, value: None } => {
                self.vars.remove(key);
            }
            Op::Several(values) => self.vars.extend(values.iter().cloned()),
            Op::Intend { key } => {
                self.orders.insert(key.clone(), 0);
                self.used.insert(key.clone());
            }
            Op::Ack { .. } | Op::Unknown { .. } | Op::Checkpoint | Op::Wait { .. } => {}
            Op::Fill { key, execution, units } => self.fill(key, execution, *units),
            Op::Cancel { key } => {
                self.orders.remove(key);
            }
            Op::Halt => self.halted = true,
        }
    }

    fn fill(&mut self, key: &str, execution: &str, units: i64) {
        if !self.executions.insert(execution.to_owned()) {
            return;
        }
        self.position += units;
        if let Some(filled) = self.orders.get_mut(key) {
            *filled += units;
            if *filled >= crate::workload::ORDER_UNITS {
                self.orders.remove(key);
            }
        }
    }

    /// Keys of live orders.
    pub fn live(&self) -> Vec<String> {
        self.orders.keys().cloned().collect()
    }

    /// Executions that were counted.
    pub fn executions(&self) -> &BTreeSet<String> {
        &self.executions
    }

    /// In what the book differs from this; `None` if in nothing.
    pub fn differs_from(&self, book: &Book) -> Result<Option<String>, WriteError> {
        let live = book.live()?;
        let vars: BTreeMap<String, String> = live
            .vars
            .as_object()
            .map(|members| members.iter().map(|(key, value)| (key.to_string(), value.to_compact())).collect())
            .unwrap_or_default();
        let orders: BTreeMap<String, i64> = live
            .orders
            .values()
            .map(|order| (order.intent.key.to_string(), order.filled.to_string().parse().unwrap_or(-1)))
            .collect();
        let position: i64 =
            live.positions.values().map(|p| p.quantity.to_string().parse().unwrap_or(-1)).sum();
        let seen = self.executions.len() + self.used.len() - self.orders.len();
        let halted = live.halted.is_some();
        Ok(difference("variables", &self.vars, &vars)
            .or_else(|| difference("live orders", &self.orders, &orders))
            .or_else(|| difference("position", &self.position, &position))
            .or_else(|| difference("keys and executions", &(seen as u64), &live.seen_count))
            .or_else(|| difference("halt", &self.halted, &halted)))
    }
}

fn difference<T: PartialEq + std::fmt::Debug>(what: &str, wanted: &T, found: &T) -> Option<String> {
    (wanted != found).then(|| format!("{what}: the auditor has {wanted:?}, the book has {found:?}"))
}

/// Pictures of the model, by sequence number.
#[derive(Clone, Debug, Default)]
pub struct History(BTreeMap<Seq, Model>);

impl History {
    /// The picture after the event with this number.
    pub fn keep(&mut self, seq: Seq, model: &Model) {
        self.0.insert(seq, model.clone());
    }

    /// The picture at this number.
    pub fn at(&self, seq: Seq) -> Option<&Model> {
        self.0.get(&seq)
    }
}
