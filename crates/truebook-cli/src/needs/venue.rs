//! The venue that a book trades at: named by options first, then by the settings, then by the book's mode.

use crate::errors::Failure;
use crate::flags::VenueArgs;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use truebook::Book;
use truebook::core::doc::Doc;
use truebook::core::identity::{Identity, Mode};
use truebook::core::settings::Settings;
use truebook::venue::Venue;
use truebook_venues::alpaca::{Address, Alpaca, Keys, LIVE, Options, PAPER, StreamFills};

/// The table `venue` of the settings.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Table {
    url: Option<String>,
    file: Option<PathBuf>,
    requests_per_minute: Option<u32>,
}

/// What an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The broker itself.
    Live,
    /// The broker's paper trading.
    Paper,
    /// Something on this machine: a paper venue.
    Here,
    /// Somewhere else, of which nobody can tell what it is.
    Elsewhere,
}

/// A paper venue on this machine has no limit; this is as good as none.
const REQUESTS_HERE: u32 = 1_000_000;
/// A paper venue on this machine shows an order at once, unless it was told to hide it for a while.
const PROPAGATION_HERE: Duration = Duration::from_secs(1);
/// What a paper venue on this machine is given if there are no keys.
const KEY_HERE: &str = "paper";

/// The venue of a book. Nothing is sent yet.
pub(crate) fn of_book(book: &Book, args: &VenueArgs) -> Result<Arc<dyn Venue>, Failure> {
    let live = book.live()?;
    find(&live.identity, &live.settings, args)
}

fn find(identity: &Identity, settings: &Settings, args: &VenueArgs) -> Result<Arc<dyn Venue>, Failure> {
    let table = table_of(settings)?;
    let url = args.venue_url.clone().or(table.url).map_or_else(|| usual_url(identity), Ok)?;
    let address = Address::parse(&url).map_err(|failed| Failure::caused(&failed))?;
    let place = place_of(&url);
    check_mode(identity, place, &url)?;
    check_name(identity, place, &url)?;
    let keys = keys(args.venue_keys.as_deref().or(table.file.as_deref()), place)?;
    let requests = table.requests_per_minute;
    let venue = Alpaca::new(keys, options(place, address, requests)?).named(identity.venue.clone());
    Ok(Arc::new(venue))
}

fn table_of(settings: &Settings) -> Result<Table, Failure> {
    let found = settings.doc.as_object().and_then(|members| members.get("venue"));
    let Some(table @ Doc::Object(_)) = found else { return Ok(Table::default()) };
    serde_json::from_str(&table.to_compact())
        .map_err(|failed| Failure::new(format!("settings under \"venue\": {failed}")))
}

fn usual_url(identity: &Identity) -> Result<String, Failure> {
    match (identity.venue.as_str(), identity.mode) {
        ("paper", _) => Err(Failure::new("the book is for a paper venue, and nobody said where that is")
            .with_hint("truebook paper, then --venue-url with the address that it prints")),
        (_, Mode::Paper) => Ok(PAPER.to_owned()),
        (_, Mode::Live) => Ok(LIVE.to_owned()),
    }
}

fn place_of(url: &str) -> Place {
    match url.trim_end_matches('/') {
        LIVE => Place::Live,
        PAPER => Place::Paper,
        // Plain http is for this machine only, and Address holds that.
        other if other.starts_with("http://") => Place::Here,
        _ => Place::Elsewhere,
    }
}

/// Practice never meets real money, and real money never a practice venue.
fn check_mode(identity: &Identity, place: Place, url: &str) -> Result<(), Failure> {
    let wrong = match (identity.mode, place) {
        (Mode::Paper, Place::Live) => "trades real money",
        (Mode::Live, Place::Paper | Place::Here) => "is for practice",
        _ => return Ok(()),
    };
    let message = format!("the book is {}, and {url} {wrong}", identity.mode);
    Err(Failure::new(message).with_hint("another --venue-url, or a book of its own for the other mode"))
}

fn check_name(identity: &Identity, place: Place, url: &str) -> Result<(), Failure> {
    let fits = match identity.venue.as_str() {
        "alpaca" => true,
        "paper" => place == Place::Here,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let message = format!("the book is for the venue {}, and {url} is not that", identity.venue);
    Err(Failure::new(message).with_hint("truebook --data OTHER init --venue alpaca"))
}

fn keys(file: Option<&Path>, place: Place) -> Result<Keys, Failure> {
    let found = match file {
        Some(file) => Keys::from_file(file),
        None => Keys::from_env(),
    };
    let found = match (found, file, place) {
        (Err(_), None, Place::Here) => Keys::new(KEY_HERE, KEY_HERE),
        (found, ..) => found,
    };
    found.map_err(|failed| {
        let hint = "--venue-keys FILE, or APCA_API_KEY_ID and APCA_API_SECRET_KEY in the environment";
        Failure::new(format!("no keys for the venue: {failed}")).with_hint(hint)
    })
}

fn options(place: Place, address: Address, requests: Option<u32>) -> Result<Options, Failure> {
    let usual = Options::paper().map_err(|failed| Failure::caused(&failed))?;
    let requests_a_minute = requests.unwrap_or(match place {
        Place::Here => REQUESTS_HERE,
        _ => usual.requests_a_minute,
    });
    Ok(match place {
        // The paper venue has its own market data, and one id for an execution wherever it tells of it.
        Place::Here => Options {
            data: Some(address.clone()),
            trading: address,
            stream_fills: StreamFills::Passed,
            propagation: PROPAGATION_HERE,
            requests_a_minute,
            ..usual
        },
        _ => Options { trading: address, requests_a_minute, ..usual },
    })
}
