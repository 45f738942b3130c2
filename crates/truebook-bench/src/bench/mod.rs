//! One file a part.

pub(crate) mod append;
pub(crate) mod backup;
pub(crate) mod cpu;
pub(crate) mod flushes;
pub(crate) mod group;
pub(crate) mod one_engine;
pub(crate) mod opening;
pub(crate) mod reconcile;
pub(crate) mod replay;
pub(crate) mod save_field;
pub(crate) mod submit;
