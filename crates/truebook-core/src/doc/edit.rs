//! Reading and changing one place of a document.

use alloc::string::String;
use alloc::sync::Arc;

use super::path::{Step, parse_index};
use super::{DEPTH_MAX, Doc, Members, Path};

/// The change does not fit the document; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// The path goes on below something that has no members.
    #[error("cannot go below {place:?}: {kind} is neither object nor array")]
    ThroughScalar {
        /// JSON pointer of the value in the way.
        place: String,
        /// What it is: `string`, `null`, …
        kind: &'static str,
    },
    /// An array was given a key.
    #[error("{segment:?} is not an index of the array at {place:?}")]
    NotAnIndex {
        /// JSON pointer of the array.
        place: String,
        /// What was given for the index.
        segment: String,
    },
    /// An index would leave a gap in an array.
    #[error("index {index} is beyond the end of the array at {place:?}, which has {len} elements")]
    BeyondEnd {
        /// JSON pointer of the array.
        place: String,
        /// The index given.
        index: usize,
        /// How many elements there are.
        len: usize,
    },
    /// The document would be nested deeper than [`DEPTH_MAX`] and could not be read again.
    #[error("the document would be nested deeper than {DEPTH_MAX} levels")]
    TooDeep,
    /// The whole document cannot be removed, only set to something else.
    #[error("the whole document cannot be removed: set it to an empty object")]
    RemovesRoot,
}

impl Doc {
    /// The value at a place, if there is one. Arrays are indexed by decimal segments.
    pub fn get(&self, path: &Path) -> Option<&Self> {
        path.segments().try_fold(self, Self::child)
    }

    /// Puts a value at a place. Objects that are missing on the way are created; an array takes an
    /// index up to its length, or `-`, to append. What is in the way and is neither object nor array
    /// is not replaced but refused. The root replaces everything.
    pub fn set(&mut self, path: &Path, value: Self) -> Result<(), SetError> {
        let place = self.reach(path, &value)?;
        *place = value;
        Ok(())
    }

    /// Takes out the value at a place and returns it; `None` if there was none. Elements behind a
    /// removed array element move up.
    pub fn remove(&mut self, path: &Path) -> Result<Option<Self>, SetError> {
        let Some(last) = path.steps().next_back() else {
            return Err(SetError::RemovesRoot);
        };
        // Looked for first: what is not there must not cost a copy of the containers above it.
        if !self.has(path)? {
            return Ok(None);
        }
        let mut node = self;
        for step in path.steps().take(path.depth() - 1) {
            node = step.descend(node)?;
        }
        last.take(node)
    }

    /// Changes the document by a JSON merge patch (RFC 7396): members of `patch` replace, `null`
    /// removes, objects are merged, anything else is put in place whole.
    pub fn merge(&mut self, patch: &Self) {
        let Self::Object(changes) = patch else {
            *self = patch.clone();
            return;
        };
        if !matches!(self, Self::Object(_)) {
            *self = Self::object();
        }
        if let Self::Object(members) = self {
            merge_members(Arc::make_mut(members), changes);
        }
    }

    /// [`Doc::merge`] at a place, which is created as by [`Doc::set`] if it is missing. A patch that
    /// is itself `null` puts `null` there.
    pub fn merge_at(&mut self, path: &Path, patch: &Self) -> Result<(), SetError> {
        self.reach(path, patch)?.merge(patch);
        Ok(())
    }

    /// The place for a value, created if missing.
    ///
    /// Nothing is changed on an error: what is created is always an object, and below one nothing is
    /// refused.
    fn reach(&mut self, path: &Path, value: &Self) -> Result<&mut Self, SetError> {
        check_depth(path, value)?;
        path.steps().try_fold(self, |node, step| step.descend(node))
    }

    /// Whether [`Doc::set`] would take this value at this place. Nothing is changed.
    ///
    /// # Errors
    /// What [`Doc::set`] would say.
    pub fn check_set(&self, path: &Path, value: &Self) -> Result<(), SetError> {
        check_depth(path, value)?;
        let mut node = self;
        for step in path.steps() {
            let child = match node {
                Self::Object(members) => members.get(step.key()),
                Self::Array(items) => items.get(step.index_to_set(items.len())?),
                scalar => return Err(step.through(scalar)),
            };
            // From here on objects are created, and below one nothing is refused.
            let Some(child) = child else { return Ok(()) };
            node = child;
        }
        Ok(())
    }

    fn has(&self, path: &Path) -> Result<bool, SetError> {
        let mut node = self;
        for step in path.steps() {
            match step.find(node)? {
                Some(child) => node = child,
                None => return Ok(false),
            }
        }
        Ok(true)
    }
}

fn check_depth(path: &Path, value: &Doc) -> Result<(), SetError> {
    let fits = DEPTH_MAX.checked_sub(path.depth()).is_some_and(|depth| value.is_within_depth(depth));
    if fits { Ok(()) } else { Err(SetError::TooDeep) }
}

fn merge_members(members: &mut Members, changes: &Members) {
    for (key, change) in changes {
        match change {
            Doc::Null => drop(members.remove(key)),
            change => members.entry(Arc::clone(key)).or_default().merge(change),
        }
    }
}

impl Step<'_> {
    fn find<'d>(&self, node: &'d Doc) -> Result<Option<&'d Doc>, SetError> {
        match node {
            Doc::Object(members) => Ok(members.get(self.key())),
            Doc::Array(items) => Ok(items.get(self.index()?)),
            scalar => Err(self.through(scalar)),
        }
    }

    /// Into the child, which is made an empty object if it is missing.
    fn descend<'d>(&self, node: &'d mut Doc) -> Result<&'d mut Doc, SetError> {
        match node {
            Doc::Object(members) => {
                let place = Arc::make_mut(members).entry(Arc::clone(self.key()));
                Ok(place.or_insert_with(Doc::object))
            }
            Doc::Array(items) => {
                let index = self.index_to_set(items.len())?;
                let items = Arc::make_mut(items);
                if index == items.len() {
                    items.push(Doc::object());
                }
                Ok(&mut items[index])
            }
            scalar => Err(self.through(scalar)),
        }
    }

    fn take(&self, node: &mut Doc) -> Result<Option<Doc>, SetError> {
        match node {
            Doc::Object(members) => Ok(Arc::make_mut(members).remove(self.key())),
            Doc::Array(items) => {
                let index = self.index()?;
                Ok((index < items.len()).then(|| Arc::make_mut(items).remove(index)))
            }
            scalar => Err(self.through(scalar)),
        }
    }

    fn index(&self) -> Result<usize, SetError> {
        parse_index(self.key()).ok_or_else(|| SetError::NotAnIndex {
            place: self.origin(),
            segment: String::from(&**self.key()),
        })
    }

    fn index_to_set(&self, len: usize) -> Result<usize, SetError> {
        if &**self.key() == "-" {
            return Ok(len);
        }
        let index = self.index()?;
        if index > len {
            let place = self.origin();
            return Err(SetError::BeyondEnd { place, index, len });
        }
        Ok(index)
    }

    fn through(&self, scalar: &Doc) -> SetError {
        SetError::ThroughScalar { place: self.origin(), kind: scalar.kind_name() }
    }
}
