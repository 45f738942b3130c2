//! The pure core of truebook.
//!
//! Decisions live here, and nothing else: no clock, no file, no socket, no float, no randomised map.
//! Time, randomness and bytes are inputs. The same events always fold to the same state, byte for byte
//! (promise P11), which is what makes replay, verification and simulation possible.
//!
//! - [`event`]: what can happen to a book, and its JSON form in the journal
//! - [`state`]: the fold of the events, and its hash
//! - [`order`], [`bracket`], [`life`], [`position`]: the trading part of the state
//! - [`seen`]: every key and execution id ever used, long after the order itself is gone
//! - [`spec`], [`gate`]: what a bot may ask for, and when new risk is refused
//! - [`capability`], [`observation`], [`reconcile`]: what a venue promises, what it was seen to say, and what
//!   is to be done about it
//! - [`doc`]: the bot's own variables, one JSON document
//! - [`settings`]: canonical settings, their hash, secrets, and what changed
//! - [`id`], [`money`], [`time`]: newtypes
#![no_std]

extern crate alloc;

pub mod bracket;
pub mod capability;
pub mod doc;
pub mod event;
pub mod gate;
pub mod hash;
pub mod id;
pub mod identity;
pub mod life;
pub mod money;
pub mod observation;
pub mod order;
pub mod planted;
pub mod position;
pub mod reconcile;
pub mod retention;
pub mod seen;
pub mod settings;
pub mod spec;
pub mod state;
mod text;
pub mod time;
