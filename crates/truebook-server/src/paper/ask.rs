//! A request as it came, read whole.

use super::answer::Answer;
use hyper::Method;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use truebook::paper::RequestKind;

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) method: Method,
    /// The parts of the path between strokes, decoded.
    pub(crate) parts: Vec<String>,
    query: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) keys: Option<(String, String)>,
}

impl Ask {
    pub(crate) fn new(
        method: Method,
        uri: &hyper::Uri,
        keys: Option<(String, String)>,
        body: Vec<u8>,
    ) -> Self {
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let parts = uri.path().split('/').filter(|part| !part.is_empty()).map(decoded).collect();
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let query = query.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Self { method, parts, query, body, keys }
    }

    /// A parameter that is there and not empty.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Whether a parameter says yes. One client writes it like its own language does.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| value.eq_ignore_ascii_case("true") || value == "1")
    }

    /// The body, as what it must be.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Answer> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Answer::error(400, 40_010_000, &format!("request body format is invalid: {error}"))
        })
    }

    /// Which of the venue's faults can befall it.
    pub(crate) fn kind(&self) -> Option<RequestKind> {
        let parts: Vec<&str> = self.parts.iter().map(String::as_str).collect();
        match (&self.method, parts.as_slice()) {
            (&Method::POST, ["v2", "orders"]) => Some(RequestKind::Submit),
            (&Method::PATCH, ["v2", "orders", _]) => Some(RequestKind::Replace),
            (&Method::DELETE, ["v2", "orders", ..]) => Some(RequestKind::Cancel),
            (&Method::GET, ["v2", "orders"]) => Some(self.list_kind()),
            (&Method::GET, ["v2", "orders", _] | ["v2", "orders:by_client_order_id"]) => {
                Some(RequestKind::Find)
            }
            (&Method::GET, ["v2", "positions", ..]) => Some(RequestKind::Positions),
            (&Method::GET, ["v2", "account", "activities", ..]) => Some(RequestKind::Fills),
            (&Method::GET, ["v2", "account"]) => Some(RequestKind::Account),
            _ => None,
        }
    }

    pub(crate) fn list_kind(&self) -> RequestKind {
        match self.parameter("status") {
            None | Some("open") => RequestKind::OpenOrders,
            Some(_) => RequestKind::ClosedOrders,
        }
    }
}
