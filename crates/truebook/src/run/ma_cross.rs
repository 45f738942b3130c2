//! A small strategy that shows how one is written: when the fast moving average crosses above the slow one it
//! buys, with a stop loss and a take profit; when it crosses below, it closes.
//!
//! It may be killed between any two statements. What it has decided is remembered before it acts, and it acts
//! under a key that follows from what it remembers: acting twice is acting once.

use super::{Desk, DeskError, Strategy};
use crate::engine::TradeError;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use truebook_core::doc::{Doc, Limits};
use truebook_core::id::{Instrument, OrderKey};
use truebook_core::life::OrderState;
use truebook_core::money::{Price, Qty};
use truebook_core::order::{Bracket, Placement, ProfitLeg, Side, StopLeg, TimeInForce};
use truebook_core::spec::OrderSpec;

/// What the strategy can be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaCrossSettings {
    /// What it trades.
    pub instruments: Vec<Instrument>,
    /// How many prices the fast average is over.
    #[serde(default = "fast")]
    pub fast: usize,
    /// How many prices the slow average is over.
    #[serde(default = "slow")]
    pub slow: usize,
    /// How much it buys.
    pub quantity: Qty,
    /// How far below the price the stop is, in percent.
    pub stop_percent: Qty,
    /// How far above the price the profit is taken, in percent.
    pub profit_percent: Qty,
    /// Prices are multiples of this.
    pub tick: Price,
    /// What becomes of a position when the fast average falls below the slow one.
    #[serde(default)]
    pub exit: Exit,
}

/// How the strategy leaves a position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// When the averages cross down it closes; the legs are cancelled first, so for a moment no stop is live.
    #[default]
    Close,
    /// It leaves that to the bracket: the stop stays live until a leg has closed the position.
    Bracket,
}

const fn fast() -> usize {
    5
}

const fn slow() -> usize {
    20
}

/// The most prices that are remembered.
const WINDOW_MAX: usize = 10_000;

/// The strategy.
#[derive(Clone, Debug)]
pub struct MaCross {
    settings: MaCrossSettings,
}

/// What it remembers of an instrument.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    /// The latest prices, oldest first.
    prices: Vec<Price>,
    /// Which average is above.
    trend: Option<Trend>,
    /// How many signals there were.
    signals: u64,
    /// A signal that was not acted upon to the end.
    open: Option<Signal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Trend {
    Up,
    Down,
}

/// What was decided, at which price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signal {
    trend: Trend,
    price: Price,
}

