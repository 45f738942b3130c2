//! The paper venue: the exchange behind a lock, with a clock, faults, streams and a memory.

use super::desk::{Desk, unknown};
use super::exchange::{Exchange, later};
use super::faults::{Fault, Faults, RequestKind};
use super::record::{FillRecord, Handling, OrderRecord, PositionRecord};
use super::request::{OrderFilter, OrderRequest, ReplaceRequest};
use super::settings::PaperSettings;
use super::store::{PaperStore, StoreError};
use super::stream::{Hub, StreamMessage};
use crate::venue::VenueError;
use crate::world::Clock;
use std::collections::VecDeque;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use truebook_core::capability::Capabilities;
use truebook_core::id::{Instrument, VenueName, VenueOrderId};
use truebook_core::money::{Cash, Price};
use truebook_core::time::Utc;

/// A venue that exists only here. Cloning gives another handle to the same one.
///
/// Requests are methods that ask like a client does: limits and faults strike them, and an `Unknown` error
/// says in its code what happened (`reply_lost`, `unreadable`, `request_lost`, `late`, `server_error`,
/// `42910000`, `store`).
#[derive(Clone)]
pub struct PaperVenue(Arc<Shared>);

/// Positions by instrument.
pub type Positions = Vec<(Instrument, PositionRecord)>;

struct Shared {
    name: VenueName,
    capabilities: Capabilities,
    clock: Arc<dyn Clock>,
    desk: Mutex<Desk>,
}

impl PaperVenue {
    /// A venue that forgets everything when it goes.
    pub fn new(settings: PaperSettings, clock: Arc<dyn Clock>) -> Self {
        Self::with(Exchange::new(settings), None, clock)
    }

