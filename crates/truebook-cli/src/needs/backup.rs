//! Places of backups, made of what was typed.

use super::{Needs, input, key};
use crate::errors::{Failure, Outcome};
use crate::flags::{BackupFormArgs, BackupPlaceArgs, KeeperArgs, Source};
use crate::output::notes;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use truebook::Book;
use truebook::backup::address::{self, PlaceError, sibling};
use truebook::backup::form::{Lock, Unlock};
use truebook::backup::keeper::Schedule;
use truebook::backup::names::identity_object;
use truebook::backup::shelf::books;
use truebook::backup::target::Distance;
use truebook::backup::{
    Fallback, Form, Identities, Keeper, KeeperOptions, LatePlace, Place, Recipients, Shelf, Shipping, Target,
    TargetErrorKind, new_passphrase_identity,
};
use truebook::core::id::BookId;
use truebook::core::retention::Keep;

/// The longest identity file in bytes.
const IDENTITY_BYTES_MAX: u64 = 64 * 1024;

/// The places, as they were typed; the directory beside the book if nobody said.
pub(crate) fn places(needs: &Needs, args: &BackupPlaceArgs) -> Vec<String> {
    let typed = typed(args);
    if typed.is_empty() { vec![sibling(needs.data()).display().to_string()] } else { typed }
}

fn typed(args: &BackupPlaceArgs) -> Vec<String> {
    args.backup_to.iter().filter(|place| !place.is_empty()).cloned().collect()
}

/// What stands in the environment, for commands that have no options about backups.
pub(super) fn from_environment() -> BackupPlaceArgs {
    let text = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
    let places = text("TRUEBOOK_BACKUP_TO").unwrap_or_default();
    BackupPlaceArgs {
        backup_to: places.split(',').filter(|place| !place.is_empty()).map(str::to_owned).collect(),
        backup_identity: text("TRUEBOOK_BACKUP_IDENTITY").map(PathBuf::from),
        backup_passphrase_file: text("TRUEBOOK_BACKUP_PASSPHRASE_FILE").map(PathBuf::from),
    }
}

/// The directory beside the book, if it is there, then the places as they were typed.
pub(crate) fn places_in_use(needs: &Needs) -> Vec<String> {
    let sibling = Some(sibling(needs.data())).filter(|dir| dir.is_dir()).map(|dir| dir.display().to_string());
    let typed = typed(needs.backups()).into_iter().filter(|place| Some(place) != sibling.as_ref());
    sibling.clone().into_iter().chain(typed).collect()
}

/// Where a damaged book is mended from: the directory beside it, then the places as they were typed. One that
/// cannot be used is told and passed over, since a sound book opens without any.
pub(super) fn fallbacks(needs: &Needs) -> Vec<Fallback> {
    let args = needs.backups();
    let places = places_in_use(needs);
    let usable = places.iter().filter_map(|place| match target(place) {
        Ok(target) => {
            let unlock = Arc::new(Later { args: args.clone(), target: Arc::clone(&target) });
            Some(Fallback { target, unlock: Some(unlock) })
        }
        Err(failure) => {
            notes::warn(&format!("no damage is mended from {place}: {}", failure.in_one_line()));
            None
        }
    });
    usable.collect()
}

/// Opens encrypted backups with what was given, which is looked at only when something must be opened.
struct Later {
    args: BackupPlaceArgs,
    target: Arc<dyn Target>,
}

impl Unlock for Later {
    fn unlock(&self, locked: &[u8]) -> io::Result<Vec<u8>> {
        let mut told = "give the identity (--backup-identity FILE) or the passphrase".to_owned();
        for book in books(&*self.target).map_err(io::Error::other)?.into_keys() {
            match identities(&self.args, &*self.target, book, IfMissing::Fail) {
                Ok(Some(identities)) => match identities.unlock(locked) {
                    Ok(opened) => return Ok(opened),
                    Err(failed) => told = failed.to_string(),
                },
                Ok(None) => break,
                Err(failure) => told = failure.in_one_line(),
            }
        }
        let what = format!("it is encrypted for the backup: {told}");
        Err(io::Error::new(io::ErrorKind::PermissionDenied, what))
    }
}

/// The place as a target.
pub(crate) fn target(place: &str) -> Result<Arc<dyn Target>, Failure> {
    address::open(place).map_err(|failed| place_failure(&PlaceError::Target(failed)))
}

