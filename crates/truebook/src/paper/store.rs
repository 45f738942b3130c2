//! The paper venue's own memory: a book in a directory of its own, in which every request is durable before
//! it is answered.

use super::exchange::{DurableError, Exchange};
use super::settings::PaperSettings;
use crate::book::{Book, NewBook, OpenError, OpenOptions, WriteError};
use crate::world::World;
use truebook_core::doc::{Doc, Limits, Path};
use truebook_core::id::{AccountName, BookName, IdError, VenueName};
use truebook_core::identity::Mode;

/// Where a paper venue keeps what it has.
pub struct PaperStore {
    book: Book,
}

/// The venue's memory cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] Box<OpenError>),
    /// It cannot be written or read.
    #[error(transparent)]
    Write(#[from] Box<WriteError>),
    /// What is in it is no paper venue's.
    #[error(transparent)]
    Content(#[from] DurableError),
    /// A patch is no document that a book can keep.
    #[error("the paper venue's change cannot be kept: {0}")]
    Patch(String),
    /// A name that a book cannot have.
    #[error(transparent)]
    Name(#[from] IdError),
}

impl PaperStore {
    /// Opens the store in this world, and makes it if there is none.
    ///
    /// # Errors
    /// As [`Book::open`] and [`Book::create`].
    pub fn open(world: World, options: OpenOptions) -> Result<Self, StoreError> {
        // Backups are of the bot's book: they say nothing about a store that is not there yet.
        let options = OpenOptions { backups: Vec::new(), ..options };
        match Book::open(world.clone(), options.clone()) {
            Ok(book) => Ok(Self { book }),
            Err(OpenError::NoBook { .. }) => {
                let book = Book::create(world, &new_book()?, options).map_err(Box::new)?;
                Ok(Self { book })
            }
            Err(failed) => Err(Box::new(failed).into()),
        }
    }

    /// The exchange as it was after the last request that was answered.
    ///
    /// # Errors
    /// If the store cannot be read, or holds something else.
    pub fn load(&self, settings: PaperSettings) -> Result<Exchange, StoreError> {
        let vars = self.book.vars().map_err(Box::new)?;
        Ok(Exchange::from_json(settings, &vars.to_compact())?)
    }

    /// Keeps what changed of the exchange. It is durable when this returns.
    ///
    /// # Errors
    /// If it cannot be written; nobody can tell then what is kept.
    pub fn keep(&self, exchange: &mut Exchange) -> Result<(), StoreError> {
        let Some(patch) = exchange.take_patch()? else { return Ok(()) };
        let patch = Doc::parse(&patch, Limits::default());
        let patch = patch.map_err(|error| StoreError::Patch(error.to_string()))?;
        self.book.merge(&Path::root(), &patch).map_err(Box::new)?;
        Ok(())
    }
}

fn new_book() -> Result<NewBook, IdError> {
    Ok(NewBook {
        name: BookName::new("paper venue")?,
        venue: VenueName::new("paper")?,
        account: AccountName::new("venue")?,
        mode: Mode::Paper,
        settings: Doc::object(),
        key: None,
        readable: None,
        installation: None,
    })
}
