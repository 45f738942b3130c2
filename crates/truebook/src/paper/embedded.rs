//! The paper venue as a [`Venue`], for use in the same process.

use super::faults::{Fault, RequestKind};
use super::record::OrderRecord;
use super::refusal::{Refusal, RefusalKind};
use super::report;
use super::request::{ListFilter, OrderFilter, StatusFilter};
use super::venue::PaperVenue;
use crate::venue::{Accepted, Change, NewOrder, StreamEvent, Target, Venue, VenueError};
use std::collections::BTreeSet;
use std::sync::mpsc::Receiver;
use truebook_core::capability::{Capabilities, ConditionalList, Rules};
use truebook_core::id::{Instrument, OrderId, VenueName, VenueOrderId};
use truebook_core::money::Price;
use truebook_core::observation::{
    AccountReport, Completeness, FillReport, Listing, OrderReport, PositionReport, ReportStatus, Trading,
};
use truebook_core::time::Utc;

impl Venue for PaperVenue {
    fn name(&self) -> VenueName {
        self.venue_name().clone()
    }

    fn capabilities(&self) -> &Capabilities {
        self.promises()
    }

    fn now(&self) -> Result<Utc, VenueError> {
        Ok(self.clock_now())
    }

    fn submit(&self, order: &NewOrder) -> Result<Accepted, VenueError> {
        self.place(&order.into()).map(|record| self.accepted(&record))
    }

    fn cancel(&self, target: &Target) -> Result<(), VenueError> {
        let id = self.resolve(target)?;
        self.cancel_order(&id).map(drop)
    }

    fn replace(&self, target: &Target, change: &Change) -> Result<Accepted, VenueError> {
        let id = self.resolve(target)?;
        self.replace_order(&id, &change.into()).map(|record| self.accepted(&record))
    }

    fn find(&self, id: OrderId, _instrument: &Instrument) -> Result<Option<OrderReport>, VenueError> {
        let client_id = id.to_string();
        self.look_for(|exchange, now| {
            if exchange.has_lookup() {
                return Ok(exchange.find_client(&client_id, now).cloned());
            }
            Err(Refusal::new(RefusalKind::Unsupported, "no lookup by client order id").into())
        })
    }

    fn find_venue_order(&self, id: &VenueOrderId) -> Result<Option<OrderReport>, VenueError> {
        self.look_for(|exchange, now| Ok(exchange.find(id, now).cloned()))
    }

    fn open_orders(&self) -> Listing<OrderReport> {
        let filter = |list| OrderFilter { status: StatusFilter::Open, list, ..OrderFilter::default() };
        if self.promises().conditional == ConditionalList::Together {
            return self.read(RequestKind::OpenOrders, filter(ListFilter::Both));
        }
        // An order whose stop is touched meanwhile goes from here to there: read in this order it shows twice,
        // never not at all.
        let conditional = self.read(RequestKind::ConditionalOrders, filter(ListFilter::Conditional));
        let plain = self.read(RequestKind::OpenOrders, filter(ListFilter::Plain));
        both(plain, conditional)
    }

    fn closed_orders(&self, since: Utc) -> Listing<OrderReport> {
        let from = self.audit(|exchange| exchange.closed_since(self.clock_now())).max(since);
        let filter =
            OrderFilter { status: StatusFilter::Closed, since: Some(from), ..OrderFilter::default() };
        let listing = self.read(RequestKind::ClosedOrders, filter);
        Listing { since: Some(from), ..listing }
    }

    fn fills(&self, since: Utc) -> Listing<FillReport> {
        let class = self.promises().class;
        match self.fill_page(since) {
            Err(failed) => Listing::failed(failed.to_string()),
            Ok((rows, fault, from)) => {
                let rows = rows.iter().map(|record| report::fill(record, class)).collect();
                Listing { rows, completeness: completeness(fault.as_ref()), since: Some(from) }
            }
        }
    }

    fn positions(&self) -> Listing<PositionReport> {
        match self.position_page() {
            Err(failed) => Listing::failed(failed.to_string()),
            Ok((rows, fault)) => {
                let rows = rows.iter().map(report::position).collect();
                Listing { rows, completeness: completeness(fault.as_ref()), since: None }
            }
        }
    }

    fn account(&self) -> Result<AccountReport, VenueError> {
        let cash = self.cash()?;
        let account = self.audit(|exchange| exchange.settings().account.clone());
        Ok(AccountReport { account, cash, trading: Trading::Allowed })
    }

    fn rules(&self, instrument: &Instrument) -> Result<Option<Rules>, VenueError> {
        Ok(self.audit(|exchange| exchange.settings().instruments.get(instrument).cloned()))
    }

