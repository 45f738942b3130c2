//! One life of the bot: random steps until it dies or has had enough.

use super::auditor::Auditor;
use super::mortal::{Life, MortalVenue};
use super::scene::{Scene, Wish, instrument, price, qty};
use core::fmt::Write as _;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use truebook::Book;
use truebook::engine::{ReconcileOutcome, Replace, SubmittedBy, TradeError, Trader};
use truebook::venue::{StreamEvent, Venue};
use truebook_core::capability::IdClass;
use truebook_core::id::{Instrument, OrderKey};
use truebook_core::money::{Price, Qty};
use truebook_core::order::{Bracket, Placement, ProfitLeg, Side, StopLeg, TimeInForce};
use truebook_core::spec::OrderSpec;

/// The most orders that a history wants.
const WISHES_MAX: usize = 12;

pub(super) struct Bot {
    pub(super) trader: Trader,
    pub(super) life: Arc<Life>,
    pub(super) stream: Option<Receiver<StreamEvent>>,
    /// Whether a reconciliation of this life ended in agreement, and nothing has shaken that since.
    pub(super) agreed: bool,
}

impl Bot {
    pub(super) fn start(scene: &Scene, book: Book, edges: u64) -> Result<Self, TradeError> {
        let life = Life::new(edges, scene.disk.clone());
        let venue = MortalVenue { inner: scene.venue.clone(), life: Arc::clone(&life) };
        let trader = Trader::new(book, Arc::new(venue))?;
        Ok(Self { trader, life, stream: None, agreed: false })
    }

    /// One random step. `Err` is a promise that was not kept.
    pub(super) fn step(&mut self, scene: &mut Scene) -> Result<(), String> {
        let done = match scene.rng.below(100) {
            0..=25 => self.want(scene)?,
            26..=31 => self.want_again(scene)?,
            32..=38 => self.cancel(scene)?,
            39..=44 => self.replace(scene)?,
            45..=48 => self.close(scene)?,
            49..=66 => tick(scene),
            67..=79 => self.listen(scene)?,
            80..=89 => self.reconcile(scene)?,
            90..=96 => pass(scene),
            _ => set_clock(scene),
        };
        scene.note(&done);
        Ok(())
    }

    /// Wants an order that nobody wanted before.
    fn want(&mut self, scene: &mut Scene) -> Result<String, String> {
        if scene.wishes.len() >= WISHES_MAX {
            return self.listen(scene);
        }
        let spec = random_spec(scene);
        let key = OrderKey::new(&format!("k{}", scene.wishes.len())).map_err(|failed| failed.to_string())?;
        scene.wishes.push(Wish { key, spec, acknowledged: false });
        self.submit(scene, scene.wishes.len() - 1)
    }

    fn want_again(&mut self, scene: &mut Scene) -> Result<String, String> {
        if scene.wishes.is_empty() {
            return self.want(scene);
        }
        let index = scene.rng.index(scene.wishes.len());
        self.submit(scene, index)
    }

    fn submit(&mut self, scene: &mut Scene, index: usize) -> Result<String, String> {
        let Wish { key, spec, .. } = scene.wishes[index].clone();
        let before = Auditor::received(scene, &self.trader, &key);
        let stopped = self.trader.book().disk_level().is_some();
        let adds_risk = Auditor::adds_risk(scene, &spec);
        let in_gap = self.trader.book().live().is_ok_and(|live| live.restored.is_some());
        let outcome = self.trader.submit(&key, &spec);
        let after = Auditor::received(scene, &self.trader, &key);
        let mut line = format!("submit {key} {} {} {}", spec.side.name(), spec.quantity, spec.instrument);
        if in_gap && after != before && (scene.scope.class != IdClass::A || adds_risk) {
            return Err(format!(
                "{line}: sent before it was known what happened since the book was put back"
            ));
        }
        match outcome {
            Ok(submitted) => {
                if submitted.by == SubmittedBy::ThisCall && !self.agreed && adds_risk {
                    return Err(format!("{line}: new risk before book and venue agreed"));
                }
                let _ = write!(line, " -> {}", submitted.state);
                scene.wishes[index].acknowledged = true;
                self.told(scene);
            }
            Err(failed) => {
                // Whatever went wrong before the intent was durable, nothing may have left.
                if stopped && after != before {
                    return Err(format!("{line}: sent although the book takes nothing any more"));
                }
                let _ = write!(line, " -> {failed}");
            }
        }
        Ok(line)
    }

