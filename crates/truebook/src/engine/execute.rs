//! Execute: carries a plan out, step by step, and chooses nothing.

use super::{TradeError, Trader, lock};
use crate::book::WriteError;
use truebook_core::event::{Event, Resent};
use truebook_core::gate::Pass;
use truebook_core::id::{OrderId, VenueOrderId};
use truebook_core::order::Intent;
use truebook_core::reconcile::{Action, Plan};
use truebook_core::state::FoldError;

impl Trader {
    /// Carries the steps out in their order. Facts that stand next to each other become durable together.
    pub(super) fn execute(&self, plan: &Plan) -> Result<(), TradeError> {
        let mut facts = Vec::new();
        for step in &plan.steps {
            if let Action::Record(event) = &step.action {
                facts.push(event.clone());
                continue;
            }
            self.record_facts(core::mem::take(&mut facts))?;
            self.act(&step.action, &step.why)?;
        }
        self.record_facts(facts)?;
        Ok(())
    }

    /// A stream may have brought the same meanwhile, and more: what does not fit any more is looked at again
    /// in the next pass.
    fn record_facts(&self, facts: Vec<Event>) -> Result<(), WriteError> {
        match self.record(facts) {
            Err(WriteError::Refused(FoldError::OrderExists { .. } | FoldError::NotOver { .. })) => Ok(()),
            other => other,
        }
    }

    fn act(&self, action: &Action, why: &str) -> Result<(), TradeError> {
        match action {
            Action::Record(event) => Ok(self.record_facts(vec![event.clone()])?),
            Action::Resend(id) => self.resend(*id, why),
            Action::Cancel { id, venue_order } => self.send_cancel(*id, venue_order.as_ref()),
            Action::Resize { id, quantity } => {
                let replace = super::Replace { quantity: Some(*quantity), ..super::Replace::default() };
                self.replace_id(*id, &replace).map(drop)
            }
            Action::Place(intent) => self.place(intent),
        }
    }

    fn resend(&self, id: OrderId, why: &str) -> Result<(), TradeError> {
        let Some(order) = self.live_order(id)? else { return Ok(()) };
        if !order.venue_orders.is_empty() {
            return Ok(());
        }
        let count = order.resent.saturating_add(1);
        lock(&self.0.session).in_flight.insert(id);
        let written = self.record(vec![Event::Resent(Resent { id, count, why: why.to_owned() })]);
        let sent = written.and_then(|()| self.send(&order.intent));
        self.landed(id);
        Ok(sent?)
    }

    fn place(&self, intent: &Intent) -> Result<(), TradeError> {
        match self.write_intent(intent, Pass::Reduces) {
            Ok(()) => Ok(self.send(intent)?),
            Err(WriteError::Refused(FoldError::OrderExists { .. })) => Ok(()),
            Err(failed) => Err(failed.into()),
        }
    }

    /// Sends a cancel that is durable in the book already.
    pub(super) fn send_cancel(
        &self,
        id: OrderId,
        venue_order: Option<&VenueOrderId>,
    ) -> Result<(), TradeError> {
        let Some(instrument) = self.instrument_of(id)? else { return Ok(()) };
        let target = crate::venue::Target { id, venue_order: venue_order.cloned(), instrument };
        match self.0.venue.cancel(&target) {
            Ok(()) => Ok(()),
            Err(failed) => self.cancel_not_taken(&target, &failed),
        }
    }
}
