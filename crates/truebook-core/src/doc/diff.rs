//! What changed between two documents, and making it so again.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::path::push_pointer_segment;
use super::{DEPTH_MAX, Doc, Members, Path, PathError, SetError};

/// About the bytes of an operation besides its path and value: `{"p":"","v":}`.
const OP_BYTES: usize = 12;

/// One change of a document. Paths are JSON Pointers; the empty one is the whole document.
///
/// As JSON: `{"p":"/a/b","v":1}` sets, `{"p":"/a/b","d":1}` removes, `{"p":"/a","n":3}` truncates.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "OpText")]
pub enum Op {
    /// Puts a value in place, as [`Doc::set`] does.
    Set {
        /// Where.
        path: String,
        /// What is there afterwards.
        value: Doc,
    },
    /// Takes a value out that is there.
    Remove {
        /// Where.
        path: String,
    },
    /// Shortens an array.
    Truncate {
        /// Where the array is.
        path: String,
        /// How many elements it keeps.
        len: usize,
    },
}

impl Op {
    /// JSON Pointer of the place that is changed.
    pub fn path(&self) -> &str {
        match self {
            Self::Set { path, .. } | Self::Remove { path } | Self::Truncate { path, .. } => path,
        }
    }
}

/// A change does not fit the document it was applied to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot apply change {index} at {path:?}")]
pub struct ApplyError {
    /// Which of the changes, counted from 0. Those before it have been made.
    pub index: usize,
    /// The place it names.
    pub path: String,
    /// What is wrong with it.
    #[source]
    pub cause: ApplyCause,
}

