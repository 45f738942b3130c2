//! A reconciliation for people.

use super::Shown;
use truebook::core::reconcile::{Action, HeldBack, Step, Verdict};

pub(super) fn describe(shown: &Shown) -> String {
    let mut lines: Vec<String> = shown.alarms.iter().map(|alarm| format!("! {}", alarm.what)).collect();
    lines.extend(shown.clock_off_s.map(|off| {
        let side = if off < 0 { "behind" } else { "ahead of" };
        format!("! the venue's clock is {} s {side} this machine's: set the clock", off.abs())
    }));
    let verb = if shown.step == "plan" { "to do" } else { "done" };
    lines.extend(shown.steps.iter().map(|step| format!("{verb}: {}", in_words(step))));
    lines.extend(shown.held_back.iter().map(|held| format!("left alone: {}", left_alone(held))));
    lines.extend(shown.blocked.iter().map(|why| format!("blocked: {why}")));
    lines.push(conclusion(shown));
    lines.join("\n")
}

fn in_words(step: &Step) -> String {
    let what = match &step.action {
        Action::Record(event) => format!("write down {:?}", event.name()),
        Action::Resend(id) => format!("send {id} once more"),
        Action::Cancel { id, .. } => format!("cancel {id}"),
        Action::Resize { id, quantity } => format!("change {id} to {quantity}"),
        Action::Place(intent) => format!(
            "place {} {} {} as {} of {}",
            intent.side.name(),
            intent.quantity,
            intent.instrument,
            intent.role.name(),
            intent.key
        ),
    };
    format!("{what}: {}", step.why)
}

fn left_alone(held: &HeldBack) -> String {
    let what = held.id.map(|id| id.to_string()).or_else(|| held.instrument.as_ref().map(ToString::to_string));
    what.map_or_else(|| held.why.clone(), |what| format!("{what}: {}", held.why))
}

fn conclusion(shown: &Shown) -> String {
    match (&shown.verdict, shown.agreed) {
        (_, true) => "book and venue agree".to_owned(),
        (Verdict::Incomplete(why), _) => format!("not everything was seen, new risk stays refused: {why}"),
        // The alarm has said it.
        (Verdict::Refused(_), _) => {
            "nothing may be done: the book does not belong to what is live".to_owned()
        }
        (Verdict::Agreed, _) if shown.step == "plan" && !shown.steps.is_empty() => {
            "book and venue do not agree yet: truebook reconcile --apply".to_owned()
        }
        (Verdict::Agreed, _) => "book and venue do not agree".to_owned(),
    }
}