    /// Somebody was told that all so far is durable.
    fn told(&self, scene: &mut Scene) {
        if !self.life.is_over() && self.trader.book().disk_level().is_none() {
            scene.acknowledged = scene.acknowledged.max(self.trader.book().durable());
        }
    }

    fn cancel(&mut self, scene: &mut Scene) -> Result<String, String> {
        if scene.wishes.is_empty() {
            return self.want(scene);
        }
        let key = scene.wishes[scene.rng.index(scene.wishes.len())].key.clone();
        let outcome = self.trader.cancel(&key);
        self.outcome(scene, &format!("cancel {key}"), outcome.map(|done| done.state.to_string()))
    }

    fn replace(&mut self, scene: &mut Scene) -> Result<String, String> {
        if scene.wishes.is_empty() {
            return self.want(scene);
        }
        let Wish { key, spec, .. } = scene.wishes[scene.rng.index(scene.wishes.len())].clone();
        let mut replace = Replace::default();
        match spec.limit {
            Some(limit) if scene.rng.coin() => replace.limit = Some(nudged(scene, limit)),
            _ => replace.quantity = spec.quantity.plus(qty("1")).ok(),
        }
        let outcome = self.trader.replace(&key, &replace);
        self.outcome(scene, &format!("replace {key}"), outcome.map(|done| done.state.to_string()))
    }

    fn close(&mut self, scene: &mut Scene) -> Result<String, String> {
        let instrument = any_instrument(scene);
        // The same key until it was closed: a bot that tries again.
        let key = OrderKey::new(&format!("close/{}", scene.closes)).map_err(|failed| failed.to_string())?;
        let outcome = self.trader.close(&key, &instrument);
        if outcome.is_ok() {
            scene.closes += 1;
        }
        self.outcome(scene, &format!("close {instrument}"), outcome.map(|done| done.state.to_string()))
    }

    fn listen(&mut self, scene: &mut Scene) -> Result<String, String> {
        if self.stream.is_none() {
            self.stream = self.trader.venue().stream().ok();
            return Ok(format!("connect -> {}", self.stream.is_some()));
        }
        let mut count = 0;
        let most = 1 + scene.rng.below(8);
        while count < most {
            let Some(event) = self.stream.as_ref().and_then(|stream| stream.try_recv().ok()) else { break };
            count += 1;
            if matches!(event, StreamEvent::Lost(_)) {
                self.agreed = false;
            }
            let absorbed = self.trader.absorb(&event);
            self.outcome(scene, "", absorbed.map(|_| String::new()))?;
        }
        Ok(format!("listen to {count}"))
    }

    pub(super) fn reconcile(&mut self, scene: &mut Scene) -> Result<String, String> {
        let outcome = self.trader.reconcile();
        self.agreed = false;
        match outcome {
            Ok(done) => {
                self.agreed = done.reconciled == ReconcileOutcome::Agreed;
                self.told(scene);
                let mut line = format!("reconcile -> {:?}", done.reconciled);
                for plan in &done.passes {
                    for step in &plan.steps {
                        let _ = write!(line, "\n    {}: {}", brief(&step.action), step.why);
                    }
                    for held in &plan.held_back {
                        let _ = write!(line, "\n    held back: {}", held.why);
                    }
                }
                Ok(line)
            }
            Err(failed) => self.outcome(scene, "reconcile", Err(failed)),
        }
    }

    /// A refusal is no fault; a plan that fails its own audit is.
    fn outcome(
        &self,
        scene: &mut Scene,
        line: &str,
        outcome: Result<String, TradeError>,
    ) -> Result<String, String> {
        match outcome {
            Ok(state) => {
                self.told(scene);
                Ok(format!("{line} -> {state}"))
            }
            Err(TradeError::Check(failed)) => Err(format!("{line}: {failed}")),
            Err(failed) => Ok(format!("{line} -> {failed}")),
        }
    }
}

