//! HTTP: one request on the wire a call, and an exact answer to whether any of it left this machine.
//!
//! Nothing is ever sent twice: no retry, no redirect. Connections are kept open and used again; one that the
//! other side closed meanwhile makes the call fail, and whether bytes of the request had left by then is not
//! guessed from the kind of error but seen where they are handed to the connection.

use super::keys::Keys;
use core::cell::Cell;
use core::time::Duration;
use std::fmt;
use ureq::http::{Request, Response};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, DefaultConnector, NextTimeout, Transport,
};
use ureq::{Agent, Body};

/// The largest reply that is read: far more than a full page of anything.
const REPLY_BYTES_MAX: u64 = 64 << 20;

/// What is asked of the venue.
#[derive(Clone, Debug)]
pub(crate) struct Call<'a> {
    /// GET, POST, PATCH or DELETE.
    pub(crate) method: &'static str,
    /// The whole address.
    pub(crate) url: String,
    /// A JSON body.
    pub(crate) body: Option<&'a str>,
}

/// What the venue answered, whatever it says.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// HTTP status.
    pub(crate) status: u16,
    /// Body.
    pub(crate) body: Vec<u8>,
    /// Seconds to wait, if it says.
    pub(crate) retry_after: Option<u64>,
    /// When the limit is lifted, in seconds since 1970, if it says.
    pub(crate) reset_at: Option<i64>,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No byte of the request was handed to the connection.
    NotSent(String),
    /// Something was: nobody knows what came of it.
    Lost(String),
}

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Http {
    agent: Agent,
    keys: Keys,
}

impl Http {
    pub(crate) fn new(keys: Keys, timeout: Duration) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            // A redirect would send an order a second time, or keys to another host.
            .max_redirects(0)
            .max_redirects_will_error(false)
            .no_delay(true)
            .user_agent(concat!("truebook/", env!("CARGO_PKG_VERSION")))
            .build();
        let connector = DefaultConnector::new().chain(Watch);
        Self { agent: Agent::with_parts(config, connector, DefaultResolver::default()), keys }
    }

    /// Sends one request, once.
    pub(crate) fn send(&self, call: &Call<'_>) -> Result<Reply, Failure> {
        let request = Request::builder()
            .method(call.method)
            .uri(&call.url)
            .header("APCA-API-KEY-ID", self.keys.id())
            .header("APCA-API-SECRET-KEY", self.keys.secret());
        LEFT.set(false);
        let response = match call.body {
            Some(body) => request
                .header("Content-Type", "application/json")
                .body(body)
                .map_err(ureq::Error::from)
                .and_then(|request| self.agent.run(request)),
            None => request.body(()).map_err(ureq::Error::from).and_then(|request| self.agent.run(request)),
        };
        response.map_err(|error| failure(&error)).and_then(read)
    }
}

fn failure(error: &ureq::Error) -> Failure {
    let words = error.to_string();
    if LEFT.get() { Failure::Lost(words) } else { Failure::NotSent(words) }
}

fn read(response: Response<Body>) -> Result<Reply, Failure> {
    let header = |name: &str| response.headers().get(name)?.to_str().ok()?.trim().parse().ok();
    let (retry_after, reset_at) = (header("Retry-After"), header("X-RateLimit-Reset"));
    let status = response.status().as_u16();
    let body = response.into_body().into_with_config().limit(REPLY_BYTES_MAX).read_to_vec();
    let body = body.map_err(|error| Failure::Lost(format!("status {status}, then {error}")))?;
    let retry_after = retry_after.and_then(|seconds: i64| u64::try_from(seconds).ok());
    Ok(Reply { status, body, retry_after, reset_at })
}

thread_local! {
    /// Whether a byte of this thread's request was handed to its connection. A call runs whole in the
    /// caller's thread.
    static LEFT: Cell<bool> = const { Cell::new(false) };
}

/// The last link of the chain that connects: by then TCP and TLS stand, and what is handed on is request.
#[derive(Debug)]
struct Watch;

impl<In: Transport> Connector<In> for Watch {
    type Out = Watched<In>;

    fn connect(
        &self,
        _: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        Ok(chained.map(Watched))
    }
}

struct Watched<In>(In);

impl<In: Transport> Transport for Watched<In> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        // Before it is tried: a write that fails may have gone out in part.
        LEFT.set(LEFT.get() || amount > 0);
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.0.await_input(timeout)
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

impl<In: Transport> fmt::Debug for Watched<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