fn place_failure(failed: &PlaceError) -> Failure {
    let failure = Failure::new(failed.to_string());
    match (failed, failed.way_out()) {
        (PlaceError::File(failed), _) => Failure::new(failed.to_string()).with_cause(&failed.source),
        (_, Some(hint)) => failure.with_hint(hint),
        (_, None) => failure,
    }
}

/// What opens backups that are encrypted, if anything was given.
pub(crate) fn unlock(
    args: &BackupPlaceArgs,
    target: &dyn Target,
    book: BookId,
) -> Result<Option<Arc<dyn Unlock>>, Failure> {
    Ok(identities(args, target, book, IfMissing::Fail)?.map(|identities| Arc::new(identities) as _))
}

/// What to do if a passphrase is given and the place has no identity under it yet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum IfMissing {
    Make,
    Fail,
}

fn identities(
    args: &BackupPlaceArgs,
    target: &dyn Target,
    book: BookId,
    if_missing: IfMissing,
) -> Result<Option<Identities>, Failure> {
    let passphrase = args.backup_passphrase_file.as_deref().map(key::passphrase).transpose()?;
    let file = match (&args.backup_identity, &passphrase) {
        (None, None) => return Ok(None),
        (Some(path), _) => read_identity(path)?,
        (None, Some(passphrase)) => match target.get(&identity_object(book), IDENTITY_BYTES_MAX) {
            Ok(file) => file,
            Err(failed) if failed.kind == TargetErrorKind::NotFound && if_missing == IfMissing::Make => {
                let made =
                    new_passphrase_identity(passphrase).map_err(|failed| Failure::new(failed.to_string()))?;
                let object = identity_object(book);
                target.put_new(&object, &made.encrypted_file).map_err(truebook::backup::BackupError::from)?;
                // Whoever came first counts: what is there is read back.
                target.get(&object, IDENTITY_BYTES_MAX).map_err(truebook::backup::BackupError::from)?
            }
            Err(failed) => return Err(truebook::backup::BackupError::from(failed).into()),
        },
    };
    let opened = match &passphrase {
        Some(passphrase) => Identities::from_passphrase(&file, passphrase),
        None => Identities::from_file_text(&String::from_utf8_lossy(&file)),
    };
    opened.map(Some).map_err(|failed| {
        let file = match &args.backup_identity {
            Some(path) => path.display().to_string(),
            None => target.describe(&identity_object(book)),
        };
        Failure::new(format!("the identity file {file} cannot be used")).with_cause(&failed)
    })
}

fn read_identity(path: &Path) -> Result<Vec<u8>, Failure> {
    Ok(input::read(&Source::File(path.to_owned()), IDENTITY_BYTES_MAX)?.bytes)
}

/// The places of a book.
pub(crate) struct Places {
    /// Those that can be used.
    pub(crate) usable: Vec<Place>,
    /// Why others cannot; told already.
    pub(crate) left_out: Vec<String>,
    /// The others.
    late: Vec<Arc<dyn LatePlace>>,
}

/// A place that could not be used.
struct Missing {
    data: PathBuf,
    args: BackupFormArgs,
    place: String,
    book: BookId,
}

impl LatePlace for Missing {
    fn describe(&self) -> String {
        self.place.clone()
    }

    fn open(&self) -> Result<Place, String> {
        one_place(&self.data, &self.args, &self.place, self.book).map_err(|fault| fault.failure.in_one_line())
    }
}

impl Places {
    fn told(self) -> Self {
        for why in &self.left_out {
            notes::warn(&format!("a place of backups is left out: {why}"));
        }
        self
    }

    /// How a command ends that did what it could: not well if a place was left out.
    pub(crate) fn judge(&self, outcome: Outcome) -> Outcome {
        if self.left_out.is_empty() { outcome } else { Outcome::CouldNot }
    }
}

/// All places of a book, ready to be used. One that is not there does not keep the others from being used.
///
/// # Errors
/// If none can be used.
pub(crate) fn shelves(needs: &Needs, args: &BackupFormArgs, book: BookId) -> Result<Places, Failure> {
    let (places, last_failure) = find_places(needs, args, book);
    match last_failure {
        Some(failure) if places.usable.is_empty() => Err(failure),
        _ => Ok(places.told()),
    }
}

