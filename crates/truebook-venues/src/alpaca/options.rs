//! What can be chosen.

use super::address::{Address, AddressError, DATA, LIVE, PAPER};
use core::time::Duration;
use truebook::venue::REPLY_TIMEOUT;

/// How the venue is reached and used.
#[derive(Clone, Debug)]
pub struct Options {
    /// Trading and the stream.
    pub trading: Address,
    /// Market data; without it there are no latest prices.
    pub data: Option<Address>,
    /// How long a request may take.
    pub timeout: Duration,
    /// Requests a minute that the venue allows the account.
    pub requests_a_minute: u32,
    /// How many of these are kept for cancels and exits.
    pub reserve: u32,
    /// How long a request may wait for its turn under that limit.
    pub patience: Duration,
    /// What becomes of executions that the stream tells.
    pub stream_fills: StreamFills,
    /// How late an order that was accepted may show when it is asked for.
    pub propagation: Duration,
}

/// The venue documents no bound; orders have been seen to show within a second or two.
const PROPAGATION: Duration = Duration::from_secs(10);

/// What becomes of executions that the stream tells.
///
/// The venue does not document that the stream and the account's history give one execution the same id. If
/// they did not, an execution taken from both would be counted twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamFills {
    /// They are not passed on: the order's filled quantity is, and the execution is read from the history.
    #[default]
    FromHistory,
    /// They are passed on, for a venue where the ids are known to be the same.
    Passed,
}

impl Options {
    /// The venue's paper trading.
    pub fn paper() -> Result<Self, AddressError> {
        Ok(Self { data: Some(Address::parse(DATA)?), ..Self::at(PAPER)? })
    }

    /// The venue itself.
    pub fn live() -> Result<Self, AddressError> {
        Ok(Self { data: Some(Address::parse(DATA)?), ..Self::at(LIVE)? })
    }

    /// Something that speaks like the venue; market data elsewhere, if at all.
    pub fn at(trading: &str) -> Result<Self, AddressError> {
        Ok(Self {
            trading: Address::parse(trading)?,
            data: None,
            timeout: REPLY_TIMEOUT,
            requests_a_minute: 200,
            reserve: 40,
            patience: REPLY_TIMEOUT,
            stream_fills: StreamFills::default(),
            propagation: PROPAGATION,
        })
    }
}
