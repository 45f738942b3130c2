//! The engine: a book and a venue, kept in agreement.
//!
//! [`Trader`] is what a bot holds. It decides nothing that the core could decide: it writes down what is
//! wanted before it is sent (promise P2), sends it once, writes down what came of it, and carries out what
//! [`truebook_core::reconcile`] plans. It has no clock and no thread of its own.

mod absorb;
mod error;
mod execute;
mod observe;
mod reconcile;
mod requests;
mod rules;
mod session;
mod submit;
mod two_step;

pub use absorb::Absorbed;
pub use error::{SubmitError, TradeError};
pub use observe::OVERLAP;
pub use reconcile::{Outcome as ReconcileOutcome, PASSES_MAX, Reconciliation};
pub use requests::Replace;
pub use submit::{Submitted, SubmittedBy};
pub use two_step::{Intended, Outcome};

use crate::book::{Book, WriteError};
use crate::venue::Venue;
use rules::RuleCache;
use session::Session;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use truebook_core::event::Event;
use truebook_core::gate::SettingsState;
use truebook_core::id::{OrderId, OrderKey};
use truebook_core::life::Order;
use truebook_core::order::Role;
use truebook_core::reconcile::Policy;
use truebook_core::reconcile::policy::Lost;
use truebook_core::seen::order_seen_id;

/// A book and the venue that it trades at. Cloning gives another handle to the same.
#[derive(Clone)]
pub struct Trader(Arc<Inner>);

struct Inner {
    book: Book,
    venue: Arc<dyn Venue>,
    policy: Policy,
    session: Mutex<Session>,
    rules: RuleCache,
    /// One reconciliation at a time.
    reconciling: Mutex<()>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the mutexes here guard is consistent between any two statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trader {
    /// Brings a book and its venue together. The gate is shut until [`Self::reconcile`] has succeeded.
    ///
    /// # Errors
    /// [`TradeError::OtherVenue`] if the book was made for another one; [`TradeError::Policy`] if the settings
    /// under `reconcile` cannot be read.
    pub fn new(book: Book, venue: Arc<dyn Venue>) -> Result<Self, TradeError> {
        Self::with(book, venue, Lost::Refuse)
    }

    /// As [`Self::new`], for a book that was made again after its state was lost: the live orders that bear a
    /// truebook's id are taken in.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn after_loss(book: Book, venue: Arc<dyn Venue>) -> Result<Self, TradeError> {
        Self::with(book, venue, Lost::Adopt)
    }

    fn with(book: Book, venue: Arc<dyn Venue>, lost: Lost) -> Result<Self, TradeError> {
        let live = book.live()?;
        if live.identity.venue != venue.name() {
            let (book, venue) = (live.identity.venue, venue.name());
            return Err(TradeError::OtherVenue { book, venue });
        }
        let policy = Policy { lost, ..rules::policy_of(&live.settings)? };
        let unaccepted = !book.unaccepted_settings().is_empty();
        let settings = if unaccepted { SettingsState::Changed } else { SettingsState::Accepted };
        let session = Mutex::new(Session::new(settings));
        let rules = RuleCache::default();
        Ok(Self(Arc::new(Inner { book, venue, policy, session, rules, reconciling: Mutex::new(()) })))
    }

    /// The book.
    pub fn book(&self) -> &Book {
        &self.0.book
    }

    /// The venue.
    pub fn venue(&self) -> &Arc<dyn Venue> {
        &self.0.venue
    }

    /// What is done where there is a choice.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }

    /// The live order that was submitted under this key, if it is still in the book's live part.
    ///
    /// # Errors
    /// If the book cannot be read any more.
    pub fn order(&self, key: &OrderKey) -> Result<Option<Order>, TradeError> {
        let found = self.0.book.with_state(|state| {
            let live = state.live();
            let mut orders = live.orders.values();
            let entry = orders.find(|order| order.intent.key == *key && order.intent.role == Role::Entry);
            let taken_back = || (live.restorations > 0).then(|| submit::taken_back(live, key)).flatten();
            entry.or_else(taken_back).map(|order| (**order).clone())
        })?;
        Ok(found)
    }

    /// Writes facts down, all with one flush.
    fn record(&self, events: Vec<Event>) -> Result<(), WriteError> {
        if events.is_empty() {
            return Ok(());
        }
        self.0.book.record_all(events).map(drop)
    }

    /// Takes in facts that the venue tells again whenever it is asked: nobody waits for the disk.
    fn record_soon(&self, events: Vec<Event>) -> Result<(), WriteError> {
        if events.is_empty() {
            return Ok(());
        }
        self.0.book.record_soon(events)
    }

    /// Whether an order of this id is in the book, live or over.
    fn knows(&self, id: OrderId) -> Result<bool, WriteError> {
        self.0.book.with_state(|state| {
            state.live().orders.contains_key(&id) || state.seen().get(order_seen_id(id)).is_some()
        })
    }

    fn live_order(&self, id: OrderId) -> Result<Option<Order>, WriteError> {
        self.0.book.with_state(|state| state.live().orders.get(&id).map(|order| (**order).clone()))
    }
}
