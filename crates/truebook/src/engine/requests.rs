//! Cancelling, replacing, closing.

use super::submit::Submitted;
use super::{SubmitError, TradeError, Trader};
use crate::venue::{Change, Target, VenueError, VenueErrorKind};
use truebook_core::capability::ReplaceQuantity;
use truebook_core::event::{Asked, Event, ReplaceAsked, ReplaceFailed};
use truebook_core::gate::{Refusal, in_gap};
use truebook_core::id::{Instrument, OrderId, OrderKey};
use truebook_core::life::Order;
use truebook_core::money::{Price, Qty};
use truebook_core::order::{Intent, OrderType, Role, Side, TimeInForce};
use truebook_core::spec::OrderSpec;

/// How an order is to be changed. What is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replace {
    /// New total quantity, what is filled included.
    pub quantity: Option<Qty>,
    /// New limit price.
    pub limit: Option<Price>,
    /// New stop price.
    pub stop: Option<Price>,
}

impl Trader {
    /// Asks for the order of this key to be cancelled. Whether it was is known when its state says so; it may
    /// fill before.
    ///
    /// # Errors
    /// [`TradeError::NoOrder`] if no live order has the key.
    pub fn cancel(&self, key: &OrderKey) -> Result<Submitted, TradeError> {
        let order = self.order(key)?.ok_or_else(|| TradeError::NoOrder { key: key.clone() })?;
        self.cancel_id(order.intent.id, "the bot asked for it")
    }

    /// As [`Self::cancel`], by client order id.
    ///
    /// # Errors
    /// [`TradeError::NoId`] if the book never had it.
    pub fn cancel_id(&self, id: OrderId, why: &str) -> Result<Submitted, TradeError> {
        let Some(order) = self.live_order(id)? else { return self.status(id) };
        if order.state().is_terminal() {
            return self.status(id);
        }
        self.record(vec![Event::Cancel(Asked { id, why: why.to_owned() })])?;
        let targets: Vec<_> = order.live_venue_orders().cloned().collect();
        if targets.is_empty() {
            self.send_cancel(id, None)?;
        }
        for venue_order in &targets {
            self.send_cancel(id, Some(venue_order))?;
        }
        self.status(id)
    }

    /// The venue did not take a request to cancel: the order may have filled, so it is looked at.
    pub(super) fn cancel_not_taken(&self, target: &Target, failed: &VenueError) -> Result<(), TradeError> {
        let id = target.id;
        let found = match &target.venue_order {
            Some(venue_order) => self.0.venue.find_venue_order(venue_order),
            None => self.0.venue.find(id, &target.instrument),
        };
        if let Ok(Some(report)) = found {
            self.record(self.facts_about(id, &report)?)?;
        }
        // Nothing else can be said: it stays to be cancelled, and a reconciliation asks again.
        let refused = failed.kind == VenueErrorKind::Refused;
        let still_live = self.live_order(id)?.is_some_and(|order| !order.state().is_terminal());
        if refused && still_live {
            self.record(vec![Event::CancelFailed(Asked { id, why: failed.to_string() })])?;
        }
        Ok(())
    }

    /// Asks for the order of this key to be replaced.
    ///
    /// # Errors
    /// [`TradeError::NoOrder`] if no live order has the key; [`TradeError::NoReplace`] if the venue cannot.
    pub fn replace(&self, key: &OrderKey, replace: &Replace) -> Result<Submitted, TradeError> {
        let order = self.order(key)?.ok_or_else(|| TradeError::NoOrder { key: key.clone() })?;
        self.replace_id(order.intent.id, replace)
    }

    /// As [`Self::replace`], by client order id.
    ///
    /// # Errors
    /// As [`Self::replace`].
    pub fn replace_id(&self, id: OrderId, replace: &Replace) -> Result<Submitted, TradeError> {
        let Some(order) = self.live_order(id)? else { return self.status(id) };
        let meaning = self.0.venue.capabilities().replace;
        if meaning == ReplaceQuantity::Unsupported {
            return Err(TradeError::NoReplace);
        }
        self.check_replacement(&order, replace)?;
        if let Some(refusal) = self.refuse_in_gap(&order.intent.instrument)? {
            return Err(TradeError::Gate(refusal));
        }
        let Some(venue_order) = order.live_venue_orders().next().cloned() else { return self.status(id) };
        let asked = self.write_replacement(&order, replace)?;
        let quantity = match (replace.quantity, meaning) {
            (Some(total), ReplaceQuantity::Remaining) => Some(
                total.minus(order.filled).map_err(|failed| TradeError::Replacement(failed.to_string()))?,
            ),
            (quantity, _) => quantity,
        };
        let target =
            Target { id, venue_order: Some(venue_order), instrument: order.intent.instrument.clone() };
        let change = Change { alias: asked.alias, quantity, limit: replace.limit, stop: replace.stop };
        self.record_replaced(&target, &asked, self.0.venue.replace(&target, &change))?;
        self.status(id)
    }

    /// The id of a replacement may have been used in the time that the book does not know.
    fn refuse_in_gap(&self, instrument: &Instrument) -> Result<Option<Refusal>, TradeError> {
        let reason = self.0.book.with_state(|state| in_gap(state.live()))?;
        Ok(reason.map(|(why, opens)| Refusal {
            instrument: instrument.clone(),
            why,
            opens: opens.to_owned(),
        }))
    }

