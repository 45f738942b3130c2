//! The venues that a book from Python can trade at.

pub(crate) mod alpaca;
pub(crate) mod bridge;
mod hand;
pub(crate) mod paper;
pub(crate) mod words;

pub(crate) use hand::ByHand;
