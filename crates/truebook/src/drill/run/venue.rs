//! What the venue does, done.

use super::super::overlay::Hidden;
use super::super::script::{List, OrderRef, RawEvent, VenueDoes};
use super::{Done, Runner, Stop, cannot};
use crate::paper::OrderRequest;
use crate::venue::{NewOrder, ReduceOnly, StreamEvent, VenueError, words};
use crate::world::Clock;
use truebook_core::id::{Instrument, OrderId};
use truebook_core::observation::{FillReport, OrderReport};
use truebook_core::order::{Intent, Side, Terms};
use truebook_core::spec::OrderSpec;

pub(super) fn act(runner: &mut Runner<'_>, does: &VenueDoes) -> Done {
    match does {
        VenueDoes::Price(instrument, price) => said(runner.paper.tick(instrument, *price)),
        VenueDoes::Fault(on, fault) => {
            runner.paper.faults(|faults| faults.script(*on, fault.clone()));
            Ok(())
        }
        VenueDoes::Spare(on, requests) => {
            runner.paper.faults(|faults| faults.spare(*on, *requests));
            Ok(())
        }
        VenueDoes::Foreign(name, spec) => runner.foreign(name, spec),
        VenueDoes::Double(of) => runner.double(of),
        VenueDoes::Withdraw(of) => {
            let id = runner.record(of)?.id;
            said(runner.paper.cancel_order(&id).map(drop))
        }
        VenueDoes::Word(of, word) => {
            let id = runner.record(of)?.id;
            let words = &mut runner.writing().words;
            match word {
                Some(word) => drop(words.insert(id, word.clone())),
                None => drop(words.remove(&id)),
            }
            Ok(())
        }
        VenueDoes::Hide(of, list, left) => runner.hide(of, *list, *left),
        VenueDoes::Event(name, event) => {
            runner.events.insert(name.clone(), event.clone());
            Ok(())
        }
        VenueDoes::Show(names) => names.iter().try_for_each(|name| runner.show(name)),
        VenueDoes::Holding(instrument, quantity) => {
            runner.writing().holdings.insert(instrument.clone(), *quantity);
            Ok(())
        }
    }
}

fn said(answer: Result<(), VenueError>) -> Done {
    answer.map_err(|failed| Stop::CannotRun(format!("the venue says: {failed}")))
}

impl Runner<'_> {
    fn foreign(&mut self, name: &str, spec: &OrderSpec) -> Done {
        self.foreign.insert(name.to_owned());
        let request = OrderRequest { client_id: Some(name.into()), ..plain(spec) };
        said(self.paper.place(&request).map(drop))
    }

    /// The venue makes another order under the client id of one that it has.
    fn double(&self, of: &OrderRef) -> Done {
        let record = self.record(of)?;
        let request = OrderRequest {
            client_id: Some(record.client_id.clone()),
            order_type: record.order_type,
            limit: record.limit,
            stop: record.stop,
            trail: record.trail,
            time_in_force: record.time_in_force,
            ..OrderRequest::market(record.instrument.clone(), record.side, record.quantity)
        };
        said(self.paper.place(&request).map(drop))
    }

    fn hide(&self, of: &OrderRef, list: List, left: Option<u32>) -> Done {
        let mut client_ids = self.client_ids(of)?;
        let venue_orders = self.records(of)?.into_iter().map(|record| record.id).collect();
        if of.number.is_some() {
            // One of several orders under the same client id.
            client_ids.clear();
        }
        self.writing().hidden.push(Hidden { client_ids, venue_orders, list, left });
        Ok(())
    }

    fn show(&self, name: &str) -> Done {
        match self.raw(name)? {
            StreamEvent::Order(report) => {
                self.writing().orders.insert(report.venue_order.clone(), *report);
            }
            StreamEvent::Fill(fill) => self.writing().fills.push(*fill),
            StreamEvent::Lost(_) | StreamEvent::Restored => {
                return cannot(format!("{name:?} is in no list: it can only be streamed"));
            }
        }
        Ok(())
    }

    pub(super) fn raw_report(&self, event: &RawEvent) -> Result<OrderReport, Stop> {
        let RawEvent::Order { order, id, word, filled } = event else { return cannot("it is no order") };
        let client = self.raw_client(order)?;
        let intent = self.wanted(order)?;
        Ok(OrderReport {
            client_id: Some(client.to_string().into()),
            venue_order: id.clone(),
            instrument: intent.instrument,
            side: intent.side,
            order_type: Some(intent.order_type),
            time_in_force: Some(intent.time_in_force),
            quantity: Some(intent.quantity),
            filled: *filled,
            average_price: intent.limit.filter(|_| !filled.is_zero()),
            limit: intent.limit,
            stop: intent.stop,
            status: words::meaning(&word.word, word.why_held.as_deref()),
            word: word.word.clone(),
            parent: None,
            role: None,
            replaces: None,
            replaced_by: None,
            submitted_at: Some(self.clock.now()),
            updated_at: Some(self.clock.now()),
            why: word.why_held.clone().map(Into::into),
        })
    }

    pub(super) fn raw_fill(&self, event: &RawEvent) -> Result<FillReport, Stop> {
        let RawEvent::Fill { order, id, quantity, price, execution } = event else {
            return cannot("it is no execution");
        };
        let (instrument, side) = self.traded(order)?;
        Ok(FillReport {
            execution: execution.clone(),
            venue_order: id.clone(),
            client_id: Some(self.raw_client(order)?.to_string().into()),
            instrument,
            side,
            quantity: *quantity,
            price: *price,
            fee: None,
            at: self.clock.now(),
        })
    }

    fn raw_client(&self, of: &OrderRef) -> Result<OrderId, Stop> {
        Ok(self.latest_id(of)?.unwrap_or(self.id(of, 0)?))
    }

    /// The intent of an order of the book, live or over.
    fn wanted(&self, of: &OrderRef) -> Result<Intent, Stop> {
        let id = self.raw_client(of)?;
        let intent = self.journal()?.into_iter().find_map(|entry| match entry.record.ev {
            truebook_core::event::Event::Intent(intent) if intent.id == id => Some(*intent),
            _ => None,
        });
        intent.ok_or_else(|| Stop::CannotRun(format!("the book has no order of {}", super::names::name(of))))
    }

    fn traded(&self, of: &OrderRef) -> Result<(Instrument, Side), Stop> {
        let intent = self.wanted(of)?;
        Ok((intent.instrument, intent.side))
    }
}

/// A request for an order as somebody else sends it.
fn plain(spec: &OrderSpec) -> OrderRequest {
    let order = NewOrder { intent: foreign_intent(spec), reduce_only: ReduceOnly::No };
    OrderRequest::from(&order)
}

fn foreign_intent(spec: &OrderSpec) -> Intent {
    let key = truebook_core::id::OrderKey::new("foreign");
    let key = key.unwrap_or_else(|_| unreachable!("this is a key"));
    Intent {
        id: OrderId::from_bytes([0; 16]),
        key,
        instrument: spec.instrument.clone(),
        side: spec.side,
        order_type: spec.order_type,
        quantity: spec.quantity,
        limit: spec.limit,
        stop: spec.stop,
        time_in_force: spec.time_in_force,
        role: truebook_core::order::Role::Entry,
        attempt: 0,
        parent: None,
        strategy: None,
        terms: Terms { trail: spec.trail, ..Terms::default() },
    }
}
