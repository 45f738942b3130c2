//! What `truebook.open` was told, made into what the library takes.

use crate::fault::Fault;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use truebook::World;
use truebook::backup::address::{self, PlaceError, sibling};
use truebook::backup::form::LEVEL_DEFAULT;
use truebook::backup::form::{Lock, Unlock};
use truebook::backup::keeper::Schedule;
use truebook::backup::target::Distance;
use truebook::backup::{AgeError, Fallback, Form, Identities, Place, Recipients, Shelf, Shipping, Target};
use truebook::book::{CheckpointSchedule, NewBook, OnChangedSettings, OnDamage, OnLoss, OpenOptions, Upkeep};
use truebook::core::doc::Doc;
use truebook::core::id::{AccountName, BookId, BookName, VenueName};
use truebook::core::identity::{Expected, Mode};
use truebook::core::retention::Keep;
use truebook::crypt::KeySource;
use truebook::journal::JournalOptions;

/// What was told, but for secrets and objects.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    path: PathBuf,
    name: Option<String>,
    account: Option<String>,
    mode: Option<Mode>,
    venue: Option<String>,
    if_missing: IfMissing,
    on_changed_settings: ChangedSettings,
    on_damage: Damage,
    on_loss: Loss,
    backups: Backups,
    backup_every_s: f64,
    keep_last: u32,
    upkeep: UpkeepBy,
    checkpoint_every_s: f64,
    checkpoint_events: u64,
    segment_bytes: Option<u32>,
    /// Not among what was written: it stays out of every text.
    #[serde(skip)]
    key: Option<KeySource>,
    /// For whom backups are encrypted: age recipients.
    backup_recipients: Vec<String>,
    /// A file with age identities, which opens them.
    backup_identity: Option<PathBuf>,
    #[serde(skip)]
    lock: Option<Arc<dyn Lock>>,
    #[serde(skip)]
    unlock: Option<Arc<dyn Unlock>>,
}

