//! Opening a book, and making one where there is none.

use super::{Core, Held};
use crate::fault::Fault;
use crate::options::{IfMissing, Shelves, Told};
use crate::state::place::Place;
use crate::state::write::Writer;
use crate::state::{Shapes, Slot};
use crate::venues::bridge::Bridge;
use crate::venues::paper::PaperCore;
use crate::venues::{ByHand, alpaca};
use pyo3::prelude::*;
use pyo3::types::PyString;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use truebook::Book;
use truebook::backup::{Keeper, KeeperOptions};
use truebook::book::{OpenError, OpenOptions, settings_from_text};
use truebook::core::doc::Doc;
use truebook::core::identity::Mode;
use truebook::crypt::{Key, KeySource, Passphrase};
use truebook::engine::Trader;
use truebook::venue::Venue;

/// A venue that was chosen.
enum Chosen {
    None,
    Rust(Arc<dyn Venue>),
    Python(Arc<Bridge>),
    Alpaca(Arc<dyn Venue>, Mode),
}

/// Where a key may be: a file, a variable, a passphrase, the key itself.
pub(crate) type KeyTold = (Option<PathBuf>, Option<String>, Option<String>, Option<[u8; 32]>);

/// Where the key of an encrypted book is; the first that was told.
pub(crate) fn key_source((file, variable, passphrase, key): KeyTold) -> Option<KeySource> {
    let by_file = file.map(KeySource::File);
    let by_variable = || variable.map(KeySource::Environment);
    let by_passphrase = || passphrase.map(|text| KeySource::Passphrase(Passphrase::new(text)));
    let by_key = || key.map(|bytes| KeySource::Given(Key::from_bytes(bytes)));
    by_file.or_else(by_variable).or_else(by_passphrase).or_else(by_key)
}

#[pymethods]
impl Core {
    /// Opens a book. `told` is JSON; `venue` is `None`, a `PaperCore`, a `truebook._bridge.Bridge`, or a tuple of
    /// what is told of Alpaca and its keys.
    #[staticmethod]
    fn open(
        py: Python<'_>,
        told: String,
        settings: Bound<'_, PyAny>,
        venue: Bound<'_, PyAny>,
        key: KeyTold,
    ) -> PyResult<Self> {
        let told = Told::parse(&told, key_source(key))?;
        let settings = read_settings(&settings)?;
        let venue = choose(&venue)?;
        let held = py.detach(move || open(told, settings, venue))?;
        Ok(Self::of(held))
    }
}

/// A dict, or TOML or JSON as text.
pub(super) fn read_settings(given: &Bound<'_, PyAny>) -> PyResult<Option<Doc>> {
    if given.is_none() {
        return Ok(None);
    }
    if let Ok(text) = given.cast::<PyString>() {
        let doc = settings_from_text(&text.to_cow()?);
        return Ok(Some(doc.map_err(|failed| Fault::new("OptionError", failed.to_string()))?));
    }
    let mut writer = Writer::new(given.py(), Shapes::default());
    Ok(Some(writer.value(given, None, &mut Slot::Unknown, Place::Root)?.or(None)))
}

fn choose(given: &Bound<'_, PyAny>) -> PyResult<Chosen> {
    if given.is_none() {
        return Ok(Chosen::None);
    }
    if let Ok(paper) = given.cast::<PaperCore>() {
        return Ok(Chosen::Rust(paper.get().as_venue()));
    }
    if let Ok((text, keys)) = given.extract::<(String, Option<(String, String)>)>() {
        let mode = if alpaca::is_live(&text) { Mode::Live } else { Mode::Paper };
        return Ok(Chosen::Alpaca(alpaca::make(&text, keys)?, mode));
    }
    Ok(Chosen::Python(Arc::new(Bridge::new(given)?)))
}

fn open(told: Told, settings: Option<Doc>, chosen: Chosen) -> Result<Held, Fault> {
    let options = told.options(settings.clone())?;
    let book = open_or_make(&told, settings, options)?;
    let identity = book.live()?.identity;
    let (venue, bridge): (Arc<dyn Venue>, _) = match chosen {
        Chosen::None => (Arc::new(ByHand::new(identity.venue.clone())), None),
        Chosen::Rust(venue) => (venue, None),
        Chosen::Python(bridge) => (Arc::clone(&bridge) as _, Some(bridge)),
        Chosen::Alpaca(venue, mode) => {
            check_mode(identity.mode, mode)?;
            (venue, None)
        }
    };
    let trader = Trader::new(book.clone(), venue)?;
    let (keeper, left_out) = start_keeper(&told, &book)?;
    Ok(Held {
        book,
        trader,
        bridge,
        keeper: Mutex::new(keeper),
        left_out,
        follower: Mutex::new(None),
        told,
        memory: Mutex::default(),
    })
}

/// Practice never meets real money, and real money never a practice venue.
fn check_mode(book: Mode, venue: Mode) -> Result<(), Fault> {
    if book == venue {
        return Ok(());
    }
    let message = format!("the book is {book}, and the venue is for {venue} trading");
    Err(Fault::new("IdentityError", message)
        .with_hint("another base_url, or a book of its own for the other mode"))
}

/// Only where nothing says that there ever was a book one is made.
fn open_or_make(told: &Told, settings: Option<Doc>, options: OpenOptions) -> Result<Book, Fault> {
    match Book::open(told.world(), options.clone()) {
        Err(OpenError::NoBook { .. }) if told.if_missing() == IfMissing::Create => {
            Ok(Book::create(told.world(), &told.new_book(settings)?, options)?)
        }
        opened => Ok(opened?),
    }
}

/// What makes backups, and the places that are left out.
fn start_keeper(told: &Told, book: &Book) -> Result<(Option<Keeper>, Vec<String>), Fault> {
    let Shelves { usable, left_out } = told.shelves(book.status()?.book)?;
    if usable.is_empty() {
        return Ok((None, left_out));
    }
    let (schedule, key) = (told.schedule()?, told.key());
    let options = KeeperOptions { places: usable, late: Vec::new(), schedule, key, scratch: None };
    Ok((Some(Keeper::start(book, &options)?), left_out))
}