fn brief(action: &truebook_core::reconcile::Action) -> String {
    use truebook_core::reconcile::Action;
    match action {
        Action::Record(event) => event.name().to_owned(),
        Action::Resend(id) => format!("resend {id}"),
        Action::Cancel { id, .. } => format!("cancel {id}"),
        Action::Resize { id, quantity } => format!("resize {id} to {quantity}"),
        Action::Place(intent) => format!("place {} {} {}", intent.role.name(), intent.quantity, intent.id),
    }
}

fn any_instrument(scene: &mut Scene) -> Instrument {
    instrument(if scene.rng.below(3) == 0 { "Y/USD" } else { "X" })
}

fn last(scene: &Scene, instrument: &Instrument) -> Price {
    let found = scene.prices.iter().find(|(name, _)| name == instrument);
    found.map_or(price("100"), |(_, price)| *price)
}

/// A price up to five away, on the tick.
fn nudged(scene: &mut Scene, from: Price) -> Price {
    let off = Price::new(i64::try_from(scene.rng.below(1000)).unwrap_or(0).into());
    let down = price("500");
    let moved = off.minus(down).ok().and_then(|off| {
        let hundredth = truebook_core::money::Cash::new(off.get()).per(qty("100")).ok()?;
        from.plus(hundredth).ok()
    });
    let moved = moved.unwrap_or(from);
    if moved <= price("1") { from } else { moved }
}

fn random_spec(scene: &mut Scene) -> OrderSpec {
    let instrument = any_instrument(scene);
    let now = last(scene, &instrument);
    let side = if scene.rng.below(3) == 0 { Side::Sell } else { Side::Buy };
    let quantity = Qty::new(i64::try_from(2 + scene.rng.below(8)).unwrap_or(2).into());
    let time_in_force = if scene.rng.coin() { TimeInForce::Gtc } else { TimeInForce::Day };
    match scene.rng.below(10) {
        0..=2 => OrderSpec::market(instrument, side, quantity),
        3..=5 => {
            let limit = nudged(scene, now);
            OrderSpec { time_in_force, ..OrderSpec::limit(instrument, side, quantity, limit) }
        }
        6 => {
            let off = price("3");
            let stop = match side {
                Side::Buy => now.plus(off),
                Side::Sell => now.minus(off),
            };
            OrderSpec::stop(instrument, side, quantity, stop.unwrap_or(now))
        }
        _ => bracket(instrument, side, quantity, now),
    }
}

fn bracket(instrument: Instrument, side: Side, quantity: Qty, now: Price) -> OrderSpec {
    let off = price("4");
    let (below, above) = (now.minus(off).unwrap_or(now), now.plus(off).unwrap_or(now));
    let (stop, profit) = match side {
        Side::Buy => (below, above),
        Side::Sell => (above, below),
    };
    let legs = Bracket {
        stop_loss: Some(StopLeg { stop, limit: None }),
        take_profit: Some(ProfitLeg { limit: profit }),
        legs: Placement::Own,
    };
    let market = OrderSpec::market(instrument, side, quantity);
    OrderSpec { time_in_force: TimeInForce::Gtc, ..market }.with_bracket(legs)
}

fn tick(scene: &mut Scene) -> String {
    let instrument = any_instrument(scene);
    let to = nudged(scene, last(scene, &instrument));
    let moved = scene.venue.tick(&instrument, to);
    for (name, price) in &mut scene.prices {
        if *name == instrument {
            *price = to;
        }
    }
    format!("{instrument} at {to} -> {}", moved.is_ok())
}

fn pass(scene: &mut Scene) -> String {
    let seconds = 1 + i64::try_from(scene.rng.below(20)).unwrap_or(0);
    scene.venue_clock.pass_seconds(seconds);
    let passed = scene.venue.pass_time();
    format!("{seconds} s pass -> {}", passed.is_ok())
}

/// The bot's clock is set, as far as the venue still takes its orders.
fn set_clock(scene: &mut Scene) -> String {
    let most = scene.venue.capabilities().clock_skew_max.as_millis() / 2;
    let most = u64::try_from(most).unwrap_or(0);
    let off = i64::try_from(scene.rng.below(2 * most + 1)).unwrap_or(0) - i64::try_from(most).unwrap_or(0);
    scene.bot_clock.set_off(off * 1_000_000);
    format!("the bot's clock is {off} ms off")
}