/// Why a change does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyCause {
    /// The path is not a JSON Pointer.
    #[error("the path cannot be read")]
    Path(#[source] PathError),
    /// The place cannot be changed.
    #[error("the place cannot be changed")]
    Set(#[source] SetError),
    /// There is nothing to remove or truncate.
    #[error("there is nothing at this place")]
    Absent,
    /// Only an array can be truncated.
    #[error("only an array can be truncated, not {kind}")]
    NotAnArray {
        /// What is there instead.
        kind: &'static str,
    },
    /// Truncating would make the array longer.
    #[error("the array has {len} elements, fewer than it should keep")]
    TooShort {
        /// How many it has.
        len: usize,
    },
}

/// The changes that turn `old` into `new`; none if they are equal.
///
/// Subtrees that the two share are skipped without a look. Arrays are compared index by index. Where
/// the changes below a place would be larger than what is there afterwards, it is set whole.
pub fn diff(old: &Doc, new: &Doc) -> Vec<Op> {
    let mut differ = Differ::default();
    let bytes = differ.node(old, new);
    assert!(differ.path.is_empty(), "every step down was taken back");
    assert_eq!(bytes == 0, differ.ops.is_empty(), "each change has a size");
    differ.ops
}

/// The changes that a JSON merge patch at a place makes; none if it makes none. What the patch does not name is not
/// looked at, so that a small patch costs little in a large document.
///
/// # Errors
/// As [`Doc::merge_at`].
pub fn diff_merge(old: &Doc, place: &Path, patch: &Doc) -> Result<Vec<Op>, SetError> {
    old.check_set(place, patch)?;
    let mut differ = Differ { path: place.to_string(), ops: Vec::new() };
    differ.merge(old.get(place), patch);
    Ok(differ.ops)
}

/// Makes changes in their order.
///
/// An error leaves the document with the changes before it: apply to a clone, which costs nothing,
/// where that matters. Removing what is not there, or truncating what is no array or already
/// shorter, is an error: the changes then belong to another document.
pub fn apply(doc: &mut Doc, ops: &[Op]) -> Result<(), ApplyError> {
    for (index, op) in ops.iter().enumerate() {
        apply_one(doc, op).map_err(|cause| ApplyError { index, path: op.path().into(), cause })?;
    }
    Ok(())
}

/// The deepest place that is there and within which all of these changes are: whoever keeps what is at it can take
/// them back, without a second handle on all the rest.
pub fn scope(doc: &Doc, ops: &[Op]) -> Path {
    let parents = ops.iter().map(|op| {
        // A path that cannot be read says nothing of where the others are.
        let path = Path::parse_pointer(op.path()).unwrap_or_default();
        path.first(path.depth().saturating_sub(1))
    });
    let mut scope = parents.reduce(|one, other| one.shared_with(&other)).unwrap_or_default();
    while doc.get(&scope).is_none() {
        scope = scope.first(scope.depth() - 1);
    }
    scope
}

fn apply_one(doc: &mut Doc, op: &Op) -> Result<(), ApplyCause> {
    let path = Path::parse_pointer(op.path()).map_err(ApplyCause::Path)?;
    assert!(path.depth() <= DEPTH_MAX, "a path is no deeper than a document");
    match op {
        Op::Set { value, .. } => doc.set(&path, value.clone()).map_err(ApplyCause::Set),
        Op::Remove { .. } => match doc.remove(&path).map_err(ApplyCause::Set)? {
            Some(_) => Ok(()),
            None => Err(ApplyCause::Absent),
        },
        Op::Truncate { len, .. } => truncate(doc, &path, *len),
    }
}

fn truncate(doc: &mut Doc, path: &Path, len: usize) -> Result<(), ApplyCause> {
    check_truncate(doc.get(path).ok_or(ApplyCause::Absent)?, len)?;
    let array = path.segments().try_fold(doc, Doc::child_mut);
    let Some(Doc::Array(items)) = array else {
        return Err(ApplyCause::Absent);
    };
    assert!(items.len() >= len, "truncating never lengthens");
    Arc::make_mut(items).truncate(len);
    assert_eq!(items.len(), len, "truncated to what was asked");
    Ok(())
}

/// Asked before the containers on the way are copied for the change.
fn check_truncate(node: &Doc, len: usize) -> Result<(), ApplyCause> {
    let kind = node.kind_name();
    let items = node.as_array().ok_or(ApplyCause::NotAnArray { kind })?;
    if items.len() < len {
        return Err(ApplyCause::TooShort { len: items.len() });
    }
    Ok(())
}

/// The walk through both documents. Each method returns about how many bytes its changes have as text.
#[derive(Default)]
struct Differ {
    /// JSON Pointer of where the walk is.
    path: String,
    ops: Vec<Op>,
}

impl Differ {
    fn node(&mut self, old: &Doc, new: &Doc) -> usize {
        if is_plainly_same(old, new) {
            return 0;
        }
        let first = self.ops.len();
        let bytes = match (old, new) {
            (Doc::Object(old), Doc::Object(new)) => self.object(old, new),
            (Doc::Array(old), Doc::Array(new)) => self.array(old, new),
            _ => return self.set(new),
        };
        assert!(self.ops.len() >= first, "a walk only adds changes");
        self.set_whole_if_smaller(Patch { first, bytes }, new)
    }

    /// Both run in the order of their keys, so one pass sees every key of either once.
    fn object(&mut self, old: &Members, new: &Members) -> usize {
        let mut before = old.iter().peekable();
        let mut bytes = 0;
        for (key, value) in new {
            while let Some((gone, _)) = before.next_if(|(old_key, _)| *old_key < key) {
                bytes += self.below(gone, Self::remove);
            }
            bytes += match before.next_if(|(old_key, _)| *old_key == key) {
                Some((_, old_value)) if is_plainly_same(old_value, value) => 0,
                Some((_, old_value)) => self.below(key, |differ| differ.node(old_value, value)),
                None => self.below(key, |differ| differ.set(value)),
            };
        }
        for (gone, _) in before {
            bytes += self.below(gone, Self::remove);
        }
        bytes
    }

    fn array(&mut self, old: &[Doc], new: &[Doc]) -> usize {
        let mut bytes = 0;
        for (index, value) in new.iter().enumerate() {
            bytes += match old.get(index) {
                Some(before) if is_plainly_same(before, value) => 0,
                Some(before) => self.below(&index.to_string(), |differ| differ.node(before, value)),
                None => self.below(&index.to_string(), |differ| differ.set(value)),
            };
        }
        if new.len() < old.len() {
            bytes += self.truncate(new.len());
        }
        bytes
    }

    /// As [`Self::node`] between what is here and what a merge patch makes of it.
    fn merge(&mut self, old: Option<&Doc>, patch: &Doc) -> usize {
        let (Some(Doc::Object(before)), Doc::Object(changes)) = (old, patch) else {
            let mut new = old.cloned().unwrap_or_default();
            new.merge(patch);
            return match old {
                Some(old) => self.node(old, &new),
                None => self.set(&new),
            };
        };
        let mut bytes = 0;
        for (key, change) in &**changes {
            bytes += match (before.get(key), change) {
                (None, Doc::Null) => 0,
                (Some(_), Doc::Null) => self.below(key, Self::remove),
                (before, change) => self.below(key, |differ| differ.merge(before, change)),
            };
        }
        bytes
    }

    fn set(&mut self, value: &Doc) -> usize {
        let path = self.path.clone();
        let value = value.clone();
        let bytes = OP_BYTES + path.len() + value.approx_bytes();
        self.ops.push(Op::Set { path, value });
        bytes
    }

    fn remove(&mut self) -> usize {
        assert!(!self.path.is_empty(), "the root is set, never removed");
        let path = self.path.clone();
        let bytes = OP_BYTES + path.len();
        self.ops.push(Op::Remove { path });
        bytes
    }

    fn truncate(&mut self, len: usize) -> usize {
        let path = self.path.clone();
        let bytes = OP_BYTES + path.len();
        self.ops.push(Op::Truncate { path, len });
        bytes
    }

    /// Does `walk` one step down.
    fn below(&mut self, segment: &str, walk: impl FnOnce(&mut Self) -> usize) -> usize {
        let here = self.path.len();
        push_pointer_segment(&mut self.path, segment);
        let bytes = walk(self);
        assert!(self.path.len() > here, "a walk comes back to where it began");
        self.path.truncate(here);
        bytes
    }

    fn set_whole_if_smaller(&mut self, patch: Patch, new: &Doc) -> usize {
        assert!(patch.first <= self.ops.len(), "the patch is the end of the list");
        let Some(room) = patch.bytes.checked_sub(OP_BYTES + self.path.len() + 1) else {
            return patch.bytes;
        };
        if new.approx_bytes_within(room).is_none() {
            return patch.bytes;
        }
        self.ops.truncate(patch.first);
        let bytes = self.set(new);
        assert!(bytes < patch.bytes, "set whole only to save bytes");
        bytes
    }
}

/// The changes below one place: the operations from `first` on.
#[derive(Clone, Copy)]
struct Patch {
    first: usize,
    bytes: usize,
}

/// Whether two values are the same without a walk: scalars by value, containers by being shared.
fn is_plainly_same(old: &Doc, new: &Doc) -> bool {
    match (old, new) {
        (Doc::Array(old), Doc::Array(new)) => Arc::ptr_eq(old, new),
        (Doc::Object(old), Doc::Object(new)) => Arc::ptr_eq(old, new),
        (Doc::Array(_) | Doc::Object(_), _) | (_, Doc::Array(_) | Doc::Object(_)) => false,
        (old, new) => old == new,
    }
}

/// An operation as its JSON has it: exactly one of `v`, `d` and `n`.
///
/// Not an untagged enum: those buffer what they read through serde's own values, where the text of a
/// number is lost.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpText {
    p: String,
    #[serde(default, deserialize_with = "present")]
    v: Option<Doc>,
    #[serde(default)]
    d: Option<u8>,
    #[serde(default)]
    n: Option<usize>,
}