impl MaCross {
    /// A strategy with these settings.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn new(settings: MaCrossSettings) -> Result<Self, String> {
        let MaCrossSettings { fast, slow, .. } = settings;
        if fast == 0 || fast >= slow || slow > WINDOW_MAX {
            return Err(format!(
                "fast ({fast}) must be above 0 and below slow ({slow}), slow at most {WINDOW_MAX}"
            ));
        }
        if settings.tick.is_zero() || settings.tick.is_negative() {
            return Err(format!("tick: {} is not above zero", settings.tick));
        }
        Ok(Self { settings })
    }

    fn look(&self, memory: &mut Memory, price: Price) {
        memory.prices.push(price);
        let excess = memory.prices.len().saturating_sub(self.settings.slow);
        memory.prices.drain(..excess);
        if memory.prices.len() < self.settings.slow {
            return;
        }
        let average = |count: usize| {
            let last = memory.prices.iter().rev().take(count);
            last.map(|price| price.get()).sum::<Decimal>() / Decimal::from(count)
        };
        let (fast, slow) = (average(self.settings.fast), average(self.settings.slow));
        let trend = if fast > slow { Trend::Up } else { Trend::Down };
        // The first trend is no crossing.
        if memory.trend.is_some_and(|before| before != trend) && memory.open.is_none() {
            memory.signals += 1;
            memory.open = Some(Signal { trend, price });
        }
        if memory.open.is_none_or(|open| open.trend == trend) {
            memory.trend = Some(trend);
        }
    }

    /// Acts on a signal. `true` once nothing is left to do about it.
    fn act(
        &self,
        desk: &Desk<'_>,
        instrument: &Instrument,
        key: &OrderKey,
        signal: Signal,
    ) -> Result<Acted, DeskError> {
        match signal.trend {
            Trend::Up => self.enter(desk, instrument, key, signal),
            Trend::Down if self.settings.exit == Exit::Bracket => Ok(Acted::Done),
            Trend::Down => leave(desk, instrument, key),
        }
    }

    fn enter(
        &self,
        desk: &Desk<'_>,
        instrument: &Instrument,
        key: &OrderKey,
        signal: Signal,
    ) -> Result<Acted, DeskError> {
        let is_new = desk.trader().order(key)?.is_none();
        let is_busy = !desk.position(instrument)?.is_zero() || !desk.orders(instrument)?.is_empty();
        if is_new && is_busy {
            return Ok(Acted::Done);
        }
        let submitted = desk.submit(key, &self.entry(instrument, signal.price))?;
        Ok(if submitted.state == OrderState::Unknown { Acted::NotYet } else { Acted::Done })
    }

    fn entry(&self, instrument: &Instrument, price: Price) -> OrderSpec {
        let percent = |percent: Qty| percent.get() / Decimal::ONE_HUNDRED;
        let stop = self.on_tick(price.get() * (Decimal::ONE - percent(self.settings.stop_percent)));
        let profit = self.on_tick(price.get() * (Decimal::ONE + percent(self.settings.profit_percent)));
        let bracket = Bracket {
            stop_loss: Some(StopLeg { stop, limit: None }),
            take_profit: Some(ProfitLeg { limit: profit }),
            legs: Placement::Own,
        };
        OrderSpec {
            time_in_force: TimeInForce::Gtc,
            ..OrderSpec::market(instrument.clone(), Side::Buy, self.settings.quantity)
        }
        .with_bracket(bracket)
    }

    fn on_tick(&self, price: Decimal) -> Price {
        let tick = self.settings.tick.get();
        let ticks = (price / tick).round_dp_with_strategy(0, RoundingStrategy::ToZero);
        Price::new(ticks * tick)
    }
}

#[derive(PartialEq, Eq)]
enum Acted {
    Done,
    NotYet,
}

fn leave(desk: &Desk<'_>, instrument: &Instrument, key: &OrderKey) -> Result<Acted, DeskError> {
    match desk.close(key, instrument) {
        Ok(_) | Err(DeskError::Trade(TradeError::NoPosition(_))) => Ok(Acted::Done),
        // Its legs are being cancelled.
        Err(DeskError::Trade(TradeError::StillWorking(_))) => Ok(Acted::NotYet),
        Err(failed) => Err(failed),
    }
}

impl Strategy for MaCross {
    fn name(&self) -> &'static str {
        "ma_cross"
    }

    fn instruments(&self) -> Vec<Instrument> {
        self.settings.instruments.clone()
    }

    fn on_price(&mut self, desk: &Desk<'_>, instrument: &Instrument, price: Price) -> Result<(), DeskError> {
        let name = instrument.as_str().replace('~', "~0").replace('/', "~1");
        let mut memory = recall(desk, &name)?;
        self.look(&mut memory, price);
        remember(desk, &name, &memory)?;
        let Some(signal) = memory.open else { return Ok(()) };
        let key = OrderKey::new(&format!("ma_cross/{instrument}/{}", memory.signals))
            .map_err(|failed| DeskError::Strategy(failed.to_string()))?;
        if self.act(desk, instrument, &key, signal)? == Acted::Done {
            memory.open = None;
            memory.trend = Some(signal.trend);
            remember(desk, &name, &memory)?;
        }
        Ok(())
    }
}

fn recall(desk: &Desk<'_>, name: &str) -> Result<Memory, DeskError> {
    let Some(doc) = desk.remembered(name)? else { return Ok(Memory::default()) };
    serde_json::from_str(&doc.to_compact()).map_err(|failed| DeskError::Strategy(failed.to_string()))
}

fn remember(desk: &Desk<'_>, name: &str, memory: &Memory) -> Result<(), DeskError> {
    let json = serde_json::to_string(memory).map_err(|failed| DeskError::Strategy(failed.to_string()))?;
    let doc =
        Doc::parse(&json, Limits::default()).map_err(|failed| DeskError::Strategy(failed.to_string()))?;
    desk.remember(name, &doc)
}
