//! Short texts that live where they are used.
//!
//! A journal that is replayed makes and drops millions of ids. Kept in place, the usual ones cost no
//! allocation, and none is freed by another thread than made it.

use alloc::boxed::Box;
use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

/// A text that is kept in place up to `N` bytes, and on the heap beyond.
#[derive(Clone)]
pub(crate) struct Text<const N: usize>(Form<N>);

#[derive(Clone)]
enum Form<const N: usize> {
    Inline { length: u8, bytes: [u8; N] },
    Heap(Box<str>),
}

impl<const N: usize> Text<N> {
    pub(crate) fn as_str(&self) -> &str {
        match &self.0 {
            // They were copied from a string whole.
            Form::Inline { .. } => core::str::from_utf8(self.as_bytes()).unwrap_or_default(),
            Form::Heap(text) => text,
        }
    }

    fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Form::Heap(text) => text.as_bytes(),
        }
    }
}

impl<const N: usize> From<&str> for Text<N> {
    fn from(text: &str) -> Self {
        let Some(length) = u8::try_from(text.len()).ok().filter(|_| text.len() <= N) else {
            return Self(Form::Heap(text.into()));
        };
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Self(Form::Inline { length, bytes })
    }
}

impl<const N: usize> PartialEq for Text<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl<const N: usize> Eq for Text<N> {}

impl<const N: usize> PartialOrd for Text<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<const N: usize> Ord for Text<N> {
    fn cmp(&self, other: &Self) -> Ordering {
        // UTF-8 sorts like its characters.
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl<const N: usize> Hash for Text<N> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_text_is_the_string_it_came_from_wherever_it_is_kept(one in ".{0,12}", other in ".{0,12}") {
            let (short, long) = (Text::<8>::from(one.as_str()), Text::<8>::from(other.as_str()));
            prop_assert_eq!(short.as_str(), &one);
            prop_assert_eq!(short.clone().cmp(&long), one.cmp(&other));
            prop_assert_eq!(short == long, one == other);
        }
    }
}
