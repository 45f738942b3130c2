//! What the bot does, done.

use super::super::script::{BotDoes, OrderRef, RawEvent};
use super::{Look, Process, Refused, Runner, Stop, refusal};
use crate::engine::Outcome;
use crate::venue::{StreamEvent, Venue};
use truebook_core::id::OrderKey;
use truebook_core::spec::OrderSpec;

pub(super) fn act(runner: &mut Runner<'_>, does: &BotDoes) -> Result<(), Refused> {
    match does {
        BotDoes::Submit(key, spec) => {
            runner.note_bracket(key, spec);
            runner.process()?.trader.submit(key, spec).map(drop).map_err(refusal)
        }
        BotDoes::Intend(key, spec) => {
            runner.note_bracket(key, spec);
            runner.process()?.trader.intend(key, spec).map(drop).map_err(refusal)
        }
        BotDoes::Outcome(of, outcome) => runner.outcome(of, outcome.as_ref()),
        BotDoes::Cancel(key) => runner.process()?.trader.cancel(key).map(drop).map_err(refusal),
        BotDoes::Replace(key, change) => {
            runner.process()?.trader.replace(key, change).map(drop).map_err(refusal)
        }
        BotDoes::Close(key, instrument) => {
            runner.process()?.trader.close(key, instrument).map(drop).map_err(refusal)
        }
        BotDoes::Save(vars) => runner.process()?.book.save(vars).map(drop).map_err(refusal),
        BotDoes::Set(path, value) => runner.process()?.book.set(path, value).map(drop).map_err(refusal),
        BotDoes::Plan => runner.plan(),
        BotDoes::Reconcile => runner.reconcile(),
        BotDoes::Listen => runner.listen(),
        BotDoes::Stream(names) => runner.stream(names),
        BotDoes::Checkpoint => runner.process()?.book.checkpoint().map(drop).map_err(refusal),
        BotDoes::Halt(why) => runner.process()?.book.halt(why).map(drop).map_err(refusal),
    }
}

impl Runner<'_> {
    fn note_bracket(&mut self, key: &OrderKey, spec: &OrderSpec) {
        if spec.bracket.as_ref().is_some_and(|bracket| bracket.stop_loss.is_some()) {
            self.protection.watch(key);
        }
    }

    fn outcome(&self, of: &OrderRef, outcome: Option<&Outcome>) -> Result<(), Refused> {
        let trader = &self.process()?.trader;
        let id = self.latest_id(of)?.map_or_else(|| self.id(of, 0), Ok)?;
        let outcome = match outcome {
            Some(outcome) => outcome.clone(),
            None => {
                let record = self.record(of)?;
                let report = self.paper.find_venue_order(&record.id).map_err(refusal)?;
                let report =
                    report.ok_or_else(|| Stop::CannotRun("the venue does not show it".to_owned()))?;
                Outcome::Accepted(Box::new(report))
            }
        };
        trader.record_outcome(id, outcome).map(drop).map_err(refusal)
    }

    fn plan(&mut self) -> Result<(), Refused> {
        let Process { trader, book, .. } = self.process()?;
        let before = book.last().get();
        let plan = trader.plan().map_err(refusal)?;
        let events = book.last().get() - before;
        self.look = Some(Look { plans: vec![plan], reconciliation: None, events });
        Ok(())
    }

    fn reconcile(&mut self) -> Result<(), Refused> {
        let Process { trader, book, .. } = self.process()?;
        let before = book.last().get();
        let done = trader.reconcile().map_err(refusal)?;
        let events = book.last().get() - before;
        self.look = Some(Look { plans: done.passes.clone(), reconciliation: Some(done), events });
        Ok(())
    }

    /// Takes in all that the venue's stream has brought since.
    fn listen(&self) -> Result<(), Refused> {
        let Process { trader, stream, .. } = self.process()?;
        let arrived: Vec<StreamEvent> = stream.iter().flat_map(|stream| stream.try_iter()).collect();
        for event in arrived {
            let event = match event {
                StreamEvent::Order(report) => StreamEvent::Order(Box::new(self.writing().worded(*report))),
                other => other,
            };
            trader.absorb(&event).map_err(refusal)?;
        }
        Ok(())
    }

    /// Takes in events that the drill wrote out.
    fn stream(&self, names: &[String]) -> Result<(), Refused> {
        let trader = &self.process()?.trader;
        for name in names {
            let event = self.raw(name)?;
            trader.absorb(&event).map_err(refusal)?;
        }
        Ok(())
    }

    /// An event of the drill's in the terms that every venue speaks.
    pub(super) fn raw(&self, name: &str) -> Result<StreamEvent, Stop> {
        let Some(event) = self.events.get(name) else {
            return super::cannot(format!("there is no event {name:?}: `event {name} …` makes it"));
        };
        Ok(match event {
            RawEvent::Lost => StreamEvent::Lost("the drill cut it".to_owned()),
            RawEvent::Restored => StreamEvent::Restored,
            RawEvent::Order { .. } => StreamEvent::Order(Box::new(self.raw_report(event)?)),
            RawEvent::Fill { .. } => StreamEvent::Fill(Box::new(self.raw_fill(event)?)),
        })
    }
}