/// A member that is there is a value, `null` too; serde would take that one for absent.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Doc>, D::Error> {
    Doc::deserialize(deserializer).map(Some)
}

/// The members of an operation do not make one.
#[derive(Debug, thiserror::Error)]
#[error("a change has exactly one of `v` (a value), `d` (1, to remove) and `n` (a length)")]
struct OpTextError;

impl TryFrom<OpText> for Op {
    type Error = OpTextError;

    fn try_from(text: OpText) -> Result<Self, OpTextError> {
        let path = text.p;
        match (text.v, text.d, text.n) {
            (Some(value), None, None) => Ok(Self::Set { path, value }),
            (None, Some(1), None) => Ok(Self::Remove { path }),
            (None, None, Some(len)) => Ok(Self::Truncate { path, len }),
            _ => Err(OpTextError),
        }
    }
}

/// [`OpText`] for writing, borrowed.
#[derive(Default, Serialize)]
struct OpTextRef<'a> {
    p: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<&'a Doc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    d: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<usize>,
}

impl Serialize for Op {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = OpTextRef { p: self.path(), ..OpTextRef::default() };
        match self {
            Self::Set { value, .. } => text.v = Some(value),
            Self::Remove { .. } => text.d = Some(1),
            Self::Truncate { len, .. } => text.n = Some(*len),
        }
        text.serialize(serializer)
    }
}
