//! Expectations about the last `plan` or `reconcile`.

use super::super::super::script::Expected;
use super::super::{Done, Look, Runner, Stop};
use super::{equal, failed, says};
use crate::engine::ReconcileOutcome;
use truebook_core::reconcile::{Plan, Verdict};

pub(super) fn check(runner: &Runner<'_>, expected: &Expected) -> Done {
    let missing = || Stop::CannotRun("nobody has looked: `plan` or `reconcile` first".to_owned());
    let look = runner.look.as_ref().ok_or_else(missing)?;
    match expected {
        Expected::PlanEmpty => plan_empty(look),
        Expected::PlanRefused(text) => says(&refusals(look), text, "a refused plan"),
        Expected::Events(count) => equal("events written by the last look", count, &look.events),
        Expected::Alarm(text) => says(&alarms(look), text, "an alarm"),
        Expected::NoAlarm => match alarms(look).first() {
            None => Ok(()),
            Some(alarm) => failed("no alarm", alarm),
        },
        Expected::Held(text) => {
            let held = look.plans.iter().flat_map(|plan| &plan.held_back).map(|held| held.why.clone());
            says(&held.collect::<Vec<_>>(), text, "something held back")
        }
        Expected::Reconciled => match outcome(look)? {
            ReconcileOutcome::Agreed => Ok(()),
            ReconcileOutcome::Open(why) => failed("book and venue reconciled", why),
        },
        Expected::NotReconciled(text) => match outcome(look)? {
            ReconcileOutcome::Agreed => failed("a reconciliation that is not complete", "they agree"),
            ReconcileOutcome::Open(why) => {
                let wanted = text.as_deref().unwrap_or("");
                says(core::slice::from_ref(why), wanted, "a reconciliation that is not complete, one")
            }
        },
        _ => Ok(()),
    }
}

fn outcome(look: &Look) -> Result<&ReconcileOutcome, Stop> {
    let missing = || Stop::CannotRun("the last look was a plan: `reconcile` first".to_owned());
    look.reconciliation.as_ref().map(|done| &done.reconciled).ok_or_else(missing)
}

fn plan_empty(look: &Look) -> Done {
    let steps: Vec<String> =
        look.plans.iter().flat_map(|plan| &plan.steps).map(|step| step.why.clone()).collect();
    if steps.is_empty() { Ok(()) } else { failed("an empty plan", steps.join(" | ")) }
}

fn alarms(look: &Look) -> Vec<String> {
    let plans: &[Plan] = &look.plans;
    plans.iter().flat_map(|plan| &plan.alarms).map(|alarm| alarm.what.clone()).collect()
}

fn refusals(look: &Look) -> Vec<String> {
    let refused = look.plans.iter().filter_map(|plan| match &plan.verdict {
        Verdict::Refused(why) => Some(why.clone()),
        _ => None,
    });
    refused.collect()
}
