//! A venue that exists only here: a deterministic exchange, faults on demand, and every class of behaviour
//! that real venues show, so that a bot and its book can be tried before money is at stake.
//!
//! [`Exchange`] is the pure simulator. [`PaperVenue`] puts it behind the trait
//! [`Venue`](crate::venue::Venue) with a clock, faults, streams and, if wanted, a durable store of its own.

mod chance;
mod exchange;
mod faults;
mod record;
mod refusal;
mod request;
mod settings;

pub use chance::Chance;
pub use exchange::{DurableError, Exchange};
pub use faults::{Fault, Faults, Rate, RequestKind};
pub use record::{
    FillRecord, Handling, OrderClass, OrderRecord, OrderStatus, PositionRecord, TradeUpdate, Trigger,
    UpdateKind,
};
pub use refusal::{Refusal, RefusalKind};
pub use request::{Direction, ListFilter, OrderFilter, OrderRequest, ReplaceRequest, StatusFilter};
pub use settings::{Fees, Funds, PaperSettings, Session};