    fn check_replacement(&self, order: &Order, replace: &Replace) -> Result<(), TradeError> {
        let wrong = |why: String| Err(TradeError::Replacement(why));
        if order.open_replacement().is_some() {
            return wrong("the one before it is not answered yet".to_owned());
        }
        if replace == &Replace::default() {
            return wrong("it changes nothing".to_owned());
        }
        if let Some(total) = replace.quantity.filter(|total| *total <= order.filled) {
            return wrong(format!("{total} in all, and {} is filled already", order.filled));
        }
        let Some(rules) = self.rules(&order.intent.instrument)? else { return Ok(()) };
        if replace.quantity.is_some_and(|total| !total.is_multiple_of(rules.lot)) {
            return wrong(format!("the quantity is no multiple of the lot {}", rules.lot));
        }
        let prices = [replace.limit, replace.stop];
        if prices.into_iter().flatten().any(|price| !price.is_multiple_of(rules.tick)) {
            return wrong(format!("the price is no multiple of the tick {}", rules.tick));
        }
        Ok(())
    }

    fn write_replacement(&self, order: &Order, replace: &Replace) -> Result<ReplaceAsked, TradeError> {
        let number = u32::try_from(order.replacements.len()).unwrap_or(u32::MAX).saturating_add(1);
        let Intent { key, role, attempt, .. } = &order.intent;
        let identity = self.0.book.live()?.identity;
        let what = format!("{}/{attempt}/replace", role.name());
        let derive = |number| OrderId::derive(identity.installation, identity.book, key, &what, number);
        // What was taken back may bear the id of a later one.
        let is_free = |number: &u32| order.ids().all(|known| known != derive(*number));
        let number = (number..=number.saturating_mul(2)).find(is_free).unwrap_or(number);
        let alias = derive(number);
        let asked = ReplaceAsked {
            id: order.intent.id,
            alias,
            number,
            quantity: replace.quantity,
            limit: replace.limit,
            stop: replace.stop,
        };
        self.record(vec![Event::Replace(Box::new(asked.clone()))])?;
        Ok(asked)
    }

    fn record_replaced(
        &self,
        target: &Target,
        asked: &ReplaceAsked,
        reply: Result<crate::venue::Accepted, VenueError>,
    ) -> Result<(), TradeError> {
        let id = target.id;
        match reply {
            Ok(accepted) => {
                let mut events = self.facts_about(id, &accepted.report)?;
                if Some(&accepted.report.venue_order) == target.venue_order.as_ref() {
                    // The venue changed the order in place, under its id.
                    events.push(ack_in_place(asked, &accepted.report));
                }
                Ok(self.record(events)?)
            }
            Err(failed) if failed.proves_nothing_happened() || failed.kind == VenueErrorKind::NotFound => {
                let why = failed.to_string();
                self.record(vec![Event::ReplaceFailed(ReplaceFailed { id, alias: asked.alias, why })])?;
                if failed.kind == VenueErrorKind::NotFound {
                    self.cancel_not_taken(target, &failed)?;
                }
                Ok(())
            }
            // Nobody knows: it stays asked for, and a reconciliation looks for both.
            Err(_) => Ok(()),
        }
    }

    /// Closes the position in an instrument at the market, under a key of its own. Live orders in it are
    /// cancelled first.
    ///
    /// # Errors
    /// [`TradeError::StillWorking`] while one of them may still fill: call again.
    pub fn close(&self, key: &OrderKey, instrument: &Instrument) -> Result<Submitted, TradeError> {
        if let Some(known) = self.order(key)? {
            return self.status(known.intent.id);
        }
        self.cancel_all_in(instrument)?;
        let live = self.0.book.live()?;
        let held = live.positions.get(instrument).map_or(Qty::ZERO, |position| position.quantity);
        if held.is_zero() {
            return Err(TradeError::NoPosition(instrument.clone()));
        }
        let mut working = live.orders.values().filter(|order| order.intent.instrument == *instrument);
        if working.any(|order| !order.state().is_terminal()) {
            return Err(TradeError::StillWorking(instrument.clone()));
        }
        let side = if held.is_negative() { Side::Buy } else { Side::Sell };
        // What fees have left beyond whole lots no venue takes.
        let lot = self.rules(instrument)?.map_or(Qty::ZERO, |rules| rules.lot);
        let quantity = held.abs().floored_to(lot);
        if quantity.is_zero() {
            return Err(TradeError::NoPosition(instrument.clone()));
        }
        let spec = OrderSpec {
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Day,
            ..OrderSpec::market(instrument.clone(), side, quantity)
        };
        self.submit(key, &spec).map_err(|failed| match failed {
            SubmitError::Write(failed) => failed.into(),
            SubmitError::Venue(failed) => failed.into(),
            other => TradeError::Submit(Box::new(other)),
        })
    }

    fn cancel_all_in(&self, instrument: &Instrument) -> Result<(), TradeError> {
        let live = self.0.book.live()?;
        let working = live
            .orders
            .values()
            .filter(|order| order.intent.instrument == *instrument && !order.state().is_terminal());
        for order in working {
            self.cancel_id(order.intent.id, "the position is to be closed")?;
            // A venue that cancels at once says so when it is asked.
            for venue_order in order.live_venue_orders() {
                if let Ok(Some(report)) = self.0.venue.find_venue_order(venue_order) {
                    self.record(self.facts_about(order.intent.id, &report)?)?;
                }
            }
        }
        Ok(())
    }

    /// The client order id of the entry that a key stands for.
    ///
    /// # Errors
    /// If the book cannot be read any more.
    pub fn entry_id(&self, key: &OrderKey) -> Result<OrderId, TradeError> {
        Ok(self.id_of(key, Role::Entry, 0)?)
    }
}

fn ack_in_place(asked: &ReplaceAsked, report: &truebook_core::observation::OrderReport) -> Event {
    Event::Ack(truebook_core::event::Acked {
        id: asked.id,
        venue_order: report.venue_order.clone(),
        status: Some(report.word.clone()),
        venue_time: report.updated_at,
        alias: Some(asked.alias),
    })
}
