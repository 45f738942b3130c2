//! Making a book. The manifest comes last: until it is there, there is no book.

use super::opening::{check_journal_options, check_medium, describe_root, take_lock};
use super::options::{NewBook, OpenOptions};
use super::{Book, OpenError};
use crate::checkpoint::{CHECKPOINT_DIR, RUN_DIR};
use crate::crypt::{CipherSpec, Key};
use crate::disk::replace_file;
use crate::error::FileError;
use crate::journal::segment::{Chain, JOURNAL_DIR, OpenInfo, SegmentIndex};
use crate::journal::{Active, Context, Journal, Pace, capacity_for, prepare};
use crate::manifest::{FORMAT, MANIFEST_FILE, Manifest, ReadableCopy};
use crate::world::World;
use std::sync::Arc;
use truebook_core::event::{Created, Event, Record};
use truebook_core::id::{BookId, InstallationTag, Seq};
use truebook_core::identity::Identity;
use truebook_core::settings::Settings;

impl Book {
    /// Makes a book in an empty (or missing) directory and opens it.
    ///
    /// # Errors
    /// [`OpenError::Exists`] if there is one already; see there for the rest. A crash in between leaves
    /// nothing that a second try does not clear up.
    pub fn create(world: World, new: &NewBook, options: OpenOptions) -> Result<Self, OpenError> {
        check_medium(&world)?;
        check_journal_options(&options)?;
        if new.settings.as_object().is_none() {
            return Err(OpenError::SettingsKind(new.settings.kind_name()));
        }
        refuse_existing(&world)?;
        // Whatever can be wrong with key and options is found out before anything is written.
        let manifest = make_manifest(&world, new)?;
        let key = new.key.as_ref().zip(manifest.cipher.as_ref()).map(|(source, spec)| source.key(&spec.key));
        let context = Context::new(&world, manifest, key.transpose()?.as_ref(), options.journal)?;
        make_directories(&world)?;
        let (lock, _holder) = take_lock(&world)?;
        refuse_existing(&world)?;
        refuse_remains(&context, describe_root(&world))?;
        write_first_event(&context, &world, new)?;
        replace_file(&*world.disk, MANIFEST_FILE, &context.manifest.to_file()).map_err(FileError::from)?;
        drop(lock);
        let options = OpenOptions { key: new.key.clone(), settings: None, ..options };
        Self::open(world, options)
    }
}

fn file(world: &World, operation: &str, name: &str, source: std::io::Error) -> FileError {
    FileError::new(operation, world.disk.describe(name), source)
}

fn refuse_existing(world: &World) -> Result<(), OpenError> {
    crate::backup::restore::refuse_pending(&*world.disk)?;
    match world.disk.exists(MANIFEST_FILE) {
        Ok(true) => Err(OpenError::Exists { path: describe_root(world) }),
        Ok(false) => Ok(()),
        // A file stands where a directory must be made; making it says so better.
        Err(source) if source.kind() == std::io::ErrorKind::NotADirectory => Ok(()),
        Err(source) => Err(file(world, "look for", MANIFEST_FILE, source).into()),
    }
}

fn make_directories(world: &World) -> Result<(), FileError> {
    for dir in ["", JOURNAL_DIR, CHECKPOINT_DIR, RUN_DIR] {
        world.disk.create_dir(dir).map_err(|source| file(world, "create the directory", dir, source))?;
    }
    world.disk.sync_dir("").map_err(|source| file(world, "sync the directory", "", source))
}

fn make_manifest(world: &World, new: &NewBook) -> Result<Manifest, OpenError> {
    let random = |source| file(world, "get random bytes for", MANIFEST_FILE, source);
    let book = BookId::from_bytes(world.random().map_err(random)?);
    let installation = match new.installation {
        Some(tag) => tag,
        None => InstallationTag::from_bytes(world.random().map_err(random)?),
    };
    let salt: [u8; 32] = world.random().map_err(random)?;
    let cipher = match &new.key {
        None => None,
        Some(source) => {
            let derivation = source.new_derivation(world.random().map_err(random)?);
            let key: Key = source.key(&derivation)?;
            Some(CipherSpec::new(derivation, &key, book))
        }
    };
    let readable = readable_copy(new)?;
    let created_at = world.clock.now();
    let salt = Manifest::salt_text(&salt);
    Ok(Manifest { format: FORMAT, book, installation, created_at, salt, readable, cipher })
}

fn readable_copy(new: &NewBook) -> Result<ReadableCopy, OpenError> {
    match (new.readable, &new.key) {
        (None, None) => Ok(ReadableCopy::Plain),
        (None, Some(_)) => Ok(ReadableCopy::Encrypted),
        (Some(ReadableCopy::Plain), Some(_)) | (Some(ReadableCopy::Encrypted), None) => {
            Err(OpenError::Readable)
        }
        (Some(readable), _) => Ok(readable),
    }
}

/// Events without a manifest are a book that has lost its manifest, not an unfinished one.
fn refuse_remains(context: &Context, path: String) -> Result<(), OpenError> {
    let inventory = crate::recovery::inventory::take(context)?;
    let unfinished = inventory.checkpoints.is_empty() && inventory.segments.len() <= 1;
    if unfinished {
        return Ok(());
    }
    let what = format!("{} segments are there, but no {MANIFEST_FILE}", inventory.segments.len());
    Err(OpenError::LostState { path, what })
}

fn write_first_event(context: &Context, world: &World, new: &NewBook) -> Result<(), OpenError> {
    let identity = Identity {
        book: context.manifest.book,
        name: new.name.clone(),
        installation: context.manifest.installation,
        venue: new.venue.clone(),
        account: new.account.clone(),
        mode: new.mode,
    };
    let settings = Settings::new(&new.settings, &context.manifest.salt_bytes());
    let record = Record::new(world.clock.now(), Event::Created(Box::new(Created { identity, settings })));
    let mut json = Vec::new();
    Journal::encode(&mut json, &record).map_err(super::WriteError::from)?;
    let spare =
        prepare(context, SegmentIndex::FIRST, capacity_for(context, json.len() + 128), &[], Pace::AtOnce)?;
    let open = OpenInfo { first: Seq::new(1), prev: Chain::genesis(context.manifest.book), missing: None };
    let journal =
        Journal::new(context.clone(), Active::begin(context, spare, &open, SegmentIndex::FIRST), Vec::new());
    let ticket = journal.push(&json).map_err(super::WriteError::from)?;
    journal.wait(&ticket).map_err(super::WriteError::from)?;
    Ok(())
}

impl Context {
    /// The context of a book whose manifest and key are known.
    ///
    /// # Errors
    /// If there is no randomness to be had.
    pub(super) fn new(
        world: &World,
        manifest: Manifest,
        key: Option<&Key>,
        options: crate::journal::JournalOptions,
    ) -> Result<Self, FileError> {
        let random = |source| file(world, "get random bytes for", MANIFEST_FILE, source);
        let cipher = match key {
            None => None,
            Some(key) => {
                let prefix = world.random().map_err(random)?;
                Some(Arc::new(crate::crypt::Cipher::new(key, manifest.book, prefix)))
            }
        };
        Ok(Self { disk: Arc::clone(&world.disk), manifest: Arc::new(manifest), cipher, options })
    }
}