    /// A venue that goes on where it stood when it was last answering.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn stored(
        settings: PaperSettings,
        clock: Arc<dyn Clock>,
        store: PaperStore,
    ) -> Result<Self, StoreError> {
        Ok(Self::with(store.load(settings)?, Some(store), clock))
    }

    fn with(exchange: Exchange, store: Option<PaperStore>, clock: Arc<dyn Clock>) -> Self {
        let name = exchange.settings().name.clone();
        let capabilities = exchange.settings().capabilities.clone();
        let seed = u64::from(exchange.settings().ids);
        let (faults, hub, recent) = (Faults::new(seed), Hub::default(), VecDeque::new());
        let desk = Mutex::new(Desk { exchange, faults, hub, store, recent, broken: None });
        Self(Arc::new(Shared { name, capabilities, clock, desk }))
    }

    /// Changes what is to go wrong.
    pub fn faults<T>(&self, change: impl FnOnce(&mut Faults) -> T) -> T {
        change(&mut self.desk().faults)
    }

    /// Looks at the exchange from outside: what queries show and what they do not.
    pub fn audit<T>(&self, look: impl FnOnce(&Exchange) -> T) -> T {
        look(&self.desk().exchange)
    }

    /// Sets the price of an instrument and executes what can be executed at it.
    ///
    /// # Errors
    /// If the venue does not trade the instrument, or cannot keep what happened.
    pub fn tick(&self, instrument: &Instrument, price: Price) -> Result<(), VenueError> {
        let now = self.clock_now();
        let mut desk = self.desk();
        desk.advance(now)?;
        let ticked = desk.exchange.tick(instrument, price, now);
        desk.finish(now)?;
        Ok(ticked?)
    }

    /// Lets everything happen that is due by now. Each request does that too.
    ///
    /// # Errors
    /// If the venue cannot keep what happened.
    pub fn pass_time(&self) -> Result<(), VenueError> {
        let now = self.clock_now();
        self.desk().advance(now)
    }

    /// Places an order.
    ///
    /// # Errors
    /// Why it is refused, or that nobody knows.
    pub fn place(&self, request: &OrderRequest) -> Result<OrderRecord, VenueError> {
        self.request(RequestKind::Submit, |desk, fault, now| {
            if let Some(client_id) = &request.client_id {
                desk.exchange.receive(client_id);
            }
            if let Some(Fault::Late(time)) = fault {
                desk.exchange.submit_later(request, Handling::default(), later(now, *time));
                return Err(unknown("late", "the gateway timed out"));
            }
            Ok(desk.exchange.submit_with(request, handling(fault), now)?)
        })
    }

    /// Asks for an order to be cancelled.
    ///
    /// # Errors
    /// If there is no such live order, or nobody knows.
    pub fn cancel_order(&self, id: &VenueOrderId) -> Result<OrderRecord, VenueError> {
        self.request(RequestKind::Cancel, |desk, fault, now| match fault {
            Some(Fault::SlowCancel(time)) => Ok(desk.exchange.cancel_slowly(id, later(now, *time), now)?),
            Some(Fault::Late(time)) => {
                // Whether there was such an order is in the reply that never comes.
                drop(desk.exchange.cancel_slowly(id, later(now, *time), now));
                Err(unknown("late", "the gateway timed out"))
            }
            _ => Ok(desk.exchange.cancel(id, now)?),
        })
    }

    /// Asks for an order to be replaced.
    ///
    /// # Errors
    /// Why it is refused, or that nobody knows.
    pub fn replace_order(
        &self,
        id: &VenueOrderId,
        change: &ReplaceRequest,
    ) -> Result<OrderRecord, VenueError> {
        self.request(RequestKind::Replace, |desk, fault, now| match fault {
            Some(Fault::Late(_)) => Err(unknown("request_lost", "the gateway timed out")),
            Some(Fault::SlowReplace(time)) => {
                Ok(desk.exchange.replace_slowly(id, change, later(now, *time), now)?)
            }
            _ => Ok(desk.exchange.replace(id, change, now)?),
        })
    }

    /// Looks for an order by the venue's id.
    ///
    /// # Errors
    /// If nobody can tell.
    pub fn order(&self, id: &VenueOrderId) -> Result<Option<OrderRecord>, VenueError> {
        self.request(RequestKind::Find, |desk, _, now| Ok(desk.exchange.find(id, now).cloned()))
    }

    /// Looks for an order by its client order id: the latest, if there are several.
    ///
    /// # Errors
    /// If nobody can tell.
    pub fn order_by_client_id(&self, client_id: &str) -> Result<Option<OrderRecord>, VenueError> {
        self.request(RequestKind::Find, |desk, _, now| Ok(desk.exchange.find_client(client_id, now).cloned()))
    }

    /// One page of orders, in one request of this kind.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn orders(&self, on: RequestKind, filter: &OrderFilter) -> Result<Vec<OrderRecord>, VenueError> {
        self.page(on, filter).map(|(rows, _)| rows)
    }

    /// One page of orders, and what is wrong with it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn page(
        &self,
        on: RequestKind,
        filter: &OrderFilter,
    ) -> Result<(Vec<OrderRecord>, Option<Fault>), VenueError> {
        self.request(on, |desk, fault, now| {
            let rows = desk.exchange.list(filter, now).into_iter().cloned().collect();
            Ok((cut_rows(rows, fault), fault.cloned()))
        })
    }

    /// Executions since, oldest first.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn fill_records(&self, since: Utc) -> Result<Vec<FillRecord>, VenueError> {
        self.fill_page(since).map(|(rows, _, _)| rows)
    }

    /// Executions, what is wrong with the answer, and from when on they are listed.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn fill_page(&self, since: Utc) -> Result<(Vec<FillRecord>, Option<Fault>, Utc), VenueError> {
        self.request(RequestKind::Fills, |desk, fault, now| {
            let rows = desk.exchange.fills(since, now).into_iter().cloned().collect();
            let from = desk.exchange.fills_since(now).max(since);
            Ok((cut_rows(rows, fault), fault.cloned(), from))
        })
    }

    /// All positions.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn position_records(&self) -> Result<Positions, VenueError> {
        self.position_page().map(|(rows, _)| rows)
    }

    /// All positions, and what is wrong with the answer.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn position_page(&self) -> Result<(Positions, Option<Fault>), VenueError> {
        self.request(RequestKind::Positions, |desk, fault, _| {
            let rows = desk.exchange.positions().map(|(of, position)| (of.clone(), *position)).collect();
            Ok((cut_rows(rows, fault), fault.cloned()))
        })
    }

    /// Cash.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn cash(&self) -> Result<Cash, VenueError> {
        self.request(RequestKind::Account, |desk, _, _| Ok(desk.exchange.cash()))
    }

    /// What happens from here on, in the venue's own terms. The channel is bounded; a reader that falls
    /// behind is told so.
    ///
    /// # Errors
    /// If the venue cannot be reached.
    pub fn updates(&self) -> Result<Receiver<StreamMessage>, VenueError> {
        self.request(RequestKind::Connect, |desk, _, _| Ok(desk.hub.messages()))
    }

    pub(super) fn request<T>(
        &self,
        on: RequestKind,
        act: impl FnOnce(&mut Desk, Option<&Fault>, Utc) -> Result<T, VenueError>,
    ) -> Result<T, VenueError> {
        let now = self.clock_now();
        self.desk().request(on, now, |desk, fault| act(desk, fault, now))
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        // A panic elsewhere is a broken invariant; what the mutex guards is consistent between calls.
        self.0.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn clock_now(&self) -> Utc {
        self.0.clock.now()
    }

    pub(super) fn venue_name(&self) -> &VenueName {
        &self.0.name
    }

    pub(super) fn promises(&self) -> &Capabilities {
        &self.0.capabilities
    }
}

fn handling(fault: Option<&Fault>) -> Handling {
    match fault {
        Some(Fault::Pieces(pieces)) => Handling { pieces: *pieces, ..Handling::default() },
        Some(Fault::LateFills(time)) => {
            let nanos = i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
            Handling { fills_late_nanos: nanos, ..Handling::default() }
        }
        _ => Handling::default(),
    }
}

fn cut_rows<T>(mut rows: Vec<T>, fault: Option<&Fault>) -> Vec<T> {
    match fault {
        Some(Fault::FirstRows(most)) => rows.truncate(*most),
        Some(Fault::Omitted(row)) if *row < rows.len() => drop(rows.remove(*row)),
        _ => {}
    }
    rows
}
