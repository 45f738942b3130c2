//! A venue that exists only here: a deterministic exchange, faults on demand, and every class of behaviour
//! that real venues show, so that a bot and its book can be tried before money is at stake.
//!
//! [`Exchange`] is the pure simulator. [`PaperVenue`] puts it behind the trait
//! [`Venue`](crate::venue::Venue) with a clock, faults, streams and, if wanted, a durable store of its own.

mod chance;
mod desk;
mod embedded;
mod exchange;
mod faults;
pub mod prices;
mod record;
mod refusal;
mod report;
mod request;
mod settings;
mod store;
mod stream;
mod venue;

pub use chance::Chance;
pub use exchange::{DurableError, Exchange};
pub use faults::{Fault, Faults, Rate, RequestKind};
pub use record::{
    FillRecord, Handling, OrderClass, OrderRecord, OrderStatus, PositionRecord, TakeOver, TradeUpdate,
    Trigger, UpdateKind,
};
pub use refusal::{Refusal, RefusalKind};
pub use request::{Direction, ListFilter, OrderFilter, OrderRequest, ReplaceRequest, StatusFilter};
pub use settings::{Fees, Funds, PaperSettings, Session};
pub use store::{PaperStore, StoreError};
pub use stream::StreamMessage;
pub use venue::{PaperVenue, Positions};
