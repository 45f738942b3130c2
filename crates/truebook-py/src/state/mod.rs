//! The bot's variables between Python and the book: [`read`] makes objects of a document, [`write`] a document
//! of objects, sharing whatever did not change.

mod memo;
pub(crate) mod place;
pub(crate) mod read;
mod scalars;
mod shapes;
mod text;
pub(crate) mod write;

pub(crate) use memo::Slot;
pub(crate) use shapes::Shapes;
