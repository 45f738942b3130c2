//! Reconcile: observe, plan, check, execute, until a pass finds nothing to do.

use super::{TradeError, Trader, lock};
use serde::Serialize;
use truebook_core::gate::Reconciled;
use truebook_core::observation::Observation;
use truebook_core::reconcile::{Plan, Verdict, check, plan};
use truebook_core::state::State;

/// The most passes in one reconciliation: a leg that is placed, fills and closes its bracket takes a few.
pub const PASSES_MAX: usize = 8;

/// What a reconciliation did.
#[derive(Clone, Debug, Serialize)]
pub struct Reconciliation {
    /// Every plan that was carried out, the last one empty if all is settled.
    pub passes: Vec<Plan>,
    /// Whether new risk is allowed now, blocked instruments excepted.
    pub reconciled: Outcome,
}

/// How a reconciliation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Book and venue agree.
    Agreed,
    /// They do not, or not everything was seen.
    Open(String),
}

impl Reconciliation {
    /// How many steps were carried out.
    pub fn steps(&self) -> usize {
        self.passes.iter().map(|plan| plan.steps.len()).sum()
    }
}

impl Trader {
    /// Looks at the venue and says what would be done, without doing it.
    ///
    /// # Errors
    /// If the venue's clock cannot be read, or the book cannot.
    pub fn plan(&self) -> Result<Plan, TradeError> {
        let _one = lock(&self.0.reconciling);
        let (state, observation) = self.observe()?;
        self.plan_from(state, &observation)
    }

    fn plan_from(&self, state: State, observation: &Observation) -> Result<Plan, TradeError> {
        let (policy, capabilities) = (&self.0.policy, self.0.venue.capabilities());
        let plan = plan(state.clone(), observation, policy, capabilities);
        check(state, observation, policy, capabilities, &plan)?;
        Ok(plan)
    }

    /// Brings book and venue to agreement: at the start, after the stream was cut, and every now and then.
    /// Doing it twice is as good as once; the second time nothing is written.
    ///
    /// # Errors
    /// If the venue's clock cannot be read, the book does not take something, or a plan fails its audit. The
    /// gate is shut then.
    pub fn reconcile(&self) -> Result<Reconciliation, TradeError> {
        let _one = lock(&self.0.reconciling);
        match self.reconcile_passes() {
            Ok(done) => Ok(done),
            Err(failed) => {
                self.shut_gate(failed.to_string());
                Err(failed)
            }
        }
    }

    fn reconcile_passes(&self) -> Result<Reconciliation, TradeError> {
        let mut passes = Vec::new();
        loop {
            let (state, observation) = self.observe()?;
            let plan = self.plan_from(state, &observation)?;
            self.execute(&plan)?;
            // What could not be read is not asked for again at once: a venue that wants fewer requests would
            // get more of them. The next reconciliation asks.
            let is_last = plan.is_empty() || plan.verdict != Verdict::Agreed;
            passes.push(plan.clone());
            if is_last || passes.len() == PASSES_MAX {
                let reconciled = self.conclude(&plan, &observation);
                return Ok(Reconciliation { passes, reconciled });
            }
        }
    }

    /// Opens or shuts the gate by the last plan.
    fn conclude(&self, last: &Plan, observation: &Observation) -> Outcome {
        let mut session = lock(&self.0.session);
        session.venue_positions = observation.held();
        let outcome = match &last.verdict {
            // What cannot settle in this many passes is told by the instruments that stay blocked.
            Verdict::Agreed => Outcome::Agreed,
            Verdict::Incomplete(why) | Verdict::Refused(why) => Outcome::Open(why.clone()),
        };
        session.reconciled = match &outcome {
            Outcome::Agreed => Reconciled::Yes,
            Outcome::Open(why) => Reconciled::No { why: why.clone() },
        };
        outcome
    }
}
