//! What the journal says, read beside the process that writes it.

use super::super::disk::Power;
use super::super::script::OrderRef;
use super::{Runner, Stop};
use crate::log::{Entry, LogReader};
use std::sync::Arc;
use truebook_core::event::Event;
use truebook_core::id::Seq;
use truebook_core::money::Qty;
use truebook_core::order::Fill;

impl Runner<'_> {
    /// Every event, oldest first.
    pub(super) fn journal(&self) -> Result<Vec<Entry>, Stop> {
        let cannot = |failed: &dyn std::error::Error| Stop::CannotRun(format!("the journal: {failed}"));
        let world = self.world(&Arc::new(Power::new()));
        let mut reader = LogReader::open(&world, None, Seq::new(1)).map_err(|failed| cannot(&failed))?;
        let mut entries = Vec::new();
        loop {
            let batch = reader.next_batch().map_err(|failed| cannot(&failed))?;
            if batch.is_empty() {
                return Ok(entries);
            }
            entries.extend(batch);
        }
    }

    /// Every execution of an order that is in the journal.
    pub(super) fn fills_of(&self, of: &OrderRef) -> Result<Vec<Fill>, Stop> {
        let ids = self.ids(of)?;
        let fills = self.journal()?.into_iter().filter_map(|entry| match entry.record.ev {
            Event::Fill(fill) if ids.contains(&fill.id) => Some(*fill),
            _ => None,
        });
        Ok(fills.collect())
    }

    pub(super) fn filled(&self, of: &OrderRef) -> Result<Qty, Stop> {
        let fills = self.fills_of(of)?;
        let sum = fills.iter().try_fold(Qty::ZERO, |sum, fill| sum.plus(fill.quantity));
        sum.map_err(|failed| Stop::CannotRun(failed.to_string()))
    }
}
