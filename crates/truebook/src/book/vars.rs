//! The bot's own variables: one JSON document.

use super::readable::{RESERVED_KEY, check_vars};
use super::{Book, Recorded, WriteError, lock};
use truebook_core::doc::{Doc, Op, Path, diff, diff_merge};
use truebook_core::event::{Event, Origin, Reserve, StateChanged};
use truebook_core::state::State;

impl Book {
    /// The variables as they are now. Cheap: the copy shares everything until one of them is changed.
    ///
    /// # Errors
    /// [`WriteError::Stopped`] once a write has failed: what is in memory may not be on disk.
    pub fn vars(&self) -> Result<Doc, WriteError> {
        self.0.shared.check_readable()?;
        Ok(lock(&self.0.shared.core).state.live().vars.clone())
    }

    /// Saves the whole document. Only the difference is written; if there is none, nothing is.
    ///
    /// # Errors
    /// [`WriteError::NotAnObject`], [`WriteError::ReservedKey`], or the journal's reasons.
    pub fn save(&self, vars: &Doc) -> Result<Recorded, WriteError> {
        self.save_as(Origin::Save, vars)
    }

    pub(super) fn save_as(&self, origin: Origin, vars: &Doc) -> Result<Recorded, WriteError> {
        check_vars(vars)?;
        self.change(origin, |state| Ok(diff(&state.live().vars, vars)))
    }

    /// Sets the value at a path, making the objects on the way.
    ///
    /// # Errors
    /// [`WriteError::Path`] if the path leads through a value that has no members.
    pub fn set(&self, path: &Path, value: &Doc) -> Result<Recorded, WriteError> {
        if path.is_root() {
            return self.save_as(Origin::Set, value);
        }
        check_path(path)?;
        self.change(Origin::Set, |state| {
            let old = &state.live().vars;
            if old.get(path) == Some(value) {
                return Ok(Vec::new());
            }
            let op = Op::Set { path: path.to_string(), value: value.clone() };
            Ok(vec![op])
        })
    }

    /// Removes what is at a path; nothing is written if there is nothing.
    ///
    /// # Errors
    /// The journal's reasons; the root cannot be removed.
    pub fn remove(&self, path: &Path) -> Result<Recorded, WriteError> {
        check_path(path)?;
        self.change(Origin::Set, |state| {
            let there = state.live().vars.get(path).is_some();
            Ok(if there { vec![Op::Remove { path: path.to_string() }] } else { Vec::new() })
        })
    }

    /// Merges a patch in at a path (RFC 7396): members of objects are merged, null removes, all else
    /// replaces.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn merge(&self, path: &Path, patch: &Doc) -> Result<Recorded, WriteError> {
        check_path(path)?;
        if path.is_root() {
            check_patch(patch)?;
        }
        self.change(Origin::Merge, |state| Ok(diff_merge(&state.live().vars, path, patch)?))
    }

    fn change(
        &self,
        origin: Origin,
        ops: impl FnOnce(&State) -> Result<Vec<Op>, WriteError>,
    ) -> Result<Recorded, WriteError> {
        self.0.shared.record_with(Reserve::Forbidden, |state| {
            let ops = ops(state)?;
            let changed = !ops.is_empty();
            Ok(changed.then_some(Event::State(StateChanged { origin, ops })))
        })
    }
}

fn check_path(path: &Path) -> Result<(), WriteError> {
    let reserved = path.segments().next().is_some_and(|first| first == RESERVED_KEY);
    if reserved { Err(WriteError::ReservedKey) } else { Ok(()) }
}

/// A patch at the top must leave an object, without the key that is not the bot's.
fn check_patch(patch: &Doc) -> Result<(), WriteError> {
    let members = patch.as_object().ok_or_else(|| WriteError::NotAnObject(patch.kind_name()))?;
    let takes = members.get(RESERVED_KEY).is_some_and(|value| !value.is_null());
    if takes { Err(WriteError::ReservedKey) } else { Ok(()) }
}