    fn last_price(&self, instrument: &Instrument) -> Result<Option<Price>, VenueError> {
        Ok(self.audit(|exchange| exchange.price(instrument)))
    }

    fn stream(&self) -> Result<Receiver<StreamEvent>, VenueError> {
        let class = self.promises().class;
        self.request(RequestKind::Connect, |desk, _, _| Ok(desk.hub.events(class)))
    }
}

impl PaperVenue {
    fn accepted(&self, record: &OrderRecord) -> Accepted {
        let legs = self.audit(|exchange| {
            let legs = record.legs.iter().filter_map(|leg| exchange.order(leg));
            legs.map(report::order).collect()
        });
        Accepted { report: report::order(record), legs }
    }

    /// The venue's id of an order: where ids can be looked up, the client's will do.
    fn resolve(&self, target: &Target) -> Result<VenueOrderId, VenueError> {
        if let Some(id) = &target.venue_order {
            return Ok(id.clone());
        }
        let client_id = target.id.to_string();
        self.audit(|exchange| {
            if !exchange.has_lookup() {
                let message = "the venue's own order id is needed";
                return Err(Refusal::new(RefusalKind::Unsupported, message).into());
            }
            let missing = || Refusal::new(RefusalKind::NotFound, format!("order not found for {client_id}"));
            Ok(exchange.target(&client_id).ok_or_else(missing)?.id.clone())
        })
    }

    fn look_for(
        &self,
        find: impl FnOnce(&super::Exchange, Utc) -> Result<Option<OrderRecord>, VenueError>,
    ) -> Result<Option<OrderReport>, VenueError> {
        self.request(RequestKind::Find, |desk, fault, now| {
            let mut report = find(&desk.exchange, now)?.as_ref().map(report::order);
            if let Some(report) = &mut report {
                make_odd(report, fault);
            }
            Ok(report)
        })
    }

    /// Reads a list of orders page by page, to the end.
    fn read(&self, on: RequestKind, mut filter: OrderFilter) -> Listing<OrderReport> {
        let page_rows = self.audit(|exchange| exchange.settings().page_rows).max(1);
        filter.limit = Some(page_rows);
        let mut rows: Vec<OrderReport> = Vec::new();
        loop {
            let (page, fault) = match self.page(on, &filter) {
                Ok(page) => page,
                Err(failed) if rows.is_empty() => return Listing::failed(failed.to_string()),
                Err(failed) => return part(rows, failed.to_string()),
            };
            let Some(last) = page.last() else { return ended(rows, fault.as_ref()) };
            filter.past = Some(last.id.clone());
            let (first, full) = (rows.len(), page.len() == page_rows);
            rows.extend(page.iter().map(report::order));
            make_odd(&mut rows[first], fault.as_ref());
            // A row that is missing from a full page does not make it the last.
            let cut_short = matches!(fault, Some(Fault::FirstRows(_)));
            if cut_short || !(full || matches!(fault, Some(Fault::Omitted(_)))) {
                return ended(rows, fault.as_ref());
            }
        }
    }
}

fn make_odd(report: &mut OrderReport, fault: Option<&Fault>) {
    if let Some(Fault::OddWord(word)) = fault {
        (report.status, report.word) = (ReportStatus::Odd, word.clone());
    }
}

fn completeness(fault: Option<&Fault>) -> Completeness {
    match fault {
        Some(Fault::FirstRows(_)) => Completeness::Partial("the list ends early".to_owned()),
        _ => Completeness::Complete,
    }
}

fn ended(rows: Vec<OrderReport>, fault: Option<&Fault>) -> Listing<OrderReport> {
    Listing { rows, completeness: completeness(fault), since: None }
}

const fn part(rows: Vec<OrderReport>, why: String) -> Listing<OrderReport> {
    Listing { rows, completeness: Completeness::Partial(why), since: None }
}

/// Two lists as one: complete only if both are.
fn both(mut plain: Listing<OrderReport>, conditional: Listing<OrderReport>) -> Listing<OrderReport> {
    use Completeness::{Complete, Failed, Partial};
    plain.completeness = match (plain.completeness, conditional.completeness) {
        (Complete, Complete) => Complete,
        (Failed(one), Failed(other)) => Failed(format!("{one}; {other}")),
        (Complete, Failed(why) | Partial(why)) | (Failed(why) | Partial(why), _) => Partial(why),
    };
    let seen: BTreeSet<VenueOrderId> = plain.rows.iter().map(|row| row.venue_order.clone()).collect();
    plain.rows.extend(conditional.rows.into_iter().filter(|row| !seen.contains(&row.venue_order)));
    plain
}
