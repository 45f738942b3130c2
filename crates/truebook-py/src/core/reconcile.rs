//! Book and venue brought to agreement, or what that would take: the shape that the command prints.

use super::{Core, Held, text};
use crate::fault::Fault;
use pyo3::prelude::*;
use serde_json::{Value, json};
use truebook::core::gate::{Disk, Reconciled, SettingsState};
use truebook::core::reconcile::{Plan, Verdict};

impl Held {
    fn shown(&self, step: &str, passes: Vec<Plan>) -> Result<Value, Fault> {
        let blocked = self.blocked()?;
        let (mut steps, mut alarms) = (Vec::new(), Vec::new());
        let last = passes.last().cloned();
        let Some(last) = last else { return Err(Fault::new("PlanError", "nothing was looked at")) };
        let agreed = last.steps.is_empty() && last.verdict == Verdict::Agreed && blocked.is_empty();
        for pass in passes {
            steps.extend(pass.steps);
            for alarm in pass.alarms {
                if !alarms.contains(&alarm) {
                    alarms.push(alarm);
                }
            }
        }
        Ok(json!({
            "step": step,
            "steps": steps,
            "held_back": last.held_back,
            "alarms": alarms,
            "verdict": last.verdict,
            "agreed": agreed,
            "blocked": blocked,
        }))
    }

    /// What is blocked because book and venue differ; what an operator blocked is no difference.
    fn blocked(&self) -> Result<Vec<String>, Fault> {
        let blocked = self.book.live()?.blocked;
        let differs = blocked.into_iter().flat_map(|(instrument, kinds)| {
            let open = kinds.into_iter().filter(|(kind, _)| !kind.needs_review());
            open.map(move |(kind, why)| format!("{instrument} ({}): {why}", kind.name())).collect::<Vec<_>>()
        });
        Ok(differs.collect())
    }

    fn gate(&self) -> Result<Value, Fault> {
        let conditions = self.trader.conditions();
        let live = self.book.live()?;
        let (reconciled, why) = match conditions.reconciled {
            Reconciled::Yes => (true, None),
            Reconciled::No { why } => (false, Some(why)),
        };
        let settings = conditions.settings == SettingsState::Accepted;
        let disk = conditions.disk == Disk::Healthy;
        let gap = truebook::core::gate::in_gap(&live).map(|(why, _)| why);
        let open = reconciled && settings && disk && live.halted.is_none() && gap.is_none();
        Ok(json!({
            "open": open,
            "reconciled": reconciled,
            "why": why,
            "settings_accepted": settings,
            "disk_healthy": disk,
            "halted": live.halted,
            "gap": gap,
            "blocked": live.blocked,
        }))
    }
}

#[pymethods]
impl Core {
    /// What would bring book and venue together, as JSON; nothing is done.
    fn plan(&self, py: Python<'_>) -> PyResult<String> {
        self.away(py, |held| text(&held.shown("plan", vec![held.trader.plan()?])?))
    }

    /// Brings book and venue together, and tells what was done, as JSON.
    fn reconcile(&self, py: Python<'_>) -> PyResult<String> {
        self.away(py, |held| text(&held.shown("done", held.trader.reconcile()?.passes)?))
    }

    /// Whether new risk is refused, and why, as JSON.
    fn gate(&self, py: Python<'_>) -> PyResult<String> {
        self.away(py, |held| text(&held.gate()?))
    }
}
