//! Alpaca, by the adapter that is written in Rust.

use crate::fault::Fault;
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use truebook::core::id::VenueName;
use truebook::venue::Venue;
use truebook_venues::alpaca::{Address, Alpaca, Keys, LIVE, Options, PAPER, StreamFills};

/// A paper venue on this machine has no limit; this is as good as none.
const REQUESTS_HERE: u32 = 1_000_000;
/// A paper venue on this machine shows an order at once.
const PROPAGATION_HERE: Duration = Duration::from_secs(1);

/// What was told of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    base_url: Option<String>,
    keys_file: Option<PathBuf>,
    requests_per_minute: Option<u32>,
    name: Option<String>,
}

/// The venue. Nothing is sent yet.
pub(crate) fn make(text: &str, keys: Option<(String, String)>) -> Result<Arc<dyn Venue>, Fault> {
    let told: Told = serde_json::from_str(text).map_err(wrong)?;
    let url = told.base_url.as_deref().unwrap_or(PAPER).trim_end_matches('/');
    let address = Address::parse(url).map_err(wrong)?;
    // Plain http is for this machine only, and Address holds that.
    let is_here = url.starts_with("http://");
    let keys = match (keys, &told.keys_file) {
        (Some((id, secret)), _) => Keys::new(&id, &secret),
        (None, Some(file)) => Keys::from_file(file),
        (None, None) => match Keys::from_env() {
            Err(_) if is_here => Keys::new("paper", "paper"),
            found => found,
        },
    };
    let keys = keys.map_err(|failed| {
        let hint =
            "key_id= and secret=, keys_file=, or APCA_API_KEY_ID and APCA_API_SECRET_KEY in the environment";
        Fault::new("OptionError", format!("no keys for the venue: {failed}")).with_hint(hint)
    })?;
    let usual = Options::paper().map_err(wrong)?;
    let requests = told.requests_per_minute;
    let options = if is_here {
        Options {
            data: Some(address.clone()),
            trading: address,
            stream_fills: StreamFills::Passed,
            propagation: PROPAGATION_HERE,
            requests_a_minute: requests.unwrap_or(REQUESTS_HERE),
            ..usual
        }
    } else {
        Options { trading: address, requests_a_minute: requests.unwrap_or(usual.requests_a_minute), ..usual }
    };
    let name = VenueName::new(told.name.as_deref().unwrap_or("alpaca")).map_err(wrong)?;
    Ok(Arc::new(Alpaca::new(keys, options).named(name)))
}

/// Whether real money is traded there.
pub(crate) fn is_live(text: &str) -> bool {
    serde_json::from_str::<Told>(text)
        .ok()
        .and_then(|told| told.base_url)
        .is_some_and(|url| url.trim_end_matches('/') == LIVE)
}

fn wrong(failed: impl std::fmt::Display) -> Fault {
    Fault::new("OptionError", failed.to_string())
}