/// The places, and why the last one cannot be used that cannot.
fn find_places(needs: &Needs, args: &BackupFormArgs, book: BookId) -> (Places, Option<Failure>) {
    let mut found = Places { usable: Vec::new(), left_out: Vec::new(), late: Vec::new() };
    let mut last_failure = None;
    for place in places(needs, &args.place) {
        match one_place(needs.data(), args, &place, book) {
            Ok(place) => found.usable.push(place),
            Err(fault) => {
                found.left_out.push(fault.failure.in_one_line());
                last_failure = Some(fault.failure);
                if fault.outlook == Outlook::MayCome {
                    let (data, args) = (needs.data().to_owned(), args.clone());
                    found.late.push(Arc::new(Missing { data, args, place, book }));
                }
            }
        }
    }
    (found, last_failure)
}

/// Why a place cannot be used.
struct PlaceFault {
    failure: Failure,
    outlook: Outlook,
}

/// Whether trying it again is of use.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outlook {
    /// A disk may be mounted, a server started.
    MayCome,
    /// What was typed is wrong.
    Hopeless,
}

impl From<PlaceError> for PlaceFault {
    fn from(failed: PlaceError) -> Self {
        let outlook = match failed {
            PlaceError::Inside { .. } => Outlook::Hopeless,
            PlaceError::Target(_) | PlaceError::File(_) => Outlook::MayCome,
        };
        Self { failure: place_failure(&failed), outlook }
    }
}

impl From<Failure> for PlaceFault {
    fn from(failure: Failure) -> Self {
        Self { failure, outlook: Outlook::Hopeless }
    }
}

fn one_place(data: &Path, args: &BackupFormArgs, place: &str, book: BookId) -> Result<Place, PlaceFault> {
    let target = address::open_to_write(data, place)?;
    let identities = identities(&args.place, &*target, book, IfMissing::Make)?;
    let lock: Option<Arc<dyn Lock>> = if args.backup_recipient.is_empty() {
        let by_passphrase = args.place.backup_passphrase_file.as_ref().and(identities.as_ref());
        by_passphrase.map(|identities| recipients(&identities.recipients())).transpose()?
    } else {
        Some(recipients(&args.backup_recipient)?)
    };
    let unlock = identities.map(|identities| Arc::new(identities) as Arc<dyn Unlock>);
    let keep = Keep {
        last: args.keep_last,
        hourly: args.keep_hourly,
        daily: args.keep_daily,
        weekly: args.keep_weekly,
        monthly: args.keep_monthly,
    };
    let shipping = match address::distance(place) {
        Distance::Near => Shipping::WithGenerations,
        Distance::Far => Shipping::Continuous,
    };
    let form = Form { level: args.backup_level, lock };
    Ok(Place { shelf: Shelf::new(target, book, unlock), form, keep, shipping })
}

fn recipients(texts: &[String]) -> Result<Arc<dyn Lock>, Failure> {
    let recipients = Recipients::parse(texts).map_err(|failed| Failure::new(failed.to_string()))?;
    Ok(Arc::new(recipients))
}

/// Begins to keep backups of an open book, unless nobody wants them.
pub(crate) fn keeper(needs: &Needs, args: &KeeperArgs, book: &Book) -> Result<Option<Keeper>, Failure> {
    if args.no_backups {
        return Ok(None);
    }
    let schedule = Schedule {
        generations: std::time::Duration::from_secs(args.backup_every.max(1)),
        ..Schedule::default()
    };
    let (found, last_failure) = find_places(needs, &args.form, book.status()?.book);
    if let (Some(failure), true, true) = (last_failure, found.usable.is_empty(), found.late.is_empty()) {
        return Err(failure);
    }
    // The bot trades meanwhile: what is missing is told, and tried again until it is there.
    let Places { usable: places, late, .. } = found.told();
    let options = KeeperOptions { places, late, schedule, key: needs.key(), scratch: None };
    Ok(Some(Keeper::start(book, &options)?))
}

/// As [`keeper`], for a session that makes backups only where it is told a place.
pub(crate) fn keeper_if_asked(
    needs: &Needs,
    args: &KeeperArgs,
    book: &Book,
) -> Result<Option<Keeper>, Failure> {
    if typed(&args.form.place).is_empty() { Ok(None) } else { keeper(needs, args, book) }
}