/// What to do where there is no book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum IfMissing {
    /// Make one.
    Create,
    /// Say so.
    Refuse,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ChangedSettings {
    Refuse,
    Accept,
    Hold,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Damage {
    Mend,
    Ask,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Loss {
    Refuse,
    Accept,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UpkeepBy {
    Thread,
    Inline,
}

/// Where backups are.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Backups {
    /// In the directory beside the book.
    Sibling,
    /// Nowhere. What is beside the book all the same still mends it.
    None,
    /// Here.
    Places(Vec<String>),
}

impl Told {
    /// Reads what Python wrote.
    pub(crate) fn parse(text: &str, key: Option<KeySource>) -> Result<Self, Fault> {
        let told: Self =
            serde_json::from_str(text).map_err(|failed| Fault::new("OptionError", failed.to_string()))?;
        let (lock, unlock) = (told.lock()?, unlock(told.backup_identity.as_deref())?);
        Ok(Self { key, lock, unlock, ..told })
    }

    fn lock(&self) -> Result<Option<Arc<dyn Lock>>, Fault> {
        if self.backup_recipients.is_empty() {
            return Ok(None);
        }
        let parsed = Recipients::parse(&self.backup_recipients);
        Ok(Some(Arc::new(parsed.map_err(|failed| wrong_age("backup_recipients", &failed))?)))
    }

    /// The world with the book's directory.
    pub(crate) fn world(&self) -> World {
        World::real(&self.path)
    }

    pub(crate) const fn if_missing(&self) -> IfMissing {
        self.if_missing
    }

    /// The key of an encrypted book.
    pub(crate) fn key(&self) -> Option<KeySource> {
        self.key.clone()
    }

    /// How the book is opened.
    pub(crate) fn options(&self, settings: Option<Doc>) -> Result<OpenOptions, Fault> {
        let segment_bytes = self.segment_bytes.unwrap_or(JournalOptions::default().segment_bytes);
        Ok(OpenOptions {
            key: self.key(),
            expected: Expected { venue: self.venue_name()?, account: self.account_name()?, mode: self.mode },
            settings,
            on_changed_settings: match self.on_changed_settings {
                ChangedSettings::Refuse => OnChangedSettings::Refuse,
                ChangedSettings::Accept => OnChangedSettings::Accept,
                ChangedSettings::Hold => OnChangedSettings::Hold,
            },
            on_loss: match self.on_loss {
                Loss::Refuse => OnLoss::Refuse,
                Loss::Accept => OnLoss::Accept,
            },
            backups: self.fallbacks(),
            on_damage: match self.on_damage {
                Damage::Mend => OnDamage::Mend,
                Damage::Ask => OnDamage::Ask,
            },
            journal: JournalOptions { segment_bytes, ..JournalOptions::default() },
            upkeep: match self.upkeep {
                UpkeepBy::Thread => Upkeep::Thread,
                UpkeepBy::Inline => Upkeep::Inline,
            },
            checkpoints: CheckpointSchedule {
                interval: seconds(self.checkpoint_every_s, "checkpoint_every")?,
                events: self.checkpoint_events,
                ..CheckpointSchedule::default()
            },
        })
    }

    /// The book that is made if there is none.
    pub(crate) fn new_book(&self, settings: Option<Doc>) -> Result<NewBook, Fault> {
        let venue = self.venue_name()?.map_or_else(|| VenueName::new("none"), Ok).map_err(wrong_name)?;
        let account =
            self.account_name()?.map_or_else(|| AccountName::new("main"), Ok).map_err(wrong_name)?;
        Ok(NewBook {
            name: self.name.clone().map_or_else(|| self.usual_name(), Ok).and_then(|name| {
                BookName::new(&name).map_err(|failed| wrong_name(failed).with_hint("name=\"…\""))
            })?,
            venue,
            account,
            mode: self.mode.unwrap_or(Mode::Paper),
            settings: settings.unwrap_or_else(Doc::object),
            key: self.key(),
            readable: None,
            installation: None,
        })
    }

    /// The directory's own name, also when it was given as `.`.
    fn usual_name(&self) -> Result<String, Fault> {
        let path = std::path::absolute(&self.path).unwrap_or_else(|_| self.path.clone());
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.ok_or_else(|| Fault::new("OptionError", "the directory has no name").with_hint("name=\"…\""))
    }

    fn venue_name(&self) -> Result<Option<VenueName>, Fault> {
        self.venue.as_deref().map(VenueName::new).transpose().map_err(wrong_name)
    }

    fn account_name(&self) -> Result<Option<AccountName>, Fault> {
        self.account.as_deref().map(AccountName::new).transpose().map_err(wrong_name)
    }

    /// Where backups are made and looked for.
    pub(crate) fn places(&self) -> Vec<String> {
        match &self.backups {
            Backups::Sibling => vec![sibling(&self.path).display().to_string()],
            Backups::None => Vec::new(),
            Backups::Places(places) => places.clone(),
        }
    }

    /// Where a damaged book is mended from: the directory beside it, then the places that were given.
    fn fallbacks(&self) -> Vec<Fallback> {
        let sibling = sibling(&self.path);
        let beside = sibling.is_dir().then(|| sibling.display().to_string());
        let given = self.places().into_iter().filter(|place| Path::new(place) != sibling);
        // A sound book opens without any; those that cannot be used are told of with the backups.
        let places = beside.into_iter().chain(given).filter_map(|place| target(&place).ok());
        places.map(|target| Fallback { target, unlock: self.unlock.clone() }).collect()
    }

    /// When backups are made.
    pub(crate) fn schedule(&self) -> Result<Schedule, Fault> {
        Ok(Schedule { generations: seconds(self.backup_every_s, "backup_every")?, ..Schedule::default() })
    }

    /// The places of a book, ready to be used. One that is not there does not keep the others from being used.
    ///
    /// # Errors
    /// If there are some and none can be used, or one would never be of use.
    pub(crate) fn shelves(&self, book: BookId) -> Result<Shelves, Fault> {
        let (mut usable, mut failed) = (Vec::new(), Vec::new());
        for place in self.places() {
            match self.shelf(&place, book) {
                Ok(place) => usable.push(place),
                // What would never be of use is no place that is missing.
                Err(PlaceError::Inside { place }) => return Err(PlaceError::Inside { place }.into()),
                Err(failed_place) => failed.push(Fault::from(failed_place)),
            }
        }
        match failed.pop() {
            Some(last) if usable.is_empty() => Err(last),
            last => {
                let left_out = failed.iter().chain(&last).map(Fault::in_one_line).collect();
                Ok(Shelves { usable, left_out })
            }
        }
    }

    fn shelf(&self, place: &str, book: BookId) -> Result<Place, PlaceError> {
        let target = address::open_to_write(&self.path, place)?;
        let keep = Keep { last: self.keep_last, hourly: 0, daily: 0, weekly: 0, monthly: 0 };
        let shipping = match address::distance(place) {
            Distance::Near => Shipping::WithGenerations,
            Distance::Far => Shipping::Continuous,
        };
        let (lock, unlock) = (self.lock.clone(), self.unlock.clone());
        let form = Form { level: LEVEL_DEFAULT, lock };
        Ok(Place { shelf: Shelf::new(target, book, unlock), form, keep, shipping })
    }
}

/// What opens encrypted backups: the identities in a file.
pub(crate) fn unlock(file: Option<&Path>) -> Result<Option<Arc<dyn Unlock>>, Fault> {
    let Some(file) = file else { return Ok(None) };
    let text = std::fs::read_to_string(file)
        .map_err(|failed| Fault::new("OptionError", format!("read {}: {failed}", file.display())))?;
    let identities = Identities::from_file_text(&text);
    Ok(Some(Arc::new(identities.map_err(|failed| wrong_age(&file.display().to_string(), &failed))?)))
}

fn wrong_age(what: &str, failed: &AgeError) -> Fault {
    Fault::new("OptionError", format!("{what}: {failed}"))
}

/// The places of a book.
pub(crate) struct Shelves {
    /// Those that can be used.
    pub(crate) usable: Vec<Place>,
    /// Why others cannot.
    pub(crate) left_out: Vec<String>,
}

/// The place as a target.
pub(crate) fn target(place: &str) -> Result<Arc<dyn Target>, Fault> {
    Ok(address::open(place).map_err(PlaceError::Target)?)
}

fn wrong_name(failed: impl std::fmt::Display) -> Fault {
    Fault::new("OptionError", failed.to_string())
}

/// A length of time.
pub(crate) fn seconds(given: f64, name: &str) -> Result<Duration, Fault> {
    Duration::try_from_secs_f64(given).ok().filter(|time| !time.is_zero()).ok_or_else(|| {
        Fault::new("OptionError", format!("{name} must be a number of seconds above 0, not {given}"))
    })
}
